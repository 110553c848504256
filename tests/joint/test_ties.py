"""Which of equally good plans is the plan: the stages, by hand and by brute force."""

from dataclasses import replace

import numpy as np
import pytest

from models.formulation import Goal, GoalKind
from models.instance import Instance, Llm, Pool, Slo
from planner.joint import ties
from planner.joint.search import Search
from planner.joint.solve import solve_joint
from planner.joint.ties import SAME_ROOM, SAME_VALUE, most_room_by_duals
from planner.settings import Settings
from planner.solution import Solution, Status
from tests.support.instances.by_hand import checked, flat, gpus_used, make, option
from tests.support.instances.oracle import best_plan_among, feasible_setups, fewest_gpus
from tests.support.instances.search_states import feasible_instances, fresh_state
from tests.support.instances.tiny import random_instance
from tests.support.walls import first_fast

LIMIT = (Slo("ttft", "mean", 0.5),)


def test_utilisation_floor_and_the_leanest_plan() -> None:
    """`good` alone on half a GPU suffices: one GPU used.

    A floor of 75 % of four GPUs needs shares of 3: all in halves.
    """
    options = [option(0, flat(0.1, 10), 0.5), option(1, flat(0.1, 10), 0.5)]
    lean = make(options, 10, gpus=4)
    solution = checked(lean)
    assert solution.value == pytest.approx(1.0)
    assert gpus_used(lean, solution) == 1
    busy = replace(lean, min_utilization=0.75)
    solution = checked(busy)
    assert solution.value == pytest.approx(1.0)
    assert int(solution.replicas.sum()) >= 6
    assert gpus_used(busy, solution) == 3


def test_the_leanest_plan_takes_the_cheaper_gpus() -> None:
    """Equal quality and GPUs on either pool: the pool at 1 USD/h it is."""
    pools = (
        Pool(name="dear", gpu="gpu-a", nodes=1, gpus_per_node=1, memory=80.0, price=3.0),
        Pool(name="cheap", gpu="gpu-b", nodes=1, gpus_per_node=1, memory=80.0, price=1.0),
    )
    instance = make([option(0, flat(0.1, 10)), option(0, flat(0.1, 10), pool=1)], 10, pools=pools)
    solution = checked(instance)
    assert solution.replicas.tolist() == [0, 1]


def test_a_leaner_plan_never_opens_the_gap() -> None:
    """The part of the objective given up stays within what the search closed."""
    saved = 0
    for kind, seed in (("convex", 19), ("binary", 2), ("two_pools", 0), ("two_pools", 17)):
        instance, settings = random_instance(seed, kind), Settings(rel_gap=1e-4)
        lean = solve_joint(instance, settings, explain=False)
        best = solve_joint(instance, settings, explain=False, lean=False)
        assert lean.status == best.status == Status.OPTIMAL
        assert gpus_used(instance, lean) <= gpus_used(instance, best)
        saved += gpus_used(instance, best) - gpus_used(instance, lean)
        assert abs(float(lean.bound) - float(lean.value)) <= 1e-4 * float(lean.value) + 1e-9  # type: ignore[arg-type]
        assert float(lean.value) >= float(best.value) * (1 - SAME_VALUE) - 1e-9  # type: ignore[arg-type]
    assert saved > 0


@pytest.mark.slow
def test_the_number_of_gpus_by_brute_force() -> None:
    for instance in feasible_instances("two_pools", 6):
        solution = solve_joint(instance, Settings(rel_gap=1e-6), explain=False)
        known = fewest_gpus(instance, float(solution.quality))  # type: ignore[arg-type]
        assert known is None or gpus_used(instance, solution) <= known


def test_a_better_plan_on_more_gpus_is_not_given_up() -> None:
    """`good` takes 5 req/s a GPU, `poor` 10 at 0.995 of the score: 10 req/s on two GPUs stay."""
    options = [option(0, flat(0.1, 5)), option(1, flat(0.1, 10))]
    instance = make(options, 10, gpus=2, values=((1.0, 0.0), (0.995, 0.0)))
    solution = checked(instance)
    assert solution.value == pytest.approx(0.5)
    assert gpus_used(instance, solution) == 2


def in_two_pools(*prices: float) -> tuple[Pool, ...]:
    return tuple(
        Pool(name=f"p{k}", gpu=f"g{k}", nodes=1, gpus_per_node=2, memory=80.0, price=price)
        for k, price in enumerate(prices)
    )


