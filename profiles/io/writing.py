"""Files that are written whole or not at all: a reader never sees half of one, and a failure leaves the old one."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

__all__ = ["put_whole", "write_whole"]


@contextmanager
def put_whole(path: Path, suffix: str = ".tmp") -> Iterator[Path]:
    """Within, fill the file that is given; it then takes the place of `path`. OSError when that is not possible."""
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


def write_whole(path: Path, write: Callable[[TextIO], object]) -> None:
    """Let `write` fill a text file (UTF-8, line ends as written), then put it in the place of `path`. OSError when that is not possible."""
    with put_whole(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        write(stream)
