"""CSV logs row by row: places of faults, blank cells, packed files, what is no CSV."""

import gzip
from pathlib import Path

import pytest

from profiles.io.faults import Fault
from profiles.request_logs.csv_rows import (
    NO_TIME,
    CsvLogColumns,
    read_csv_log,
    read_csv_log_header,
)
from profiles.request_logs.record import LoggedRequest, SkippedRow

COLUMNS = CsvLogColumns("t", "c", "i", "o")


def test_rows_are_read_and_bad_ones_have_their_place(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        b'\xef\xbb\xbft,c,i,o,x\n1,a,5,6,"two\nlines"\n\n,a,5,6,\n2,a,-5,6,\n3,a\nsoon,a,5,6,\n4,,,,\n'
    )
    first, blank, negative, short, text, bare = read_csv_log(path, COLUMNS)
    assert first == LoggedRequest(1.0, "a", 5.0, 6.0)
    assert blank == SkippedRow(NO_TIME)
    assert f"{path}:row 6, column i: this is no number of tokens, got '-5'" in str(negative)
    assert "row 7: the row must have 5 cells as the header has, got 2 cells" in str(short)
    assert "row 8, column t: this is no time, got text of 4 characters" in str(text)
    assert isinstance(bare, LoggedRequest)
    assert (bare.time, bare.label) == (4.0, None)


def test_columns_that_are_not_there_are_unknown(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"t\n1000\n2000\n"))
    assert read_csv_log_header(path) == ["t"]
    rows = list(read_csv_log(path, CsvLogColumns("t", None, None, None, 0.001)))
    assert [row.time for row in rows if isinstance(row, LoggedRequest)] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b't,c,i,o\n1,a,5,6\n"x,a,5,6\n', "not sound CSV"),
        (b"t,c,i,o\n1,a,5,6\n\xff,a,5,6\n", "not UTF-8 text"),
        (b"t,c,i,o\n1,a,5," + b"x" * 200_000 + b"\n", "leave out columns of text"),
        (gzip.compress(b"t,c,i,o\n1,a,5,6\n" * 9000)[:-40], "cannot be read"),
    ],
)
def test_a_broken_file_ends_in_a_fault(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    *_, last = read_csv_log(path, COLUMNS)
    assert isinstance(last, Fault)
    assert why in str(last)


def test_other_separators_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("t;c;i;o\n")
    assert "not separated by commas" in str(read_csv_log_header(path))
    path.write_bytes(b"\xff\n")
    assert "not UTF-8" in str(read_csv_log_header(path))
