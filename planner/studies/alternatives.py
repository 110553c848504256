"""Other setups nearly as good as a plan: the next best, the one on fewest GPUs, and the one with
fewest changes.

Each kind of setup (`planner.studies.setup_kinds`) is listed once, with the MPS shares that are best
for it, within the loss

    quality >= value - loss |value|,    or    cost <= value + loss |value|

Each alternative has the bound from its search: no setup left is better than that. Where there is
no further one and the search was not stopped, it is proved that no other kind lies within the loss.

    fewest GPUs       minimise GPUs within the loss, then the best objective on so many
                      (goals of models.formulation)
    fewest changes    sum_o |n_o - c_o| <= k for the running setup c: bisection over k, then the
                      best objective with so many

The second counts starts and stops whichever GPUs the replicas are on; a placement is then sought
that keeps what may stay (planner.plans.changes.stable_placement). A running replica that has
to move counts twice, so the changes listed may exceed what is proved to be needed.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from models.demand.headroom import with_headroom
from models.formulation import Changes, Goal, GoalKind, formulation_lean_cost
from models.instance import Instance, ObjectiveKind
from models.quality import Quality
from planner.joint.search import Search
from planner.joint.setups.goal_state import Incumbent, incumbent_for_goal
from planner.joint.setups.outcome import outcome_effort, outcome_solution
from planner.joint.setups.search_state import SearchClock, SearchState
from planner.joint.setups.separation import all_packed, pack_tightly_for_separation
from planner.joint.setups.setup_routing import RoutedSetup
from planner.joint.ties import tie_gpus_needed
from planner.plans.changes.running_setup import (
    RunningSetup,
    keep_running_places,
    packing_of_running_places,
    running_replica_places,
)
from planner.settings import CLOSE_ENOUGH, FLOOR_SLACK, Progress, Settings
from planner.solution import Solution, Termination
from planner.studies.setup_kinds import SetupKinds

__all__ = [
    "NEAR_LOSS",
    "Aim",
    "Alternative",
    "Alternatives",
    "AlternativesOptions",
    "find_alternatives",
]

NEAR_LOSS = 0.01
"""Alternatives may lose this share of the objective unless another one is given."""

HALF_A_GPU = 0.4
"""Lean weights of plans that differ by a GPU differ by more than a half: a search closed to this
knows the number.
"""

MOST_REPEATS = 20
"""Number of times a listed kind may return with additional idle replicas; then the search
ends.
"""


class Aim(StrEnum):
    """What an alternative is best at."""

    NEXT = "next"
    GPUS = "gpus"
    CHANGES = "changes"


@dataclass(frozen=True)
class Alternative:
    """A setup placed and routed; the solution's bound is that of the aim (see the module)."""

    aim: Aim
    solution: Solution


@dataclass(frozen=True, kw_only=True)
class Alternatives:
    """limit: what the objective must reach.

    gpus, changes: the numbers proved to be needed within the loss (changes: None where
    nothing runs). complete: it is proved that no other setup within the loss is left.
    """

    limit: float
    gpus: int
    changes: int | None
    others: tuple[Alternative, ...]
    complete: bool
    stopped: Termination


@dataclass(frozen=True)
class AlternativesOptions:
    """count: next best setups wanted; loss: share of the objective they may lose; running: what
    runs now, for the fewest changes (None: they are not sought).
    """

    count: int
    loss: float = NEAR_LOSS
    running: RunningSetup | None = None


