"""What can be wrong with a library, as one fault each: what the database says is translated once.

    DataError
    +-- LibraryError          no such record, or a library that cannot be read or written

Nothing here, and no message made here, contains an address of a database: it may hold a password.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from planner.errors import LibraryError
from profiles.io.faults import Fault

__all__ = ["DAMAGED", "library_fault", "translated_library_errors"]

OTHER_PLACE = "set PLANNER_LIBRARY to another folder"
SQLITE_REASONS = {
    "SQLITE_BUSY": ("it is in use by another process", "try again when that has ended"),
    "SQLITE_LOCKED": ("it is in use by another process", "try again when that has ended"),
    "SQLITE_READONLY": ("it cannot be written: it is read-only", OTHER_PLACE),
    "SQLITE_PERM": ("it may not be opened", OTHER_PLACE),
    "SQLITE_AUTH": ("it may not be opened", OTHER_PLACE),
    "SQLITE_FULL": ("it cannot be written: the disk is full", f"free space, or {OTHER_PLACE}"),
    "SQLITE_IOERR": (
        "the system does not read or write it to the end",
        f"look whether the disk is full or damaged, or {OTHER_PLACE}",
    ),
    "SQLITE_CANTOPEN": ("it cannot be opened", f"check the path and its rights, or {OTHER_PLACE}"),
    "SQLITE_NOTADB": (
        "this file is no library of the planner, or is damaged",
        f"put a copy from a backup in its place, or {OTHER_PLACE}",
    ),
    "SQLITE_TOOBIG": ("a part of it is larger than the database takes", "keep smaller tables"),
}
"""First words of SQLite's name of an error -> problem and fix; any other error is damage."""
DAMAGED = (
    "this library is damaged",
    f"put a copy from a backup in its place, or {OTHER_PLACE}; nothing was changed",
)
"""Problem and fix."""
POSTGRES_REASONS = {
    "08": ("there is no connection to it", "check that the server runs and PLANNER_DATABASE_URL"),
    "28": ("the server refuses the log-in", "check user and password in PLANNER_DATABASE_URL"),
    "3D": ("the server has no such database", "make it with createdb, or name another one"),
    "42501": ("the user may not do this", "ask for the right to create and change its tables"),
    "25006": ("it cannot be written: it is read-only", "name the server that takes changes"),
    "53": ("the server lacks disk, memory or connections", "tell its administrator; try again"),
    "55P03": ("it is in use by another process", "try again when that has ended"),
    "57": ("the server has ended the connection", "try again when it runs"),
    "58": ("the server cannot read or write its files", "tell its administrator"),
    "42": (
        "its tables are not those of this planner",
        "name a database of the planner's own in PLANNER_DATABASE_URL",
    ),
}
"""First signs of PostgreSQL's SQLSTATE -> problem and fix; the longest that fit count."""


def library_fault(library: str, problem: str, fix: str, value: str = "") -> LibraryError:
    """The error with one fault. library: how messages name it."""
    return LibraryError([Fault(library, "", value, problem, fix)])


@contextmanager
def translated_library_errors(library: str, scrub: Callable[[str], str]) -> Iterator[None]:
    """Within, what the database refuses becomes a LibraryError. scrub: takes secrets out of a text
    of the database.
    """
    try:
        yield
    except DBAPIError as error:
        original = error.orig
        if isinstance(original, sqlite3.Error):
            raise library_fault(library, *_sqlite_reason(original)) from None
        raise library_fault(library, *_postgres_reason(original, scrub)) from None
    except sqlite3.Error as error:  # of a PRAGMA, before SQLAlchemy looks at it
        raise library_fault(library, *_sqlite_reason(error)) from None
    except UnicodeDecodeError:  # of SQLite's own message, which quotes a damaged schema
        raise library_fault(library, *DAMAGED) from None


def _sqlite_reason(error: sqlite3.Error) -> tuple[str, str]:
    name = getattr(error, "sqlite_errorname", None) or ""
    known = next((key for key in SQLITE_REASONS if name.startswith(key)), None)
    return DAMAGED if known is None else SQLITE_REASONS[known]


def _postgres_reason(error: BaseException | None, scrub: Callable[[str], str]) -> tuple[str, str]:
    """Problem and fix by SQLSTATE; without one the connection failed, in the server's words."""
    state = str(getattr(error, "sqlstate", None) or "")
    known = [key for key in POSTGRES_REASONS if state.startswith(key)]
    problem, fix = POSTGRES_REASONS[max(known, key=len, default="08") if state else "08"]
    said = " ".join(scrub(str(error)).split())[:200]
    return (f"{problem} ({said})" if said else problem), fix
