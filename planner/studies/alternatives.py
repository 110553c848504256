"""Other setups nearly as good as the plan found: the next best, the one on fewest GPUs, and the one
with fewest changes.

Setups are of one kind when the same replicas run, of the same LLMs in the same pools at the same tp
degrees; each kind is told once, with the MPS shares that are best for it. Nor is a setup another
one that holds a told one whole, with more on top: it is no better, or it would have been found
first. So after every setup T of kind K the search goes on among setups n with (no-goods of
models.nogood)

    n_o < T_o for some option o of T,    and    n_k < K_k for some (LLM, pool, tp degree) k of K,
                                                or  sum_o n_o > sum_o T_o

within the loss:  quality >= value - loss |value|,  or  cost <= value + loss |value|. Each answer
                                                        has the bound of its own search: no setup
left is better than that. Without an answer and not stopped, it is proved that no other kind lies
within the loss.

    fewest GPUs       minimise GPUs within the loss, then the best objective on so many
                      (goals of models.formulation)
    fewest changes    sum_o |n_o - c_o| <= k for the running setup c: bisection over k, then the
                      best objective with so many

The second counts starts and stops whichever GPUs the replicas stand on; a placement is then sought
that keeps what may stay (planner.plans.stable_placement). A running replica that has to move counts
twice, so the changes listed may exceed what is proved to be needed.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.formulation import Changes, Goal, GoalKind, lean_weights
from models.instance import Instance
from models.nogood import NoGood
from models.quality import Quality
from planner.joint import solve as joint
from planner.joint.goal_state import Incumbent, incumbent_of
from planner.joint.leanest import fewest_gpus
from planner.joint.outcome import effort_of, solution_of
from planner.joint.primal_heuristics import meets_floors
from planner.joint.search import Search
from planner.joint.search_state import Clock, SearchState
from planner.joint.separation import all_packed, pack_pools_on_fewest
from planner.joint.setup_routing import RoutedSetup
from planner.plans.running_setup import RunningSetup, keep_places, packing_of_places, replica_places
from planner.settings import CLOSE_ENOUGH, Progress, Settings
from planner.solution import Solution, Termination

__all__ = ["NEAR_LOSS", "Alternative", "Alternatives", "find_alternatives"]

NEAR_LOSS = 0.01
"""Alternatives may lose this share of the objective unless another one is asked for."""

HALF_A_GPU = 0.4
"""Lean weights of plans that differ by a GPU differ by more than a half: a search closed to this
knows the number.
"""

MOST_REPEATS = 20
"""So often a told kind may come again, with replicas on top that serve nobody; then the search
ends.
"""

IDLE = 1e-9
"""An option with less than this share of the requests serves nobody."""


@dataclass(frozen=True)
class Alternative:
    """aim: next | gpus | changes.

    solution: placed and routed, its bound that of the aim (see the module).
    """

    aim: str
    solution: Solution


@dataclass(frozen=True, kw_only=True)
class Alternatives:
    """limit: what the objective must reach.

    gpus, changes: so many at least are proved to be needed within the loss.

    complete: it is proved that no other setup within the loss is left. stopped: gap | time |
    interrupt.
    """

    limit: float
    gpus: int
    changes: int | None
    others: tuple[Alternative, ...]
    complete: bool
    stopped: Termination


def find_alternatives(
    instance: Instance,
    plan: Solution,
    settings: Settings,
    count: int,
    loss: float = NEAR_LOSS,
    running: RunningSetup | None = None,
    quality: Quality | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Alternatives:
    """Up to `count` next best setups within `loss` (share of the objective) of `plan` (with a
    setup), and the fewest of both kinds.

    The settings' time limit holds for all searches together. Cancelled, what was found so far.
    """
    clock = Clock(time.perf_counter() + settings.time_limit, cancel)
    state = SearchState(
        instance=instance,
        quality=quality or Quality(instance.scores),
        clock=clock,
        threads=settings.threads,
        seed=settings.seed,
    )
    return _Near(state, plan, settings, loss, running, progress).found(count)


class _Near:
    """The searches for other setups of one plan, one after the other on one ground."""

    def __init__(
        self,
        state: SearchState,
        plan: Solution,
        settings: Settings,
        loss: float,
        running: RunningSetup | None,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.state, self.plan, self.settings, self.running, self.progress = (
            state,
            plan,
            settings,
            running,
            progress,
        )
        self.last, self.stopped = state.clock.deadline, Termination.GAP
        self.kind_of = [
            (option.llm, option.pool, option.tp_degree) for option in state.instance.options
        ]
        self.kinds: list[tuple[tuple[tuple[int, int, int], int], ...]] = []
        instance, quality = state.instance, state.quality
        value = float(plan.value)  # type: ignore[arg-type]
        if instance.objective == "quality":
            self.limit = value - loss * abs(value)
            self.goal = Goal(of=GoalKind.QUALITY, quality_at_least=quality.from_score(self.limit))
        else:
            self.limit = value + loss * abs(value)
            floor = quality.from_score((instance.quality_floor or 0.0) - joint.FLOOR_SLACK)
            self.goal = Goal(
                of=GoalKind.COST,
                quality_at_least=floor,
                cost_at_most=self.limit * (1 + 1e-12),
            )
        self.enough = (
            -float(self.goal.quality_at_least or 0.0)
            if self.goal.of == GoalKind.QUALITY
            else self.limit * (1 + 1e-12)
        )

    def found(self, count: int) -> Alternatives:
        """Everything that is asked for."""
        others: list[Alternative] = []
        aims = 1 if self.running is None else 2
        self._begin("fewest GPUs", aims + count)
        gpus, fewer = self._fewest_gpus()
        others += [] if fewer is None else [fewer]
        changes = None
        if self.running is not None:
            self._begin("fewest changes", 1 + count)
            changes, fewer = self._fewest_changes(self.running)
            others += [] if fewer is None else [fewer]
        self._forbid(self.plan)
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
            if (
                search.incumbent is None
                and not search.infeasible
                and time.perf_counter() < self.last
            ):
                self.stopped = Termination.GAP
                self._begin(
                    f"{kept} of {count} next best setups", 1
                )  # without this one there is no next: any within the loss will do
                search = self._search(self.goal, enough=self.enough)
            if search.incumbent is None:
                return search.infeasible and search.confirm_infeasible()
            alternative = self._alternative("next", search, self._lean(search.incumbent))
            if self._kinds(alternative.solution.replicas) in self.kinds:
                repeats += 1
            else:
                others.append(alternative)
                kept += 1
            self._forbid(alternative.solution)
        return False

    def _begin(self, what: str, left: int) -> None:
        """Give the next search its share of the time: as much as each of those that are left."""
        clock, now = self.state.clock, time.perf_counter()
        clock.deadline = now + max(self.last - now, 0.0) / left
        if self.progress is not None:
            self.progress(
                Progress(
                    now - clock.began, f"alternatives: {what}", self.plan.value, self.plan.bound
                )
            )

    # -- the aims ----------------------------------------------------------------------------------

    def _fewest_gpus(self) -> tuple[int, Alternative | None]:
        """How many GPUs are proved to be needed within the loss; an alternative when the plan uses
        more than could be found.
        """
        start = self._incumbent()
        weights = lean_weights(self.state.instance)
        first = replace(start, loss=float(weights @ [packing.gpus for packing in start.packing]))
        lean = Search(self.state, replace(self.goal, of=GoalKind.GPUS), lambda _: HALF_A_GPU, first)
        lean.run()
        leanest = lean.incumbent or first
        self._note_stop(lean)
        needed = min(fewest_gpus(lean), leanest.gpus)
        if leanest.gpus >= start.gpus:
            return needed, None
        best = self._search(replace(self.goal, gpus_in_all=leanest.gpus), self._as_packed(leanest))
        return needed, self._alternative("gpus", best, self._lean(best.incumbent or leanest))

    def _fewest_changes(self, running: RunningSetup) -> tuple[int, Alternative | None]:
        """How many starts and stops are proved to be needed within the loss; an alternative when
        the plan has more of them.
        """
        before = tuple(int(n) for n in running.replicas(len(self.state.instance.options)))
        undone, low, most = -1, -1, Changes(before, 0).count(self.plan.replicas)
        latest: Search | None = None
        while most - low > 1:
            at = (low + most) // 2
            search = self._search(
                replace(self.goal, changes=Changes(before, at)), enough=self.enough
            )
            if search.incumbent is not None:
                most, latest = Changes(before, at).count(search.incumbent.routed.replicas), search
            else:
                undone = (
                    at
                    if undone == low and search.infeasible and search.confirm_infeasible()
                    else undone
                )
                low = at
        needed = undone + 1 + running.gone
        if latest is None or latest.incumbent is None:
            return needed, None
        best = self._search(replace(self.goal, changes=Changes(before, most)), latest.incumbent)
        return needed, self._alternative("changes", best, best.incumbent or latest.incumbent)

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
        quality, unit = (
            self.state.quality,
            (self.state.quality.scale if self.goal.of == GoalKind.QUALITY else 1.0),
        )
        return (
            max(
                self.settings.rel_gap * max(abs(self._value(loss)), 1e-9),
                CLOSE_ENOUGH * quality.scale,
            )
            / unit
        )

    def _value(self, loss: float) -> float:
        return self.state.quality.to_score(-loss) if self.goal.of == GoalKind.QUALITY else loss

    # -- setups ------------------------------------------------------------------------------------

    def _incumbent(self) -> Incumbent:
        """The plan found, as the searches know plans."""
        quality, plan, instance = self.state.quality, self.plan, self.state.instance
        settled = quality.settle(plan.fractions)
        routed = RoutedSetup(
            plan.replicas, plan.routed_rates, plan.fractions, quality.from_score(settled.value)
        )
        seats = replica_places(plan.placement)
        packings = tuple(
            packing_of_places([seat for seat in seats if instance.options[seat[0]].pool == p])
            for p in range(len(instance.pools))
        )
        return incumbent_of(instance, quality, self.goal.of, routed, packings, settled)

    def _lean(self, incumbent: Incumbent) -> Incumbent:
        """A found setup without what serves nobody, on the fewest GPUs that could be found for
        it.
        """
        replicas = self._serving(incumbent.routed.replicas, incumbent.routed.rates)
        packings = pack_pools_on_fewest(self.state, replicas)
        if not all_packed(packings):
            return incumbent
        return self._as_packed(
            replace(
                incumbent, routed=replace(incumbent.routed, replicas=replicas), packing=packings
            )
        )

    def _as_packed(self, incumbent: Incumbent) -> Incumbent:
        """GPUs, cost and loss as its packing says."""
        return incumbent_of(
            self.state.instance,
            self.state.quality,
            self.goal.of,
            incumbent.routed,
            incumbent.packing,
            incumbent.settled,
        )

    def _serving(self, replicas: np.ndarray, rates: np.ndarray) -> np.ndarray:
        """Replicas (O,) of the options that carry requests; all of them where the floors would be
        missed without the others.
        """
        serving = np.where(rates > IDLE * self.state.instance.arrival_rate, replicas, 0)
        return serving if meets_floors(self.state, serving) else replicas

    def _forbid(self, solution: Solution) -> None:
        """From here on no setup of the same kind is sought, nor one that holds this one whole."""
        serving = self._serving(solution.replicas, solution.routed_rates)
        held = [int(o) for o in np.flatnonzero(serving > 0)]
        self.state.no_goods.append(
            NoGood(0, tuple((o,) for o in held), tuple(int(serving[o]) for o in held))
        )
        kinds = self._kinds(serving)
        if kinds not in self.kinds:
            alike = tuple(
                tuple(o for o, kind in enumerate(self.kind_of) if kind == which)
                for which, _ in kinds
            )
            self.state.no_goods.append(
                NoGood(0, alike, tuple(count for _, count in kinds), replicas=int(serving.sum()))
            )
            self.kinds.append(kinds)

    def _kinds(self, replicas: np.ndarray) -> tuple[tuple[tuple[int, int, int], int], ...]:
        """Replicas of each (LLM, pool, tp degree), whatever their MPS shares."""
        counts: Counter[tuple[int, int, int]] = Counter()
        for o in np.flatnonzero(replicas):
            counts[self.kind_of[o]] += int(replicas[o])
        return tuple(sorted(counts.items()))

    def _alternative(self, aim: str, search: Search, incumbent: Incumbent) -> Alternative:
        """A found setup as a solution of its own, with the bound of its search."""
        state = self.state
        bound = min(search.bound, incumbent.loss)
        closed = incumbent.loss - bound <= self._abs_gap(incumbent.loss)
        effort = effort_of(
            state,
            state.clock.termination(closed=closed),
            [],
        )
        solution = solution_of(
            state.quality, incumbent, self._value(incumbent.loss), self._value(bound), effort, None
        )
        if self.running is not None:
            solution = keep_places(
                state.instance,
                solution,
                self.running,
                more_gpus=aim == "changes" and self.goal.of == GoalKind.QUALITY,
            )
        return Alternative(aim, solution)
