"""What a desk tells of a job: how far it is, and what it came to.

Plain records that go between processes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

from planner.plans.schema import PlanContent
from profiles.io.faults import Fault

if TYPE_CHECKING:
    from planner.settings import Progress

__all__ = ["Outcome", "Status", "Told", "Watch"]


@dataclass(frozen=True)
class Outcome:
    """kind: `result` (result holds what the function gave), `faults` (bad input, all faults),
    `stopped`, or `failed` (message says why).
    """

    kind: str
    result: Any = None
    faults: tuple[Fault, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class Status:
    """state: `waiting`, `running` or `done`; place: in the queue, from 1; elapsed: s; value, bound:
    of the objective, None while unknown.

    parts: how many results are there on the way.
    """

    state: str
    place: int
    elapsed: float
    phase: str
    value: float | None
    bound: float | None
    parts: int


@dataclass(frozen=True)
class Watch:
    """What a job's function is handed: progress(Progress), part(plain) for results on the way, and
    cancel, set when it is to stop.
    """

    progress: "Callable[[Progress], None]"
    part: Callable[[Any], None]
    cancel: Event


@dataclass(frozen=True)
class Told:
    """A plan as pages show it.

    content: of plan.json; report: tables and meta; nearest: the report of the best effort beside a
    conflict.
    """

    content: PlanContent
    report: Mapping[str, Any]
    nearest: Mapping[str, Any] | None = None
