"""What a database says becomes one fault with a way out."""

import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from planner.errors import LibraryError
from planner.library.library_errors import library_fault, translated_library_errors


class RefusedError(Exception):
    """What psycopg raises."""

    def __init__(self, said: str, sqlstate: str | None) -> None:
        super().__init__(said)
        self.sqlstate = sqlstate


def translated(original: BaseException) -> str:
    with (
        pytest.raises(LibraryError) as caught,
        translated_library_errors("L", lambda text: text.replace("secret", "***")),
    ):
        raise OperationalError("SELECT 1", {}, original)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SQLITE_BUSY_SNAPSHOT", "in use by another process"),
        ("SQLITE_READONLY_DIRECTORY", "read-only"),
        ("SQLITE_FULL", "the disk is full; free space"),
        ("SQLITE_IOERR_WRITE", "does not read or write it to the end"),
        ("SQLITE_NOTADB", "no library of the planner"),
        ("SQLITE_CORRUPT_VTAB", "this library is damaged"),
        ("SQLITE_ERROR", "this library is damaged"),
    ],
)
def test_reasons_of_sqlite(name: str, said: str) -> None:
    error = sqlite3.OperationalError("said")
    error.sqlite_errorname = name
    assert said in translated(error)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (None, "there is no connection to it (no route to secret-host)"),
        ("08006", "there is no connection"),
        ("28P01", "the server refuses the log-in"),
        ("3D000", "no such database"),
        ("42501", "the user may not do this"),
        ("42P01", "its tables are not those of this planner"),
        ("53100", "the server lacks disk"),
        ("55P03", "in use by another process"),
        ("57P01", "the server has ended the connection"),
        ("XX000", "there is no connection"),
    ],
)
def test_reasons_of_postgresql(state: str | None, said: str) -> None:
    text = translated(RefusedError("no route to secret-host", state))
    assert said.replace("secret", "***") in text
    assert "secret" not in text


def test_other_errors_are_bugs_and_pass() -> None:
    with pytest.raises(KeyError), translated_library_errors("L", str):
        raise KeyError("x")


def test_a_fault_names_the_library() -> None:
    assert str(library_fault("L", "it is odd", "look", "7")) == "L: it is odd, got 7; look"
