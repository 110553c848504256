"""The solution: what the optimisation found, in the instance's positions and units; no solver
object in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from models.placement import Packing


@dataclass(frozen=True)
class Shard:
    """One shard of one replica on one GPU.

    option: position in `Instance.options`; replica counts within the option; node and gpu count
    from 0.
    """

    option: int
    replica: int
    shard: int
    node: int
    gpu: int


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


@dataclass(frozen=True)
class Effort:
    """What the search did.

    seconds: wall time by phase (load is added by the caller). termination: gap | time | interrupt |
    infeasible | stalled.
    """

    wall: float
    seconds: Mapping[str, float]
    milp_solves: int
    quality_cuts: int
    nodes: int
    termination: str
    solver_version: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Repair:
    """One single change that makes the scenario feasible, verified.

    change: dotted path (contract units); before, after: its values.
    """

    change: str
    before: float
    after: float


@dataclass(frozen=True)
class Conflict:
    """Why nothing fits.

    limits: sentences; repairs: cheapest single changes; best_effort: a solution of the nearest
    feasible case.
    """

    limits: tuple[str, ...]
    repairs: tuple[Repair, ...] = ()
    best_effort: "Solution | None" = None
    best_effort_change: Repair | None = None


@dataclass(frozen=True)
class Solution:
    """status: optimal | feasible | infeasible | unknown.

    value, bound: of the objective (quality or USD/h).

    replicas: (O,) int. routed_rates: (O,) req/s. fractions: (M,). dual_prices: (M,), NaN for LLMs
    not routed to, smallest is 0. Fields after `bound` are empty arrays / None when there is no
    plan.
    """

    status: str
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

    @property
    def has_plan(self) -> bool:
        """Whether there is a setup and a routing to tell."""
        return self.quality is not None


def shards_of(packing: Packing) -> list[Shard]:
    """The shards of a pool's packing."""
    seats = sorted(packing.seats)
    return [
        Shard(key, replica, shard, node, gpu)
        for key, replica, node, gpus in seats
        for shard, gpu in enumerate(gpus)
    ]
