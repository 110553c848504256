"""Setups of a scheduled fleet one by one: where nothing counts but quality, they have nothing in
common.

    value = sum_s w_s value_s,   bound = sum_s w_s bound_s,   w_s = sum of om_ct over the cases of s

Each setup is the fixed fleet of its cases, searched alone; estimates of quality serve all of them.
Where money counts (a budget, a cost objective) one search has all setups (planner.cells.search).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from models.demand.demand_model import DemandModel
from models.demand.requests import DemandInstance
from models.quality import Quality
from planner.cell_solution import CellPlan, CellPrices, LossKind, PlanLoss, RoutedCase
from planner.cells.cell_shadow_prices import joined_cell_prices
from planner.cells.node_losses import loss_kinds
from planner.cells.plan_routing import planned_setups
from planner.cells.search import CellSearch
from planner.cells.setup_placement import Packings, arrange_setups, setups_starts_cost
from planner.joint.setups.search_state import SearchClock
from planner.settings import CLOSE_ENOUGH, Settings

__all__ = ["SeparateSearch", "setups_are_separate"]


def setups_are_separate(demand: DemandInstance) -> bool:
    """Whether there are several setups that nothing ties together."""
    money = demand.instance.objective == "cost" or demand.cost_at_most is not None
    return len(demand.setups) > 1 and not money


class SeparateSearch:
    """A search for every setup, all with one clock. searches: of each, in the cycle's order."""

    def __init__(
        self,
        demand: DemandInstance,
        qualities: Sequence[Quality],
        clock: SearchClock,
        settings: Settings,
        report: Callable[[str, float | None, float | None], None] | None = None,
    ) -> None:
        self.demand, self.clock, self.settings = demand, clock, settings
        self.qualities = list(qualities)
        by_case = demand.cell_weights().sum(axis=0)
        self.weights = [float(by_case[list(cases)].sum()) for cases in demand.setups]
        self.best: CellPlan | None = None

        def tell(phase: str, _value: float | None, _bound: float | None) -> None:
            if report is not None:
                report(phase, self.value, self.bound)

        self.searches = [
            CellSearch(
                model=DemandModel(demand=_alone(demand, s), qualities=self.qualities),
                clock=clock,
                settings=settings,
                report=tell,
            )
            for s in range(len(demand.setups))
        ]

    @property
    def infeasible(self) -> bool:
        """Whether a setup cannot be."""
        return any(one.infeasible for one in self.searches)

    @property
    def value(self) -> float | None:
        """Of all setups; None where one has no plan."""
        return self._sum([None if one.best is None else one.best.value for one in self.searches])

    @property
    def bound(self) -> float | None:
        """Of all setups; None where one has none."""
        return self._sum([one.bound for one in self.searches])

    @property
    def masters(self) -> int:
        """Integer programs solved."""
        return sum(one.masters for one in self.searches)

    @property
    def nodes(self) -> int:
        """Their nodes."""
        return sum(one.nodes for one in self.searches)

    @property
    def notes(self) -> list[str]:
        """What the reader of a plan should know."""
        return [note for one in self.searches for note in one.notes]

    @property
    def prices(self) -> CellPrices | None:
        """Of all setups; None where one has none."""
        own = [one.prices for one in self.searches]
        known = [prices for prices in own if prices is not None]
        if len(known) < len(own):
            return None
        return joined_cell_prices(self.demand, known, self.weights)

    def _sum(self, parts: Sequence[float | None]) -> float | None:
        known = [w * part for w, part in zip(self.weights, parts, strict=True) if part is not None]
        return sum(known) if len(known) == len(parts) else None

    def closed(self, part: float) -> bool:
        """Whether plan and bound meet, with a part of the gap that is set."""
        value, bound = self.value, self.bound
        if value is None or bound is None:
            return False
        least = CLOSE_ENOUGH * max(quality.scale for quality in self.qualities)
        return abs(bound - value) <= max(part * self.settings.rel_gap * abs(value), least)

    def run(self) -> None:
        """Search every setup in its part of the time; then go on with those that are open."""
        count = len(self.searches)
        for k, one in enumerate(self.searches):
            with self.clock.share(1.0 / (count - k)):
                one.run()
            if one.infeasible:
                return
        for one in self.searches:
            if not one.closed() and not self.clock.stopped():
                one.pricing.forget()
                one.run()
        if all(one.best is not None for one in self.searches):
            self.best = self._plan()

    def _plan(self) -> CellPlan:
        """The plans of all setups as one, placed near each other."""
        demand = self.demand
        own = [_only_setup(one) for one in self.searches]
        replicas = np.array([plan.setups[0].replicas for plan in own])
        packings = arrange_setups(demand, replicas, [plan.setups[0].packings for plan in own])
        routed: list[RoutedCase] = []
        losses: list[PlanLoss] = []
        for s, plan in enumerate(own):
            cases, first = demand.setups[s], len(losses)
            routed += [
                replace(
                    one,
                    case=cases[one.case],
                    value=self.weights[s] * one.value,
                    loss=None if one.loss is None else first + one.loss,
                )
                for one in plan.routed
            ]
            losses += _renamed_losses(demand, s, plan.losses, first, packings, replicas)
        setups = planned_setups(demand, replicas, packings)
        costs = [one.cost for one in setups]
        quality = sum(w * plan.quality for w, plan in zip(self.weights, own, strict=True))
        outside = [
            part * plan.outside_cost for part, plan in zip(demand.setup_parts(), own, strict=True)
        ]
        return CellPlan(
            value=quality,
            quality=quality,
            setups=setups,
            routed=tuple(routed),
            losses=tuple(losses),
            gpus_cost=float(demand.setup_parts() @ np.array(costs)),
            outside_cost=float(sum(outside)),
            starts_cost=setups_starts_cost(demand, packings),
        )


def _alone(demand: DemandInstance, setup: int) -> DemandInstance:
    """The fixed fleet of the cases of one setup, from what runs of it."""
    own = tuple(replace(demand.cases[t], of=None) for t in demand.setups[setup])
    running = demand.runs[setup] if demand.runs else None
    instance = replace(demand.instance, running=running)
    return replace(demand, instance=instance, cases=own, start_usd=None, runs=())


def _only_setup(search: CellSearch) -> CellPlan:
    plan = search.best
    assert plan is not None  # noqa: S101 - asked for where all have one
    return plan


def _renamed_losses(
    demand: DemandInstance,
    setup: int,
    losses: Sequence[PlanLoss],
    first: int,
    packings: Packings,
    replicas: np.ndarray,
) -> list[PlanLoss]:
    """The losses of a setup whose nodes may have other names now. first: position of the first."""
    cases = demand.setups[setup]
    kinds: dict[tuple[int, bytes], list[LossKind]] = defaultdict(list)
    for k in sorted({loss.case for loss in losses}):
        for kind in loss_kinds(demand, cases[k], packings[setup], replicas[setup]):
            kinds[k, kind.survivors.tobytes()].append(kind)
    return [
        PlanLoss(
            cases[loss.case],
            # Kinds with the same survivors are served alike, whichever is which.
            kinds[loss.case, loss.kind.survivors.tobytes()].pop(),
            None if loss.same_as is None else first + loss.same_as,
        )
        for loss in losses
    ]
