"""Files that are written whole or not at all: a reader never sees half of one, and a failure leaves the old one."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

__all__ = ["write_whole"]


def write_whole(path: Path, write: Callable[[TextIO], object]) -> None:
    """Let `write` fill a file beside `path` (UTF-8, line ends as written), then put it in its place. OSError when that is not possible."""
    target = path.resolve()
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            write(stream)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
