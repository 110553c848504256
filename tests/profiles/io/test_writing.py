"""Files are written whole or not at all, to whatever kind of target, and run nothing in a
spreadsheet.
"""

import os
import threading
from pathlib import Path

import pandas as pd
import pytest

from profiles.io import writing
from profiles.io.faults import DataError
from profiles.io.writing import (
    WriteError,
    append_text,
    check_writable,
    csv_text,
    safely_written_cell,
    write_csv,
    write_whole_file,
    writing_whole_file,
)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")

    def break_off() -> None:
        with writing_whole_file(target) as temporary:
            temporary.write_text("ne")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        break_off()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_table_is_written_with_twelve_digits(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1 / 3], "=b": ["=1+1"]})
    write_csv(frame, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "a,'=b\n0.333333333333,'=1+1\n" == csv_text(frame)


@pytest.mark.parametrize("value", ["=1", " +1", "-x", "@SUM", "\t=1", "\uff1d1"])
def test_text_like_a_formula_is_quoted(value: str) -> None:
    assert safely_written_cell(value) == "'" + value


@pytest.mark.parametrize("value", [-1.5, "a=1", None, "1-2"])
def test_anything_else_stays(value: object) -> None:
    assert safely_written_cell(value) == value


def test_a_place_that_cannot_be_written_is_a_fault_before(tmp_path: Path) -> None:
    check_writable(tmp_path / "t.csv", "--csv")
    with pytest.raises(DataError, match="--csv cannot be written: this is a folder"):
        check_writable(tmp_path, "--csv")
    with pytest.raises(DataError, match="there is no folder"):
        check_writable(tmp_path / "no" / "t.csv", "--csv")


def put(path: Path, text: str) -> None:
    write_whole_file(path, lambda stream: stream.write(text))


def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to("file")
    put(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


def test_a_fifo_is_filled_and_stays(tmp_path: Path) -> None:
    fifo, read = tmp_path / "fifo", []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: read.append(fifo.read_text()))
    reader.start()
    put(fifo, "text " * 50_000)
    reader.join()
    assert read == ["text " * 50_000]
    assert fifo.is_fifo()


def test_a_fifo_that_nobody_reads_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "READER_WAIT_S", 0.1)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(WriteError, match="nothing has read from this FIFO"):
        put(tmp_path / "fifo", "text")


def test_a_device_stays_a_device() -> None:
    put(Path("/dev/null"), "text")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(WriteError, match="No space left"):
        put(Path("/dev/full"), "text")
    assert Path("/dev/full").is_char_device()


def test_a_descriptor_is_written_to_where_it_is(tmp_path: Path) -> None:
    """Not replaced, also where it is a file: a shell has opened it and goes on writing."""
    with (tmp_path / "log").open("wb", buffering=0) as stream:
        stream.write(b"before\n")
        put(Path(f"/dev/fd/{stream.fileno()}"), "text\n")
        stream.write(b"after\n")
    assert (tmp_path / "log").read_text() == "before\ntext\nafter\n"


def test_a_private_file_stays_private(tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o600)
    put(tmp_path / "file", "text")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_vanished_is_named_as_the_user_named_the_file(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="there is no folder") as failed:
        put(tmp_path / "gone" / "file", "text")
    assert failed.value.filename == str(tmp_path / "gone" / "file")


def test_text_is_appended_whole_or_the_failure_is_met() -> None:
    with pytest.raises(WriteError, match="No space left"):
        append_text(Path("/dev/full"), "line\n")
