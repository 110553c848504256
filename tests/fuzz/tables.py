"""Damage to tables, and tables written as CSV and Parquet.

A table is a list of rows of text, the header first.
"""

import csv
import datetime
import io
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.fuzz.values import strange_number, strange_text

__all__ = ["Rows", "csv_bytes", "damaged_rows", "parquet_bytes", "rows_of_csv"]

Rows = list[list[str]]
ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "cp037")


def rows_of_csv(text: str) -> Rows:
    return list(csv.reader(io.StringIO(text)))


def damaged_rows(rows: Rows, rng: Random) -> Rows:
    """The rows (changed in place) with one damage."""
    if not rows or not rows[0]:
        return [[strange_text(rng)]]
    damage = rng.randrange(12)
    row = rng.randrange(len(rows))
    column = rng.randrange(len(rows[0]))
    if damage < 4:
        if column < len(rows[row]):
            rows[row][column] = _cell(rows[row][column], rng)
    elif damage == 4:
        rows[0][column] = rng.choice((strange_text(rng), rows[0][column].upper(), rows[0][0]))
    elif damage == 5:
        _change_column(rows, column, rng)
    elif damage == 6:
        del rows[row]
    elif damage == 7:
        rows.insert(rng.randrange(len(rows) + 1), list(rows[row]))
    elif damage == 8:
        rows[row] = rng.choice((rows[row][:-1], [*rows[row], "x"], [], [""] * len(rows[row])))
    elif damage == 9:
        rows[1:] = rng.sample(rows[1:], len(rows) - 1)
    elif damage == 10:
        _swap_columns(rows, column, rng.randrange(len(rows[0])))
    else:
        _lengthen(rows, rng)
    return rows


def _cell(cell: str, rng: Random) -> str:
    """Another content of a cell."""
    near = (cell + "0000", "-" + cell, cell + "e5", cell + "e-9", cell + " ms", "1" + cell, " ")
    kind = rng.randrange(3)
    return (str(strange_number(rng)), strange_text(rng), rng.choice(near))[kind]


def _change_column(rows: Rows, column: int, rng: Random) -> None:
    """A whole column gone, twice, blank, alike, in another unit, or strange."""
    kind, factor = rng.randrange(6), rng.choice((1000, 1e-3, 0, -1, 1e12, 1e-12))
    strange = rng.choice((str(strange_number(rng)), strange_text(rng)))
    for number, row in enumerate(rows):
        if column >= len(row):
            continue
        if kind == 0:
            del row[column]
        elif kind == 1:
            row.insert(column, row[column])
        elif number and kind == 2:
            row[column] = ""
        elif number and kind == 3:
            row[column] = strange
        elif number:
            try:
                row[column] = f"{float(row[column]) * factor:.6g}"
            except ValueError:
                row[column] = rows[1][min(column, len(rows[1]) - 1)] if rows[1] else ""


def _swap_columns(rows: Rows, one: int, other: int) -> None:
    """Two columns exchanged, their headers not."""
    for row in rows[1:]:
        if max(one, other) < len(row):
            row[one], row[other] = row[other], row[one]


def _lengthen(rows: Rows, rng: Random) -> None:
    """Many rows more: the same, or with another text in front."""
    body, many = rows[1:], rng.choice((50, 500, 3000))
    if body:
        new = rng.random() < 0.5
        rows += [
            [f"n{k}", *body[k % len(body)][1:]] if new else list(body[k % len(body)])
            for k in range(many)
        ]


def csv_bytes(rows: Rows, rng: Random) -> bytes:
    """Mostly plain CSV; now and then with another separator, line end or encoding."""
    kind, stream = rng.randrange(12), io.StringIO()
    separator = rng.choice(";\t|: ") if kind == 0 else ","
    end = rng.choice(("\r", "\r\n", "\n\n", "\n\r")) if kind == 1 else "\n"
    quoting = csv.QUOTE_ALL if kind == 2 else csv.QUOTE_MINIMAL
    csv.writer(stream, delimiter=separator, lineterminator=end, quoting=quoting).writerows(rows)
    encoding = rng.choice(ENCODINGS) if kind == 3 else "utf-8"
    errors = "surrogatepass" if encoding.startswith("utf") else "replace"
    return stream.getvalue().encode(encoding, errors)


def parquet_bytes(rows: Rows, rng: Random) -> bytes:
    """Parquet with the types that the cells suggest, now and then with odd ones; rows that are too
    short are filled with nulls.
    """
    header, body = rows[0] if rows else [], rows[1:]
    arrays = [
        _array([row[column] if column < len(row) else None for row in body], rng)
        for column in range(len(header))
    ]
    names = [name.encode("utf-8", "replace").decode() for name in header]
    table = pa.Table.from_arrays(arrays, names=names)
    stream = io.BytesIO()
    compression = rng.choice(("snappy", "zstd", "gzip", "none"))
    pq.write_table(table, stream, compression=compression)
    return stream.getvalue()


def _array(cells: list[str | None], rng: Random) -> pa.Array:
    """A column: numbers where all cells are, else text; seldom a type that no table should have."""
    texts = [None if cell is None else cell.encode("utf-8", "replace").decode() for cell in cells]
    odd = rng.randrange(30)
    values: list[Any] = texts
    if odd == 0:
        return pa.array([[cell] for cell in texts])
    if odd == 1:
        return pa.array([datetime.datetime(2026, 1, 1)] * len(cells))
    if odd == 2:
        return pa.array([cell and cell.encode() for cell in texts], pa.binary())
    if odd == 3:
        return pa.array(texts, pa.string()).dictionary_encode()
    if odd == 4:
        return pa.array([True] * len(cells))
    try:
        values = [float(cell) if cell else None for cell in texts]
    except ValueError:
        return pa.array(texts, pa.string())
    if odd == 5:
        return pa.array([{"x": value} for value in values])
    kinds = (
        pa.float64(),
        pa.float64(),
        pa.float32(),
        pa.int64(),
        pa.float16(),
        pa.decimal128(38, 6),
    )
    try:
        return pa.array(values, rng.choice(kinds))
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return pa.array(values, pa.float64())
