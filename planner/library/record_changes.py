"""Records are named, tagged, noted and removed. What a record is of never changes."""

import time
from collections.abc import Callable, Iterable

from sqlalchemy.orm import Session

from planner.library.blobs import remove_unused_blobs
from planner.library.kept_record import KeptAs, KeptRecord, kept_record
from planner.library.kept_tables import RecordEntry, TagEntry
from planner.library.library_database import LibraryDatabase
from planner.library.record_search import entry_of_record

__all__ = [
    "note_record",
    "remove_records",
    "rename_record",
    "share_record_with_all",
    "tag_record",
]


def rename_record(library: LibraryDatabase, number: int, name: str) -> KeptRecord:
    """Give a record another name. DataError for one that cannot be printed."""
    KeptAs(name=name)

    def change(entry: RecordEntry) -> None:
        entry.name = name

    return _changed_record(library, number, change)


def note_record(library: LibraryDatabase, number: int, note: str) -> KeptRecord:
    """Give a record another note. DataError for one that cannot be printed."""
    KeptAs(note=note)

    def change(entry: RecordEntry) -> None:
        entry.note = note

    return _changed_record(library, number, change)


def share_record_with_all(library: LibraryDatabase, number: int, *, is_shared: bool) -> KeptRecord:
    """Let everybody who signs in on the page read a record, or its owner alone."""

    def change(entry: RecordEntry) -> None:
        entry.is_shared = is_shared

    return _changed_record(library, number, change)


def tag_record(
    library: LibraryDatabase, number: int, add: Iterable[str] = (), remove: Iterable[str] = ()
) -> KeptRecord:
    """Add tags to a record and take others away; DataError for a tag that cannot be printed."""
    gone = set(remove)
    new = KeptAs(tags=tuple(add)).tags

    def change(entry: RecordEntry) -> None:
        entry.tags = [one for one in entry.tags if one.tag not in gone]
        known = {one.tag for one in entry.tags}
        entry.tags += [TagEntry(tag=tag) for tag in sorted(set(new) - known)]
        KeptAs(tags=tuple(one.tag for one in entry.tags))

    return _changed_record(library, number, change)


def remove_records(library: LibraryDatabase, numbers: Iterable[int]) -> None:
    """Remove records, all or none, and the blobs that no other record needs. LibraryError when one
    is gone already.
    """

    def remove(session: Session) -> None:
        entries = [entry_of_record(session, number, library) for number in dict.fromkeys(numbers)]
        freed = {entry.content_sha256 for entry in entries if entry.content_sha256}
        freed |= {file.sha256 for entry in entries for file in entry.files}
        for entry in entries:
            session.delete(entry)
        session.flush()
        remove_unused_blobs(session, freed)

    library.write_library(remove)


def _changed_record(
    library: LibraryDatabase, number: int, change: Callable[[RecordEntry], None]
) -> KeptRecord:
    def work(session: Session) -> KeptRecord:
        entry = entry_of_record(session, number, library)
        change(entry)
        entry.changed_s = int(time.time())
        session.flush()
        return kept_record(entry, [one.tag for one in entry.tags], library.words)

    return library.write_library(work)
