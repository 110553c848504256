"""Drafts: the newest states of a visitor's work on the page, kept without being asked for, so that
neither a reload nor the end of the server loses them.

A draft is found by the visitor's secret (a random key of the browser, or who signed in), of which
only the hash is kept. A state is a scenario with its files and changes and the plan that was shown;
the files are not parsed, since what is being edited may be faulty. All drafts of a library together
take no more than a limit: the oldest go first, whoever's they are.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from planner.library.blobs import put_blobs, read_blob, remove_unused_blobs
from planner.library.input_files import KeptInput
from planner.library.kept_input import kept_input_overrides
from planner.library.kept_record import kept_record_time
from planner.library.kept_tables import Blob, DraftEntry, DraftFileEntry
from planner.library.library_database import LibraryDatabase
from planner.library.library_errors import library_fault
from planner.plans.plan_file import plan_file_text
from planner.version import VERSION

__all__ = ["DraftContent", "KeptDraft", "keep_draft", "list_drafts", "read_draft", "remove_drafts"]

MOST_DRAFTS = 20
"""Of one visitor; older ones go."""
LONGEST_S = 30 * 86_400
"""After this time without a change a draft goes, whoever's it is."""
MOST_SIGNS = 120
LIMIT, MOST_MB = "PLANNER_DRAFTS_MB", 5_000
"""Variable of the environment: how many MB (10^6 bytes) all drafts take at most, and what holds
without it. Contents that a record needs too are counted: they are there once.
"""


@dataclass(frozen=True)
class DraftContent:
    """A state of work. name: what it is called on the page; plan: content of plan.json, its
    overrides in it, None where no plan of this scenario was shown.
    """

    name: str
    input: KeptInput
    plan: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class KeptDraft:
    """A draft as it is listed. file: the one that it opens with; saved: UTC."""

    number: int
    name: str
    file: str
    saved: datetime
    planner_version: str
    has_plan: bool


def keep_draft(library: LibraryDatabase, visitor: str, draft: DraftContent, number: int = 0) -> int:
    """Keep a state in place of the draft of a number, else as a new one; its number. What is too
    old, too many or, of all visitors together, too large goes.

    visitor: the secret by which it is found again. LibraryError where nothing can be written, and
    where PLANNER_DRAFTS_MB is no number.
    """
    mine, now, most = _hash_of_visitor(visitor), int(time.time()), _most_draft_bytes()
    plan = None if draft.plan is None else _draft_plan_text(draft)

    def put(session: Session) -> int:
        contents = [*draft.input.files.values(), *([plan] if plan else [])]
        hashes = put_blobs(session, contents)
        entry = session.get(DraftEntry, number) if number else None
        if entry is None or entry.visitor != mine:
            entry = DraftEntry(visitor=mine)
            session.add(entry)
        freed = _blobs_of_draft(entry)
        entry.name, entry.saved_s, entry.planner_version = draft.name[:MOST_SIGNS], now, VERSION
        entry.scenario_file = draft.input.scenario_file
        entry.overrides = json.dumps(draft.input.overrides)
        entry.content_sha256 = hashes[plan] if plan else None
        _put_draft_files(entry, {name: hashes[one] for name, one in draft.input.files.items()})
        session.flush()
        freed |= _remove_old_drafts(session, mine, now)
        freed |= _remove_large_drafts(session, entry, most)
        remove_unused_blobs(session, freed)
        return entry.id

    return library.write_library(put)


def list_drafts(library: LibraryDatabase, visitor: str) -> tuple[KeptDraft, ...]:
    """A visitor's drafts, the newest first; none before anything was kept."""
    if not library.is_there:
        return ()
    oldest = int(time.time()) - LONGEST_S

    def read(session: Session) -> tuple[KeptDraft, ...]:
        of_visitor = DraftEntry.visitor == _hash_of_visitor(visitor)
        query = select(DraftEntry).where(of_visitor, DraftEntry.saved_s >= oldest)
        newest = query.order_by(DraftEntry.saved_s.desc(), DraftEntry.id.desc())
        return tuple(
            KeptDraft(
                number=one.id,
                name=one.name,
                file=one.scenario_file,
                saved=kept_record_time(one.saved_s),
                planner_version=one.planner_version,
                has_plan=one.content_sha256 is not None,
            )
            for one in session.scalars(newest)
        )

    return library.read_library(read)


