"""Primal heuristics: from a relaxation or a program's setup to a plan placed on named GPUs.

`consider_primal` is the only way to a new incumbent: a placed setup is routed exactly and kept when
it is better. The others find setups to consider: the relaxation rounded, the placeable part of a
setup, and a setup for part of the pools where packing keeps failing.
"""

import time

import numpy as np

from models.formulation import Goal, GoalKind, limit_of_changes
from models.packing.first_fit import Packing
from models.packing.placement import place_most
from models.quality import SettleStoppedError
from planner.joint.setups.curve_refinement import refine_curve_lines
from planner.joint.setups.cut_loop import RelaxationPoint
from planner.joint.setups.goal_state import GoalState, incumbent_for_goal
from planner.joint.setups.search_state import SearchState
from planner.joint.setups.separation import all_packed, pack_for_separation
from planner.joint.setups.setup_routing import RoutingLimits, route_setup

ROOM_MARGIN = 2e-7
"""Quality (0..1 scale) above its floor at which a setup is routed for room, since HiGHS keeps rows
to 1e-7.
"""


def round_relaxation_heuristic(
    state: SearchState, point: RelaxationPoint
) -> tuple[np.ndarray, np.ndarray] | None:
    """Whole replicas (O,) near a relaxation, and rates (O,): its whole parts, then one more where a
    fraction is left, while capacity holds.

    None when the floors on replicas or utilisation are missed.
    """
    instance = state.instance
    llm = np.array([o.llm for o in instance.options])
    replicas = np.minimum(np.floor(point.replicas + 1e-6), state.upper)
    rest = point.replicas - replicas
    # LLMs that would be left without a replica come first, those of most requests at the front: a
    # routed LLM that is missing costs its whole fraction, a replica fewer of another only part of
    # it.
    bare = np.flatnonzero(
        (np.bincount(llm, weights=replicas, minlength=len(instance.llms)) == 0)
        & (point.fractions > 1e-6)
    )
    largest = {
        int(np.flatnonzero(llm == i)[np.argmax(point.replicas[llm == i])]): float(
            point.fractions[i]
        )
        for i in bare
    }
    others = [int(o) for o in np.flatnonzero(rest > 1e-6) if int(o) not in largest]
    # Then the largest fractions first, as in simple rounding by fractionality.
    for o in [*sorted(largest, key=lambda o: -largest[o]), *sorted(others, key=lambda o: -rest[o])]:
        replicas[o] += 1
        if not _heuristic_keeps_limits(state, replicas, llm):
            replicas[o] -= 1
    if not heuristic_meets_floors(state, replicas):
        return None
    # Rates are scaled with the replicas, so that each replica runs where the relaxation ran it:
    # the exact routing starts near its optimum.
    rate = np.divide(
        point.rates, point.replicas, out=np.zeros_like(point.rates), where=point.replicas > 0
    )
    return replicas.astype(int), rate * replicas


def thin_out_heuristic(
    state: SearchState, replicas: np.ndarray
) -> tuple[np.ndarray, tuple[Packing, ...]] | None:
    """What of a setup (replicas (O,)) first-fit can place, and its packings; None when the floors
    on replicas or utilisation are missed then.
    """
    left = np.zeros_like(replicas)
    packings = []
    for p, pool in enumerate(state.instance.pools):
        packing = place_most(
            state.items(p, replicas), pool.nodes, pool.gpus_per_node, state.instance.room(p)
        )
        for key, *_ in packing.seats:
            left[key] += 1
        packings.append(packing)
    return (left, tuple(packings)) if left.any() and heuristic_meets_floors(state, left) else None


def heuristic_meets_floors(state: SearchState, replicas: np.ndarray) -> bool:
    """Whether the LLMs have their least replicas and the GPUs their least utilisation.

    replicas: (O,).
    """
    instance = state.instance
    options = instance.options
    used = float(
        sum(
            options[o].tp_degree * options[o].mps_share * replicas[o]
            for o in np.flatnonzero(replicas)
        )
    )
    held = np.bincount([o.llm for o in options], weights=replicas, minlength=len(instance.llms))
    enough = all(count >= llm.min_replicas for count, llm in zip(held, instance.llms, strict=True))
    return enough and used >= instance.min_utilization * instance.gpus * (1 - 1e-9)


def _heuristic_keeps_limits(state: SearchState, replicas: np.ndarray, llm: np.ndarray) -> bool:
    """Whether the capacity rows, the quotas and the LLMs' limits allow so many replicas."""
    instance = state.instance
    for row in state.capacity:
        pool = instance.pools[row.pool]
        if row.weight @ replicas > (pool.nodes if row.per_node else pool.gpus) + 1e-6:
            return False
    if any(
        np.array(quota.weight) @ replicas > quota.most * (1 + 1e-9) for quota in instance.quotas
    ):
        return False
    return _heuristic_keeps_llm_limits(state, replicas, llm)


def _heuristic_keeps_llm_limits(state: SearchState, replicas: np.ndarray, llm: np.ndarray) -> bool:
    """Whether no LLM has more replicas than it may. replicas, llm: (O,)."""
    llms = state.instance.llms
    most = [np.inf if limit.max_replicas is None else limit.max_replicas for limit in llms]
    return bool(np.all(np.bincount(llm, weights=replicas, minlength=len(most)) <= most))


# -- plans -----------------------------------------------------------------------------------------


