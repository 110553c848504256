"""Brute force, the plan maker and the verifier against each other, and against what must hold."""

from dataclasses import replace

import pytest

from models.demand.requests import DemandInstance
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.cells_by_hand import cells_demand, seats_by_hand
from tests.support.demand.oracle import best_demand_plan
from tests.support.demand.oracle_faults import demand_plan_faults
from tests.support.demand.placements import placed_setups
from tests.support.demand.random_demands import DEMANDS, random_demand
from tests.support.instances.oracle import best_plan
from tests.support.walls import first_fast, usually, wall_size

SEEDS = 1
KINDS = [
    (kind, seed)
    for kind in usually(DEMANDS, range(0, len(DEMANDS), 2))
    for seed in range(wall_size(SEEDS, 12))
]
QUICK = {"alone", "each_llm", "lost", "classes", "classes_lost", "classes_outside", "cost"}
FAST = [k for k, (kind, seed) in enumerate(KINDS) if seed == 0 and kind in QUICK]


@pytest.mark.parametrize(("kind", "seed"), first_fast(KINDS, FAST))
def test_its_plans_pass_the_verifier(kind: str, seed: int) -> None:
    demand = random_demand(seed, kind)
    truth = best_demand_plan(demand, effort=1)
    assert truth.setups or truth.infeasible
    if truth.plan is None:
        return
    assert demand_plan_faults(demand, truth.plan, truth) == []
    assert truth.plan["objective"]["value"] == pytest.approx(truth.value, abs=1e-9)


def as_plain(demand: DemandInstance) -> DemandInstance:
    """The first class in the first case alone, with the top-level SLOs."""
    (entry,), case = demand.classes, demand.cases[0]
    instance = replace(demand.instance, arrival_rate=case.rates[0], scores=entry.scores)
    return replace(demand, cases=(case,), instance=instance)


@pytest.mark.parametrize("seed", first_fast(range(wall_size(3, 40)), (0, 1, 2)))
def test_one_class_and_one_case_are_the_plain_problem(seed: int) -> None:
    demand = as_plain(random_demand(seed, "one_class"))
    truth, plain = best_demand_plan(demand), best_plan(demand.instance)
    assert truth.infeasible == (not plain.feasible)
    if plain.feasible:
        assert truth.exact
        assert truth.value == pytest.approx(plain.value, abs=1.1e-5)


@pytest.mark.parametrize("seed", first_fast(range(wall_size(2, 40)), (0,)))
def test_a_class_in_two_parts_is_no_better_and_hardly_worse(seed: int) -> None:
    """Both parts have the scores of the whole and only top-level limits."""
    whole = as_plain(random_demand(seed, "one_class"))
    part = replace(whole.classes[0], name="part")
    rate = whole.cases[0].rates[0]
    halves = replace(
        whole,
        classes=(whole.classes[0], part),
        cases=(replace(whole.cases[0], rates=(0.4 * rate, 0.6 * rate)),),
    )
    one, two = best_demand_plan(whole), best_demand_plan(halves, effort=2)
    if one.value is None or one.bound is None:
        assert two.value is None
        return
    assert two.value is not None
    assert one.bound - 0.002 <= two.value <= one.bound + 1e-9


@pytest.mark.parametrize("seed", first_fast(range(wall_size(1, 20)), (0,)))
def test_lost_nodes_cost_quality(seed: int) -> None:
    demand = random_demand(seed, "lost")
    none = (0,) * len(demand.instance.pools)
    safe = replace(demand, cases=tuple(replace(c, lost_nodes=none) for c in demand.cases))
    lost, kept = best_demand_plan(demand), best_demand_plan(safe)
    if lost.value is not None:
        assert kept.bound is not None
        assert lost.value <= kept.bound + 1e-9


@pytest.mark.parametrize("seed", first_fast(range(wall_size(1, 20)), (0,)))
def test_an_llm_outside_only_helps(seed: int) -> None:
    demand = random_demand(seed, "outside")
    shut = tuple(replace(c, permitted=(*c.permitted[:-1], False)) for c in demand.classes)
    with_it, without_it = best_demand_plan(demand), best_demand_plan(replace(demand, classes=shut))
    if without_it.value is not None:
        assert with_it.bound is not None
        assert without_it.value <= with_it.bound + 1e-9


def test_setups_are_all_that_fit() -> None:
    """Three nodes of one GPU, a or b on each, b at most once."""
    setups = placed_setups(cells_demand(), by_node=False)
    assert sorted(setup.replicas for setup in setups) == [
        *((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0)),
    ]
    assert {s.replicas: s.cost for s in setups}[2, 1] == 6.0
    assert len(seats_by_hand()) == 3


def test_what_disagrees_is_named() -> None:
    demand = random_demand(0, "one_class")
    truth = best_demand_plan(demand)
    assert truth.plan is not None
    assert truth.value is not None
    poor = {**truth.plan, "objective": {**truth.plan["objective"]}}
    poor["objective"].update(bound=truth.value - 0.01)
    assert any("a plan reaches" in fault for fault in demand_plan_faults(demand, poor, truth))
    for status in ("infeasible", "unknown"):
        nothing = {"status": status, "objective": {}}
        assert demand_plan_faults(demand, nothing, truth) == [
            f"status {status}, but a plan reaches {truth.value:.9g}"
        ]
    assert run_cells_verifier(truth.plan, demand) == ()
