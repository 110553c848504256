"""The solution of an optimisation over cells, in the demand's positions and units; it holds no
solver object.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.packing.first_fit import Packing
from models.quality import Settled
from planner.solution import Effort, Status

__all__ = [
    "CellBaseline",
    "CellBaselineKind",
    "CellNumber",
    "CellNumberKind",
    "CellPlan",
    "CellPrices",
    "CellRepair",
    "CellSolution",
    "Lane",
    "LossKind",
    "PlanLoss",
    "PlannedSetup",
    "RoutedCase",
]


@dataclass(frozen=True)
class Lane:
    """Replicas of an option that receive the same rates. rates: (C,), req/s of them all."""

    option: int
    replicas: int
    rates: np.ndarray


@dataclass(frozen=True, kw_only=True)
class RoutedCase:
    """A feasible routing of one case, or of one loss of its nodes.

    lanes: all replicas of the setup, idle ones too; of a loss those that survive. outside: (C, E)
    req/s. fractions: by class, (M + E,). settled: exact quality by class. value: weighted quality
    of the cells, score units; quality: of the case, score units; spend: USD/h outside. loss:
    position of the lost nodes in the plan's losses, None without any.
    """

    case: int
    lanes: tuple[Lane, ...]
    outside: np.ndarray
    fractions: dict[int, np.ndarray]
    settled: dict[int, Settled]
    value: float
    quality: float
    spend: float
    loss: int | None = None


@dataclass(frozen=True)
class LossKind:
    """A kind of choice of lost nodes. nodes: by pool position, a representative. alike: number of
    choices of this kind. survivors: (O,) replicas.
    """

    nodes: dict[int, tuple[int, ...]]
    alike: int
    survivors: np.ndarray


@dataclass(frozen=True)
class PlanLoss:
    """A kind of lost nodes of a case; same_as: position of the loss whose routing covers it."""

    case: int
    kind: LossKind
    same_as: int | None


@dataclass(frozen=True, kw_only=True)
class PlannedSetup:
    """Replicas on their GPUs. cases: positions that it serves, its own first. replicas: (O,).
    packings: of every pool. cost: USD/h of its GPUs while it runs.
    """

    cases: tuple[int, ...]
    replicas: np.ndarray
    packings: tuple[Packing, ...]
    cost: float

    @property
    def gpus(self) -> int:
        """GPUs that hold a shard."""
        return sum(packing.gpus for packing in self.packings)


@dataclass(frozen=True, kw_only=True)
class CellPlan:
    """Placed setups with a routing of every case, or of every largest loss of its nodes.

    value: of the objective (score, or USD/h). quality: weighted mean over cells. setups: in the
    cycle's order; one of a fixed fleet. gpus_cost, outside_cost, starts_cost: USD/h over all
    hours; changes_cost: of what starts beside the setup that runs, where that has a price: in the
    value and in the budget, not in the cost. losses: all kinds of lost nodes of all cases.
    """

    value: float
    quality: float
    setups: tuple[PlannedSetup, ...]
    routed: tuple[RoutedCase, ...]
    losses: tuple[PlanLoss, ...]
    gpus_cost: float
    outside_cost: float
    starts_cost: float = 0.0
    changes_cost: float = 0.0

    @property
    def gpus(self) -> int:
        """GPUs of the largest setup."""
        return max(setup.gpus for setup in self.setups)

    @property
    def cost(self) -> float:
        """USD/h of everything but the change from what runs."""
        return self.gpus_cost + self.outside_cost + self.starts_cost

    def setup_of(self, case: int) -> PlannedSetup:
        """The setup that serves a case."""
        return next(setup for setup in self.setups if case in setup.cases)


class CellNumberKind(StrEnum):
    """Numbers of a demand that a repair may move (planner.cells.cell_numbers)."""

    NODES = "nodes of a pool"
    MEAN_FLOOR = "quality floor of the objective"
    CLASS_FLOOR = "quality floor of a class"
    CASE_FLOOR = "quality floor of a case"
    SLO = "limit"
    RATE = "rate of a class in a case"
    FACTOR = "slo_factor of a case"
    OUTSIDE_RATE = "largest rate of an LLM outside"
    BUDGET = "largest cost"
    MOST = "most replicas of an LLM"
    LEAST = "least replicas of an LLM"
    UTILIZATION = "least utilisation"
    SLO_HEADROOM = "headroom of limits"
    RATE_HEADROOM = "headroom of rates"
    CURVE_HEADROOM = "headroom of curves"


@dataclass(frozen=True)
class CellNumber:
    """One number, by its kind and the positions that the kind needs.

    slo: of the class's limits, or, without a class, of those over all requests. llm: of those of
    the cluster, or of those outside (OUTSIDE_RATE).
    """

    kind: CellNumberKind
    request_class: int | None = None
    case: int | None = None
    pool: int | None = None
    llm: int | None = None
    slo: int | None = None


@dataclass(frozen=True)
class CellRepair:
    """One number moved, so that there is a plan. before, after: in units of the scenario file.
    proved: whether it is the smallest change of this number that does.
    """

    number: CellNumber
    before: float
    after: float
    proved: bool


@dataclass(frozen=True, kw_only=True)
class CellPrices:
    """Shadow prices: change of the objective value for one more unit.

    rates: (C, T) of 1 req/s, nan without a cell. slos: of 1 s, by (class, or None over all
    requests; case; position in the scenario's list), of means over all requests. pools: (P, T) of
    one node, in each case.
    """

    rates: np.ndarray
    slos: dict[tuple[int | None, int, int], float]
    pools: np.ndarray
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CellSolution:
    """A plan, or what is known where there is none.

    value, bound: of the objective. prices: None where the relaxation has no optimum. reasons: why
    there is no plan, in sentences. repairs: single changes that give one.
    """

    status: Status
    value: float | None
    bound: float | None
    effort: Effort
    plan: CellPlan | None = None
    prices: CellPrices | None = None
    reasons: tuple[str, ...] = ()
    repairs: tuple[CellRepair, ...] = ()


class CellBaselineKind(StrEnum):
    """Ways to plan that are simpler than the joint plan (planner.cells.cell_baselines)."""

    PEAK = "peak alone"
    MEAN = "mean alone"
    STRICTEST = "strictest SLO"
    ISOLATED = "isolated"
    BLIND = "blind to losses"
    FIXED = "fixed"


@dataclass(frozen=True, kw_only=True)
class CellBaseline:
    """One simpler way. planned: its own solution. plan: its setup on the whole demand, None where
    that is not served; broken: positions of the cases that it cannot serve.
    """

    kind: CellBaselineKind
    planned: CellSolution
    plan: CellPlan | None
    broken: tuple[int, ...]
