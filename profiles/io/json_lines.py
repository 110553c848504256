"""JSON lines, plain or packed by gzip, one object a line, none of them kept."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from profiles.io.faults import Fault

__all__ = ["first_json_line", "opened_lines", "read_json_lines"]

LONGEST_LINE = 64 * 2**20
"""Bytes: rows hold prompts and answers, but no more than that."""


def first_json_line(path: Path) -> dict[str, Any] | None:
    """The object in the first line that is not blank; None where that is not an object."""
    with opened_lines(path) as stream:
        for raw in iter(lambda: stream.readline(LONGEST_LINE), b""):
            if raw.strip():
                value = _json_of_line(raw)
                return value if isinstance(value, dict) else None
    return None


def read_json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]] | Fault]:
    """(place, object) of every line; a fault for each that is none, and for a file that breaks
    off.
    """
    try:
        with opened_lines(path) as stream:
            row = 0
            for raw in iter(lambda: stream.readline(LONGEST_LINE + 1), b""):
                row += 1
                where = f"row {row}"
                if len(raw) > LONGEST_LINE:
                    problem = f"the row has more than {LONGEST_LINE // 2**20} MiB"
                    yield Fault(str(path), where, "", problem, "name a file of JSON lines")
                    return
                if not raw.strip():
                    continue
                value = _json_of_line(raw)
                if isinstance(value, dict):
                    yield where, value
                else:
                    problem = "the row is not a JSON object"
                    yield Fault(str(path), where, "", problem, "write the file again with the tool")
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        problem = f"the file cannot be read ({reason})"
        yield Fault(str(path), "", "", problem, "check its permissions, or copy it again")


def _json_of_line(raw: bytes) -> Any:
    """The value, None where it is none: NaN and Infinity are read as Python's tools write them."""
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def opened_lines(path: Path) -> IO[bytes]:
    """Open a file, unpacked where it is packed by gzip."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb")
