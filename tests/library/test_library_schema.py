"""The tables are those of the migrations, a newer library is refused, and a migration is done whole
or not at all.
"""

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from planner.errors import LibraryError
from planner.library import library_schema
from planner.library.kept_tables import KeptTable
from planner.library.library_database import LibraryDatabase, open_library_database
from planner.library.library_schema import REVISIONS, VERSION_TABLE, library_revision
from planner.library.record_search import list_records


# SQLAlchemy does not read indices over expressions back from SQLite.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based")
def test_migrations_make_the_tables_of_the_orm(library: LibraryDatabase) -> None:
    library.check_library_writable()
    with library._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        own = set(KeptTable.metadata.tables)
        changes = [
            change
            for change in compare_metadata(context, KeptTable.metadata)
            # Schemas of other tests are no part of this library.
            if not (change[0] == "remove_table" and change[1].name not in own)
        ]
        assert not changes
        assert own < set(inspect(connection).get_table_names())
        assert library_revision(connection, "") == REVISIONS[-1]


def test_revisions_are_those_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(library_schema.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert [one.revision for one in scripts.walk_revisions()][::-1] == list(REVISIONS)
    assert scripts.get_heads() == [REVISIONS[-1]]


def test_a_newer_library_is_refused_and_stays_as_it_is(library: LibraryDatabase) -> None:
    library.check_library_writable()
    with library._engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")  # noqa: S608
    for work in (list_records, LibraryDatabase.check_library_writable):
        with pytest.raises(LibraryError, match="made by a newer planner than") as refused:
            work(open_library_database())
        assert "9999" in str(refused.value)
    with library._engine.connect() as connection:
        stated = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608
        assert stated.scalars().all() == ["9999"]


def test_a_migration_that_fails_leaves_nothing(
    library: LibraryDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic.operations import Operations

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Operations, "create_index", fail)
        with pytest.raises(KeyboardInterrupt):
            library.check_library_writable()
    with library._engine.connect() as connection:
        assert not inspect(connection).get_table_names()
    library.check_library_writable()
    assert list_records(library) == ()


def test_an_empty_file_is_a_library_to_be(one_library: Path) -> None:
    one_library.parent.mkdir()
    one_library.touch()
    assert list_records(open_library_database()) == ()
    connection = sqlite3.connect(one_library)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert set(KeptTable.metadata.tables) < tables


def test_records_of_the_first_version_are_kept_by_the_second(library: LibraryDatabase) -> None:
    if library.location.file is not None:
        library.location.file.parent.mkdir()
    with library._writing_connection() as connection, connection.begin():
        config = Config()
        config.set_main_option("script_location", str(library_schema.MIGRATIONS))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO planner_record (kind, name, note, owner, created_s, changed_s,"
            " planner_version, scenario_sha256, scenario_name, scenario_file, overrides, study)"
            " VALUES ('scenario', 'old', '', NULL, 1, 2, '0.2.0', 'abc', 's', 's.yaml',"
            " '{}', '')"
        )
    [record] = list_records(open_library_database())
    assert (record.name, record.owner, record.owner_name) == ("old", None, "")
    assert not record.is_shared
    with library._engine.connect() as connection:
        assert library_revision(connection, "") == REVISIONS[-1]
