"""Folders that are filled whole or not at all: the files are written beside their place first and
then moved there by renaming, which needs no space.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from profiles.io.writing import WriteError, as_write_errors

__all__ = ["put_folder"]


@contextmanager
def put_folder(folder: Path) -> Iterator[Path]:
    """Within, fill the folder that is given; what is in it then moves to `folder`, which is made
    where it is missing, with the folders above it.

    WriteError when that is not possible, also when a name is taken in `folder`; then it is as it
    was before, and folders that were made are gone.
    """
    with as_write_errors(folder):
        target = Path(os.path.realpath(folder))  # `resolve` raises at a circle of links
        made = [place for place in (target, *target.parents) if not place.exists()]
        target.mkdir(parents=True, exist_ok=True)
        # Inside its place, since a folder may be a file system of its own.
        temporary = Path(tempfile.mkdtemp(dir=target, prefix=".writing-"))
        try:
            yield temporary
            _move(temporary, target)
            made = []
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            for place in made:
                place.rmdir()


def _move(source: Path, target: Path) -> None:
    """Move every entry; on failure those that were moved already go back."""
    moved: list[Path] = []
    try:
        for entry in sorted(source.iterdir()):
            place = target / entry.name
            if place.exists() or place.is_symlink():
                raise WriteError(0, "it is there already, and nothing is overwritten", str(place))
            entry.rename(place)
            moved.append(place)
    except OSError:
        for place in moved:
            place.rename(source / place.name)
        raise
