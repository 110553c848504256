"""Files are written whole or not at all, and run nothing in a spreadsheet."""

from pathlib import Path

import pandas as pd
import pytest

from profiles.io.faults import DataError
from profiles.io.writing import (
    check_writable,
    safe_cell_for_writing,
    write_csv,
    write_csv_text,
    write_whole_bytes,
)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")

    def break_off() -> None:
        with write_whole_bytes(target) as temporary:
            temporary.write_text("ne")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        break_off()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_table_is_written_with_twelve_digits(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1 / 3], "=b": ["=1+1"]})
    write_csv(frame, tmp_path / "t.csv")
    assert (
        (tmp_path / "t.csv").read_text() == "a,'=b\n0.333333333333,'=1+1\n" == write_csv_text(frame)
    )


@pytest.mark.parametrize("value", ["=1", " +1", "-x", "@SUM", "\t=1", "\uff1d1"])
def test_text_like_a_formula_is_quoted(value: str) -> None:
    assert safe_cell_for_writing(value) == "'" + value


@pytest.mark.parametrize("value", [-1.5, "a=1", None, "1-2"])
def test_anything_else_stays(value: object) -> None:
    assert safe_cell_for_writing(value) == value


def test_a_place_that_cannot_be_written_is_a_fault_before(tmp_path: Path) -> None:
    check_writable(tmp_path / "t.csv", "--csv")
    with pytest.raises(DataError, match="names a folder"):
        check_writable(tmp_path, "--csv")
    with pytest.raises(DataError, match="a folder that does not exist"):
        check_writable(tmp_path / "no" / "t.csv", "--csv")
