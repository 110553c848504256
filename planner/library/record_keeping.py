"""Scenarios, plans and studies are kept: their files, what they say, and how they are named.

What is kept is what was planned: the files are read again when something is kept, and the scenario
that they are must have the hash that the plan was made of.
"""

import hashlib
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from planner.errors import DataError
from planner.library.blobs import put_blobs
from planner.library.input_files import KeptInput, read_input_files, write_input_files
from planner.library.kept_record import KeptAs, KeptRecord, RecordKind, kept_record
from planner.library.kept_tables import Figures, FileEntry, RecordEntry, TagEntry
from planner.library.library_database import LibraryDatabase
from planner.plans.plan_file import SIZE_LIMIT, plan_file_text
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.version import VERSION
from profiles.io.faults import Fault

__all__ = ["keep_plan", "keep_scenario", "keep_study"]

MOST_STUDY_BYTES = SIZE_LIMIT


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """What goes into one record. content: JSON of a plan or study."""

    kind: RecordKind
    input: KeptInput
    sha256: str
    scenario: str
    content: bytes | None = field(default=None, repr=False)
    study: str = ""
    figures: Mapping[str, Any] | None = None


def keep_scenario(
    library: LibraryDatabase, loaded: LoadResult, kept_as: KeptAs | None = None
) -> KeptRecord:
    """Keep a scenario with its tables; the record that is there already gets the name, tags and
    note where any are given.

    DataError when the files are not those any more that were loaded, LibraryError of the library.
    """
    kept = _kept_scenario(loaded)
    told = kept_as or KeptAs()
    return library.write_library(
        lambda session: _record_of(_put_scenario(session, kept, told), library)
    )


def keep_plan(
    library: LibraryDatabase,
    content: Mapping[str, Any],
    loaded: LoadResult,
    kept_as: KeptAs | None = None,
) -> KeptRecord:
    """Keep a plan of either schema, and its scenario where that is not kept yet. The same plan
    again is the record that is there.

    content: of plan.json; loaded: the scenario that it was made of. Errors as `keep_scenario`.
    """
    scenario = _kept_scenario(loaded)
    told = kept_as or KeptAs()
    files = {"scenario_path": scenario.input.scenario_file, "overrides": scenario.input.overrides}
    text = plan_file_text({**content, **files}).encode()
    _refuse_large_content(len(text), str(content["scenario"]))
    plan = _Kept(
        kind=RecordKind.PLAN,
        input=scenario.input,
        sha256=scenario.sha256,
        scenario=scenario.scenario,
        content=text,
        figures=_plan_figures(content),
    )

    def put(session: Session) -> KeptRecord:
        _put_scenario(session, scenario, KeptAs(owner=told.owner, owner_name=told.owner_name))
        entry = _same_content(session, plan, told.owner)
        if entry is None:
            return _record_of(_add_record(session, plan, told), library)
        return _record_of(_put_words(entry, told), library)

    return library.write_library(put)


def keep_study(
    library: LibraryDatabase,
    study: str,
    content: Mapping[str, Any],
    loaded: LoadResult,
    kept_as: KeptAs | None = None,
) -> KeptRecord:
    """Keep what a study has computed, and its scenario where that is not kept yet.

    study: which one, e.g. sweep; content: plain values that JSON can hold. Errors as
    `keep_scenario`.
    """
    scenario = _kept_scenario(loaded)
    told = kept_as or KeptAs()
    text = json.dumps(content, indent=1, allow_nan=False).encode()
    _refuse_large_content(len(text), study)
    kept = _Kept(
        kind=RecordKind.STUDY,
        input=scenario.input,
        sha256=scenario.sha256,
        scenario=scenario.scenario,
        content=text,
        study=study,
    )

    def put(session: Session) -> KeptRecord:
        _put_scenario(session, scenario, KeptAs(owner=told.owner, owner_name=told.owner_name))
        entry = _same_content(session, kept, told.owner)
        entry = _add_record(session, kept, told) if entry is None else _put_words(entry, told)
        return _record_of(entry, library)

    return library.write_library(put)


