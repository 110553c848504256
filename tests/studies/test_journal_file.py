"""Journals: one run goes on from the last, and a file that is no journal is not overwritten."""

import os
from pathlib import Path

import pytest

from planner.errors import DataError
from planner.studies.journal_file import JournalFile, journal_path
from profiles.io.writing import WriteError


def journal(path: Path | None, key: str = "key") -> JournalFile:
    return JournalFile(path, "sweep", {"key": key})


def test_another_run_reads_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.partial"
    first = journal(path)
    assert first.lines == []
    first.begin([[1]])
    first.append([2])
    with path.open("a") as stream:
        stream.write("[3")  # broken off
    assert journal(path).lines == [[1], [2]]
    assert journal(path, "another").lines == []
    first.remove()
    assert not path.exists()


@pytest.mark.parametrize("text", ["my notes\n", "[1]\n", '{"a": 1}\n', "\xff"])
def test_a_file_that_is_no_journal_is_not_overwritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv.partial"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match="it is no journal"):
        journal(path)
    assert path.read_text(encoding="latin-1") == text


def test_a_fifo_of_the_journals_name_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t.csv.partial")
    with pytest.raises(DataError, match="it is no journal"):
        journal(tmp_path / "t.csv.partial")


def test_without_a_path_nothing_is_written(tmp_path: Path) -> None:
    silent = journal(None)
    silent.begin([])
    silent.append([1])
    silent.remove()
    assert not list(tmp_path.iterdir())


def test_only_a_file_has_a_journal_beside_it(tmp_path: Path) -> None:
    assert journal_path(tmp_path / "t.csv") == tmp_path / "t.csv.partial"
    for other in ("/dev/null", "/dev/stderr"):
        assert journal_path(Path(other)) is None


def test_a_folder_that_vanished_is_a_write_error(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    here = journal(tmp_path / "gone" / "t.csv.partial")
    here.begin([])
    here.remove()
    (tmp_path / "gone").rmdir()
    with pytest.raises(WriteError, match="No such file"):
        here.append([1])
