"""Ties: which of equally good plans is the plan, decided in stages.

    quality    fewest GPUs, then least cost          one search: lean weights (GPUs, then cost)
               most room
    cost       best quality
               fewest GPUs
               most room

    room       1 - the largest spent part of the budgets (SLOs over all requests) of a setup, routed
               so that most is left

Each stage is a small search of its own (planner.joint.search.Search) that keeps what the stages
before have reached (models.formulation.Goal): lexicographic optimisation. The objective may get
worse by SAME_VALUE, and never so far that its gap opens. A stage ends at its work, counted in nodes
(the same plan on a busy machine), and then says what is not proved; where a bound that is known
shows that no plan can be better, it needs no search.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from models.formulation import (
    Goal,
    GoalKind,
    Knob,
    KnobKind,
    fleet_cost,
    formulation_lean_cost,
    shared_slos,
)
from models.instance import Instance, ObjectiveKind
from models.quality import Quality
from planner.joint.programs.root_relaxation import RootRelaxation
from planner.joint.search import Search
from planner.joint.setups.cut_loop import MANY_LLMS
from planner.joint.setups.goal_state import GoalState, Incumbent, incumbent_for_goal
from planner.joint.setups.primal_heuristics import consider_primal
from planner.joint.setups.search_state import SearchState
from planner.joint.setups.separation import pack_tightly_for_separation
from planner.joint.setups.setup_routing import worth_of_routed_budgets
from planner.settings import CLOSE_ENOUGH

SAME_VALUE = 1e-6
"""Plans whose objective differs by less (relative) count as equally good."""

STAGE_NODES = 200_000
"""Each program of a stage may visit this many nodes, divided by its columns: the same plan on a
busy machine.
"""

LEAST_STAGE_NODES = 100
"""A program for fewer GPUs that may visit fewer nodes is not begun: on 25 instances of 12 and 20
LLMs it took half a second to two seconds, and found no leaner plan and no better bound.
"""

STAGE_WORK = 400_000
"""Work of a stage in all (planner.settings.Settings): about 2 s."""

LEAN_GAP = 1e-7
"""Absolute gap of the lean weights: costs within equal GPUs still count."""

LEAN_SLACK = 1e-6
"""Rounding of a bound of lean weights."""

PACKED_LATE = 20_000
"""GPUs up to which a plan is still packed tighter once the time is over: 0.1 s."""

SAME_ROOM = 0.01
"""Rooms (shares of a budget) that differ by less are equal."""


def break_ties(
    state: SearchState, search: Search, best: Incumbent, gap: float, rel_gap: float
) -> tuple[Incumbent, list[str]]:
    """Among plans whose objective is within SAME_VALUE of the best the one that the stages choose;
    and notes on what could not be proved.

    search: the one that found the best plan. gap: the absolute gap (loss) that must stay closed.
    rel_gap: to which the best quality of a cost is sought.
    """
    began = time.perf_counter()
    ties = _TieStages(state, best, search.relaxation)
    if state.instance.objective == ObjectiveKind.COST:
        ties.goal = Goal(
            of=GoalKind.QUALITY,
            quality_at_least=search.state.goal.quality_at_least,
            cost_at_most=best.loss * (1 + SAME_VALUE) + 1e-9,
        )
        ties.take_best_quality(rel_gap)
        ties.take_fewest_gpus(decided=_gpus_follow_from_cost(state.instance))
    else:
        slack = _slack_of_tie(state.quality, best)
        if best.loss - search.bound <= gap:
            slack = min(slack, gap - (best.loss - search.bound))
        ties.goal = Goal(of=GoalKind.GPUS, quality_at_least=-best.loss - slack)
        ties.take_fewest_gpus()
    ties.take_most_room()
    state.clock.spend("ties", began)
    if state.clock.late() and best.loss - search.bound <= gap:
        ties.notes.append(
            "the search was stopped before all ties of equally good plans were decided"
        )
    return replace(ties.plan, loss=_loss_of_objective(state, ties.plan)), ties.notes


@dataclass
class _TieStages:
    """What the stages have reached.

    goal: the limits that they set, for the next one. relaxation: of a search for quality, over all
    plans that the limits allow at least, None without. proved: whether every stage before was.
    """

    state: SearchState
    plan: Incumbent
    relaxation: RootRelaxation | None
    goal: Goal = field(default_factory=lambda: Goal(of=GoalKind.QUALITY))
    notes: list[str] = field(default_factory=list)
    proved: bool = True

    def take_best_quality(self, rel_gap: float) -> None:
        """The best quality at the cost of the plan.

        The plan's routing is the best of its setup already; others are sought where nothing runs
        that would have to change, and where the relaxation of quality takes no longer than that of
        the cost.
        """
        state, quality = self.state, self.state.quality

        def gap(loss: float) -> float:
            value = max(abs(quality.to_score(-loss)), 1e-9)
            return max(rel_gap * value / quality.scale, CLOSE_ENOUGH)

        start = replace(self.plan, loss=-quality.from_score(self.plan.settled.value))
        goal = replace(self.goal, of=GoalKind.QUALITY, quality_at_least=None)
        best, bound = start, -np.inf
        if state.instance.running is None and len(state.instance.llms) <= MANY_LLMS:
            search = self._search(goal, gap, start)
            best, bound = search.incumbent or start, search.bound
            self.relaxation = search.relaxation
        else:
            self.relaxation = None
        self.plan = best
        if best.loss - bound > gap(best.loss):
            self.proved = False
            known = (
                ""
                if np.isinf(bound)
                else f", only that none exceeds {quality.to_score(-bound):.5f}"
            )
            self.notes.append(
                f"quality is {best.settled.value:.5f}; that no plan of this cost is better is not"
                f" proved{known}"
            )
        floor, reached = self.goal.quality_at_least, -best.loss - _slack_of_tie(quality, best)
        self.goal = replace(
            self.goal, quality_at_least=reached if floor is None else max(floor, reached)
        )

    def take_fewest_gpus(self, *, decided: bool = False) -> None:
        """The fewest GPUs, then the least cost. decided: the cost leaves but one number of GPUs."""
        state, instance, best = self.state, self.state.instance, self.plan
        goal = replace(self.goal, of=GoalKind.GPUS)
        # The same setup packed tighter is the incumbent to beat: first-fit had no reason to save
        # GPUs.
        # Where the time is over a large cluster is left as it is packed: a second for 100,000 GPUs.
        late = state.clock.late() and instance.gpus > PACKED_LATE
        tight = best.packing if late else pack_tightly_for_separation(state, best.routed.replicas)
        packings = [tight, best.packing]
        starts = [
            incumbent_for_goal(instance, state.quality, goal.of, best.routed, packing, best.settled)
            for packing in packings
        ]
        # Packed tighter, more may start than the price of changes lets it gain.
        dearer = instance.prices_changes and starts[0].cost > best.cost + 1e-9
        start = starts[dearer]
        self.plan = start
        if not decided:
            lean = self._search(goal, lambda _: LEAN_GAP, start, whole=instance.gpus)
            self.plan = lean.incumbent or start
            self._note_gpus(lean)
        limits = replace(goal, gpus_in_all=self.plan.gpus)
        cost = fleet_cost(instance)
        if instance.prices_changes or np.any(cost.use + cost.rent > 0):
            limits = replace(limits, cost_at_most=self.plan.cost * (1 + 1e-9) + 1e-9)
        self.goal = limits

    def take_most_room(self) -> None:
        """The most room; a plan that needs its budgets has none, and then nothing is sought."""
        state, plan = self.state, self.plan
        floor = self.goal.quality_at_least
        if not shared_slos(state.instance) or floor is None or state.clock.late():
            return
        if most_room_by_duals(self.relaxation, -floor) <= SAME_ROOM or self._needs_its_budgets():
            return
        knob = Knob(kind=KnobKind.SLO, low=0.0, high=1.0)
        goal = replace(self.goal, of=GoalKind.KNOB, knob=knob)
        start = replace(plan, loss=plan.routed.spent)
        own = GoalState(shared=state, goal=goal, abs_gap=lambda _: SAME_ROOM, incumbent=start)
        # With many LLMs the prices of 60 rounds leave more of the quality than a tie may: of the
        # room at the plan's own fractions cuts have no say.
        many = len(state.instance.llms) > MANY_LLMS
        kept = plan.routed.fractions if many else None
        consider_primal(own, plan.routed.replicas, plan.routed.rates, plan.packing, kept)
        best = own.incumbent or start
        # What runs stays in a tie, and plans that were not proved to be best are not compared.
        if state.instance.running is None and self.proved:
            search = self._search(goal, lambda _: SAME_ROOM, best)
            best = search.incumbent or best
            if not search.closed():
                most = 100 * (1 - max(search.bound, 0.0))
                self.notes.append(
                    f"{100 * (1 - best.loss):.0f} % of the budgets over all requests are left; that"
                    f" no plan this good leaves more is not proved, only that none leaves more than"
                    f" {most:.0f} %"
                )
        if best.loss < start.loss - SAME_ROOM:
            self.plan = best

    def _needs_its_budgets(self) -> bool:
        """Whether its budgets are worth quality to the plan, by the duals of its routing.

        Then they are what its quality is made of: it has no room, and a setup that reaches the same
        quality by something else, with room left, would be a coincidence. None is sought, which
        would take an integer program or more.
        """
        state, plan = self.state, self.plan
        options = tuple(np.flatnonzero(plan.routed.replicas > 0).tolist())
        worth = worth_of_routed_budgets(
            state.formulation(Goal(of=GoalKind.QUALITY), options),
            state.quality,
            state.pieces,
            plan.routed,
            state.settings(),
        )
        return SAME_ROOM * worth > _slack_of_tie(state.quality, plan)

    def _search(
        self,
        goal: Goal,
        gap: Callable[[float], float],
        start: Incumbent,
        whole: int | None = None,
    ) -> Search:
        """A stage's search. whole: GPUs of the cluster, where they are what is minimised."""
        clock = self.state.clock
        search = Search(self.state, goal, gap, start, nodes=STAGE_NODES)
        with clock.limited(STAGE_WORK):
            if not clock.late():
                search.relax()
            # A plan that needs the whole cluster by the relaxation's bound has no leaner one to
            # look for.
            needed = start.gpus == whole and tie_gpus_needed(search) == start.gpus
            hopeless = whole is not None and search.nodes_of_first_program() < LEAST_STAGE_NODES
            if not needed and not hopeless and not search.closed() and not clock.late():
                search.run()
        return search

    def _note_gpus(self, lean: Search) -> None:
        fewest, plan = tie_gpus_needed(lean), self.plan
        if fewest < plan.gpus:
            self.proved = False
            proved = f"proved only down to {fewest}" if np.isfinite(lean.bound) else "not proved"
            self.notes.append(
                f"{plan.gpus} GPUs are used; that no plan this good uses fewer is {proved}"
            )
        elif plan.gpus < self.state.instance.gpus and not lean.closed():
            self.proved = False
            self.notes.append(
                f"that no plan this good on {plan.gpus} GPUs costs less than"
                f" {plan.cost:g} USD/h is not proved"
            )


