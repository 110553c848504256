"""Where output goes: what a path that a user gave for a file leads to, decided before anything is
written.

    /dev/stdout, /dev/stderr, /dev/fd/N, /proc/self/fd/N   the open descriptor, whatever it is
    a link                                                 followed, and it stays a link
    a regular file, or a name that is free                 replaced by a whole new file
    a character device, a FIFO                             written to, never replaced
    anything else                                          refused: folders, sockets, disks, links
                                                           that lead nowhere

Replacing is a rename, which removes what had the name before: without this module a device node or
a link would be gone afterwards.
"""

import fcntl
import os
import re
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

__all__ = ["OutputTarget", "RefusedTargetError", "TargetKind", "find_target"]

MOST_LINKS = 40
"""So many links are followed, as by Linux; more are a circle."""

STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
DESCRIPTOR = re.compile(r"/(?:dev|proc/(?:self|thread-self|\d+))/fd/(\d{1,6})")


class TargetKind(StrEnum):
    """How a target is written."""

    REPLACED = "replaced"
    """A regular file, or none yet: a new file takes its place."""
    DEVICE = "device"
    """A character device or a FIFO: opened and written to."""
    DESCRIPTOR = "descriptor"
    """A descriptor that is open already."""


@dataclass(frozen=True)
class OutputTarget:
    """path: without links, of what is replaced or opened; descriptor: of an open one, else -1."""

    kind: TargetKind
    path: Path
    descriptor: int = -1


class RefusedTargetError(OSError):
    """Nothing may be written there. problem, fix: sentences without a full stop."""

    def __init__(self, path: Path, problem: str, fix: str) -> None:
        super().__init__(0, problem, str(path))
        self.problem, self.fix = problem, fix


def find_target(path: Path) -> OutputTarget:
    """Follow a path to what output goes to; RefusedTargetError when nothing may be written."""
    place = Path(os.path.abspath(path))
    try:
        for _ in range(MOST_LINKS):
            if (descriptor := _descriptor(place)) is not None:
                return _open_descriptor(path, place, descriptor)
            if not place.is_symlink():
                return _target_without_link(path, place)
            place = Path(
                os.path.abspath(os.path.join(os.path.realpath(place.parent), os.readlink(place)))
            )
    except (OSError, ValueError) as error:
        if isinstance(error, RefusedTargetError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise RefusedTargetError(path, f"it cannot be looked at ({reason})", ANOTHER) from error
    raise RefusedTargetError(path, "this is a circle of links", ANOTHER)


ANOTHER = "name another place"


def _descriptor(place: Path) -> int | None:
    """The number of the descriptor that a path means by its name, of this process."""
    if str(place) in STREAMS:
        return STREAMS[str(place)]
    match = DESCRIPTOR.fullmatch(str(place))
    foreign = match is not None and place.parts[1] == "proc" and place.parts[2].isdigit()
    if match is None or (foreign and int(place.parts[2]) != os.getpid()):
        return None
    return int(match[1])


def _open_descriptor(path: Path, place: Path, descriptor: int) -> OutputTarget:
    try:
        mode = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    except OSError:
        raise RefusedTargetError(
            path, f"descriptor {descriptor} is not open", "redirect it, or name a file"
        ) from None
    if mode == os.O_RDONLY:
        raise RefusedTargetError(
            path, f"descriptor {descriptor} is open for reading only", "redirect it, or name a file"
        )
    return OutputTarget(TargetKind.DESCRIPTOR, place, descriptor)


def _target_without_link(path: Path, place: Path) -> OutputTarget:
    """The target at a place that is no link itself (the folders above it may be)."""
    linked = Path(os.path.abspath(path)) != place
    place = Path(os.path.realpath(place.parent)) / place.name
    if place.parent.exists() and not place.parent.is_dir():
        raise RefusedTargetError(path, f"{place.parent} is no folder", ANOTHER)
    if not place.parent.is_dir():
        problem = f"there is no folder {place.parent}"
        raise RefusedTargetError(path, problem, f"make the folder {place.parent} first")
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        if linked:
            raise RefusedTargetError(
                path, f"this link leads to nothing ({place})", ANOTHER
            ) from None
        return _replaced(path, place)
    if stat.S_ISREG(mode):
        if not os.access(place, os.W_OK):
            raise RefusedTargetError(path, "the file is read-only", "name another file")
        return _replaced(path, place)
    if stat.S_ISCHR(mode) or stat.S_ISFIFO(mode):
        if not os.access(place, os.W_OK):
            raise RefusedTargetError(path, "it may not be written to", ANOTHER)
        return OutputTarget(TargetKind.DEVICE, place)
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFSOCK: "a socket", stat.S_IFBLK: "a disk"}
    what = kinds.get(stat.S_IFMT(mode), "not a regular file")
    fix = "name a file in it" if stat.S_ISDIR(mode) else ANOTHER
    raise RefusedTargetError(path, f"this is {what}", fix)


def _replaced(path: Path, place: Path) -> OutputTarget:
    if not os.access(place.parent, os.W_OK | os.X_OK):
        raise RefusedTargetError(path, f"the folder {place.parent} is not writable", ANOTHER)
    return OutputTarget(TargetKind.REPLACED, place)