def _kept_scenario(loaded: LoadResult) -> _Kept:
    """The files of a scenario, which are loaded once more from a copy: the hash must be the same,
    also where a file was changed since it was loaded.
    """
    kept = read_input_files(loaded.scenario)
    with tempfile.TemporaryDirectory(prefix="joint-llm-planner-") as folder:
        copy = write_input_files(kept, Path(folder))
        try:
            found = assemble_instance(copy, kept.overrides, cells=True, sizing=True).sha256
        except DataError:
            found = ""
    if found != loaded.sha256:
        problem = "the files have changed since they were read, and would be kept as another input"
        fix = "plan again, then keep that"
        raise DataError([Fault(str(loaded.scenario.path), "", "", problem, fix)])
    return _Kept(
        kind=RecordKind.SCENARIO,
        input=kept,
        sha256=loaded.sha256,
        scenario=loaded.scenario.spec.name,
    )


def _refuse_large_content(size: int, name: str) -> None:
    if size > MOST_STUDY_BYTES:
        problem = f"{size / 1e6:,.0f} MB are too large to be kept (at most {SIZE_LIMIT / 1e6:g} MB)"
        raise DataError([Fault(name, "", "", problem, "write it into a file")])


def _plan_figures(content: Mapping[str, Any]) -> dict[str, Any]:
    objective = content["objective"]
    return {
        "status": content["status"],
        "objective_of": objective["of"],
        "value": objective["value"],
        "bound": objective["bound"],
        "rel_gap": objective["rel_gap"],
        "quality": content["quality"],
        "cost_usd_per_h": content["cost_usd_per_h"],
        "gpus_used": content["gpus_used"],
        "wall_s": content["solver"]["wall_s"],
    }


def _put_scenario(session: Session, kept: _Kept, told: KeptAs) -> RecordEntry:
    """The record of a scenario of this hash and owner, made where there is none."""
    entry = session.scalars(
        select(RecordEntry).where(
            RecordEntry.kind == RecordKind.SCENARIO,
            RecordEntry.scenario_sha256 == kept.sha256,
            func.coalesce(RecordEntry.owner, "") == (told.owner or ""),
        )
    ).one_or_none()
    return _add_record(session, kept, told) if entry is None else _put_words(entry, told)


def _same_content(session: Session, kept: _Kept, owner: str | None) -> RecordEntry | None:
    """The oldest record of this content, of this scenario and owner."""
    digest = hashlib.sha256(kept.content or b"").hexdigest()
    return session.scalars(
        select(RecordEntry)
        .where(
            RecordEntry.kind == kept.kind,
            RecordEntry.content_sha256 == digest,
            RecordEntry.scenario_sha256 == kept.sha256,
            func.coalesce(RecordEntry.owner, "") == (owner or ""),
        )
        .order_by(RecordEntry.id)
    ).first()


def _put_words(entry: RecordEntry, told: KeptAs) -> RecordEntry:
    """Name, note and tags where they are given, of a record that is there."""
    entry.name, entry.note = told.name or entry.name, told.note or entry.note
    new = set(told.tags) - {one.tag for one in entry.tags}
    entry.tags += [TagEntry(tag=tag) for tag in sorted(new)]
    if told.name or told.note or new:
        entry.changed_s = int(time.time())
    return entry


def _add_record(session: Session, kept: _Kept, told: KeptAs) -> RecordEntry:
    """A new record with its blobs, of which those that are there stay as they are."""
    hashes = put_blobs(
        session, [*kept.input.files.values(), *([kept.content] if kept.content else [])]
    )
    now = int(time.time())
    entry = RecordEntry(
        kind=str(kept.kind),
        name=told.name or kept.scenario,
        note=told.note,
        owner=told.owner,
        owner_name=told.owner_name,
        created_s=now,
        changed_s=now,
        planner_version=VERSION,
        scenario_sha256=kept.sha256,
        scenario_name=kept.scenario,
        scenario_file=kept.input.scenario_file,
        overrides=json.dumps(kept.input.overrides),
        content_sha256=hashes[kept.content] if kept.content else None,
        study=kept.study,
        figures=None if kept.figures is None else Figures(**kept.figures),
        files=[FileEntry(name=name, sha256=hashes[one]) for name, one in kept.input.files.items()],
        tags=[TagEntry(tag=tag) for tag in sorted(set(told.tags))],
    )
    session.add(entry)
    session.flush()
    return entry


def _record_of(entry: RecordEntry, library: LibraryDatabase) -> KeptRecord:
    return kept_record(entry, [one.tag for one in entry.tags], library.words)