def tie_gpus_needed(lean: Search) -> int:
    """GPUs that any plan as good needs, by the bound of the lean weights: fewer of them weigh less
    than the bound, even the dearest.
    """
    instance, bound = lean.shared.instance, lean.bound
    if not np.isfinite(bound):
        return 0
    cost = formulation_lean_cost(instance)
    weights = np.repeat(cost.use + cost.rent, [pool.gpus for pool in instance.pools])
    most = np.cumsum(np.sort(weights)[::-1])
    return int(np.searchsorted(np.concatenate([[0.0], most]), bound - LEAN_SLACK))


def most_room_by_duals(relaxation: RootRelaxation | None, loss: float) -> float:
    """The most room that a plan of a loss (-quality, 0..1 scale) may have.

    With t of every budget spent at most, the relaxation loses at least its optimum plus
    sum_s |y_s| (1 - t) lambda, y the duals of the budgets: the optimum is convex in what the rows
    allow. So 1 - t is at most what the plan loses more than the relaxation, divided by that slope.
    """
    if relaxation is None or relaxation.form.goal.of != GoalKind.QUALITY:
        return 1.0
    where, point = relaxation.layout, relaxation.point
    slope = -float(point.row_dual[where.budget_row : where.replica_row].sum())
    slope *= relaxation.form.demand
    more = max(loss - point.loss, 0.0)
    return min(more / slope, 1.0) if slope > 0 else 1.0


def objective_value(quality: Quality, instance: Instance, loss: float) -> float:
    """The objective in the units of the user (mean score, USD/h) of a search's loss."""
    return quality.to_score(-loss) if instance.objective == ObjectiveKind.QUALITY else loss


def _slack_of_tie(quality: Quality, plan: Incumbent) -> float:
    """By how much quality (0..1 scale) may differ among equally good plans."""
    return SAME_VALUE * abs(plan.settled.value) / quality.scale


def _loss_of_objective(state: SearchState, plan: Incumbent) -> float:
    if state.instance.objective == ObjectiveKind.QUALITY:
        return -state.quality.from_score(plan.settled.value)
    return plan.cost


def _gpus_follow_from_cost(instance: Instance) -> bool:
    """Whether plans of one cost use one number of GPUs: all are rented at one price."""
    cost = fleet_cost(instance)
    alike = np.ptp(cost.use) == 0 and cost.use[0] > 0
    return bool(alike and not cost.renting and not instance.prices_changes)
