"""An empty library of either kind, a small plan to keep, and a file that nobody may write."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.kept.postgres_server import PostgresServer, running_postgres

__all__ = ["library", "postgres", "without_rights"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all tests of a process."""
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def library(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> object:
    """An empty library, which is also that of the environment."""
    # Imported here: tests of other things need no SQLAlchemy.
    from planner.library.library_database import open_library_database

    monkeypatch.setenv("PLANNER_LIBRARY", str(tmp_path / "kept"))
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        monkeypatch.setenv("PLANNER_DATABASE_URL", server.new_library())
    return open_library_database()


@contextmanager
def without_rights() -> Iterator[None]:
    """Within, rights of files count for us, also where the tests run as root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
