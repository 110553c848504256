"""What must not matter to the optimum, and what may only make it better."""

from dataclasses import replace

import numpy as np
import pytest

from planner.joint.solve import Settings
from planner.solution import Solution
from profiles.records import Scores
from tests.support.instances.by_hand import (
    NOISE,
    SOME,
    check_same,
    checked,
    gpus_used,
    sorted_options,
    tiny,
)
from tests.support.instances.tiny import KINDS
from tests.support.walls import first_fast, usually


@pytest.mark.parametrize(
    ("kind", "seed"),
    first_fast([*usually(SOME, range(0, len(SOME), 2)), ("two_pools", 1027), ("two_pools", 1043)]),
)
def test_order_of_llms_pools_and_prompts(kind: str, seed: int) -> None:
    instance, solution = tiny(kind, seed)
    rng = np.random.default_rng(seed)
    llms, pools = rng.permutation(len(instance.llms)), rng.permutation(len(instance.pools))
    prompts = rng.permutation(instance.scores.weights.size)
    new_llm, new_pool = np.argsort(llms), np.argsort(pools)
    options = [
        replace(o, llm=int(new_llm[o.llm]), pool=int(new_pool[o.pool])) for o in instance.options
    ]
    values = np.ascontiguousarray(instance.scores.values[np.ix_(llms, prompts)])
    scores = Scores(
        instance.scores.prompt_ids[prompts],
        tuple(instance.scores.llms[i] for i in llms),
        values,
        instance.scores.weights[prompts],
    )
    mixed = replace(
        instance,
        llms=tuple(instance.llms[i] for i in llms),
        pools=tuple(instance.pools[p] for p in pools),
        options=sorted_options(options),
        scores=scores,
    )
    other = checked(mixed, Settings(), explain=False)
    check_same(solution, other)
    if other.has_plan:
        assert gpus_used(mixed, other) == gpus_used(instance, solution)


@pytest.mark.parametrize(("factor", "shift"), [(400.0, 1000.0), (0.01, -0.5)])
@pytest.mark.parametrize(("kind", "seed"), first_fast(SOME[::3]))
def test_scale_and_shift_of_scores(kind: str, seed: int, factor: float, shift: float) -> None:
    """Value a v + b; of a cost plan the floor moves along and the cost stays.

    The gap is relative to the value: as reported by each.
    """
    instance, solution = tiny(kind, seed)
    scores = replace(instance.scores, values=factor * instance.scores.values + shift)
    floor = None if instance.quality_floor is None else factor * instance.quality_floor + shift
    other = checked(
        replace(instance, scores=scores, quality_floor=floor), Settings(), explain=False
    )
    if instance.objective == "cost":
        check_same(solution, other)
    else:
        check_same(solution, other, factor, shift)


@pytest.mark.parametrize("factor", [0.01, 1000.0])
@pytest.mark.parametrize(("kind", "seed"), first_fast(SOME[1::3]))
def test_scale_of_rates(kind: str, seed: int, factor: float) -> None:
    """All rates times k: budgets grow equally, nothing else changes."""
    instance, solution = tiny(kind, seed)
    options = tuple(
        replace(o, curve=replace(o.curve, rates=factor * o.curve.rates)) for o in instance.options
    )
    other = checked(
        replace(instance, options=options, arrival_rate=factor * instance.arrival_rate),
        Settings(),
        explain=False,
    )
    check_same(solution, other)


@pytest.mark.parametrize("factor", [0.001, 1000.0])
@pytest.mark.parametrize(("kind", "seed"), first_fast(SOME[2::3]))
def test_scale_of_latencies(kind: str, seed: int, factor: float) -> None:
    """All latencies and limits times k."""
    instance, solution = tiny(kind, seed)
    options = tuple(
        replace(
            o, curve=replace(o.curve, latency={c: factor * v for c, v in o.curve.latency.items()})
        )
        for o in instance.options
    )
    slos = tuple(replace(slo, limit=factor * slo.limit) for slo in instance.slos)
    check_same(
        solution, checked(replace(instance, options=options, slos=slos), Settings(), explain=False)
    )


def check_not_worse(before: Solution, after: Solution, objective: str) -> None:
    """What was reached before, the bound of the easier instance must admit; and what was feasible
    stays so.
    """
    if not before.has_plan:
        return
    assert after.has_plan
    if objective == "quality":
        assert float(after.bound) >= float(before.value) - NOISE  # type: ignore[arg-type]
    else:
        assert float(after.bound) <= float(before.value) + NOISE  # type: ignore[arg-type]
    assert after.status == "optimal"


@pytest.mark.parametrize(
    ("kind", "seed"), first_fast([(kind, seed) for kind, seed in SOME if seed != 203])
)
def test_a_looser_limit_is_not_worse(kind: str, seed: int) -> None:
    instance, solution = tiny(kind, seed)
    looser = replace(
        instance, slos=tuple(replace(slo, limit=1.15 * slo.limit) for slo in instance.slos)
    )
    check_not_worse(solution, checked(looser, Settings(), explain=False), instance.objective)


@pytest.mark.parametrize("seed", first_fast([200, 201, 203, 204, 206]))
def test_less_rate_is_not_worse_on_rising_curves(seed: int) -> None:
    instance, solution = tiny("convex", seed)
    check_not_worse(
        solution,
        checked(
            replace(instance, arrival_rate=0.8 * instance.arrival_rate), Settings(), explain=False
        ),
        "quality",
    )


@pytest.mark.parametrize(("kind", "seed"), first_fast([(kind, 206) for kind in KINDS]))
def test_more_nodes_are_not_worse(kind: str, seed: int) -> None:
    instance = replace(tiny(kind, seed)[0], min_utilization=0.0)
    more = replace(
        instance, pools=tuple(replace(pool, nodes=pool.nodes + 1) for pool in instance.pools)
    )
    before, after = (checked(k, Settings(), explain=False) for k in (instance, more))
    check_not_worse(before, after, instance.objective)
