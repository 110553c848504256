"""Faults of a library, each one message and nothing lost: rights, a full disk, locks, damage,
servers that do not answer, a driver that is missing.
"""

import os
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from planner.errors import DataError, LibraryError
from planner.library.kept_input import load_kept_plan, opened_kept_content, read_kept_content
from planner.library.kept_record import RecordKind
from planner.library.library_database import LibraryDatabase, open_library_database
from planner.library.record_changes import rename_record
from planner.library.record_keeping import keep_plan, keep_study
from planner.library.record_search import list_records
from tests.support.kept.kept_plans import small_plan
from tests.support.kept.library_case import without_rights
from tests.support.kept.postgres_server import PostgresServer
from tests.support.walls import wall_size


def fill(folder: Path) -> LibraryDatabase:
    """The library of the environment with a plan and its scenario."""
    plan = small_plan(folder)
    library = open_library_database()
    keep_plan(library, plan.content, plan.scenario.result)
    return library


def keep_large_study(library: LibraryDatabase, folder: Path) -> None:
    plan = small_plan(folder)
    noise = os.urandom(2_000_000).hex()
    keep_study(library, "sweep", {"noise": noise}, plan.scenario.result)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that a user without rights can reach."""
    # Not below pytest's own folder, which is closed to others.
    folder = Path(tempfile.mkdtemp(prefix="planner-library-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_nothing_is_made_before_the_first_save(one_library: Path) -> None:
    assert list_records(open_library_database()) == ()
    assert not one_library.parent.exists()


def test_a_read_only_library_is_read_and_not_written(
    open_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_LIBRARY", str(open_folder))
    fill(tmp_path)
    (open_folder / "library.db").chmod(0o444)
    open_folder.chmod(0o555)
    with without_rights():
        library = open_library_database()
        assert len(list_records(library)) == 2
        with pytest.raises(LibraryError, match="it cannot be written: it is read-only"):
            rename_record(library, 1, "other")
        monkeypatch.setenv("PLANNER_LIBRARY", str(open_folder / "new" / "folder"))
        with pytest.raises(LibraryError, match=r"cannot be opened \(Permission denied\)"):
            open_library_database().check_library_writable()
        assert list_records(open_library_database()) == ()
    open_folder.chmod(0o755)
    (open_folder / "library.db").chmod(0o000)
    with without_rights():
        monkeypatch.setenv("PLANNER_LIBRARY", str(open_folder))
        with pytest.raises(LibraryError, match="it cannot be opened"):
            list_records(open_library_database())


def test_a_file_in_place_of_the_folder(one_library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_library.parent.write_text("a file")
    with pytest.raises(LibraryError, match="cannot be opened"):
        list_records(open_library_database())
    with pytest.raises(LibraryError, match="the library cannot be opened"):
        open_library_database().check_library_writable()
    monkeypatch.setenv("PLANNER_LIBRARY", "x" * 5000)
    with pytest.raises(LibraryError, match="File name too long"):
        list_records(open_library_database())


def test_a_full_disk_leaves_what_was_kept(one_library: Path, tmp_path: Path) -> None:
    library = fill(tmp_path / "s")
    before, soft = list_records(library), resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (one_library.stat().st_size + 200_000, soft[1]))
    try:
        with pytest.raises(LibraryError, match="look whether the disk is full"):
            keep_large_study(library, tmp_path / "s")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, soft)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list_records(open_library_database()) == before
    keep_large_study(library, tmp_path / "s")
    assert len(list_records(library)) == 3


def test_a_database_that_reports_a_full_disk(one_library: Path, tmp_path: Path) -> None:
    library = fill(tmp_path / "s")
    full = sqlite3.connect(one_library)
    pages = full.execute("PRAGMA page_count").fetchone()[0]
    full.close()
    with library._engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute(f"PRAGMA max_page_count = {pages + 1}")
        with (
            pytest.raises(LibraryError, match="the disk is full; free space"),
            library._translated(),
        ):
            connection.exec_driver_sql("CREATE TABLE more AS SELECT zeroblob(1000000) AS x")


def test_a_locked_library_is_waited_for_and_then_said(one_library: Path, tmp_path: Path) -> None:
    fill(tmp_path)
    other = sqlite3.connect(one_library, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    library = open_library_database(busy_s=0.05)
    for work in (lambda: list_records(library), lambda: rename_record(library, 1, "x")):
        with pytest.raises(LibraryError, match="it is in use by another process; try again"):
            work()
    other.execute("ROLLBACK")
    other.close()
    assert len(list_records(library)) == 2


@pytest.mark.parametrize(
    "content", [b"no database at all" * 300, b"SQLite format 3\x00" + b"x" * 9]
)
def test_a_file_that_is_no_database(one_library: Path, content: bytes) -> None:
    one_library.parent.mkdir()
    one_library.write_bytes(content)
    for work in (list_records, LibraryDatabase.check_library_writable):
        with pytest.raises(LibraryError, match="is no library of the planner, or is damaged"):
            work(open_library_database())
    assert one_library.read_bytes() == content


def test_a_database_of_another_program_stays_as_it_is(one_library: Path) -> None:
    one_library.parent.mkdir()
    with sqlite3.connect(one_library) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    before = one_library.read_bytes()
    for work in (list_records, LibraryDatabase.check_library_writable):
        with pytest.raises(LibraryError, match="a database of another program"):
            work(open_library_database())
    assert one_library.read_bytes() == before


def test_damage_anywhere_is_one_message(one_library: Path, tmp_path: Path) -> None:
    """Bytes changed, and files cut off: each use is right or a DataError, never anything else."""
    fill(tmp_path)
    whole, rng, refused = one_library.read_bytes(), Random(5), 0  # noqa: S311
    cases = wall_size(40, 600)
    for case in range(cases):
        damaged = bytearray(whole)
        for at in rng.sample(range(len(whole)), rng.choice((1, 20, 400))):
            damaged[at] = rng.randrange(256)
        one_library.write_bytes(damaged if case % 5 else damaged[: rng.randrange(len(whole))])
        library = open_library_database()
        try:
            for record in list_records(library):
                kept = read_kept_content(library, record)
                if case % 3 == 0 and record.kind == RecordKind.PLAN:
                    with opened_kept_content(kept) as folder:
                        load_kept_plan(kept, folder)
            rename_record(library, 1, "other")
        except DataError:
            refused += 1
    assert 0.4 < refused / cases < 0.95


# ---------------------------------------------------------------- PostgreSQL

SECRET = "open-sesame"  # noqa: S105


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    address = f"postgresql://planner:{SECRET}@/postgres?host={tmp_path}"
    monkeypatch.setenv("PLANNER_DATABASE_URL", address)
    with pytest.raises(LibraryError, match="there is no connection to it") as refused:
        list_records(open_library_database())
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.slow
def test_what_a_server_refuses(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    postgres.run_sql("CREATE ROLE guest LOGIN")
    library = postgres.new_library()
    monkeypatch.setenv("PLANNER_DATABASE_URL", library.replace("planner:", "nobody:"))
    with pytest.raises(LibraryError, match=r'role "nobody" does not exist'):
        list_records(open_library_database())
    monkeypatch.setenv("PLANNER_DATABASE_URL", library.replace("/postgres?", "/lost?"))
    with pytest.raises(LibraryError, match=r'database "lost" does not exist'):
        list_records(open_library_database())
    monkeypatch.setenv("PLANNER_DATABASE_URL", postgres.address("", user="guest"))
    with pytest.raises(LibraryError, match="the user may not do this"):
        open_library_database().check_library_writable()


@pytest.mark.slow
def test_a_lock_on_a_server(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import psycopg

    address = postgres.new_library()
    monkeypatch.setenv("PLANNER_DATABASE_URL", address)
    fill(tmp_path)
    with psycopg.connect(address) as other:
        other.execute("LOCK TABLE planner_record IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(LibraryError, match="it is in use by another process"):
            rename_record(open_library_database(busy_s=0.05), 1, "x")
    rename_record(open_library_database(), 1, "x")


@pytest.mark.slow
def test_tables_of_others_beside_the_librarys_are_no_harm(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import psycopg

    address = postgres.new_library()
    with psycopg.connect(address, autocommit=True) as other:
        other.execute("CREATE TABLE recipes (name text)")
        other.execute("CREATE TABLE alembic_version (version_num text)")
        other.execute("INSERT INTO alembic_version VALUES ('theirs')")
    monkeypatch.setenv("PLANNER_DATABASE_URL", address)
    assert len(list_records(fill(tmp_path))) == 2


def test_a_missing_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_DATABASE_URL", f"postgresql://me:{SECRET}@nowhere/x")
    for name in [name for name in sys.modules if name.partition(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(LibraryError, match="the driver psycopg of PostgreSQL is not installed"):
        open_library_database()