def find_alternatives(
    instance: Instance,
    plan: Solution,
    settings: Settings,
    options: AlternativesOptions,
    *,
    quality: Quality | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Alternatives:
    """Search for other setups within the loss.

    plan: with a setup. quality: of the instance's scores, its cuts are reused. The settings' time
    limit holds for all searches together. Cancelled, the alternatives so far.
    """
    state = SearchState(
        instance=with_headroom(instance),
        quality=quality or Quality(instance.scores),
        clock=SearchClock(time.perf_counter() + settings.time_limit, cancel),
        threads=settings.threads,
        seed=settings.seed,
    )
    return _AlternativeSearch(state, plan, settings, options, progress).run()


class _AlternativeSearch:
    """The searches for other setups of one plan, one after the other on one `SearchState`."""

    def __init__(
        self,
        state: SearchState,
        plan: Solution,
        settings: Settings,
        options: AlternativesOptions,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.state, self.plan, self.settings = state, plan, settings
        self.options, self.progress = options, progress
        self.last, self.stopped = state.clock.deadline, Termination.GAP
        self.kinds = SetupKinds(state)
        instance, quality = state.instance, state.quality
        if plan.value is None:
            raise ValueError("alternatives are sought of a plan with a setup")
        slack = options.loss * abs(plan.value)
        if instance.objective == ObjectiveKind.QUALITY:
            self.limit = plan.value - slack
            self.goal = Goal(of=GoalKind.QUALITY, quality_at_least=quality.from_score(self.limit))
            self.enough = -quality.from_score(self.limit)
        else:
            self.limit = plan.value + slack
            floor = quality.from_score((instance.quality_floor or 0.0) - FLOOR_SLACK)
            # A cost limit at the value itself would cut the plan off by rounding.
            self.enough = self.limit * (1 + 1e-12)
            self.goal = Goal(of=GoalKind.COST, quality_at_least=floor, cost_at_most=self.enough)

    def run(self) -> Alternatives:
        """All searches; the cheap ones that prove a number come first."""
        count, running = self.options.count, self.options.running
        others: list[Alternative] = []
        self._begin("fewest GPUs", (1 if running is None else 2) + count)
        gpus, fewer = self._fewest_gpus()
        others += [] if fewer is None else [fewer]
        changes = None
        if running is not None:
            self._begin("fewest changes", 1 + count)
            changes, fewer = self._fewest_changes(running)
            others += [] if fewer is None else [fewer]
        # Only now: the two above may return the plan's own kind.
        self.kinds.exclude(self.plan)
        complete = self._next_best(count, others)
        interrupted = self.state.clock.interrupted()
        return Alternatives(
            limit=self.limit,
            gpus=gpus,
            changes=changes,
            others=tuple(others),
            complete=complete,
            stopped=Termination.INTERRUPT if interrupted else self.stopped,
        )

    def _next_best(self, count: int, others: list[Alternative]) -> bool:
        """Add the next best setups; whether it is proved that no other one lies within the loss."""
        kept = repeats = 0
        while kept < count and repeats < MOST_REPEATS:
            self._begin(f"{kept} of {count} next best setups", count - kept)
            search = self._search(self.goal)
            out_of_time = time.perf_counter() >= self.last
            if search.incumbent is None and not search.infeasible and not out_of_time:
                # Without this one there is no next: any setup within the loss will do, and it may
                # take all the time that is left.
                self.stopped = Termination.GAP
                self._begin(f"{kept} of {count} next best setups", 1)
                search = self._search(self.goal, enough=self.enough)
            if search.incumbent is None:
                return search.infeasible and search.confirm_infeasible()
            alternative = self._alternative(Aim.NEXT, search, self._lean(search.incumbent))
            # A listed kind comes back when idle replicas were taken off it: the no-goods let it
            # through with more replicas.
            if self.kinds.is_listed(alternative.solution.replicas):
                repeats += 1
            else:
                others.append(alternative)
                kept += 1
            self.kinds.exclude(alternative.solution)
        return False

    def _begin(self, what: str, left: int) -> None:
        """Give the next search its share of the time: as much as each of those that are left."""
        clock, now = self.state.clock, time.perf_counter()
        clock.deadline = now + max(self.last - now, 0.0) / left
        if self.progress is not None:
            phase = f"alternatives: {what}"
            self.progress(Progress(now - clock.began, phase, self.plan.value, self.plan.bound))

    # -- the aims ----------------------------------------------------------------------------------

    def _fewest_gpus(self) -> tuple[int, Alternative | None]:
        """How many GPUs are proved to be needed within the loss; an alternative when the plan uses
        more than it would need.
        """
        start = self._incumbent()
        weight = formulation_lean_cost(self.state.instance)
        # The plan itself is the first answer, so that the search has a bound to beat at once.
        first = replace(start, loss=weight.at([packing.gpus for packing in start.packing]))
        lean = Search(self.state, replace(self.goal, of=GoalKind.GPUS), lambda _: HALF_A_GPU, first)
        lean.run()
        leanest = lean.incumbent or first
        self._note_stop(lean)
        needed = min(tie_gpus_needed(lean), leanest.gpus)
        if leanest.gpus >= start.gpus:
            return needed, None
        # Of the plans on so few GPUs the best one: the first search does not look at the objective.
        best = self._search(replace(self.goal, gpus_in_all=leanest.gpus), self._as_packed(leanest))
        return needed, self._alternative(Aim.GPUS, best, self._lean(best.incumbent or leanest))

    def _fewest_changes(self, running: RunningSetup) -> tuple[int, Alternative | None]:
        """How many starts and stops are proved to be needed within the loss; an alternative when
        the plan has more of them.
        """
        before = tuple(int(n) for n in running.replicas(len(self.state.instance.options)))
        # proved: the most changes that are proved too few. low: the most that gave no setup, which
        # is more where a search was stopped. enough: only whether there is a setup counts.
        proved, low, most = -1, -1, Changes(before, 0).count(self.plan.replicas)
        latest: Search | None = None
        while most - low > 1:
            at = (low + most) // 2
            goal = replace(self.goal, changes=Changes(before, at))
            search = self._search(goal, enough=self.enough)
            if search.incumbent is not None:
                # It may need fewer than allowed, which saves steps.
                most, latest = Changes(before, at).count(search.incumbent.routed.replicas), search
                continue
            if proved == low and search.infeasible and search.confirm_infeasible():
                proved = at
            low = at
        needed = proved + 1 + running.gone
        if latest is None or latest.incumbent is None:
            return needed, None
        best = self._search(replace(self.goal, changes=Changes(before, most)), latest.incumbent)
        return needed, self._alternative(Aim.CHANGES, best, best.incumbent or latest.incumbent)

    def _search(
        self, goal: Goal, incumbent: Incumbent | None = None, enough: float = -np.inf
    ) -> Search:
        """Search for one goal until its gap is closed, or a loss is good enough."""
        search = Search(self.state, goal, self._abs_gap, incumbent, enough=enough)
        search.run()
        self._note_stop(search)
        return search

    def _note_stop(self, search: Search) -> None:
        if not search.closed() and not search.infeasible and self.state.clock.stopped():
            self.stopped = Termination.TIME

    def _abs_gap(self, loss: float) -> float:
        scale = self.state.quality.scale
        closed = max(
            self.settings.rel_gap * max(abs(self._value(loss)), 1e-9), CLOSE_ENOUGH * scale
        )
        return closed / (scale if self.goal.of == GoalKind.QUALITY else 1.0)

    def _value(self, loss: float) -> float:
        return self.state.quality.to_score(-loss) if self.goal.of == GoalKind.QUALITY else loss

    # -- setups ------------------------------------------------------------------------------------

    def _incumbent(self) -> Incumbent:
        """The plan, as the searches know plans."""
        quality, plan, instance = self.state.quality, self.plan, self.state.instance
        settled = quality.settle(plan.fractions)
        routed = RoutedSetup(
            plan.replicas, plan.routed_rates, plan.fractions, quality.from_score(settled.value)
        )
        places = running_replica_places(plan.placement)
        packings = tuple(
            packing_of_running_places(
                [place for place in places if instance.options[place[0]].pool == p]
            )
            for p in range(len(instance.pools))
        )
        return incumbent_for_goal(instance, quality, self.goal.of, routed, packings, settled)

    def _lean(self, incumbent: Incumbent) -> Incumbent:
        """A setup without its idle replicas, on the fewest GPUs that packing reaches."""
        routed = incumbent.routed
        replicas = self.kinds.serving(routed.replicas, routed.rates)
        packings = pack_tightly_for_separation(self.state, replicas)
        if not all_packed(packings):
            return incumbent
        leaner = replace(incumbent, routed=replace(routed, replicas=replicas), packing=packings)
        return self._as_packed(leaner)

    def _as_packed(self, incumbent: Incumbent) -> Incumbent:
        """GPUs, cost and loss as its packing says."""
        return incumbent_for_goal(
            self.state.instance,
            self.state.quality,
            self.goal.of,
            incumbent.routed,
            incumbent.packing,
            incumbent.settled,
        )

    def _alternative(self, aim: Aim, search: Search, incumbent: Incumbent) -> Alternative:
        """A setup as a separate solution, with the bound of its search."""
        state, running = self.state, self.options.running
        bound = min(search.bound, incumbent.loss)
        closed = incumbent.loss - bound <= self._abs_gap(incumbent.loss)
        effort = outcome_effort(state, state.clock.termination(closed=closed), [])
        solution = outcome_solution(
            incumbent, self._value(incumbent.loss), self._value(bound), effort, None
        )
        if running is not None:
            # More GPUs cost nothing where quality is maximised, and fewer replicas have to move.
            more_gpus = aim == Aim.CHANGES and self.goal.of == GoalKind.QUALITY
            solution = keep_running_places(state.instance, solution, running, more_gpus=more_gpus)
        return Alternative(aim, solution)
