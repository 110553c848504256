"""The solution of an optimisation, in the instance's positions and units; it holds no solver
object.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from models.linear import LinearProgram
from models.packing.first_fit import Packing


class Status(StrEnum):
    """What is known when a search has ended.

    OPTIMAL: a plan, and none is better by more than the gap. FEASIBLE: a plan, the gap is open.
    INFEASIBLE: proved that there is no plan. UNKNOWN: neither a plan nor that proof.
    """

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"


class Termination(StrEnum):
    """Why a search ended.

    GAP: it was closed. TIME, INTERRUPT: a limit or a request stopped it. INFEASIBLE: proved that
    there is no plan. STALLED: nothing more could be learnt, or not within the work it may do.
    CHOICE: the plan is another one than the best, which was chosen in its place.
    """

    GAP = "gap"
    TIME = "time"
    INTERRUPT = "interrupt"
    INFEASIBLE = "infeasible"
    STALLED = "stalled"
    CHOICE = "choice"


class Shard(NamedTuple):
    """One shard of one replica on one GPU. A tuple, for there are 100,000s of them.

    option: position in `Instance.options`; replica counts within the option; node and gpu count
    from 0.
    """

    option: int
    replica: int
    shard: int
    node: int
    gpu: int


@dataclass(frozen=True, kw_only=True)
class LostNodeOutcome:
    """The worst that losing one node of a pool does to a setup in a case.

    case, pool, node: positions; the node is the worst. holds: None where it could not be decided.
    quality: of the case then, score units, where it holds. served: largest share of the requests
    that the survivors can serve within the limits, where it breaks.
    """

    case: int
    pool: int
    holds: bool | None
    node: int
    quality: float | None = None
    served: float | None = None


@dataclass(frozen=True)
class TieGroup:
    """Prompts whose best LLMs after dual prices are exactly `llms` (positions).

    share: their weight, 0..1; split: sums to 1.
    """

    llms: tuple[int, ...]
    share: float
    split: tuple[float, ...]


@dataclass(frozen=True)
class ShadowPrices:
    """Signed change of the objective value per +1 req/s, per +1 s of each SLO, per node of each
    pool; None with a reason in notes.
    """

    arrival_rate: float | None
    slo: tuple[float | None, ...]
    pools: tuple[float | None, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What a search did.

    wall: s in all; seconds: wall time by phase (the caller adds that of loading). work: of its
    programs, in nodes x columns (planner.settings.Settings).
    """

    wall: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)
    milp_solves: int = 0
    quality_cuts: int = 0
    nodes: int = 0
    work: float = 0.0
    termination: Termination
    solver_version: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Repair:
    """One single change that makes the scenario feasible, verified.

    change: dotted path (contract units); before, after: its values. proved: nothing nearer is
    feasible (counts exactly, other numbers to 0.2 %).
    """

    change: str
    before: float
    after: float
    proved: bool = False


@dataclass(frozen=True)
class Conflict:
    """Why there is no plan.

    limits: sentences; repairs: smallest single changes; best_effort: the solution of the repaired
    case whose number moved least, best_effort_change.
    """

    limits: tuple[str, ...]
    repairs: tuple[Repair, ...] = ()
    best_effort: "Solution | None" = None
    best_effort_change: Repair | None = None


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A plan in the instance's positions and units, or what is known where there is none.

    value, bound: of the objective (mean score, or USD/h). replicas: (O,) int. routed_rates: (O,)
    req/s. fractions: (M,). quality: mean score. dual_prices: (M,) score units, NaN for LLMs not
    routed to, the smallest is 0. tie_eps: score units within which LLMs tie. Without a plan
    everything after `effort` is empty or None.

    program: the last mixed-integer program with names, only where the settings keep it.
    """

    status: Status
    value: float | None
    bound: float | None
    effort: Effort
    replicas: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    routed_rates: np.ndarray = field(default_factory=lambda: np.zeros(0))
    fractions: np.ndarray = field(default_factory=lambda: np.zeros(0))
    quality: float | None = None
    dual_prices: np.ndarray = field(default_factory=lambda: np.zeros(0))
    ties: tuple[TieGroup, ...] = ()
    tie_eps: float = 1e-9
    placement: tuple[Shard, ...] = ()
    shadow_prices: ShadowPrices | None = None
    conflict: Conflict | None = None
    program: LinearProgram | None = field(default=None, repr=False)

    @property
    def has_plan(self) -> bool:
        """Whether there is a setup with a routing."""
        return self.quality is not None


def shards_of_solution(packing: Packing) -> list[Shard]:
    """The shards of a pool's packing, replica by replica."""
    seats = sorted(packing.seats)
    return [
        Shard(key, replica, shard, node, gpu)
        for key, replica, node, gpus in seats
        for shard, gpu in enumerate(gpus)
    ]