def read_draft(
    library: LibraryDatabase, visitor: str, number: int
) -> tuple[KeptInput, bytes | None]:
    """The files of a visitor's draft, and its plan.json; LibraryError where there is none (any
    more), or where it is damaged.
    """

    def read(session: Session) -> tuple[KeptInput, bytes | None]:
        entry = session.get(DraftEntry, number)
        if entry is None or entry.visitor != _hash_of_visitor(visitor):
            raise library_fault(library.words, "this draft is not there any more", "begin anew")
        files = {one.name: read_blob(session, one.sha256, library.words) for one in entry.files}
        overrides = kept_input_overrides(entry.overrides, library.words)
        digest = entry.content_sha256
        plan = None if digest is None else read_blob(session, digest, library.words)
        return KeptInput(files, entry.scenario_file, overrides), plan

    return library.read_library(read)


def remove_drafts(library: LibraryDatabase, visitor: str, numbers: Iterable[int]) -> None:
    """Remove drafts of a visitor, and what only they needed; those of others stay."""
    mine, wanted = _hash_of_visitor(visitor), tuple(numbers)

    def remove(session: Session) -> None:
        query = select(DraftEntry).where(DraftEntry.visitor == mine, DraftEntry.id.in_(wanted))
        remove_unused_blobs(session, _delete_drafts(session, session.scalars(query).all()))

    if library.is_there:
        library.write_library(remove)


def _hash_of_visitor(visitor: str) -> str:
    if not visitor:
        raise ValueError("a draft needs a visitor")
    return hashlib.sha256(visitor.encode()).hexdigest()


def _draft_plan_text(draft: DraftContent) -> bytes:
    """plan.json as it lies beside the files of the draft."""
    return plan_file_text(
        {**(draft.plan or {}), "scenario_path": draft.input.scenario_file}
    ).encode()


def _put_draft_files(entry: DraftEntry, hashes: Mapping[str, str]) -> None:
    """Make the rows of files those of the draft; a row that is replaced keeps its name, so that
    none is there twice in between.
    """
    entry.files = [one for one in entry.files if one.name in hashes]
    for one in entry.files:
        one.sha256 = hashes[one.name]
    known = {one.name for one in entry.files}
    entry.files += [
        DraftFileEntry(name=name, sha256=digest)
        for name, digest in hashes.items()
        if name not in known
    ]


def _blobs_of_draft(entry: DraftEntry) -> set[str]:
    plan = {entry.content_sha256} if entry.content_sha256 else set()
    return plan | {one.sha256 for one in entry.files}


def _remove_old_drafts(session: Session, visitor: str, now: int) -> set[str]:
    """Drafts that are too old, and a visitor's that are too many, go; hashes that they needed."""
    own = select(DraftEntry).where(DraftEntry.visitor == visitor)
    newest = own.order_by(DraftEntry.saved_s.desc(), DraftEntry.id.desc())
    gone = list(session.scalars(newest.offset(MOST_DRAFTS)))
    expired = select(DraftEntry).where(DraftEntry.saved_s < now - LONGEST_S)
    return _delete_drafts(session, [*gone, *session.scalars(expired)])


def _most_draft_bytes() -> int:
    """What all drafts may take. LibraryError where the environment states no number."""
    stated = os.environ.get(LIMIT, "").strip() or str(MOST_MB)
    if not stated.isdecimal() or not int(stated):
        raise library_fault(LIMIT, "this is no number of MB", f"write {MOST_MB}, or unset it")
    return int(stated) * 1_000_000


def _remove_large_drafts(session: Session, kept: DraftEntry, most: int) -> set[str]:
    """The oldest drafts go while all of them take more than `most` bytes, but never the one that
    was kept just now; hashes that they needed.
    """
    freed: set[str] = set()
    others = select(DraftEntry.id).where(DraftEntry.id != kept.id)
    oldest = iter(session.scalars(others.order_by(DraftEntry.saved_s, DraftEntry.id)).all())
    while _draft_bytes(session) > most and (number := next(oldest, None)) is not None:
        entry = session.get(DraftEntry, number)
        freed |= _delete_drafts(session, [entry] if entry is not None else [])
    return freed


def _draft_bytes(session: Session) -> int:
    """Bytes of all contents that drafts need, each counted once."""
    files, plans = select(DraftFileEntry.sha256), select(DraftEntry.content_sha256)
    of_drafts = Blob.sha256.in_(files.union(plans))
    return int(session.scalar(select(func.coalesce(func.sum(Blob.size), 0)).where(of_drafts)) or 0)


def _delete_drafts(session: Session, entries: Sequence[DraftEntry]) -> set[str]:
    freed: set[str] = set()
    for entry in {one.id: one for one in entries}.values():
        freed |= _blobs_of_draft(entry)
        session.delete(entry)
    session.flush()
    return freed
