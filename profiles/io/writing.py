"""Files that are written whole or not at all: a reader never sees half of one, and a failure leaves
the old one.
"""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

from profiles.io.faults import DataError, Fault

__all__ = [
    "check_writable",
    "safe_cell_for_writing",
    "write_csv",
    "write_csv_text",
    "write_whole_bytes",
    "write_whole_file",
]


@contextmanager
def write_whole_bytes(path: Path, suffix: str = ".tmp") -> Iterator[Path]:
    """Within, fill the file that is given; it then takes the place of `path`.

    OSError when that is not possible.
    """
    target = path.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_whole_file(path: Path, write: Callable[[TextIO], object]) -> None:
    """Let `write` fill a text file (UTF-8, line ends as written), then put it in place of
    `path`.

    OSError when that is not possible.
    """
    with (
        write_whole_bytes(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        write(stream)


FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""How text begins that some spreadsheet reads as a formula: blanks in front may be trimmed, signs
of full width be made plain.
"""


def safe_cell_for_writing(value: Any) -> Any:
    """The value; text that begins like a formula with an apostrophe in front.

    Numbers stay numbers, negative ones too.
    """
    return "'" + value if isinstance(value, str) and FORMULA.match(value) else value


def write_csv_text(frame: pd.DataFrame) -> str:
    """The table as CSV, numbers with 12 significant digits."""
    return str(
        frame.rename(columns=safe_cell_for_writing)
        .map(safe_cell_for_writing)
        .to_csv(index=False, float_format="%.12g", lineterminator="\n")
    )


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write the table whole or not at all, UTF-8. OSError when that is not possible."""
    write_whole_file(path, lambda stream: stream.write(write_csv_text(frame)))


def check_writable(path: Path, option: str) -> None:
    """Raise DataError before the search rather than after it: a folder that is missing, read-only,
    or a name that is a folder.
    """
    if path.is_dir():
        raise DataError([Fault(str(path), "", "", f"{option} names a folder", "name a file in it")])
    if not path.parent.is_dir():
        raise DataError(
            [
                Fault(
                    str(path),
                    "",
                    "",
                    f"{option} names a file in a folder that does not exist",
                    f"make the folder {path.parent} first",
                )
            ]
        )
    if not os.access(path.parent, os.W_OK):
        raise DataError(
            [
                Fault(
                    str(path),
                    "",
                    "",
                    f"{option} names a file in a folder that is not writable",
                    "name another place",
                )
            ]
        )
