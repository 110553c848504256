"""Files that are written whole or not at all: a reader never sees half of one, and a failure leaves
the old one as it was.

What a path leads to, and what may not be written at all: profiles.io.output_target.
"""

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

from profiles.io.faults import DataError, Fault
from profiles.io.output_target import OutputTarget, RefusedTargetError, TargetKind, find_target

__all__ = [
    "WriteError",
    "append_text",
    "as_write_errors",
    "check_writable",
    "csv_text",
    "safely_written_cell",
    "write_csv",
    "write_whole_file",
    "writing_whole_file",
]

READER_WAIT_S = 10.0
"""So long a FIFO may be without a reader."""


class WriteError(OSError):
    """An output could not be written: `filename` as the user named it, `strerror` why not."""

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}"


@contextmanager
def as_write_errors(path: Path) -> Iterator[None]:
    """Within, every failure of the system is a WriteError that names `path`."""
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise WriteError(error.errno or 0, reason, str(path)) from error


@contextmanager
def writing_whole_file(path: Path, suffix: str = ".tmp") -> Iterator[Path]:
    """Within, fill the file that is given; it then takes the place of `path`, or is copied to the
    device, FIFO or descriptor that `path` is. WriteError when that is not possible.
    """
    with as_write_errors(path):
        target = find_target(path)
        beside = target.kind == TargetKind.REPLACED
        handle, name = tempfile.mkstemp(
            dir=target.path.parent if beside else None,
            prefix=f".{target.path.name}."[:100],
            suffix=suffix,
        )
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            if beside:
                temporary.chmod(_mode(target.path))
                temporary.replace(target.path)
            else:
                _copy(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


def _mode(path: Path) -> int:
    """Permissions of the file that is replaced, so that a private one stays private; else what the
    process gives new files.
    """
    if path.exists():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _copy(source: Path, target: OutputTarget) -> None:
    """Write a file's content to what cannot be replaced."""
    if target.kind == TargetKind.DESCRIPTOR:
        sys.stdout.flush()  # what was printed before comes before
        descriptor = os.dup(target.descriptor)
    else:
        descriptor = _open_device(target.path)
    with source.open("rb") as content, open(descriptor, "wb") as stream:
        shutil.copyfileobj(content, stream)


def _open_device(path: Path) -> int:
    """Open a device or FIFO for writing; a FIFO that nobody reads is given up after a while, where
    a plain open would wait for ever.
    """
    flags, end = os.O_WRONLY | os.O_NOCTTY, time.monotonic() + READER_WAIT_S
    while path.is_fifo():
        try:
            descriptor = os.open(path, flags | os.O_NONBLOCK)
        except OSError as error:
            if time.monotonic() > end:
                reason = f"nothing has read from this FIFO for {READER_WAIT_S:.0f} s"
                raise OSError(error.errno, reason) from error
            time.sleep(0.05)
        else:
            os.set_blocking(descriptor, True)
            return descriptor
    return os.open(path, flags)


def write_whole_file(path: Path, write: Callable[[TextIO], object]) -> None:
    """Let `write` fill a text file (UTF-8, line ends as written), then put it in place of
    `path`.

    WriteError when that is not possible.
    """
    with (
        writing_whole_file(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        write(stream)


def append_text(path: Path, text: str) -> None:
    """Add text to a file, unbuffered, so that a failure is met here and not when it is closed.

    WriteError when that is not possible; then a part of the text may be there.
    """
    rest = text.encode("utf-8")
    with as_write_errors(path), path.open("ab", buffering=0) as stream:
        while rest:
            rest = rest[stream.write(rest) :]


FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""How text begins that some spreadsheet reads as a formula: blanks in front may be trimmed, signs
of full width be made plain.
"""


def safely_written_cell(value: Any) -> Any:
    """The value; text that begins like a formula with an apostrophe in front.

    Numbers stay numbers, negative ones too.
    """
    return "'" + value if isinstance(value, str) and FORMULA.match(value) else value


def csv_text(frame: pd.DataFrame) -> str:
    """The table as CSV, numbers with 12 significant digits."""
    return str(
        frame.rename(columns=safely_written_cell)
        .map(safely_written_cell)
        .to_csv(index=False, float_format="%.12g", lineterminator="\n")
    )


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write the table whole or not at all, UTF-8. WriteError when that is not possible."""
    write_whole_file(path, lambda stream: stream.write(csv_text(frame)))


def check_writable(path: Path, option: str) -> None:
    """Raise DataError before the search rather than after it, where nothing may be written.

    option: by which the path was given.
    """
    try:
        find_target(path)
    except RefusedTargetError as error:
        fault = Fault(str(path), "", "", f"{option} cannot be written: {error.problem}", error.fix)
        raise DataError([fault]) from None
