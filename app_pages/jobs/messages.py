"""What goes between the page and its worker processes: the progress of a job, its result, what it
may use, and a plan as pages show it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from threading import Event
from typing import TYPE_CHECKING, Any

from planner.plans.schema import PlanContent
from planner.scenario.edits import ScenarioEdit
from profiles.io.faults import Fault
from reports.cells_content import CellsReport
from reports.content import Report

if TYPE_CHECKING:
    from planner.settings import Progress

__all__ = [
    "CellsPlanView",
    "JobContext",
    "JobOutcome",
    "JobState",
    "JobStatus",
    "OpenedPlan",
    "OpenedWork",
    "OutcomeKind",
    "PlanView",
]


class OutcomeKind(StrEnum):
    """How a job ended."""

    RESULT = "result"
    FAULTS = "faults"
    STOPPED = "stopped"
    FAILED = "failed"


class JobState(StrEnum):
    """The stage of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True)
class JobOutcome:
    """The result of a job.

    result: what its function returned, where kind is RESULT; faults: all faults of bad input, where
    it is FAULTS; message: why there is no result, else.
    """

    kind: OutcomeKind
    result: Any = None
    faults: tuple[Fault, ...] = ()
    message: str = ""

    @property
    def has_result(self) -> bool:
        """Whether the function returned."""
        return self.kind is OutcomeKind.RESULT


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """How far a job is.

    place: in the queue, from 1, 0 for one that does not wait; elapsed: s; phase: of its search in a
    word or two; value, bound: of the objective, None while unknown; parts: how many partial results
    there are.
    """

    state: JobState
    place: int
    elapsed: float
    phase: str
    value: float | None
    bound: float | None
    parts: int


@dataclass(frozen=True)
class JobContext:
    """What a job's function is given in addition to its arguments.

    progress: takes the state of a search; publish: takes a partial result, plain values; cancel:
    set when the function is to stop with what it has; files_read: called when all uploaded files
    are read, so that the time limit of reading holds no longer.
    """

    progress: "Callable[[Progress], None]"
    publish: Callable[[Any], None]
    cancel: Event
    files_read: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class PlanView:
    """A plan as pages show it.

    content: of plan.json; report: tables and meta of planner.export.report_content; nearest: the
    report of the best effort of a conflict.
    """

    content: PlanContent
    report: Report
    nearest: Report | None = None


@dataclass(frozen=True)
class CellsPlanView:
    """A plan over classes and cases as pages show it.

    content: of plan.json, schema 2; report: tables, maps and meta of
    planner.export.cells.cells_report_content.
    """

    content: Mapping[str, Any]
    report: CellsReport


@dataclass(frozen=True)
class OpenedPlan:
    """A plan that was uploaded with its scenario: edit: the scenario with the plan's overrides."""

    edit: ScenarioEdit
    view: PlanView | CellsPlanView


@dataclass(frozen=True)
class OpenedWork:
    """What was kept, as it comes back to the page.

    edit: the inputs; planned: those that the plan is of; view: the plan, None where none was kept,
    or where it is not sound any more; name: of a record.
    """

    edit: ScenarioEdit
    planned: ScenarioEdit
    view: PlanView | CellsPlanView | None = None
    name: str = ""
