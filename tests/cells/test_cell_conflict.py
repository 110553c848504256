"""Which cases cannot be served, each alone, and what is said of them."""

from dataclasses import replace

import pytest

from models.demand.requests import DemandInstance
from planner.cells.cell_conflict import CUT_SHORT
from planner.cells.solve import solve_cells
from planner.settings import Settings
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.walls import UNHURRIED_S


def too_much(demand: DemandInstance, case: int) -> DemandInstance:
    """A hundred times the requests in one case."""
    cases = list(demand.cases)
    rates = tuple(100.0 * rate for rate in cases[case].rates)
    cases[case] = replace(cases[case], rates=rates)
    return replace(demand, cases=tuple(cases))


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        (1, "The case night cannot be served even alone: not all of its chat requests"),
        (2, "The case lost cannot be served even alone, with the nodes it loses: not all of its"),
    ],
)
def test_an_impossible_case_is_named(case: int, sentence: str) -> None:
    solution = solve_cells(too_much(cells_demand(), case), Settings(time_limit=UNHURRIED_S))
    assert solution.status == "infeasible"
    assert solution.effort.termination == "infeasible"
    (reason,) = solution.reasons
    assert reason.startswith(sentence)
    assert solution.value is solution.bound is solution.plan is None


def test_each_alone_but_not_with_one_setup() -> None:
    """One GPU, and two cases each of whose classes may use one LLM alone."""
    demand = cells_demand()
    pool = replace(demand.instance.pools[0], nodes=1)
    instance = replace(demand.instance, pools=(pool,))
    only = [(True, False, False), (False, True, False)]
    classes = tuple(
        replace(c, permitted=p, quality_floor=None)
        for c, p in zip(demand.classes, only, strict=True)
    )
    day, night = demand.cases[:2]
    cases = (replace(day, rates=(1.0, 0.0)), replace(night, rates=(0.0, 1.0)))
    demand = replace(demand, instance=instance, classes=classes, cases=cases)
    solution = solve_cells(demand, Settings(time_limit=UNHURRIED_S))
    assert solution.status == "infeasible"
    assert solution.reasons == (
        "Each case can be served alone, but not all of them with one setup.",
    )
    nodes = solution.repairs[0]
    assert (nodes.number.pool, nodes.before, nodes.after, nodes.proved) == (0, 1.0, 2.0, True)


def test_repairs_that_are_cut_short_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.cells.cell_conflict.LEAST_SECONDS", 0.05)
    solution = solve_cells(too_much(cells_demand(), 1), Settings(time_limit=0.05))
    assert solution.status == "infeasible"
    assert CUT_SHORT in solution.effort.notes
    assert not any(repair.proved for repair in solution.repairs)


def test_nothing_is_explained_where_nobody_asks() -> None:
    solution = solve_cells(
        too_much(cells_demand(), 1), Settings(time_limit=UNHURRIED_S), explain=False
    )
    assert solution.status == "infeasible"
    assert solution.reasons == solution.repairs == ()
