"""Records of the library as others see them: frozen, without the database, and checked: a file that
was damaged or changed by hand holds anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from planner.errors import DataError
from planner.library.kept_tables import RecordEntry
from planner.library.library_errors import library_fault
from profiles.io.faults import Fault, shown_in_fault

__all__ = ["KeptAs", "KeptRecord", "RecordKind", "kept_record", "kept_record_time"]

MOST_SIGNS, MOST_NOTE_SIGNS, MOST_TAGS = 200, 10_000, 50
FIGURES = ("value", "bound", "rel_gap", "quality", "cost_usd_per_h", "wall_s")


class RecordKind(StrEnum):
    """What is kept."""

    SCENARIO = "scenario"
    PLAN = "plan"
    STUDY = "study"


@dataclass(frozen=True)
class KeptAs:
    """How something is to be kept. name: "" for the scenario's own; owner: by the log-in, None
    without one; owner_name: what that person is called.
    """

    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    owner: str | None = None
    owner_name: str = ""

    def __post_init__(self) -> None:
        """DataError with every text that is too long or cannot be printed."""
        texts = [("name", self.name, MOST_SIGNS), ("note", self.note, MOST_NOTE_SIGNS)]
        texts += [("tag", tag, MOST_SIGNS) for tag in self.tags]
        faults = [
            Fault(
                f"library: {what}",
                "",
                shown_in_fault(text),
                f"this text is longer than {most} signs, or has signs that cannot be printed",
                "write a shorter one without control characters",
            )
            for what, text, most in texts
            if len(text) > most or not text.replace("\n", " ").isprintable()
        ]
        faults += [
            Fault("library: tag", "", "", "a tag is empty", "leave it out")
            for tag in self.tags
            if not tag.strip()
        ]
        if len(self.tags) > MOST_TAGS:
            problem = f"more than {MOST_TAGS} tags"
            faults.append(Fault("library: tag", "", "", problem, "give fewer"))
        if faults:
            raise DataError(faults)


@dataclass(frozen=True, kw_only=True)
class KeptRecord:
    """A scenario, a plan or a study as it is listed. number: by which it is named; created,
    changed: UTC; study: its kind, of a study; owner, owner_name, is_shared: as of
    kept_tables.RecordEntry.

    figures: of a plan, in the units of plan.json (status, objective_of, value, bound, rel_gap,
    quality, cost_usd_per_h, gpus_used, wall_s); None where it has none.
    """

    number: int
    kind: RecordKind
    name: str
    note: str
    owner: str | None
    owner_name: str = ""
    is_shared: bool = False
    tags: tuple[str, ...]
    created: datetime
    changed: datetime
    planner_version: str
    scenario: str
    scenario_sha256: str
    study: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values by name, times as ISO 8601."""
        return {
            "number": self.number,
            "kind": str(self.kind),
            "name": self.name,
            "tags": list(self.tags),
            "note": self.note,
            "owner": self.owner,
            **({"owner_name": self.owner_name} if self.owner_name else {}),
            **({"shared": True} if self.is_shared else {}),
            "created": self.created.isoformat(),
            "changed": self.changed.isoformat(),
            "planner_version": self.planner_version,
            "scenario": self.scenario,
            "scenario_sha256": self.scenario_sha256,
            **({"study": self.study} if self.study else {}),
            **({"figures": dict(self.figures)} if self.kind == RecordKind.PLAN else {}),
        }


def kept_record(entry: RecordEntry, tags: Iterable[str], library: str) -> KeptRecord:
    """The record of a row; LibraryError where the row cannot be one that was kept."""
    texts = (
        *(entry.name, entry.note, entry.scenario_name, entry.scenario_sha256),
        *(entry.planner_version, entry.study, entry.owner or "", entry.owner_name or "", *tags),
    )
    try:
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("a column of text holds something else")
        return KeptRecord(
            number=int(entry.id),
            kind=RecordKind(entry.kind),
            name=entry.name,
            note=entry.note,
            owner=entry.owner,
            owner_name=entry.owner_name or "",
            is_shared=bool(entry.is_shared),
            tags=tuple(sorted(tags)),
            created=kept_record_time(entry.created_s),
            changed=kept_record_time(entry.changed_s),
            planner_version=entry.planner_version,
            scenario=entry.scenario_name,
            scenario_sha256=entry.scenario_sha256,
            study=entry.study,
            figures=_figures_of_record(entry),
        )
    except (TypeError, ValueError, OverflowError, OSError):
        problem = f"record {str(entry.id)[:20]} is damaged"
        raise library_fault(library, problem, "put a copy from a backup in its place") from None


def kept_record_time(seconds: int) -> datetime:
    """Seconds since 1970 as a time of UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def _figures_of_record(entry: RecordEntry) -> dict[str, Any]:
    figures = entry.figures
    if figures is None:
        return {}
    numbers = {name: getattr(figures, name) for name in FIGURES}
    return {
        "status": str(figures.status),
        "objective_of": str(figures.objective_of),
        **{name: None if number is None else float(number) for name, number in numbers.items()},
        "gpus_used": None if figures.gpus_used is None else int(figures.gpus_used),
    }
