"""A bundle on disk: only into a new or empty folder, every file with its permissions."""

import os
from pathlib import Path

import pytest

from planner.errors import DataError
from planner.export.bundle import Bundle
from planner.export.bundle_folder import check_new_bundle_folder, write_bundle_folder
from profiles.io.writing import WriteError

BUNDLE = Bundle(
    {"README.md": "read me\n", "shell/start.sh": "#!/bin/sh\n"},
    frozenset({"shell/start.sh"}),
    {},
    [],
)


def test_a_bundle_is_written_whole(tmp_path: Path) -> None:
    write_bundle_folder(BUNDLE, tmp_path / "new")
    assert (tmp_path / "new" / "README.md").read_text() == "read me\n"
    assert os.access(tmp_path / "new" / "shell" / "start.sh", os.X_OK)
    assert not os.access(tmp_path / "new" / "README.md", os.X_OK)


def test_a_bundle_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """Here a folder has a file's name."""
    (tmp_path / "shell" / "start.sh").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(WriteError, match="nothing is overwritten"):
        write_bundle_folder(BUNDLE, tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_new_and_empty_folders_are_taken(tmp_path: Path) -> None:
    check_new_bundle_folder(tmp_path)
    check_new_bundle_folder(tmp_path / "deep" / "er")


@pytest.mark.parametrize(
    ("name", "problem"),
    [("full", "not empty"), ("file", "not a folder"), ("\0", "cannot be read")],
)
def test_other_places_are_refused(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=problem):
        check_new_bundle_folder(tmp_path / name)
