"""What all programs of one demand share: curves, qualities, capacity, the unit of rates."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.capacity import CapacityRow, capacity_rows, most_replicas_by_capacity
from models.demand.cell_curves import CellCurves
from models.demand.requests import DemandInstance
from models.formulation import Changes, Goal, GoalKind, limit_of_changes
from models.instance import Instance, Running
from models.nogood import NoGood
from models.packing.first_fit import Item, pool_items
from models.quality import Quality

__all__ = ["DemandModel", "case_share"]


@dataclass(kw_only=True)
class DemandModel:
    """Given: the demand, and the quality of each class (classes with one score table share it, and
    its pool of cuts). known_curves: of a demand with the same curves and limits, or None.

    Made, and refined by searches: curves; capacity, no_goods: rows over the replicas of any setup;
    barred: (S, O) replicas of all setups, not to appear together again; upper: (O,) most replicas;
    options: positions that may run at all; unit: req/s that count as 1; weights: (C, T) of the
    cells in the objective; llm: (O,) of each option.
    """

    demand: DemandInstance
    qualities: Sequence[Quality]
    known_curves: CellCurves | None = None
    curves: CellCurves = field(init=False)
    capacity: list[CapacityRow] = field(init=False)
    upper: np.ndarray = field(init=False)
    options: tuple[int, ...] = field(init=False)
    unit: float = field(init=False)
    weights: np.ndarray = field(init=False)
    llm: np.ndarray = field(init=False)
    no_goods: list[NoGood] = field(default_factory=list)
    barred: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        demand, instance = self.demand, self.demand.instance
        self.curves = self.known_curves or CellCurves(demand)
        self.capacity = capacity_rows(instance)
        self.upper = most_replicas_by_capacity(instance, self.capacity)
        cells = list(demand.cells())
        runs = {o for cell in cells for o in self.curves.pieces(cell)}
        if not cells:
            # Nothing to serve: limits on replicas may still ask for some.
            runs = set(range(len(instance.options)))
        self.options = tuple(o for o in sorted(runs) if self.upper[o] >= 1)
        self.weights = demand.cell_weights()
        self.llm = np.array([o.llm for o in instance.options], dtype=int)
        highest = [instance.options[o].curve.max_rate for o in self.options]
        typical = float(np.median(highest)) if highest else 1.0
        least = min((cell.rate for cell in cells), default=1.0)
        # Rates are counted in a typical highest rate of a replica: coefficients are then near 1.
        self.unit = min(typical if typical > 0 else 1.0, least)

    @property
    def prices_starts(self) -> bool:
        """Whether what starts costs matters to the choice of setups: in a cycle of them, or in the
        change from what runs to the only one.
        """
        demand = self.demand
        matters = demand.instance.objective == "cost" or demand.cost_at_most is not None
        if len(demand.setups) == 1:
            return matters and demand.instance.prices_changes
        return matters and bool(demand.start_usd)

    def start_prices(self) -> np.ndarray:
        """(O,) USD/h of one replica that starts in a cycle of setups, or in the change from what
        runs to the only one.
        """
        if len(self.demand.setups) == 1:
            return self.instance.start_prices
        shards = np.array([option.tp_degree for option in self.instance.options], dtype=float)
        return shards * (self.demand.start_usd or 0.0) / self.demand.hours

    def running_setup(self, setup: int) -> Running | None:
        """What runs of one setup when the plan begins; None where it begins with nothing."""
        runs = self.demand.runs
        return runs[setup] if runs else self.instance.running

    def limit_of_setup(self, setup: int) -> Changes | None:
        """The limit of starts and stops that one setup keeps against what runs of it."""
        running = self.running_setup(setup)
        own = replace(self.instance, running=running)
        return limit_of_changes(Goal(of=GoalKind.QUALITY), own)

    @property
    def instance(self) -> Instance:
        """LLMs of the cluster, pools and options."""
        return self.demand.instance

    def items(self, pool: int, replicas: np.ndarray) -> list[Item]:
        """What a setup (replicas (O,), whole) puts into a pool."""
        return pool_items(self.instance.options, pool, replicas.tolist())

    def routed_weights(self, case: int) -> np.ndarray:
        """(C,) weights of a case's cells where it is routed: those of the objective, or, where it
        counts for nothing there, those of its own quality.
        """
        own = self.weights[:, case]
        return own if own.sum() > 0 else self.demand.case_weights(case)


def case_share(demand: DemandInstance, case: int) -> np.ndarray:
    """(O,) K_to: the part of an option's replicas that a case counts on, 1 - k_p / V_p."""
    lost = demand.cases[case].lost_nodes
    pools = demand.instance.pools
    kept = [1.0 - k / max(pool.nodes, 1) for k, pool in zip(lost, pools, strict=True)]
    return np.array([kept[o.pool] for o in demand.instance.options])
