"""Records are found: all that fit a search, or the one that a number, a name or a hash names."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from planner.library.kept_record import KeptRecord, RecordKind, kept_record
from planner.library.kept_tables import RecordEntry
from planner.library.library_database import LibraryDatabase
from planner.library.library_errors import library_fault
from profiles.io.faults import shown_in_fault

__all__ = ["RecordSearch", "entry_of_record", "find_record", "list_records"]

FEWEST_HASH_SIGNS = 6
MOST_NAMED = 8
MOST_DIGITS = 9
"""Of a number of a record, which PostgreSQL keeps in 32 bits."""


@dataclass(frozen=True)
class RecordSearch:
    """What is looked for; empty fields fit everything.

    text: a part of the name, the scenario's name, the note or a tag, in any case of letters, or how
    the scenario's hash begins; tags: all of them.
    """

    text: str = ""
    kind: RecordKind | None = None
    tags: tuple[str, ...] = ()
    owner: str | None = None

    def fits_search(self, record: KeptRecord) -> bool:
        """Whether a record is looked for. Not in SQL: databases do not agree on upper and lower
        case beyond ASCII.
        """
        word = self.text.casefold()
        texts = (record.name, record.scenario, record.note, record.study, *record.tags)
        has_text = any(word in one.casefold() for one in texts)
        of_hash = len(word) >= FEWEST_HASH_SIGNS and record.scenario_sha256.startswith(word)
        return (has_text or of_hash) and set(self.tags) <= set(record.tags)


def list_records(
    library: LibraryDatabase, search: RecordSearch | None = None
) -> tuple[KeptRecord, ...]:
    """All records that fit, the newest first; none before anything was kept."""
    wanted = search or RecordSearch()
    if not library.is_there:
        return ()
    query = select(RecordEntry).options(
        joinedload(RecordEntry.figures), selectinload(RecordEntry.tags)
    )
    if wanted.kind is not None:
        query = query.where(RecordEntry.kind == wanted.kind)
    if wanted.owner is not None:
        query = query.where(RecordEntry.owner == wanted.owner)

    def read(session: Session) -> list[KeptRecord]:
        entries = session.scalars(query.order_by(RecordEntry.id.desc())).unique()
        return [_record_of_entry(entry, library) for entry in entries]

    return tuple(one for one in library.read_library(read) if wanted.fits_search(one))


def find_record(
    library: LibraryDatabase, reference: str, kind: RecordKind | None = None
) -> KeptRecord:
    """The record that is meant: by its number; else by its name; else the scenario by the first
    signs of its hash. kind: of those that may be meant.

    LibraryError where none fits or several do.
    """
    records = list_records(library, RecordSearch(kind=kind))
    return _meant_record(records, reference, library, kind)


def _meant_record(
    records: Sequence[KeptRecord],
    reference: str,
    library: LibraryDatabase,
    kind: RecordKind | None,
) -> KeptRecord:
    shown, what = shown_in_fault(reference), kind or "record"
    digits = reference.isascii() and reference.isdecimal()
    fitting = [one for one in records if digits and str(one.number) == reference.lstrip("0")]
    fitting = fitting or [one for one in records if one.name == reference]
    if not fitting and len(reference) >= FEWEST_HASH_SIGNS:
        hashed = [one for one in records if one.scenario_sha256.startswith(reference.lower())]
        fitting = [one for one in hashed if one.kind == RecordKind.SCENARIO] or hashed
    # A plan and the scenario that was kept with it have the same name: the plan is meant.
    if len(fitting) > 1:
        fitting = [one for one in fitting if one.kind != RecordKind.SCENARIO] or fitting
    if not fitting:
        fix = "`library list` shows what there is, by number and name"
        raise library_fault(library.words, f"there is no such {what}", fix, shown)
    if len(fitting) > 1:
        numbers = ", ".join(str(one.number) for one in fitting[:MOST_NAMED])
        more = ", ..." if len(fitting) > MOST_NAMED else ""
        problem = f"{len(fitting)} records have this name"
        raise library_fault(library.words, problem, f"name one by number: {numbers}{more}", shown)
    return fitting[0]


def entry_of_record(session: Session, number: int, library: LibraryDatabase) -> RecordEntry:
    """The row of a record, for work in a transaction; LibraryError when it is gone meanwhile."""
    entry = session.get(RecordEntry, number) if number < 10**MOST_DIGITS else None
    if entry is None:
        problem, fix = "this record is not there any more", "`library list` shows what there is"
        raise library_fault(library.words, problem, fix, str(number))
    return entry


def _record_of_entry(entry: RecordEntry, library: LibraryDatabase) -> KeptRecord:
    return kept_record(entry, [one.tag for one in entry.tags], library.words)
