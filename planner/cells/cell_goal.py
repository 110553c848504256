"""What a search over cells has reached: the best plan, the bound, and how close they must come; and
what all its steps share: model, clock, settings, cuts.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from models.demand.case_cut import CaseCut
from models.demand.demand_model import DemandModel
from models.instance import ObjectiveKind
from planner.cell_solution import CellPlan
from planner.joint.setups.search_state import SearchClock
from planner.joint.solver.highs import SolveSettings
from planner.settings import CLOSE_ENOUGH, FLOOR_SLACK, Settings

__all__ = ["CellGoal"]

WANTED_GAP = 0.97
"""Part of the gap at which a search ends: a gap that is just closed would hang on rounding."""

PART_OF_GAP = 0.1
"""Part of the gap that the estimates of quality in one program may leave."""


@dataclass(kw_only=True)
class CellGoal:
    """best: the best plan; bound: of the objective; infeasible: proved that there is no plan. cuts:
    of cases, each for every setup. notes: what the reader of a plan should know.
    """

    model: DemandModel
    clock: SearchClock
    settings: Settings
    report: Callable[[str, float | None, float | None], None] | None = None
    best: CellPlan | None = None
    bound: float | None = None
    infeasible: bool = False
    cuts: list[CaseCut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def by_cost(self) -> bool:
        """Whether cost is minimised."""
        return self.model.instance.objective == ObjectiveKind.COST

    @property
    def limits_spend(self) -> bool:
        """Whether what is spent outside counts in the search for a setup."""
        demand = self.model.demand
        return bool(demand.outside) and (self.by_cost or demand.cost_at_most is not None)

    def gap(self, part: float = WANTED_GAP) -> float:
        """The absolute gap at which the search is closed; part: of the gap that is set."""
        value = self.best.value if self.best is not None else (self.bound or 0.0)
        least = 0.0 if self.by_cost else CLOSE_ENOUGH * max(q.scale for q in self.model.qualities)
        return max(part * self.settings.rel_gap * abs(value), least)

    def quality_tolerance(self) -> float:
        """What the estimates of quality in a program may be off, score units."""
        if self.by_cost:
            return 0.3 * FLOOR_SLACK * max(q.scale for q in self.model.qualities) * 10
        return PART_OF_GAP * self.gap()

    def first_gap(self) -> float:
        """The gap before anything is known, score units."""
        scale = max(q.offset + q.scale for q in self.model.qualities)
        return PART_OF_GAP * self.settings.rel_gap * abs(scale)

    def case_tolerance(self, case: int) -> float:
        """What the estimates of quality in a case's program may be off, score units."""
        weight = float(self.model.weights[:, case].sum())
        whole = self.quality_tolerance() if self.bound is not None else self.first_gap()
        return max(whole * max(weight, 1.0 / len(self.model.demand.cases)), 1e-9)

    def closed(self, part: float = WANTED_GAP) -> bool:
        """Whether plan and bound meet, with a part of the gap that is set."""
        if self.best is None or self.bound is None:
            return False
        return abs(self.best.value - self.bound) <= self.gap(part)

    def better(self, value: float, than: float) -> bool:
        """Whether a value of the objective is better than another."""
        return value < than if self.by_cost else value > than

    def may_beat_best(self, most: float) -> bool:
        """Whether a plan of at most this quality (score units) may be better than the best one."""
        return self.by_cost or self.best is None or most > self.best.value

    def heaviest_first(self, cases: Iterable[int]) -> list[int]:
        """Cases that count for nothing but must hold come first, since most setups that fail, fail
        there; then the heaviest.
        """
        weight = self.model.weights.sum(axis=0)
        return sorted(cases, key=lambda t: -np.inf if weight[t] == 0 else -weight[t])

    def take(self, plan: CellPlan | None) -> None:
        """Keep a plan where it is better than the best one."""
        if plan is not None and (self.best is None or self.better(plan.value, self.best.value)):
            self.best = plan
            self.tell("route")

    def spend_limit(self, spend: dict[int, float], case: int) -> float:
        """USD/h that a case may spend outside; spend: by case, where that counts."""
        # What is spent in a case of no hours counts in no budget.
        free = not self.limits_spend or self.model.demand.cases[case].hours == 0
        return np.inf if free else spend.get(case, np.inf)

    def least_starts_cost(self, replicas: np.ndarray) -> float:
        """USD/h of the starts in a cycle of setups (S, O), or beside what runs before the only one,
        where every replica stays that may.
        """
        before = np.roll(replicas, 1, axis=0)
        if len(replicas) == 1:
            before = np.array([self.model.instance.replicas_in_place])
        elif not self.model.demand.start_usd:
            return 0.0
        news = np.maximum(replicas - before, 0).sum(axis=0)
        return float(news @ self.model.start_prices())

    def solve_settings(self) -> SolveSettings:
        """Of a linear program, with the clock's deadline."""
        return SolveSettings(
            threads=self.settings.threads,
            seed=self.settings.seed,
            time_limit=max(self.clock.left(), 0.05),
            cancel=self.clock.cancel,
        )

    def tell(self, phase: str) -> None:
        """Report phase, value and bound."""
        if self.report is not None:
            self.report(phase, None if self.best is None else self.best.value, self.bound)
