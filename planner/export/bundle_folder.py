"""A deploy bundle on disk: a new folder with all its files, or nothing."""

import os
from functools import partial
from pathlib import Path
from typing import TextIO

from planner.errors import DataError
from planner.export.bundle import Bundle
from profiles.io.faults import Fault
from profiles.io.output_folder import put_folder
from profiles.io.writing import write_whole_file

__all__ = ["check_new_bundle_folder", "write_bundle_folder"]


def check_new_bundle_folder(folder: Path) -> None:
    """Raise DataError unless the bundle can be put there: operators edit its files, so nothing is
    overwritten.
    """
    problem, fix = "", "name another folder"
    try:
        above = next(
            place for place in (folder, *Path(os.path.realpath(folder)).parents) if place.exists()
        )
        if folder.exists() and not folder.is_dir():
            problem = "this is a file, not a folder"
        elif folder.is_dir() and any(folder.iterdir()):
            problem, fix = (
                "the folder is not empty, and nothing is overwritten",
                "name a new folder, or empty this one",
            )
        elif not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            problem = f"nothing can be written in {above}"
    except (OSError, ValueError) as error:
        problem = f"the folder cannot be read ({getattr(error, 'strerror', None) or error})"
    if problem:
        raise DataError([Fault(str(folder), "", "", problem, fix)])


def write_bundle_folder(bundle: Bundle, folder: Path) -> None:
    """Write every file, or none. WriteError when that is not possible."""
    with put_folder(folder) as place:
        for name, text in bundle.files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole_file(path, partial(_write_text, text))
            if name in bundle.executable:
                mode = path.stat().st_mode
                path.chmod(mode | (mode & 0o444) >> 2)


def _write_text(text: str, stream: TextIO) -> None:
    stream.write(text)
