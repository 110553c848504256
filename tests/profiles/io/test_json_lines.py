"""JSON lines: places, packed files, rows that are none."""

import gzip
from pathlib import Path

import pytest

from profiles.io import json_lines as module
from profiles.io.faults import Fault
from profiles.io.json_lines import first_json_line, read_json_lines


def test_rows_keep_their_numbers_and_bad_ones_are_faults(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": NaN}\n\n[1]\n{"b": \n\xff\n{"c": 3}')
    rows = list(read_json_lines(path))
    assert [row[0] if isinstance(row, tuple) else row.where for row in rows] == [
        *("row 1", "row 3", "row 4", "row 5", "row 6"),
    ]
    assert rows[-1] == ("row 6", {"c": 3})
    assert all("not a JSON object" in str(row) for row in rows[1:4])


def test_packed_files_are_read_and_broken_ones_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n' * 5000))
    assert first_json_line(path) == {"a": 1}
    assert len(list(read_json_lines(path))) == 5000
    path.write_bytes(path.read_bytes()[:-30])
    assert isinstance(list(read_json_lines(path))[-1], Fault)


def test_a_row_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_LINE", 2**20)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b": "' + b"x" * 2**21)
    first, second = read_json_lines(path)
    assert first == ("row 1", {"a": 1})
    assert "more than 1 MiB" in str(second)


def test_deep_rows_are_no_objects(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": ' * 100_000)
    assert first_json_line(path) is None
