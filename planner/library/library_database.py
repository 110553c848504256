"""The library's database: opened, its tables made on the first save, and work done in one
transaction each.

SQLite keeps its rollback journal: a writer that is killed leaves a journal, from which the next one
restores what was there; a copy of the file is a backup; it may lie on a network's file system
(a write-ahead log may not). Writers begin with a lock on the whole file, so that two of them wait
for each other and none fails in its middle. PostgreSQL runs transactions side by side; those that
meet (the same scenario kept twice, a blob removed while another refers to it) are tried again.
"""

import errno
import os
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from planner.library.library_errors import DAMAGED, library_fault, translated_library_errors
from planner.library.library_schema import (
    REVISIONS,
    library_revision,
    upgrade_library_tables,
)
from planner.library.location import LibraryLocation, library_location

__all__ = ["BUSY_S", "LibraryDatabase", "open_library_database"]

BUSY_S = 10.0
"""So long one waits for another process that writes."""
MOST_TRIES = 5
WRITES = "planner_writes"
DRIVER_FIX = 'install it: pip install "psycopg[binary]" (or the extra `postgresql` of the planner)'

T = TypeVar("T")


def open_library_database(busy_s: float = BUSY_S) -> "LibraryDatabase":
    """The library that the environment names; nothing is made or opened yet. LibraryError where it
    is no address, or where PostgreSQL's driver is missing.
    """
    return LibraryDatabase(library_location(), busy_s)


class LibraryDatabase:
    """Transactions on one library. Errors of the database are LibraryErrors."""

    def __init__(self, location: LibraryLocation, busy_s: float = BUSY_S) -> None:
        self.location = location
        self._engine = _library_engine(location, busy_s)
        self._is_ready = False

    @property
    def words(self) -> str:
        """How messages name it."""
        return self.location.words

    @property
    def is_there(self) -> bool:
        """Whether anything can have been kept: False before the first save into a file."""
        file = self.location.file
        try:
            if file is None or file.exists():
                return True
            if file.parent.exists() and not file.parent.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        except OSError as error:
            raise self._unusable(error) from None
        return False

    def read_library(self, work: Callable[[Session], T]) -> T:
        """Do work that changes nothing, on one state of the library. Only where `is_there`."""
        if not self._is_ready:
            with self._translated(), self._engine.connect() as connection, connection.begin():
                revision = library_revision(connection, self.words)
            if revision != REVISIONS[-1]:
                self._prepare()
            self._is_ready = True
        with (
            self._translated(),
            self._engine.connect() as connection,
            connection.begin(),
            Session(connection) as session,
        ):
            return work(session)

    def write_library(self, work: Callable[[Session], T]) -> T:
        """Do work that changes something: all of it, or nothing where it fails. It is done again
        where another process was faster.
        """
        if not self._is_ready:
            self._prepare()
            self._is_ready = True
        with self._translated():
            for attempt in range(1, MOST_TRIES + 1):
                try:
                    return self._write_once(work)
                except (IntegrityError, OperationalError) as error:
                    if attempt == MOST_TRIES or not _is_met_by_another(error):
                        raise
        raise AssertionError("every attempt returns or raises")

    def check_library_writable(self) -> None:
        """Raise LibraryError where nothing could be kept, before a long search: also where pages of
        a file are damaged that the tables' names and the version do not lie on.
        """
        self.write_library(self._look_through)

    def _look_through(self, session: Session) -> None:
        """Raise LibraryError where SQLite finds a page of its file damaged (0.04 s for 200 MB); a
        server of PostgreSQL looks after its own.
        """
        if self.location.file is not None:
            check = session.connection().exec_driver_sql("PRAGMA quick_check(1)")
            if check.scalar() != "ok":
                raise library_fault(self.words, *DAMAGED)

    def _write_once(self, work: Callable[[Session], T]) -> T:
        with (
            self._writing_connection() as connection,
            connection.begin(),
            Session(connection) as session,
        ):
            result = work(session)
            session.flush()
            return result

    def _writing_connection(self) -> Connection:
        return self._engine.connect().execution_options(**{WRITES: True})

    def _prepare(self) -> None:
        """Make the folder and the tables where they are missing or older."""
        if self.location.file is not None:
            try:
                self.location.file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise self._unusable(error) from None
        with self._translated(), self._writing_connection() as connection, connection.begin():
            upgrade_library_tables(connection, self.words)

    def _translated(self) -> Any:
        return translated_library_errors(self.words, self.location.location_without_secrets)

    def _unusable(self, error: OSError) -> Exception:
        reason = error.strerror or "the path cannot be used"
        fix = "set PLANNER_LIBRARY to another folder"
        return library_fault(self.words, f"the library cannot be opened ({reason})", fix)


def _library_engine(location: LibraryLocation, busy_s: float) -> Engine:
    """An engine without a pool: a connection lives as long as its transaction, and none is shared
    with a process that was forked.
    """
    try:
        engine = create_engine(location.url, poolclass=NullPool, hide_parameters=True)
    except ModuleNotFoundError as error:
        problem = f"the driver {error.name} of PostgreSQL is not installed"
        raise library_fault(location.words, problem, DRIVER_FIX) from None
    if location.file is not None:
        event.listen(engine, "connect", lambda raw, _: _set_up_sqlite(raw, busy_s))
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", lambda raw, _: _set_up_postgres(raw, busy_s))
    return engine


def _set_up_sqlite(raw: Any, busy_s: float) -> None:
    """The driver begins no transactions of its own: reads and changes of tables would be outside
    them.
    """
    raw.isolation_level = None
    for pragma in (
        f"busy_timeout = {int(1000 * busy_s)}",
        "foreign_keys = ON",
        "trusted_schema = OFF",
        "cell_size_check = ON",
        "synchronous = FULL",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_up_postgres(raw: Any, busy_s: float) -> None:
    with raw.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {int(1000 * busy_s)}")
    raw.commit()


def _is_met_by_another(error: DBAPIError) -> bool:
    """Whether two transactions met: a key that is there already or not any more, a deadlock."""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return isinstance(error, IntegrityError) or state in ("40001", "40P01")
