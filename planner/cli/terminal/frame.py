"""What all commands share: their frame, messages on standard error, and files that cannot be
written after all.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import pandas as pd

from planner.cli.terminal.output import plain_console, print_line, printable
from planner.errors import DataError, NoPlanInTimeError, SolveError
from profiles.io.writing import write_csv

__all__ = ["BAD_INPUT", "EXIT_CODES", "framed", "notify", "put", "put_csv", "warn"]

EXIT_CODES = {"optimal": 0, "infeasible": 3, "feasible": 4, "unknown": 5}
"""By the plan's status."""

BAD_INPUT = 2

P = ParamSpec("P")


def framed(command: Callable[P, int]) -> Callable[P, int]:
    """Frame a command: both roots of planner.errors become messages on standard error and exit
    codes; everything else is a bug.

    A character that the terminal's encoding lacks is printed as its code and does not end the run.
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> int:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        try:
            return command(*args, **kwargs)
        except DataError as error:
            notify(error.notices)
            warn(str(error).splitlines())
            return BAD_INPUT
        except SolveError as error:
            stopped = isinstance(error, NoPlanInTimeError)
            warn([f"No setup to work on{'' if stopped else ', the plan is infeasible'}: {error}"])
            return EXIT_CODES["unknown" if stopped else "infeasible"]

    return run


def warn(lines: Sequence[str]) -> None:
    """Print lines on standard error, as they are but for control characters."""
    for line in lines:
        print(printable(line), file=sys.stderr)


def notify(notices: Iterable[str], *, quiet: bool = False) -> None:
    """Print every notice once on standard error, unless quiet."""
    if not quiet:
        warn([f"Notice: {notice}" for notice in dict.fromkeys(notices)])


def put(path: str | Path | None, write: Callable[[], object]) -> int:
    """Write a file by `write`; 0, or BAD_INPUT and a message when it could not be written after
    all: what was computed is still printed.
    """
    try:
        write()
    except OSError as error:
        warn(
            [
                f"{error.filename or path}: cannot be written ({error.strerror}); free space or"
                " name another place"
            ]
        )
        return BAD_INPUT
    return 0


def put_csv(frame: pd.DataFrame, path: str | None, what: str) -> int:
    """Write a table where a path is given and say so (`what`: of its rows); the code of `put`."""
    if path is None:
        return 0
    code = put(path, lambda: write_csv(frame, Path(path)))
    if not code:
        print_line(plain_console(), f"{len(frame):,} {what} written to {path}")
    return code
