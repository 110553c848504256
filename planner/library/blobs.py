"""Contents by their hash: put where they are missing, read back and checked, removed where nothing
needs them any more.
"""

import hashlib
from collections.abc import Iterable, Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from planner.errors import DataError
from planner.library.kept_tables import (
    Blob,
    DraftEntry,
    DraftFileEntry,
    FileEntry,
    RecordEntry,
)
from planner.library.library_errors import library_fault

__all__ = ["damaged_blobs", "put_blobs", "read_blob", "remove_unused_blobs"]

USES = (
    *(FileEntry.sha256, RecordEntry.content_sha256),
    *(DraftFileEntry.sha256, DraftEntry.content_sha256),
)
"""Columns that lead to a blob."""


def put_blobs(session: Session, contents: Iterable[bytes]) -> Mapping[bytes, str]:
    """Put contents that are not there yet; the hash of each. They are in the database at the end,
    since what refers to them must come later.
    """
    hashes = {one: hashlib.sha256(one).hexdigest() for one in contents}
    known = set(session.scalars(select(Blob.sha256).where(Blob.sha256.in_(hashes.values()))))
    session.add_all(
        Blob(sha256=digest, size=len(one), content=one)
        for one, digest in hashes.items()
        if digest not in known
    )
    session.flush()
    return hashes


def read_blob(session: Session, digest: str, library: str) -> bytes:
    """The content of a hash, which it must have. library: how messages name it."""
    content = session.scalars(select(Blob.content).where(Blob.sha256 == digest)).one_or_none()
    if not isinstance(content, bytes) or hashlib.sha256(content).hexdigest() != digest:
        raise damaged_blobs(library, "a kept file is not what was kept")
    return content


def damaged_blobs(library: str, problem: str) -> DataError:
    """The error of a library in which something is not what was kept."""
    fix = "put a copy of the library from a backup in its place; nothing was changed"
    return library_fault(library, f"this library is damaged: {problem}", fix)


def remove_unused_blobs(session: Session, freed: set[str]) -> None:
    """Remove those of some hashes that nothing refers to."""
    # Locked before anybody looks who needs them: of two that remove the last two uses of a blob at
    # once, the second sees that the first is gone.
    candidates = select(Blob.sha256).where(Blob.sha256.in_(freed)).order_by(Blob.sha256)
    session.execute(candidates.with_for_update())
    used: set[str | None] = set()
    for column in USES:
        used |= set(session.scalars(select(column).where(column.in_(freed))))
    # Another process may begin to use one now: the database then refuses, and all is tried again.
    session.execute(delete(Blob).where(Blob.sha256.in_(freed - used)))
