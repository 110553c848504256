"""From placed setups to a plan: every case routed on its own, and every largest loss of nodes.

A case is routed over the ways to divide the setup into lanes
(planner.cells.routing.lane_routing); where what is spent outside counts, what every case may spend
is given.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.demand.demand_model import case_share
from models.demand.requests import DemandInstance
from models.formulation import fleet_cost
from models.packing.first_fit import Packing
from planner.cell_solution import CellPlan, PlanLoss, PlannedSetup, RoutedCase
from planner.cells.case_pricing import CasePricing
from planner.cells.cell_goal import CellGoal
from planner.cells.node_losses import TooManyLossesError, loss_kinds, uncovered_losses
from planner.cells.routing.cell_loop import CellLoop, CellPoint
from planner.cells.routing.lane_rates import LaneRates
from planner.cells.routing.lane_routing import route_lanes
from planner.cells.routing.lane_shapes import propose_lanes
from planner.cells.setup_placement import (
    Packings,
    change_of_setups_cost,
    setups_starts_cost,
)
from planner.joint.solver.highs import StopReason
from planner.settings import FLOOR_SLACK

__all__ = ["PlanRouting", "counted_routings", "planned_setups"]

HALVINGS, MORE_SPEND = 6, (1.1, 2.0)
"""Halvings of what is spent outside, and how many times of what the relaxation spends."""


class PlanRouting:
    """Routes all cases on placed setups."""

    def __init__(self, goal: CellGoal, pricing: CasePricing) -> None:
        self.goal, self.pricing = goal, pricing
        self._known: dict[tuple[int, bytes], RoutedCase | None] = {}

    def route(
        self,
        replicas: np.ndarray,
        packings: Packings,
        points: dict[int, CellPoint],
        spend: dict[int, float],
    ) -> CellPlan | None:
        """A plan on placed setups, replicas (S, O): every case routed; None where one cannot be, or
        where the best plan cannot be reached any more.
        """
        began = time.perf_counter()
        routed: list[RoutedCase] = []
        losses: list[PlanLoss] = []
        most_value = {t: self.pricing.case_value(t, point) for t, point in points.items()}
        for t in self.goal.heaviest_first(range(len(self.goal.model.demand.cases))):
            most, s = self.goal.spend_limit(spend, t), self.goal.model.demand.setup_of[t]
            if self.goal.model.demand.cases[t].loses_nodes:
                held = self._route_losses(t, replicas[s], packings[s], most, losses)
            else:
                one = self._routed(t, replicas[s], points[t], most)
                held = None if one is None else [one]
            if held is not None:
                routed += held
                most_value[t] = min(one.value for one in held)
            if held is None or not self.goal.may_beat_best(sum(most_value.values())):
                self.goal.clock.spend("route", began)
                return None
        self.goal.clock.spend("route", began)
        return self._plan(replicas, packings, tuple(routed), tuple(losses))

    def route_with_money(
        self,
        replicas: np.ndarray,
        packings: Packings,
        points: dict[int, CellPoint],
        spend: dict[int, float],
    ) -> CellPlan | None:
        """A plan that spends what the relaxation says outside; where no lanes serve every case, or
        reach the mean floor, with that, one that spends more.
        """
        # What cases of hours 0 spend counts for nothing.
        counted = {t: e for t, e in spend.items() if self.goal.model.demand.cases[t].hours > 0}
        plan = self.route(replicas, packings, points, counted)
        if plan is not None:
            return plan
        if not self.goal.by_cost:
            tries = [{t: e * more for t, e in counted.items()} for more in MORE_SPEND]
            # At last whatever the budget bears: a case that spends nothing gains by no factor.
            plans = (self.route(replicas, packings, points, one) for one in (*tries, {}))
            return next((one for one in plans if one is not None), None)
        # What is spent most counts: a plan of the highest quality, then halfway back.
        best = self.route(replicas, packings, points, {})
        if best is None:
            return None
        most = {one.case: one.spend for one in counted_routings(best.routed)}
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            part = 0.5 * (low + high)
            between = {t: e + part * (most.get(t, e) - e) for t, e in counted.items()}
            plan = self.route(replicas, packings, points, between)
            if plan is None:
                low = part
            else:
                high = part
                best = plan if self.goal.better(plan.value, best.value) else best
        return best

    def _route_losses(
        self,
        case: int,
        replicas: np.ndarray,
        packings: tuple[Packing, ...],
        most_spend: float,
        losses: list[PlanLoss],
    ) -> list[RoutedCase] | None:
        """A routing of every largest loss of a case, all its kinds appended to `losses`; None
        where one breaks it.
        """
        try:
            kinds = loss_kinds(self.goal.model.demand, case, packings, replicas)
        except TooManyLossesError as error:
            self.goal.notes.append(error.words(self.goal.model.demand))
            return None
        kept, covering = uncovered_losses(kinds)
        first, routed = len(losses), []
        share = case_share(self.goal.model.demand, case)
        for k in kept:
            survivors = kinds[k].survivors
            counted = np.divide(survivors, share, out=np.zeros(share.size), where=share > 0)
            # What survives, divided by K_o, is a setup like any other to the case's cuts: where a
            # loss breaks the case, the master learns why.
            point = self.pricing.price_case(case, counted, most_spend)
            one = None if point is None else self._route_case(case, survivors, point, most_spend)
            if one is None:
                return None
            routed.append(replace(one, loss=first + k))
        losses += [
            PlanLoss(case, kind, None if covering[k] == k else first + covering[k])
            for k, kind in enumerate(kinds)
        ]
        return routed

    def _routed(
        self, case: int, replicas: np.ndarray, point: CellPoint, most: float
    ) -> RoutedCase | None:
        """The routing of a case on its setup (O,). A setup of a cycle comes again beside others:
        its routing is then known, where money does not matter.
        """
        if np.isfinite(most) or len(self.goal.model.demand.setups) == 1:
            return self._route_case(case, replicas, point, most)
        key = (case, replicas.tobytes())
        if key not in self._known:
            self._known[key] = self._route_case(case, replicas, point, most)
        return self._known[key]

    def _route_case(
        self, case: int, replicas: np.ndarray, point: CellPoint, most_spend: float
    ) -> RoutedCase | None:
        """The best routing of one case over the ways to divide a setup into lanes."""
        model, best = self.goal.model, None
        enough = 2.0 * self.goal.case_tolerance(case)
        cells = [cell.request_class for cell in model.demand.cells(case)]
        for shapes in propose_lanes(model, case, replicas, point, cells):
            if self.goal.clock.stopped():
                return None
            one = route_lanes(
                LaneRates(model, case, shapes, most_spend),
                self.goal.clock,
                self.goal.solve_settings(),
                self.goal.case_tolerance(case),
                seek=best is None,
            )
            if one is not None and (best is None or one.quality > best.quality):
                best = one
            # No division into lanes is better than the relaxation of the case.
            if best is not None and best.value >= self.pricing.case_value(case, point) - enough:
                break
        return best

    def evaluate(
        self, replicas: np.ndarray, packings: Packings
    ) -> tuple[CellPlan | None, tuple[int, ...]]:
        """Placed setups, replicas (S, O), with every case routed as well as can be; or None and the
        positions of the cases that cannot be served within their limits.
        """
        demand = self.goal.model.demand
        spend = self._divided_spend(replicas, packings) if self.goal.limits_spend else {}
        broken: list[int] = []
        routed: list[RoutedCase] = []
        losses: list[PlanLoss] = []
        for t, case in enumerate(demand.cases):
            most, s = self.goal.spend_limit(spend, t), demand.setup_of[t]
            held: list[RoutedCase] | None = None
            if case.loses_nodes:
                held = self._route_losses(t, replicas[s], packings[s], most, losses)
            else:
                point = self.pricing.price_case(t, replicas[s].astype(float), most, cut=False)
                one = None if point is None else self._route_case(t, replicas[s], point, most)
                held = None if one is None else [one]
            if held is None:
                broken.append(t)
            else:
                routed += held
        if broken:
            return None, tuple(broken)
        return self._plan(replicas, packings, tuple(routed), tuple(losses)), ()

    def _divided_spend(self, replicas: np.ndarray, packings: Packings) -> dict[int, float]:
        """What every case had best spend outside on placed setups (S, O), USD/h, by the relaxation
        of all cases with the setups fixed.
        """
        cases = range(len(self.goal.model.demand.cases))
        joint = CellLoop(
            self.goal.model,
            cases,
            self.goal.clock,
            self.goal.solve_settings(),
            free_setup=True,
        )
        self.fix_placed(joint, replicas, packings)
        point = joint.converge(self.goal.first_gap())
        return {} if isinstance(point, StopReason) else point.spend

    def fix_placed(self, joint: CellLoop, replicas: np.ndarray, packings: Packings) -> None:
        """Fix setups (S, O) in a program of all cases, at what their GPUs and starts cost."""
        demand = self.goal.model.demand
        gpus = np.array([[packing.gpus for packing in own] for own in packings])
        joint.fix_setups(replicas, gpus)
        if demand.cost_at_most is not None and self.goal.model.prices_starts:
            # A replica that moves is a start that the program does not know.
            starts = setups_starts_cost(demand, packings) + change_of_setups_cost(demand, packings)
            moves = starts - self.goal.least_starts_cost(replicas)
            joint.set_budget(demand.cost_at_most - max(moves, 0.0))

    def route_survivors(
        self, case: int, survivors: np.ndarray, counted: np.ndarray
    ) -> tuple[float | None, float | None]:
        """Quality of a case (score units) on what is left of a setup, or, where that cannot serve
        it, the largest share of its requests that can be served; None and None where neither is
        known.

        survivors: (O,) replicas. counted: the same, divided by K_o.
        """
        point = self.pricing.price_case(case, counted, np.inf, cut=False)
        if point is not None:
            one = self._route_case(case, survivors, point, np.inf)
            return (None if one is None else one.quality), None
        if self.goal.clock.stopped():
            return None, None
        return None, self.pricing.served_share(case)

    def _plan(
        self,
        replicas: np.ndarray,
        packings: Packings,
        routed: tuple[RoutedCase, ...],
        losses: tuple[PlanLoss, ...],
    ) -> CellPlan | None:
        """The plan with its value; None where it misses the mean floor or the budget."""
        demand = self.goal.model.demand
        counted = counted_routings(routed)
        quality = sum(one.value for one in counted)
        setups = planned_setups(demand, replicas, packings)
        parts = demand.setup_parts()
        gpus_cost = float(sum(part * one.cost for part, one in zip(parts, setups, strict=True)))
        starts = setups_starts_cost(demand, packings)
        changes = change_of_setups_cost(demand, packings)
        outside = sum(demand.cases[one.case].hours / demand.hours * one.spend for one in counted)
        floor = demand.instance.quality_floor
        if floor is not None and quality < floor - FLOOR_SLACK:
            return None
        cost = gpus_cost + outside + starts + changes
        if demand.cost_at_most is not None and cost > demand.cost_at_most * (1 + 1e-9):
            return None
        return CellPlan(
            value=cost if self.goal.by_cost else quality,
            quality=quality,
            setups=setups,
            routed=routed,
            losses=losses,
            gpus_cost=gpus_cost,
            outside_cost=float(outside),
            starts_cost=starts,
            changes_cost=changes,
        )


def planned_setups(
    demand: DemandInstance, replicas: np.ndarray, packings: Packings
) -> tuple[PlannedSetup, ...]:
    """Placed setups (S, O) with what their GPUs cost."""
    fleet = fleet_cost(demand.instance)
    return tuple(
        PlannedSetup(
            cases=cases,
            replicas=replicas[s],
            packings=packings[s],
            cost=fleet.at([one.gpus for one in packings[s]]),
        )
        for s, cases in enumerate(demand.setups)
    )


def counted_routings(routed: Sequence[RoutedCase]) -> list[RoutedCase]:
    """Of every case the routing whose quality counts: of a loss the worst."""
    worst: dict[int, RoutedCase] = {}
    for one in routed:
        if one.case not in worst or one.quality < worst[one.case].quality:
            worst[one.case] = one
    return [worst[t] for t in sorted(worst)]
