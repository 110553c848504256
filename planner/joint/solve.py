"""The joint road: from an instance to a proven plan.

One search for the objective, one for the leanest plan among the best, then exact prices, placement and shadow prices. The cuts of
`Quality` may be handed in and are reused: they depend on the scores alone.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.formulation import Goal, lean_weights, pool_prices
from models.instance import Instance
from models.placement import Packing, pack_on_fewest
from models.quality import TIE_EPS, Quality
from planner.joint import highs
from planner.joint.infeasibility import explain_conflict
from planner.joint.search import Search
from planner.joint.search_state import Clock, Ground, Incumbent
from planner.joint.shadow_prices import shadow_prices
from planner.settings import CLOSE_ENOUGH, Progress, Settings
from planner.solution import Effort, ShadowPrices, Shard, Solution, TieGroup

SAME_VALUE = 1e-6
"""Plans whose objective differs by less (relative) count as equally good: the leanest of them is told."""

SAFE_GAP = 0.97
"""The search closes a little more than is asked, so that the leanest plan may give up SAME_VALUE."""

LEAN_NODES = 200_000
"""Each program of the search for a leaner plan may visit this many nodes, divided by its columns: the same plan on a busy machine."""

LEAN_SECONDS = 10.0
"""A backstop for the same search; it is longer when the search for the best plan took longer."""

FLOOR_SLACK = 1e-6
"""A plan counts when its exact quality reaches the floor less this (the contract)."""


def solve(
    instance: Instance,
    settings: Settings | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
    quality: Quality | None = None,
    explain: bool = True,
    lean: bool = True,
) -> Solution:
    """The best plan and its bound. quality: reuse its cuts.

    explain: when infeasible, look for the conflict and its repairs. lean: look for the leanest among equally good plans.
    """
    settings = settings or Settings()
    clock = Clock(time.perf_counter() + settings.time_limit, cancel)
    quality = quality or Quality(instance.scores)
    ground = Ground(instance, quality, clock, settings.threads, settings.seed)
    clock.spend("curves", clock.began)
    if instance.objective == "quality":
        goal, unit = Goal("quality"), quality.scale
    else:
        goal, unit = Goal("cost", quality_at_least=quality.from_score((instance.quality_floor or 0.0) - FLOOR_SLACK)), 1.0

    def abs_gap(loss: float) -> float:
        value = abs(_value(quality, instance, loss))
        return max(settings.rel_gap * max(value, 1e-9), CLOSE_ENOUGH * quality.scale) / unit

    if progress is not None:
        ground.progress = lambda phase, loss, bound: progress(
            Progress(
                time.perf_counter() - clock.began,
                phase,
                None if loss is None else _value(quality, instance, loss),
                None if bound is None else _value(quality, instance, bound),
            )
        )
    search = Search(ground, goal, lambda loss: SAFE_GAP * abs_gap(loss))
    search.run()
    if search.incumbent is None:
        return _without_plan(instance, settings, ground, search, explain)
    ground.progress = None
    best, notes = leanest(ground, search, abs_gap(search.loss)) if lean else (search.incumbent, [])
    return _told(ground, search, best, notes, abs_gap)


def leanest(ground: Ground, search: Search, gap: float) -> tuple[Incumbent, list[str]]:
    """Among plans whose objective is within SAME_VALUE the one on fewest GPUs, then of least cost; and what could not be proved.

    gap: the absolute gap (loss) that must stay closed.
    """
    instance, quality, clock = ground.instance, ground.quality, ground.clock
    best = search.incumbent
    assert best is not None  # noqa: S101 - the caller has a plan
    began = time.perf_counter()
    value = _value(quality, instance, best.loss)
    if instance.objective == "quality":
        slack = SAME_VALUE * abs(value) / quality.scale
        if best.loss - search.bound <= gap:
            slack = min(slack, gap - (best.loss - search.bound))
        goal = Goal("gpus", quality_at_least=-best.loss - slack)
    else:
        goal = Goal("gpus", search.goal.quality_at_least, best.loss * (1 + SAME_VALUE) + 1e-9)
    packings = tuple(
        pack_on_fewest(ground.items(p, best.routed.replicas), pool.nodes, pool.gpus_per_node, instance.room(p))
        for p, pool in enumerate(instance.pools)
    )
    weights, price = lean_weights(instance), pool_prices(instance)
    gpus = [packing.gpus for packing in packings]
    start = replace(best, loss=float(weights @ gpus), packing=packings, gpus=sum(gpus), cost=float(price @ gpus))
    deadline = clock.deadline
    clock.deadline = min(deadline, time.perf_counter() + max(LEAN_SECONDS, began - clock.began))
    lean = Search(ground, goal, lambda _: 1e-7, start, nodes=LEAN_NODES)
    lean.relax()
    full = start.gpus == instance.gpus and fewest_gpus(lean) == start.gpus
    if not full:
        lean.run()
    clock.deadline = deadline
    clock.spend("leanest", began)
    found = lean.incumbent or start
    fewest = fewest_gpus(lean)
    notes = []
    if not full and not lean.closed() and fewest < found.gpus:
        notes.append(f"{found.gpus} GPUs are used; that no plan this good uses fewer is proved only down to {fewest}")
    loss = -quality.from_score(found.settled.value) if instance.objective == "quality" else found.cost
    return replace(found, loss=loss), notes


def fewest_gpus(lean: Search) -> int:
    """GPUs that any plan as good needs, by the bound of the lean weights (GPUs, plus at most a half for the cost)."""
    return max(int(np.ceil(lean.bound - 0.5 - 1e-6)), 0) if np.isfinite(lean.bound) else 0


def _told(ground: Ground, search: Search, best: Incumbent, notes: list[str], abs_gap: Callable[[float], float]) -> Solution:
    instance, quality, clock = ground.instance, ground.quality, ground.clock
    value, bound = _value(quality, instance, best.loss), _value(quality, instance, min(search.bound, best.loss))
    closed = best.loss - search.bound <= abs_gap(best.loss)
    prices = None
    if search.relaxed is not None and search.form is not None and search.layout is not None:
        point = search.relaxed
        loss_to_value = -quality.scale if instance.objective == "quality" else 1.0
        best_answers = float(instance.scores.weights @ instance.scores.values.max(axis=0))
        room = max(best_answers - value, 0.0) if instance.objective == "quality" else value
        duals = (point.row_dual, point.gpus_used_dual)
        prices = shadow_prices(search.form, search.layout, point.fractions, *duals, loss_to_value, room)
    if search.aside:
        notes = [*notes, "some setups were set aside because their placement could not be decided; the bound counts them as possible"]
    effort = effort_of(ground, "gap" if closed else (clock.why() if clock.stopped() else "stalled"), notes)
    return solution_of(quality, best, value, bound, effort, prices)


def solution_of(quality: Quality, best: Incumbent, value: float, bound: float, effort: Effort, prices: ShadowPrices | None) -> Solution:
    """A placed and routed plan as a solution; optimal when the effort ended with the gap closed."""
    return Solution(
        "optimal" if effort.termination == "gap" else "feasible",
        value,
        bound,
        effort,
        best.routed.replicas,
        best.routed.rates,
        best.routed.fractions,
        best.settled.value,
        best.settled.prices,
        tuple(TieGroup(tie.llms, tie.share, tie.split) for tie in best.settled.ties),
        TIE_EPS * quality.scale,
        tuple(shard for packing in best.packing for shard in shards_of(packing)),
        prices,
    )


def _without_plan(instance: Instance, settings: Settings, ground: Ground, search: Search, explain: bool) -> Solution:
    """Infeasible only when two more solves without presolve and with another seed agree; else unknown."""
    if not search.infeasible or not search.confirm_infeasible():
        why = ground.clock.why() if ground.clock.stopped() else "stalled"
        return Solution("unknown", None, None, effort_of(ground, why, []))
    if not explain:
        return Solution("infeasible", None, None, effort_of(ground, "infeasible", []))
    conflict, notes = explain_conflict(instance, settings, ground.quality, ground.clock, solve)
    return Solution("infeasible", None, None, effort_of(ground, "infeasible", list(notes)), conflict=conflict)


def effort_of(ground: Ground, termination: str, notes: list[str]) -> Effort:
    """What a search did until now."""
    clock = ground.clock
    return Effort(
        time.perf_counter() - clock.began,
        dict(clock.seconds),
        ground.milp_solves,
        len(ground.quality.cuts),
        ground.nodes,
        termination,
        highs.VERSION,
        tuple(notes),
    )


def shards_of(packing: Packing) -> list[Shard]:
    """The shards of a pool's packing."""
    seats = sorted(packing.seats)
    return [Shard(key, replica, shard, node, gpu) for key, replica, node, gpus in seats for shard, gpu in enumerate(gpus)]


def _value(quality: Quality, instance: Instance, loss: float) -> float:
    return quality.to_score(-loss) if instance.objective == "quality" else loss
