"""Uploaded files of a new scenario, unpacked for the workers that read them."""

import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePath

from planner.errors import DataError
from planner.scenario.archive import unpack_archive_folder
from planner.scenario.starting.file_kinds import FileKind, wrong_file_faults
from planner.scenario.upload import bare_upload_name
from profiles.io.faults import Fault

__all__ = ["refused_new_files", "unpack_new_files"]


def unpack_new_files(folder: Path, files: Sequence[tuple[str, str]]) -> list[Path]:
    """Put uploaded files under their own names into an empty folder; an archive becomes a folder of
    what it holds. DataError with every fault.

    files: name, which is anybody's, and path of the bytes.
    """
    faults: list[Fault] = []
    paths: list[Path] = []
    for name, stored in files:
        path = _free_path(folder, bare_upload_name(name))
        if zipfile.is_zipfile(stored) and path.suffix.lower() == ".zip":
            unpack_archive_folder(path.name, Path(stored).read_bytes(), path, faults)
        else:
            path.write_bytes(Path(stored).read_bytes())
        paths.append(path)
    if faults:
        raise DataError(faults)
    return paths


def _free_path(folder: Path, name: str) -> Path:
    """The file's path; of names that come twice the later ones get a number."""
    path, number = folder / name, 1
    while path.exists():
        number += 1
        path = folder / f"{PurePath(name).stem}-{number}{PurePath(name).suffix}"
    return path


def refused_new_files(
    error: DataError, paths: Sequence[Path], expected: Sequence[FileKind]
) -> DataError:
    """The error that says what was given instead, where a file is of another kind; else the one of
    the reader.
    """
    wrong = wrong_file_faults([path for path in paths if path.is_file()], expected)
    return DataError(wrong, error.notices) if wrong else error