def try_running_heuristic(state: GoalState) -> None:
    """Consider the setup that runs, or the part of it that still fits: the search then begins with
    a plan, which only a better one displaces.

    Options that the SLOs leave no rate stop. Routing begins at the rates of today, scaled to the
    rate of the instance.
    """
    shared, instance = state.shared, state.shared.instance
    if instance.running is None:
        return
    known = np.isin(np.arange(len(instance.options)), list(shared.arms))
    replicas = np.where(known, np.array(instance.running.replicas, dtype=int), 0)
    llm = np.array([o.llm for o in instance.options])
    floors = replicas.any() and heuristic_meets_floors(shared, replicas)
    if not floors or not _heuristic_keeps_llm_limits(shared, replicas, llm):
        return
    most = replicas * np.array([o.curve.max_rate for o in instance.options])
    rates = np.where(replicas > 0, np.array(instance.running.rates), 0.0)
    rates = rates if rates.any() else most
    place_or_thin_heuristic(
        state, replicas, np.minimum(rates * instance.arrival_rate / rates.sum(), most)
    )


def try_rounding_heuristic(state: GoalState, point: RelaxationPoint) -> None:
    """Consider the relaxation, rounded: a first plan before the first integer program.

    With an incumbent that program has a cutoff, and its options and replicas can be limited.
    """
    rounded = round_relaxation_heuristic(state.shared, point)
    if rounded is not None:
        place_or_thin_heuristic(state, *rounded)


def place_or_thin_heuristic(state: GoalState, replicas: np.ndarray, rates: np.ndarray) -> None:
    """Consider a setup, or the part of it that can be placed. replicas, rates: (O,)."""
    packings = pack_for_separation(state.shared, replicas)
    if all_packed(packings):
        consider_primal(state, replicas, rates, packings)
    else:
        consider_thinned_heuristic(state, replicas, rates)


def consider_thinned_heuristic(state: GoalState, replicas: np.ndarray, rates: np.ndarray) -> None:
    """Consider what can be placed of a setup that cannot. replicas, rates: (O,)."""
    fits = thin_out_heuristic(state.shared, replicas)
    if fits is not None:
        fewer, packings = fits
        consider_primal(state, fewer, rates / np.maximum(replicas, 1) * fewer, packings)


def consider_primal(
    state: GoalState,
    replicas: np.ndarray,
    rates: np.ndarray,
    packings: tuple[Packing, ...],
    fractions: np.ndarray | None = None,
) -> float | None:
    """Route a placed setup exactly, and keep it when it is better than the incumbent; its quality
    (0..1 scale), as far as it was looked at.

    replicas: (O,) whole. rates: (O,) req/s to begin with. packings: of every pool. fractions: (M,)
    that routing keeps, if any.
    """
    if not _is_admissible_primal(state, replicas, packings):
        return None
    shared, goal, began = state.shared, state.goal, time.perf_counter()
    form = shared.formulation(_goal_of_routing(goal), tuple(np.flatnonzero(replicas > 0)))
    routed = route_setup(
        form,
        shared.quality,
        shared.pieces,
        replicas,
        rates,
        shared.settings(),
        RoutingLimits(state.cut_tolerance(), shared.clock.stopped, fractions),
    )
    now = shared.clock.spend("routing", began)
    if routed is None:
        return None
    no_better = -routed.quality >= state.loss - 1e-10
    if routed.spent >= state.loss if goal.room else goal.of == GoalKind.QUALITY and no_better:
        # The cut loop's quality over-rates the exact one: a setup that does not beat the incumbent
        # by it never does, and the exact assignment (a transport problem) is saved.
        refine_curve_lines(shared, replicas, routed.rates)
        return None
    try:
        # Who asks to stop does not wait for exact prices: 0.4 s with 50 LLMs, 1 s with 100.
        settled = shared.quality.settle(routed.fractions, shared.clock.interrupted)
    except SettleStoppedError:
        return None
    shared.clock.spend("cuts", now)
    # Lines where the setup really runs: the next program then knows what it costs there.
    refine_curve_lines(shared, replicas, routed.rates)
    exact = shared.quality.from_score(settled.value)
    if goal.quality_at_least is not None and exact < goal.quality_at_least - 1e-12:
        return exact
    plan = incumbent_for_goal(shared.instance, shared.quality, goal.of, routed, packings, settled)
    if goal.cost_at_most is not None and plan.cost > goal.cost_at_most:
        return exact
    if plan.loss < state.loss:
        state.incumbent = plan
        state.report("plan")
    return exact


def _goal_of_routing(goal: Goal) -> Goal:
    """What a setup is routed for: the best quality, which no other goal minds; for room the most
    room, at a quality that is right to ROOM_MARGIN.
    """
    if not goal.room or goal.quality_at_least is None:
        return Goal(of=GoalKind.QUALITY)
    floor = goal.quality_at_least + ROOM_MARGIN
    return Goal(of=goal.of, knob=goal.knob, quality_at_least=floor)


def _is_admissible_primal(
    state: GoalState, replicas: np.ndarray, packings: tuple[Packing, ...]
) -> bool:
    """Whether a setup keeps the goal's limits of GPUs and changes and no no-good forbids it."""
    goal = state.goal
    gpus = sum(packing.gpus for packing in packings)
    if goal.gpus_in_all is not None and gpus > goal.gpus_in_all:
        return False
    limit = limit_of_changes(goal, state.shared.instance)
    if limit is not None and limit.count(replicas) > limit.most:
        return False
    # A no-good that holds on few GPUs only says nothing of a setup that has its packing.
    return not any(
        no_good.gpus is None and no_good.forbids(replicas) for no_good in state.shared.no_goods
    )
