"""Who may read and change which records, where people sign in: everybody their own; what its owner
shares with all, and what was kept without a log-in, may be read by all and changed by nobody else.

Whoever may use the database itself (the commands, a page without a log-in) reads and changes
everything: then the owner asked for is None.
"""

from planner.library.kept_record import KeptRecord
from planner.library.library_database import LibraryDatabase
from planner.library.library_errors import library_fault
from planner.library.record_search import RecordSearch, find_record, list_records

__all__ = ["is_own_record", "list_readable_records", "own_record", "readable_record"]


def is_own_record(record: KeptRecord, owner: str | None) -> bool:
    """Whether this person may change the record. owner: by the log-in, None without one."""
    return owner is None or record.owner == owner


def list_readable_records(
    library: LibraryDatabase, search: RecordSearch, owner: str | None
) -> tuple[KeptRecord, ...]:
    """Records that fit and that this person may read, the newest first."""
    return tuple(one for one in list_records(library, search) if _is_readable_record(one, owner))


def readable_record(library: LibraryDatabase, number: int, owner: str | None) -> KeptRecord:
    """The record of a number, where this person may read it; LibraryError as for one that is not
    there: that it is there is nobody else's business.
    """
    record = find_record(library, str(number))
    if not _is_readable_record(record, owner):
        fix = "`library list` shows what there is, by number and name"
        raise library_fault(library.words, "there is no such record", fix, str(number))
    return record


def own_record(library: LibraryDatabase, number: int, owner: str | None) -> KeptRecord:
    """The record of a number, where this person may change it; LibraryError where not. An owner
    never changes, and a number is never given again: what is true now stays true.
    """
    record = readable_record(library, number, owner)
    if not is_own_record(record, owner):
        problem = f"this record belongs to {record.owner_name or 'nobody who signs in'}"
        fix = "open it, and keep a copy of your own"
        raise library_fault(library.words, problem, fix, str(number))
    return record


def _is_readable_record(record: KeptRecord, owner: str | None) -> bool:
    return is_own_record(record, owner) or record.is_shared or record.owner is None
