"""Tables of the library.

    record    a scenario, a plan or a study: name, note, owner, times, hash of its scenario
    figures   what a plan says in numbers, to be listed without reading it (1 : 1 to record)
    file      the files of a record's scenario: name -> blob (n : 1 to record)
    tag       words of a record
    share     the key of a link that opens a record, for whoever has the link (1 : 1 to record)
    draft     work that nobody has kept yet: the newest states of every visitor of the page
    draft_file  the files of a draft's scenario: name -> blob (n : 1 to draft)
    blob      content by its SHA-256: a table of scores that twenty plans use is there once

A plan has files of its own and does not need the record of its scenario: the hash leaves out
`solver` and names of files, so that scenarios of one hash may differ in both. Times are seconds
since 1970, UTC. Drafts are apart from records: nothing that lists or opens records shows one.
Changes of these tables need a migration (planner/library/migrations).
"""

from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    false,
    func,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

__all__ = [
    "Blob",
    "DraftEntry",
    "DraftFileEntry",
    "Figures",
    "FileEntry",
    "KeptTable",
    "RecordEntry",
    "ShareEntry",
    "TagEntry",
]

SHA256 = 64
"""Signs of a hash."""


class KeptTable(DeclarativeBase):
    """Base of all tables."""

    # SQLAlchemy 2.0 and 2.1 differ in what a float is by default.
    type_annotation_map: ClassVar[dict[Any, Any]] = {float: Double()}


class Blob(KeptTable):
    """Content by its hash. size: bytes."""

    __tablename__ = "planner_blob"

    sha256: Mapped[str] = mapped_column(String(SHA256), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class RecordEntry(KeptTable):
    """A scenario, a plan or a study. kind: of kept_record.RecordKind; overrides: JSON of dotted
    path -> value, that go with the files; content: plan.json or the study's JSON; study: which
    study it is, e.g. sweep; owner: who kept it, by a name that the log-in never gives to two
    people, None without a log-in; owner_name: what that person is called; is_shared: whether
    everybody who is signed in may read it.
    """

    __tablename__ = "planner_record"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")
    owner: Mapped[str | None] = mapped_column(Text)
    owner_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    is_shared: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    created_s: Mapped[int] = mapped_column(BigInteger)
    changed_s: Mapped[int] = mapped_column(BigInteger)
    planner_version: Mapped[str] = mapped_column(String(40))
    scenario_sha256: Mapped[str] = mapped_column(String(SHA256), index=True)
    scenario_name: Mapped[str] = mapped_column(Text)
    scenario_file: Mapped[str] = mapped_column(Text)
    overrides: Mapped[str] = mapped_column(Text)
    content_sha256: Mapped[str | None] = mapped_column(
        ForeignKey("planner_blob.sha256"), index=True
    )
    study: Mapped[str] = mapped_column(String(20), default="")

    figures: Mapped["Figures | None"] = relationship(cascade="all, delete-orphan")
    files: Mapped[list["FileEntry"]] = relationship(cascade="all, delete-orphan")
    tags: Mapped[list["TagEntry"]] = relationship(cascade="all, delete-orphan")


Index(
    "planner_record_scenario_once",
    RecordEntry.scenario_sha256,
    func.coalesce(RecordEntry.owner, ""),
    unique=True,
    sqlite_where=RecordEntry.kind == "scenario",
    postgresql_where=RecordEntry.kind == "scenario",
)
"""A scenario is there once for each owner, also when two processes keep it at the same time."""


class Figures(KeptTable):
    """What a plan says in numbers, in the units of plan.json."""

    __tablename__ = "planner_figures"

    record_id: Mapped[int] = mapped_column(
        ForeignKey("planner_record.id", ondelete="CASCADE"), primary_key=True
    )
    status: Mapped[str] = mapped_column(String(20))
    objective_of: Mapped[str] = mapped_column(String(20))
    value: Mapped[float | None]
    bound: Mapped[float | None]
    rel_gap: Mapped[float | None]
    quality: Mapped[float | None]
    cost_usd_per_h: Mapped[float | None]
    gpus_used: Mapped[int | None]
    wall_s: Mapped[float | None]


class FileEntry(KeptTable):
    """One file of a record's scenario. name: relative to the folder of the scenario, with /."""

    __tablename__ = "planner_file"

    record_id: Mapped[int] = mapped_column(
        ForeignKey("planner_record.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("planner_blob.sha256"), index=True)


class TagEntry(KeptTable):
    """One word of a record."""

    __tablename__ = "planner_tag"

    record_id: Mapped[int] = mapped_column(
        ForeignKey("planner_record.id", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[str] = mapped_column(Text, primary_key=True)


class ShareEntry(KeptTable):
    """A link to one record. key: what only those know who were given the link; it is kept as it
    is, since who reads this table reads the record too.
    """

    __tablename__ = "planner_share"

    key: Mapped[str] = mapped_column(String(SHA256), primary_key=True)
    record_id: Mapped[int] = mapped_column(
        ForeignKey("planner_record.id", ondelete="CASCADE"), unique=True
    )
    created_s: Mapped[int] = mapped_column(BigInteger)


class DraftEntry(KeptTable):
    """A state of a visitor's work. visitor: hash of the secret by which it is found again; content:
    plan.json of the plan that was shown, None without one.
    """

    __tablename__ = "planner_draft"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    visitor: Mapped[str] = mapped_column(String(SHA256), index=True)
    name: Mapped[str] = mapped_column(Text)
    saved_s: Mapped[int] = mapped_column(BigInteger)
    planner_version: Mapped[str] = mapped_column(String(40))
    scenario_file: Mapped[str] = mapped_column(Text)
    overrides: Mapped[str] = mapped_column(Text)
    content_sha256: Mapped[str | None] = mapped_column(
        ForeignKey("planner_blob.sha256"), index=True
    )

    files: Mapped[list["DraftFileEntry"]] = relationship(cascade="all, delete-orphan")


class DraftFileEntry(KeptTable):
    """One file of a draft's scenario; columns as of FileEntry."""

    __tablename__ = "planner_draft_file"

    draft_id: Mapped[int] = mapped_column(
        ForeignKey("planner_draft.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("planner_blob.sha256"), index=True)