def room(instance: Instance, solution: Solution) -> float:
    """1 - spent part of one mean limit, of options with flat curves."""
    latency = np.array([o.curve.latency["ttft", "mean"][0] for o in instance.options])
    spent = float(solution.routed_rates @ latency)
    return 1 - spent / (instance.arrival_rate * instance.slos[0].limit)


def at_floor(instance: Instance, floor: float) -> Instance:
    return replace(instance, objective="cost", quality_floor=floor)


@pytest.mark.parametrize("cost", [False, True])
def test_of_equal_gpus_and_cost_the_most_room(*, cost: bool) -> None:
    """Half a GPU at 0.3 s or all of it at 0.1 s, of 0.5 s: both answer all on one GPU."""
    options = [option(0, flat(0.3, 10), 0.5), option(0, flat(0.1, 10), 1.0)]
    instance = make(options, 10, slos=LIMIT)
    solution = checked(at_floor(instance, 0.5) if cost else instance)
    assert solution.replicas.tolist() == [0, 1]
    assert room(instance, solution) == pytest.approx(0.8)
    assert solution.effort.notes == ()


def test_a_setup_is_routed_for_room() -> None:
    """Two LLMs of equal score beside each other on the only GPU, both of which have to be there:
    the faster one gets what it can carry.
    """
    llms = (Llm("slow", min_replicas=1), Llm("fast", min_replicas=1))
    options = [option(0, flat(0.4, 10), 0.5), option(1, flat(0.1, 6), 0.5)]
    instance = make(options, 10, gpus=1, llms=llms, values=((1.0,), (1.0,)), slos=LIMIT)
    solution = checked(instance)
    assert solution.routed_rates == pytest.approx([4, 6])
    assert room(instance, solution) == pytest.approx(1 - (4 * 0.4 + 6 * 0.1) / 5)


