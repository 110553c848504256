"""Options of the commands that take plans of both schemas."""

from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "LONGEST_MINUTES",
    "ExportOptions",
    "KeepOptions",
    "ReplayOptions",
    "RouteOptions",
    "SimulateOptions",
]

LONGEST_MINUTES = 10.0
"""Of a run of `simulate` where nothing is stated."""


@dataclass(frozen=True, kw_only=True)
class ReplayOptions:
    """Where the replays of `plan --robust-to` run. jobs: processes, 0 = one per core; dask, ray:
    address of a cluster.
    """

    jobs: int = 1
    dask: str | None = None
    ray: str | None = None


@dataclass(frozen=True, kw_only=True)
class RouteOptions:
    """Of `route`. Paths as given; split: share of the prompts that prices are computed on; rates: a
    price table too; request_class, case, loss: which prices of a plan over cells.
    """

    scores: str | None
    grades: str | None
    split: float | None
    seed: int
    scenario: str | None
    rates: bool
    csv: str | None
    json: str | None
    quiet: bool
    unverified: bool = False
    choices: str | None = None
    request_class: str | None = None
    case: str | None = None
    loss: int | None = None


@dataclass(frozen=True, kw_only=True)
class SimulateOptions:
    """Of `simulate`. minutes: None = LONGEST_MINUTES, of a plan over cells less where many requests
    arrive; classes, cases: what the report of a plan over cells is restricted to.
    """

    scenario: str | None
    trace: str | None
    scale: str
    minutes: float | None
    cv: float
    seed: int
    quiet: bool
    unverified: bool = False
    json: str | None = None
    classes: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExportOptions:
    """Of `export`. only: as --only; scenario: where the plan does not say it."""

    to: Path
    only: str | None
    scenario: str | None
    quiet: bool


@dataclass(frozen=True)
class KeepOptions:
    """How a command keeps what it has computed in the library. name: "" for the scenario's."""

    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
