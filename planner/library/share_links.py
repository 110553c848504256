"""Links that open one record for whoever has them. A link's key is random (256 bits) and says
nothing of the record; it holds until its owner takes it back or removes the record.
"""

import re
import secrets
import time

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from planner.library.kept_record import KeptRecord, kept_record
from planner.library.kept_tables import RecordEntry, ShareEntry
from planner.library.library_database import LibraryDatabase
from planner.library.library_errors import library_fault
from planner.library.record_search import entry_of_record

__all__ = ["find_share_link", "make_share_link", "open_share_link", "revoke_share_link"]

KEY_BYTES = 32
KEY = re.compile(r"[A-Za-z0-9_-]{43}")


def make_share_link(library: LibraryDatabase, number: int) -> str:
    """The key of a record's link, made where there is none. LibraryError when the record is gone,
    or the library cannot be written.
    """

    def make(session: Session) -> str:
        entry_of_record(session, number, library)
        known = session.scalars(
            select(ShareEntry).where(ShareEntry.record_id == number)
        ).one_or_none()
        if known is None:
            known = ShareEntry(
                key=secrets.token_urlsafe(KEY_BYTES), record_id=number, created_s=int(time.time())
            )
            session.add(known)
            session.flush()
        return known.key

    return library.write_library(make)


def find_share_link(library: LibraryDatabase, number: int) -> str:
    """The key of a record's link; "" where it has none."""

    def read(session: Session) -> str:
        known = session.scalars(
            select(ShareEntry).where(ShareEntry.record_id == number)
        ).one_or_none()
        return "" if known is None else known.key

    return library.read_library(read) if library.is_there else ""


def open_share_link(library: LibraryDatabase, key: str) -> KeptRecord:
    """The record of a link; LibraryError where there is none (any more), the same for every key."""

    def read(session: Session) -> KeptRecord | None:
        query = select(RecordEntry).join(ShareEntry, ShareEntry.record_id == RecordEntry.id)
        entry = session.scalars(query.where(ShareEntry.key == key)).one_or_none()
        if entry is None:
            return None
        return kept_record(entry, [one.tag for one in entry.tags], library.words)

    found = library.read_library(read) if KEY.fullmatch(key) and library.is_there else None
    if found is None:
        problem = "nothing is shared under this link: it was taken back, or is not whole"
        raise library_fault("link", problem, "ask whoever sent it for another one")
    return found


def revoke_share_link(library: LibraryDatabase, number: int) -> None:
    """Take a record's link back: it opens nothing any more. The record stays."""
    statement = delete(ShareEntry).where(ShareEntry.record_id == number)
    if library.is_there:
        library.write_library(lambda session: session.execute(statement))
