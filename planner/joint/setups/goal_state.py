"""What the search for one goal has reached: the best plan, the bound, and how close they must come.

Losses are minimised: -quality on the 0..1 scale, USD/h, lean weight (GPUs, then cost), or the
largest spent part of the budgets.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from models.formulation import Goal, GoalKind, fleet_cost, formulation_lean_cost
from models.instance import Instance
from models.nogood import NoGood
from models.openings.opening_cuts import OpeningCuts, opened_llms, opening_loads
from models.packing.first_fit import Packing
from models.quality import Quality, Settled
from planner.joint.setups.search_state import SearchState
from planner.joint.setups.setup_routing import RoutedSetup
from planner.running_seats import place_near_running_seats, running_seats_cost

OPENED = (GoalKind.QUALITY, GoalKind.COST)
"""Goals whose programs hold opening cuts."""


@dataclass(frozen=True, kw_only=True)
class Incumbent:
    """A placed, routed plan.

    loss: exact, of the goal. packing: of every pool. settled: exact quality with prices and ties.
    gpus: in use, of all pools; cost: their price, and that of what starts where it has one, USD/h.
    """

    loss: float
    routed: RoutedSetup
    packing: tuple[Packing, ...]
    settled: Settled
    gpus: int
    cost: float


def incumbent_for_goal(
    instance: Instance,
    quality: Quality,
    goal: GoalKind,
    routed: RoutedSetup,
    packing: tuple[Packing, ...],
    settled: Settled,
) -> Incumbent:
    """A plan with its loss for a goal; GPUs and cost are those of its packing, which is near what
    runs where starts have a price.
    """
    if instance.prices_changes:
        packing = place_near_running_seats(instance, packing)
    gpus = [one.gpus for one in packing]
    cost = fleet_cost(instance).at(gpus) + running_seats_cost(instance, packing)
    match goal:
        case GoalKind.QUALITY:
            loss = -quality.from_score(settled.value)
        case GoalKind.COST:
            loss = cost
        case GoalKind.GPUS:
            loss = formulation_lean_cost(instance).at(gpus)
        case GoalKind.KNOB:
            loss = routed.spent
    return Incumbent(
        loss=loss, routed=routed, packing=packing, settled=settled, gpus=sum(gpus), cost=cost
    )


@dataclass(kw_only=True)
class GoalState:
    """The search for one goal.

    abs_gap: loss -> gap at which the search is closed. enough: a loss that ends it at once.

    incumbent: the best plan. bound: no plan loses less; relaxation_bound: that of the linear
    relaxation alone. infeasible: it is known that there is no plan (better than the incumbent).
    aside: setups whose placement could not be decided, aside_bound: what they lose at least.
    plunge_cuts: positions of the cuts that plunges and trees made. open_costs: whether plans of
    these costs (USD/h) reach the floor could not be decided.
    """

    shared: SearchState
    goal: Goal
    abs_gap: Callable[[float], float]
    enough: float = -np.inf
    incumbent: Incumbent | None = None
    bound: float = -np.inf
    relaxation_bound: float = -np.inf
    infeasible: bool = False
    aside: list[NoGood] = field(default_factory=list)
    aside_bound: float = np.inf
    plunge_cuts: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    open_costs: set[float] = field(default_factory=set)

    @property
    def loss(self) -> float:
        """Loss of the incumbent, inf without one."""
        return np.inf if self.incumbent is None else self.incumbent.loss

    def closed(self) -> bool:
        """Whether bound and plan meet, or the plan is good enough."""
        return self.incumbent is not None and (
            self.loss <= self.enough or self.loss - self.bound <= self.abs_gap(self.loss)
        )

    def bounded_by_best_answers(self) -> bool:
        """Whether the bound on quality is, within the gap, the mean of the best answers: no branch
        raises it then.
        """
        # That mean is the first cut of every quality, at no prices.
        return self.bound <= self.tolerance() - float(self.shared.quality.cuts.base[0])

    def tolerance(self) -> float:
        """The absolute gap to reach; before there is a plan, that at the bound."""
        return self.abs_gap(self.loss if self.incumbent is not None else self.relaxation_bound)

    def cut_tolerance(self) -> float:
        """What a cut loop may leave of quality, 0..1 scale."""
        # A twentieth of the gap leaves nearly all of it to the integer program; for the other
        # goals quality is a constraint, met to the slack that the contract gives a floor, or a tie.
        if self.goal.of == GoalKind.QUALITY:
            return max(0.05 * self.tolerance(), 1e-8)
        return 1e-7 if self.goal.room else 1e-6

    def openings(self) -> OpeningCuts | None:
        """The cuts over open LLMs of a program for this goal, None where it holds none."""
        cuts = self.shared.quality.openings
        return cuts if self.goal.of in OPENED and len(cuts) else None

    def price_setup(self, fractions: np.ndarray, replicas: np.ndarray) -> None:
        """Add the cut at fractions (M,) of a setup, replicas (O,)."""
        quality, instance = self.shared.quality, self.shared.instance
        llm = np.array([o.llm for o in instance.options])
        of_llms = np.bincount(llm, weights=replicas, minlength=fractions.size)
        if self.goal.of not in OPENED or np.all(of_llms >= 1):
            quality.price(fractions)
            return
        rates = np.array([o.curve.max_rate for o in instance.options])
        loads = opening_loads(fractions.size, llm, rates, instance.arrival_rate)
        quality.price_openings(fractions, opened_llms(of_llms, fractions), loads)

    def raise_bound(self, bound: float) -> None:
        """Take a proved bound; above the incumbent's loss it says no more than that loss."""
        self.bound = max(self.bound, min(bound, self.loss))

    def report(self, phase: str, bound: float | None = None) -> None:
        """Report phase, loss and bound (the search's own, unless another one is given).

        Searches for something else than the scenario's objective (the best quality at a cost,
        fewest GPUs, a repair) count in units of their own and report nothing.
        """
        stated = str(self.shared.instance.objective)
        if self.shared.report is None or str(self.goal.of) != stated:
            return
        best = None if self.incumbent is None else self.loss
        own = self.bound if np.isfinite(self.bound) else None
        self.shared.report(phase, best, own if bound is None else bound)
