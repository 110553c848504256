"""What all commands share: their frame, messages on standard error, and files that cannot be
written after all.
"""

import errno
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import pandas as pd

from planner.cli.terminal.output import output_line, plain_output_console, printable_output
from planner.errors import DataError, NoPlanInTimeError, ProcessEndedError, SolveError
from profiles.io.writing import WriteError, csv_text, write_csv, write_whole_file

__all__ = [
    "BAD_INPUT",
    "EXIT_CODES",
    "NEGATIVE_VERDICT",
    "framed_command",
    "framed_csv_write",
    "framed_table_write",
    "framed_write",
    "notify",
    "warn",
]

EXIT_CODES = {"optimal": 0, "infeasible": 3, "feasible": 4, "unknown": 5}
"""By the plan's status."""

NEGATIVE_VERDICT = 6
"""Of a command that was done and says no: two ways of planning contradict each other, a plan misses
what it promises or does not fit what runs, no headroom is enough, a plug-in is left out.
"""

BAD_INPUT = 2

P = ParamSpec("P")


def framed_command(command: Callable[P, int]) -> Callable[P, int]:
    """Frame a command: both roots of planner.errors, and output that cannot be written, become
    messages on standard error and exit codes; everything else is a bug.

    A character that the terminal's encoding lacks is printed as its code and does not end the run.
    """

    @wraps(command)
    def run_in_frame(*args: P.args, **kwargs: P.kwargs) -> int:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        try:
            return command(*args, **kwargs)
        except DataError as error:
            notify(error.notices, quiet=_is_quiet(*args, *kwargs.values(), **kwargs))
            warn(str(error).splitlines())
            return BAD_INPUT
        except WriteError as error:
            return _refuse_output(error)
        except OSError as error:
            # Any look at a path that was given meets it; all else that the system says has its
            # place where it comes from.
            if error.errno != errno.ENAMETOOLONG:
                raise
            warn([f"{error.filename}: {error.strerror}; name another place"])
            return BAD_INPUT
        except ProcessEndedError as error:
            warn([str(error)])
            return EXIT_CODES["unknown"]
        except SolveError as error:
            stopped = isinstance(error, NoPlanInTimeError)
            warn([f"No setup to work on{'' if stopped else ', the plan is infeasible'}: {error}"])
            return EXIT_CODES["unknown" if stopped else "infeasible"]

    return run_in_frame


def _is_quiet(*arguments: object, **named: object) -> bool:
    """Whether a command was called with --quiet: by name, or within its options."""
    return named.get("quiet") is True or any(
        getattr(argument, "quiet", False) is True for argument in arguments
    )


def warn(lines: Sequence[str]) -> None:
    """Print lines on standard error, as they are but for control characters."""
    for line in lines:
        print(printable_output(line), file=sys.stderr)


def notify(notices: Iterable[str], *, quiet: bool = False) -> None:
    """Print every notice once on standard error, unless quiet."""
    if not quiet:
        warn([f"Notice: {notice}" for notice in dict.fromkeys(notices)])


def framed_write(path: str | Path | None, write: Callable[[], object]) -> int:
    """Write a file by `write`; 0, or BAD_INPUT and a message when it could not be written after
    all: what was computed is still printed.
    """
    try:
        write()
    except OSError as error:
        return _refuse_output(error, path)
    return 0


def _refuse_output(error: OSError, path: str | Path | None = None) -> int:
    """Say what could not be written, and why; BAD_INPUT."""
    place, reason = error.filename or path, error.strerror or error
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    fix = "free space, or name another place" if full else "name another place"
    warn([f"{place}: cannot be written ({reason}); {fix}"])
    return BAD_INPUT


def framed_table_write(frame: pd.DataFrame, out: str) -> int:
    """Write a table to a path, or print it where `out` is "-"; the code of `framed_write`."""
    if out == "-":
        return framed_write(out, lambda: sys.stdout.write(csv_text(frame)))
    return framed_write(out, lambda: write_csv(frame, Path(out)))


def framed_csv_write(frame: pd.DataFrame, path: str | None, what: str) -> int:
    """Write a table where a path is given and say so; the code of `framed_write`.

    what: the word for its rows.
    """
    if path is None:
        return 0
    code = framed_write(path, lambda: write_csv(frame, Path(path)))
    if not code:
        output_line(plain_output_console(), f"{len(frame):,} {what} written to {path}")
    return code


def framed_text_output(text: str, out: str | None, show: Callable[[], object]) -> int:
    """Print a text alone where `out` is "-"; else show what people read, and write the text where a
    path is given; the code of `framed_write`.
    """
    if out == "-":
        sys.stdout.write(text)
        return 0
    show()
    if out is None:
        return 0
    return framed_write(out, lambda: write_whole_file(Path(out), lambda file: file.write(text)))
