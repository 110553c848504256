"""Plans over classes and cases against the decomposition: they agree or are bracketed on tiny
demands of every kind, and a planted error turns the verdict.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from models.demand.requests import DemandInstance
from models.instance import Headroom
from planner.cell_solution import CellSolution
from planner.cells.solve import solve_cells
from planner.decomposition.enumeration import TooManySetupsError
from planner.settings import Settings
from planner.solution import Status
from planner.studies import cell_crosscheck
from planner.studies.cell_crosscheck import CaseCoverage, CellCrossCheck, crosscheck_cells
from tests.support.demand.random_demands import DEMANDS, random_demand
from tests.support.walls import UNHURRIED_S, first_fast, usually, wall_size

SETTINGS = Settings(rel_gap=1e-4, time_limit=UNHURRIED_S)

AGREEING = {
    "one_class": 0,
    "cases": 0,
    "alone": 0,
    "two_pools": 1,
    "percentile": 0,
    "each_llm": 1,
}
"""One class in a case and curves that rise: nothing but agreement is right. Kind -> first seed."""
BRACKETED = [
    *("nonconvex", "outside", "classes_percentile", "classes_lost", "classes_each_llm"),
    *("budget", "cost", "classes_cost", "everything"),
    *("lost", "classes", "classes_cases", "classes_outside", "classes_budget"),
]
SEEDS = wall_size(1, 25)


@cache
def planned(seed: int, kind: str) -> CellSolution:
    return solve_cells(random_demand(seed, kind), SETTINGS, explain=False)


@cache
def verdict(seed: int, kind: str) -> CellCrossCheck:
    return crosscheck_cells(random_demand(seed, kind), planned(seed, kind))


def test_every_kind_is_checked() -> None:
    assert {*AGREEING, *BRACKETED} == set(DEMANDS)


@pytest.mark.parametrize(("kind", "first"), first_fast(AGREEING.items(), (1, 4)))
def test_one_class_in_a_case_agrees(kind: str, first: int) -> None:
    for seed in range(first, first + SEEDS):
        check = verdict(seed, kind)
        assert check.verdict == "agree", f"{kind} {seed}: {check}"


@pytest.mark.parametrize("kind", first_fast(usually(BRACKETED, range(9)), (1, 4)))
def test_the_rest_is_bracketed(kind: str) -> None:
    for seed in range(SEEDS):
        check = verdict(seed, kind)
        assert check.verdict in ("agree", "brackets"), f"{kind} {seed}: {check}"


def faster(demand: DemandInstance) -> DemandInstance:
    """Every curve reaches 1.01 times its rates."""
    options = tuple(
        replace(one, curve=replace(one.curve, rates=1.01 * one.curve.rates))
        for one in demand.instance.options
    )
    return replace(demand, instance=replace(demand.instance, options=options))


def slower(demand: DemandInstance) -> DemandInstance:
    """Every latency is 1.01 times what the curve says."""
    options = []
    for one in demand.instance.options:
        latency = {column: 1.01 * values for column, values in one.curve.latency.items()}
        options.append(replace(one, curve=replace(one.curve, latency=latency)))
    return replace(demand, instance=replace(demand.instance, options=tuple(options)))


def swapped_limits(demand: DemandInstance) -> DemandInstance:
    """Each class keeps the limits of the other."""
    first, second = demand.classes
    classes = (replace(first, slos=second.slos), replace(second, slos=first.slos))
    return replace(demand, classes=classes)


def wrong_weight(demand: DemandInstance) -> DemandInstance:
    """The first case counts for an hour more."""
    first, *rest = demand.cases
    return replace(demand, cases=(replace(first, hours=first.hours + 1), *rest))


ERRORS: list[tuple[Callable[[DemandInstance], DemandInstance], str, int]] = [
    (faster, "percentile", 1),
    (slower, "percentile", 1),
    (swapped_limits, "alone", 6),
    (wrong_weight, "percentile", 1),
]
"""Seeds of demands whose plan is another with the error."""


@pytest.mark.parametrize(("error", "kind", "seed"), first_fast(ERRORS, (0, 2)))
def test_an_error_in_the_joint_search_turns_the_verdict(
    error: Callable[[DemandInstance], DemandInstance], kind: str, seed: int
) -> None:
    demand = random_demand(seed, kind)
    wrong = solve_cells(error(demand), SETTINGS, explain=False)
    check = crosscheck_cells(demand, wrong)
    assert check.negative, check


def test_what_is_not_compared_is_reported() -> None:
    several = verdict(0, "classes_each_llm")
    assert [row.coverage for row in several.cases] == [CaseCoverage.BOUNDED]
    assert [row.found for row in several.cases] == [None]
    assert {row.coverage for row in verdict(0, "cost").cases} == {CaseCoverage.MONEY}


def test_a_case_without_requests_is_reported() -> None:
    demand = random_demand(0, "percentile")
    demand = replace(demand, cases=(*demand.cases, replace(demand.cases[0], rates=(0.0,))))
    check = crosscheck_cells(demand, solve_cells(demand, SETTINGS, explain=False))
    assert check.cases[-1].coverage is CaseCoverage.EMPTY
    assert check.verdict == "agree"


def test_too_many_setups_to_list_are_bracketed(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_many(*_: object) -> None:
        raise TooManySetupsError("too many")

    monkeypatch.setattr(cell_crosscheck, "enumerate_setups", too_many)
    for kind in ("percentile", "outside"):
        check = crosscheck_cells(random_demand(0, kind), planned(0, kind))
        assert check.setups is None
        assert check.verdict == "brackets", check


def test_a_scheduled_fleet_is_searched_setup_by_setup() -> None:
    demand = replace(random_demand(0, "percentile"), start_usd=0.1)
    solution = solve_cells(demand, SETTINGS, explain=False)
    check = crosscheck_cells(demand, solution)
    assert check.verdict == "agree", check
    assert check.setups is not None
    assert len(check.setups) == 2


def test_what_both_find_impossible_agrees() -> None:
    demand = random_demand(0, "cases")
    cases = tuple(replace(case, rates=(1000.0,)) for case in demand.cases)
    demand = replace(demand, cases=cases)
    check = crosscheck_cells(demand, solve_cells(demand, SETTINGS, explain=False))
    assert check.verdict == "agree"
    assert check.cases == ()


@pytest.mark.parametrize(
    ("status", "expected"), [(Status.UNKNOWN, "open"), (Status.INFEASIBLE, "disagree")]
)
def test_a_search_without_a_plan(status: Status, expected: str) -> None:
    """Stopped too early there is nothing to compare; `infeasible` is false where there is one."""
    none = replace(planned(0, "percentile"), status=status, value=None, plan=None, bound=None)
    assert crosscheck_cells(random_demand(0, "percentile"), none).verdict == expected


def test_both_keep_the_headroom() -> None:
    plain = random_demand(1, "percentile")
    free = Headroom(slo=0.05, rate=0.1, utilization=0.05)
    demand = replace(plain, instance=replace(plain.instance, headroom=free))
    solution = solve_cells(demand, SETTINGS, explain=False)
    assert solution.plan is not None
    assert crosscheck_cells(demand, solution).verdict == "agree"
    assert crosscheck_cells(plain, solution).verdict == "disagree"
