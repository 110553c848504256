"""The version of a library's tables: read, and brought to that of this planner by Alembic.

Both happen on a connection within a transaction: a migration that is stopped leaves what was there.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from planner.library.library_errors import library_fault
from planner.version import VERSION

__all__ = ["REVISIONS", "VERSION_TABLE", "library_revision", "upgrade_library_tables"]

REVISIONS = ("0001", "0002")
"""Of planner/library/migrations/versions, in order; the last is that of planner.library.kept_tables
(Alembic itself takes a quarter of a second to import, and most uses need no migration).
"""
MIGRATIONS = Path(__file__).with_name("migrations")
VERSION_TABLE = "planner_version"
MIGRATION_LOCK = 7_016_931_520_511_002
"""PostgreSQL's advisory lock of a migration."""


def library_revision(connection: Connection, library: str) -> str:
    """The version of the tables, "" before the first use. LibraryError for a newer one, and for a
    file that another program has made.
    """
    names = inspect(connection).get_table_names()
    if VERSION_TABLE not in names:
        if names and connection.dialect.name == "sqlite":
            problem = "this file is a database of another program"
            raise library_fault(library, problem, "set PLANNER_LIBRARY to another folder")
        return ""
    stated = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()  # noqa: S608
    if len(stated) != 1 or stated[0] not in REVISIONS:
        problem = f"this library was made by a newer planner than {VERSION}"
        value = ", ".join(str(one)[:20] for one in stated)
        raise library_fault(library, problem, "use that version, or another library", value)
    return str(stated[0])


def upgrade_library_tables(connection: Connection, library: str) -> None:
    """Make the tables, or change older ones, unless another process just has."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
    if library_revision(connection, library) == REVISIONS[-1]:
        return
    # Imported here because it takes long and is needed once in the life of a library.
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Alembic reads % as a reference.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