def test_with_many_llms_a_setup_is_routed_for_room_at_its_own_fractions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A slow and a fast replica of `good`, both of which have to be there, and `poor`, which is as
    good: `good` keeps its fraction, most of it on the fast one.
    """
    monkeypatch.setattr(ties, "MANY_LLMS", 0)
    llms = (Llm("good", min_replicas=2, max_replicas=2), Llm("poor", min_replicas=1))
    options = [option(0, flat(0.4, 10), 0.3), option(0, flat(0.1, 2), 0.2)]
    options.append(option(1, flat(0.2, 10), 0.5))
    instance = make(options, 10, gpus=1, llms=llms, values=((1.0, 0.6), (0.6, 1.0)), slos=LIMIT)
    solution = checked(instance)
    assert solution.value == pytest.approx(1.0)
    assert solution.routed_rates == pytest.approx([2, 3, 5], rel=1e-4)
    left = 1 - (2 * 0.1 + 3 * 0.4 + 5 * 0.2) / 5
    assert room(instance, solution) == pytest.approx(left, abs=1e-4)


def test_a_program_for_fewer_gpus_that_may_visit_few_nodes_is_not_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """10 req/s need one GPU; with less than two nodes a program none is solved for that."""
    options = [option(0, flat(0.3, 10), 0.5), option(0, flat(0.1, 10), 1.0)]
    instance = make(options, 10, gpus=4, slos=LIMIT)
    usual = checked(instance)
    monkeypatch.setattr(ties, "LEAST_STAGE_NODES", 10**9)
    none = checked(instance)
    assert none.effort.milp_solves < usual.effort.milp_solves
    assert none.value == pytest.approx(usual.value)


def test_a_cost_goal_takes_the_best_quality_of_its_cost_first() -> None:
    """`good` on both GPUs of the dear pool or `poor` on one: at the floor 0 the latter; on equal
    GPUs the former, whatever its room.
    """
    options = [option(0, flat(0.4, 10)), option(1, flat(0.1, 10))]
    solution = checked(at_floor(make(options, 10, slos=LIMIT), 0.0))
    assert solution.replicas.tolist() == [1, 0]
    assert solution.value == pytest.approx(2.0)
    dear = [option(0, flat(0.4, 10), tp=2), option(1, flat(0.1, 10))]
    assert checked(at_floor(make(dear, 10, slos=LIMIT), 0.0)).replicas.tolist() == [0, 1]


def test_then_the_fewest_gpus() -> None:
    """One GPU at 2 USD/h or two at 1: the same cost and quality."""
    options = [option(0, flat(0.4, 10)), option(0, flat(0.1, 10), tp=2, pool=1)]
    instance = make(options, 10, pools=in_two_pools(2.0, 1.0), slos=LIMIT)
    solution = checked(at_floor(instance, 0.5))
    assert (solution.value, gpus_used(instance, solution)) == (pytest.approx(2.0), 1)
    better = replace(instance, scores=replace(instance.scores, values=np.array([[0.9], [1.0]])))
    two = replace(better.options[1], llm=1)
    better = replace(better, options=(better.options[0], two))
    solution = checked(at_floor(better, 0.5))
    assert (solution.quality, gpus_used(better, solution)) == (pytest.approx(1.0), 2)


@pytest.mark.parametrize("seed", first_fast(range(6)))
def test_random_ties_by_brute_force(seed: int) -> None:
    """One LLM answers all, on options of flat curves: of the setups with the capacity those on the
    fewest GPUs, of these the cheapest, of these the roomiest, its fastest replicas filled first.
    """
    rng = np.random.default_rng(seed)
    options = [
        option(
            0,
            flat(float(rng.choice([0.1, 0.2, 0.3, 0.4])), float(rng.choice([4, 5, 6, 10]))),
            float(share),
            pool=pool,
        )
        for pool in (0, 1)
        for share in rng.choice([0.3, 0.5, 0.7, 1.0], 2, replace=False)
    ]
    prices = (2.0, float(rng.choice([1.0, 2.0])))
    instance = make(
        options, float(rng.choice([9, 12, 15])), pools=in_two_pools(*prices), slos=LIMIT
    )
    latency = np.array([o.curve.latency["ttft", "mean"][0] for o in instance.options])
    top = np.array([o.curve.max_rate for o in instance.options])

    def roomiest(replicas: tuple[int, ...]) -> float:
        left, spent = instance.arrival_rate, 0.0
        for o in np.argsort(latency):
            taken = min(left, replicas[o] * top[o])
            left, spent = left - taken, spent + taken * latency[o]
        return 1 - spent / (instance.arrival_rate * 0.5)

    truth = max(
        (-one.gpus, -float(one.cost or 0.0), roomiest(one.replicas))
        for one in feasible_setups(instance)
    )
    solution = checked(instance, Settings(), explain=False)
    assert gpus_used(instance, solution) == -truth[0]
    by_cost = checked(at_floor(instance, 0.5), Settings(), explain=False)
    if prices[0] == prices[1]:
        assert by_cost.value == pytest.approx(-truth[1])
        assert room(instance, by_cost) >= truth[2] - SAME_ROOM
    assert room(instance, solution) >= truth[2] - SAME_ROOM
    assert solution.effort.notes == by_cost.effort.notes == ()


@pytest.mark.parametrize("which", first_fast(range(5)))
def test_the_best_quality_of_a_cost_by_brute_force(which: int) -> None:
    instance = feasible_instances("cost", 5)[which]
    solution = checked(instance, Settings(), explain=False)
    setups = [one for one in feasible_setups(instance) if one.cost == pytest.approx(solution.value)]
    best = best_plan_among(replace(instance, objective="quality"), setups)
    assert float(solution.quality) >= best.value * (1 - 2e-4)  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "seed"), [("convex", 22), ("two_pools", 8), ("binary", 6)])
def test_the_bound_on_room_by_duals_holds(kind: str, seed: int) -> None:
    """With limits of which only a part is spent a plan loses quality: as much as it loses, its room
    must be within the bound.
    """
    instance = random_instance(seed, kind)
    assert instance.slos
    state = fresh_state(instance)
    search = Search(state, Goal(of=GoalKind.QUALITY), lambda _: 1e-6)
    search.run()
    for part in (0.9, 0.6):
        slos = tuple(replace(slo, limit=part * slo.limit) for slo in instance.slos)
        tight = solve_joint(replace(instance, slos=slos), Settings(), explain=False, lean=False)
        if tight.quality is not None:
            loss = -state.quality.from_score(tight.quality)
            most = most_room_by_duals(search.relaxation, loss)
            assert 1 - part - 1e-6 <= most < 0.7


def test_a_stage_that_ends_at_its_work_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ties, "STAGE_WORK", 0)
    options = [option(0, flat(0.3, 10), 0.5), option(0, flat(0.1, 10), 1.0)]
    notes = checked(make(options, 10, gpus=4, slos=LIMIT)).effort.notes
    assert any("costs less" in note or "fewer is proved only down to" in note for note in notes)
    monkeypatch.setattr(ties, "MANY_LLMS", 0)
    notes = checked(at_floor(make(options, 10, slos=LIMIT), 0.5)).effort.notes
    assert any("no plan of this cost is better" in note for note in notes)
