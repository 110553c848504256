"""TODO: planner.joint.leanest."""

import time
from dataclasses import replace

import numpy as np

from models.formulation import Goal, GoalKind, lean_weights, pool_prices
from models.instance import Instance, ObjectiveKind
from models.placement import pack_on_fewest
from models.quality import Quality
from planner.joint.search import Search
from planner.joint.search_state import Incumbent, SearchState

SAME_VALUE = 1e-6
"""Plans whose objective differs by less (relative) count as equally good: the leanest of them is
told.
"""


LEAN_NODES = 200_000
"""Each program of the search for a leaner plan may visit this many nodes, divided by its columns:
the same plan on a busy machine.
"""


LEAN_SECONDS = 10.0
"""A backstop for the same search; it is longer when the search for the best plan took longer."""


def leanest(state: SearchState, search: Search, gap: float) -> tuple[Incumbent, list[str]]:
    """Among plans whose objective is within SAME_VALUE the one on fewest GPUs, then of least cost;
    and what could not be proved.

    gap: the absolute gap (loss) that must stay closed.
    """
    instance, quality, clock = state.instance, state.quality, state.clock
    best = search.incumbent
    assert best is not None  # noqa: S101 - the caller has a plan
    began = time.perf_counter()
    value = objective_value(quality, instance, best.loss)
    if instance.objective == ObjectiveKind.QUALITY:
        slack = SAME_VALUE * abs(value) / quality.scale
        if best.loss - search.bound <= gap:
            slack = min(slack, gap - (best.loss - search.bound))
        goal = Goal(of=GoalKind.GPUS, quality_at_least=-best.loss - slack)
    else:
        goal = Goal(
            of=GoalKind.GPUS,
            quality_at_least=search.goal.quality_at_least,
            cost_at_most=best.loss * (1 + SAME_VALUE) + 1e-9,
        )
    packings = tuple(
        pack_on_fewest(
            state.items(p, best.routed.replicas), pool.nodes, pool.gpus_per_node, instance.room(p)
        )
        for p, pool in enumerate(instance.pools)
    )
    weights, price = lean_weights(instance), pool_prices(instance)
    gpus = [packing.gpus for packing in packings]
    start = replace(
        best, loss=float(weights @ gpus), packing=packings, gpus=sum(gpus), cost=float(price @ gpus)
    )
    deadline = clock.deadline
    clock.deadline = min(deadline, time.perf_counter() + max(LEAN_SECONDS, began - clock.began))
    lean = Search(state, goal, lambda _: 1e-7, start, nodes=LEAN_NODES)
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
        notes.append(
            f"{found.gpus} GPUs are used; that no plan this good uses fewer is proved only down to"
            f" {fewest}"
        )
    loss = (
        -quality.from_score(found.settled.value)
        if instance.objective == ObjectiveKind.QUALITY
        else found.cost
    )
    return replace(found, loss=loss), notes


def fewest_gpus(lean: Search) -> int:
    """GPUs that any plan as good needs, by the bound of the lean weights (GPUs, plus at most a half
    for the cost).
    """
    return max(int(np.ceil(lean.bound - 0.5 - 1e-6)), 0) if np.isfinite(lean.bound) else 0


def objective_value(quality: Quality, instance: Instance, loss: float) -> float:
    """The objective in the units of the user (score, USD/h) of a search's loss."""
    return quality.to_score(-loss) if instance.objective == ObjectiveKind.QUALITY else loss
