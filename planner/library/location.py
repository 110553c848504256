"""Where the library is: a file in the user's data folder, the folder of PLANNER_LIBRARY, or the
PostgreSQL database of PLANNER_DATABASE_URL.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_data_path
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from planner.library.library_errors import library_fault

__all__ = ["DATABASE", "FOLDER", "LibraryLocation", "library_location"]

DATABASE = "PLANNER_DATABASE_URL"
FOLDER = "PLANNER_LIBRARY"
"""Variables of the environment."""
FILE = "library.db"
POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")
CONNECT_S = 10
"""Seconds after which a server that does not answer is given up, unless the address says more."""
EXAMPLE = "postgresql://USER:PASSWORD@HOST/DATABASE"


@dataclass(frozen=True)
class LibraryLocation:
    """url: for SQLAlchemy, never printed; file: of SQLite, None of a server; words: how messages
    name it.
    """

    url: URL = field(repr=False)
    file: Path | None
    words: str

    def location_without_secrets(self, text: str) -> str:
        """A text of the database without the password."""
        secret = self.url.password
        return text.replace(str(secret), "***") if secret else text


def library_location() -> LibraryLocation:
    """The library that the environment names; LibraryError where it is no address."""
    if address := os.environ.get(DATABASE, "").strip():
        return _server_location(address)
    stated = os.environ.get(FOLDER, "").strip()
    folder = Path(stated).expanduser() if stated else user_data_path("llm-planner", appauthor=False)
    file = folder.absolute() / FILE
    return LibraryLocation(URL.create("sqlite", database=str(file)), file, str(file))


def _server_location(address: str) -> LibraryLocation:
    """The database of an address, which is not repeated in any message."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        # `from None`: the text of the error may hold the address.
        raise library_fault(DATABASE, "this is no address of a database", _fix()) from None
    if url.drivername not in POSTGRES:
        problem = f"the planner does not know databases of this kind ({url.drivername[:30]})"
        raise library_fault(DATABASE, problem, _fix())
    query = {"connect_timeout": str(CONNECT_S), "application_name": "llm-planner", **url.query}
    url = url.set(drivername="postgresql+psycopg", query=query)
    where = query.get("host") or url.host or "this machine"
    words = f"library in the PostgreSQL database {url.database or '(default)'} on {where}"
    return LibraryLocation(url, None, words)


def _fix() -> str:
    return f"write {EXAMPLE}, or unset it to keep a file (its text is not repeated here)"
