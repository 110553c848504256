"""Tables from CSV, Parquet and sheets: the same content, or one clear fault."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from planner.scenario.assemble import assemble_instance
from profiles.io.faults import Fault
from profiles.io.table_files import build_table_of_file, read_table_file
from profiles.score_tables.scores import load_scores, parse_scores


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the table is empty"),
        (b"\n\n", "the table is empty"),
        (b"a,b\n", "no rows below the header"),
        (b"a;b\n1,5;2\n", "separated by semicolons"),
        (b"a\tb\n1\t2\n", "separated by tabs"),
        (b"a,a\n1,2\n", "appears twice in the header"),
        (b",a\n0,1\n", "the column has no name"),
        (b"a,b\n1,2,3\n", "row 2: the row must have 2 cells as the header has, got 3 cells"),
        (b"a,b\n\n1\n", "row 3: the row must have 2 cells"),
        (b"a,b\n1,\xff\n", "row 2: the file is not UTF-8 text"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b'a,b\n"1,2\n', "not sound CSV"),
        (b"a,b\n" + b"x" * 200_000 + b",1\n", "not sound CSV"),
    ],
)
def test_csv_files_that_are_none(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    faults: list[Fault] = []
    read_table_file(path, faults)
    assert words in "\n".join(map(str, faults))


def test_parquet_names_with_dots(tmp_path: Path) -> None:
    table = pa.table({"prompt_id": [1, 2], "llama-3": [0.5, 1.0], "llama-3.1-8b": [0.25, 0.0]})
    pq.write_table(table, tmp_path / "s.parquet")
    scores, notices = load_scores(tmp_path / "s.parquet", ["llama-3"])
    assert scores.values.tolist() == [[0.5, 1.0]]
    assert scores.prompt_ids.tolist() == ["1", "2"]
    assert "llama-3.1-8b" in notices[0]


def test_sheet_rows_make_the_same_table(case: Path) -> None:
    rows: list[list] = [
        ["prompt_id", "NO", "NA", "weight", None],
        ["p1", 0.5, 0.25, 1, None],
        [None] * 5,
        ["p2", 0.75, 1, 3, None],
    ]
    faults: list[Fault] = []
    table = build_table_of_file("book.xlsx:scores", rows, faults)
    assert table is not None
    loaded = assemble_instance(case / "scenario.yaml", scores=table)
    assert loaded.sha256 == assemble_instance(case / "scenario.yaml").sha256
    table = build_table_of_file("book.xlsx:scores", [*rows, ["p3", "0.5", True, 1]], faults)
    assert not faults
    assert table is not None
    assert parse_scores(table, ["NO", "NA"], "error", faults, []) is None
    assert "row 5, column NO: the number is stored as text" in str(faults[0])
    assert "row 5, column NA: this is not a number, got true" in str(faults[1])
