"""Repairs of demands that cannot be served, against brute force: with each there is a plan, and a
step less than what is called the smallest change has none.
"""

import time
from dataclasses import replace

import pytest

from models.demand.demand_model import DemandModel
from models.demand.requests import DemandInstance
from models.instance import Headroom
from planner.cell_solution import CellNumberKind, CellRepair
from planner.cells.cell_numbers import MovableNumber, movable_numbers
from planner.cells.cell_repairs import relaxation_serves
from planner.cells.solve import class_qualities, solve_cells
from planner.joint.setups.search_state import SearchClock
from planner.plans.cells.cells_content import _objective_content, _result_content
from planner.settings import Settings
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.oracle import best_demand_plan
from tests.support.demand.random_demands import random_demand
from tests.support.instances.tightened import tightened_demand_by_hand
from tests.support.walls import UNHURRIED_S, first_fast, usually, wall_size

PLANNED = Settings(rel_gap=1e9, time_limit=UNHURRIED_S)
CASES = [("cases", 3), ("lost", 5), ("cost", 2)]
KINDS = ("one_class", "cases", "cost", "lost", "budget", "classes_percentile", "everything")
MORE = [(kind, seed) for kind in KINDS for seed in range(wall_size(0, 30))]


def has_plan(demand: DemandInstance) -> bool:
    """A plan that the verifier takes."""
    found = solve_cells(demand, PLANNED, explain=False)
    content = {
        "status": str(found.status),
        "objective": _objective_content(demand, found),
        **_result_content(demand, found.plan),
    }
    return found.plan is not None and run_cells_verifier(content, demand, rel_gap_target=1e9) == ()


def a_step_less(one: MovableNumber, repair: CellRepair) -> float | None:
    """A smaller change than a repair, by a little more than what counts as the smallest."""
    back = -1.0 if one.upwards else 1.0
    step = 1.0 if one.whole else 3e-3 * max(abs(repair.after), one.precision)
    value = repair.after + back * step
    beyond = value > one.before if one.upwards else value < one.before
    return value if beyond else None


@pytest.mark.parametrize(("kind", "seed"), first_fast([*CASES, *MORE], range(1)))
def test_repairs_work_and_a_step_less_does_not(kind: str, seed: int) -> None:
    demand = random_demand(seed, kind)
    found = solve_cells(demand, Settings(time_limit=UNHURRIED_S))
    if (kind, seed) in MORE and found.status != "infeasible":
        return
    numbers = {one.number: one for one in movable_numbers(demand)}
    for repair in found.repairs:
        one = numbers[repair.number]
        assert repair.before == one.before
        assert has_plan(one.apply(repair.after)), repair
        less = a_step_less(one, repair)
        if repair.proved and less is not None:
            assert best_demand_plan(one.apply(less), effort=1).plan is None, repair
    assert found.repairs or (kind, seed) in MORE


def test_a_number_of_one_case_does_not_help_another() -> None:
    """Both cases are too much: no rate of one is a repair."""
    demand = random_demand(3, "cases")
    cases = tuple(
        replace(case, rates=tuple(1e3 * rate for rate in case.rates)) for case in demand.cases
    )
    found = solve_cells(replace(demand, cases=cases), Settings(time_limit=UNHURRIED_S))
    assert found.status == "infeasible"
    assert len(found.reasons) == len(cases)
    assert all(repair.number.case is None for repair in found.repairs)


def test_a_mean_floor_says_nothing_of_one_case() -> None:
    """A case of no hours can be served whatever the mean of the others must be."""
    demand = random_demand(2, "cost")
    hours = [case.hours for case in demand.cases]
    assert 0 in hours
    model = DemandModel(demand=demand, qualities=class_qualities(demand))
    clock = SearchClock(time.perf_counter() + 60)
    assert relaxation_serves(model, [hours.index(0)], clock) is True
    assert relaxation_serves(model, range(len(hours)), clock) is False


HEADROOM = {
    CellNumberKind.SLO_HEADROOM: Headroom(slo=0.97),
    CellNumberKind.RATE_HEADROOM: Headroom(rate=9.0),
    CellNumberKind.CURVE_HEADROOM: Headroom(utilization=0.97),
}


@pytest.mark.parametrize("kind", first_fast(usually(HEADROOM, (0,)), ()))
def test_too_much_headroom_is_lowered_as_little_as_may_be(
    kind: CellNumberKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = random_demand(0, "cases")
    assert has_plan(plain)
    demand = replace(plain, instance=replace(plain.instance, headroom=HEADROOM[kind]))
    (one,) = (number for number in movable_numbers(demand) if number.number.kind is kind)
    monkeypatch.setattr("planner.cells.cell_repairs.movable_numbers", lambda demand: [one])
    (repair,) = solve_cells(demand, Settings(time_limit=UNHURRIED_S)).repairs
    assert 0 < repair.after < repair.before
    assert has_plan(one.apply(repair.after))
    less = a_step_less(one, repair)
    assert repair.proved or kind is CellNumberKind.RATE_HEADROOM
    if repair.proved and less is not None:
        assert best_demand_plan(tightened_demand_by_hand(one.apply(less)), effort=1).plan is None
