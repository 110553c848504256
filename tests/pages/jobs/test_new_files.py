"""Uploaded files of a new scenario: under their own names, archives unpacked, none led astray."""

import io
import zipfile
from pathlib import Path

import pytest

from app_pages.jobs.new_files import refused_new_files, unpack_new_files
from planner.errors import DataError
from planner.scenario.starting.file_kinds import FileKind
from planner.scenario.templates import TEMPLATE_TEXTS
from profiles.io.faults import Fault


def unpacked(tmp_path: Path, files: list[tuple[str, bytes]]) -> list[str]:
    """Paths of all files that are there afterwards, below the folder."""
    stored = []
    for k, (name, content) in enumerate(files):
        (tmp_path / str(k)).write_bytes(content)
        stored.append((name, str(tmp_path / str(k))))
    folder = tmp_path / "new"
    folder.mkdir()
    unpack_new_files(folder, stored)
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def archive(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name in names:
            made.writestr(name, "{}")
    return target.getvalue()


def test_names_are_kept_and_counted(tmp_path: Path) -> None:
    files = [("a.json", b"1"), ("../../a.json", b"2"), ("C:\\x\\b.json", b"3")]
    assert unpacked(tmp_path, files) == ["a-2.json", "a.json", "b.json"]


def test_an_archive_becomes_a_folder_and_leads_nowhere_else(tmp_path: Path) -> None:
    names = ("s/tp1/run=0.json", "s/tp2/run=0.json", "../../up.json", "/etc/top.json")
    assert unpacked(tmp_path, [("sweep.zip", archive(*names))]) == [
        "sweep.zip/etc/top.json",
        "sweep.zip/s/tp1/run=0.json",
        "sweep.zip/s/tp2/run=0.json",
        "sweep.zip/up.json",
    ]


def test_a_file_and_a_folder_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpacked(tmp_path, [("x.zip", archive("a", "a/b.json"))])


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    broken = archive("a.json").replace(b"{}", b"[]", 1)
    with pytest.raises(DataError, match="no zip archive that can be read"):
        unpacked(tmp_path, [("a.zip", broken)])


def test_a_refusal_says_what_was_given_instead(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(TEMPLATE_TEXTS["scores.csv"])
    error = DataError([Fault("scores.csv", "", "", "no load test", "")])
    (fault,) = refused_new_files(error, [path], [FileKind.BENCHMARK]).faults
    assert fault.problem.startswith("this is a score table")
    assert refused_new_files(error, [path], [FileKind.SCORES]) is error
