"""Simpler ways to plan a day: what each plans for, and that its setup is held against the whole."""

from dataclasses import replace

import numpy as np
import pytest

from models.demand.requests import DemandCase, DemandInstance
from models.instance import ObjectiveKind, Slo
from planner.cell_solution import CellBaselineKind
from planner.cells.cell_baselines import _simpler_demands, compare_cell_baselines, evaluate_setups
from planner.cells.lost_node_table import demand_of_instance
from planner.cells.solve import solve_cells
from planner.settings import Settings
from tests.cells.test_lost_node_table import two_nodes
from tests.support.walls import UNHURRIED_S

SETTINGS = Settings(rel_gap=1e-4, time_limit=UNHURRIED_S)


def day(*cases: DemandCase, least: int = 0) -> DemandInstance:
    whole = demand_of_instance(two_nodes(8.0))
    llms = tuple(replace(llm, min_replicas=least) for llm in whole.instance.llms)
    return replace(whole, instance=replace(whole.instance, llms=llms), cases=cases)


def case(name: str, hours: float, rate: float, lost: int = 0) -> DemandCase:
    return DemandCase(name=name, hours=hours, rates=(rate,), lost_nodes=(lost,))


def test_peak_and_mean_are_one_case_each():
    demand = day(case("day", 8, 12.0), case("night", 16, 3.0))
    simpler = dict(_simpler_demands(demand))
    assert simpler[CellBaselineKind.PEAK].cases[0].rates == (12.0,)
    assert simpler[CellBaselineKind.MEAN].cases[0].rates == pytest.approx((6.0,))
    assert CellBaselineKind.BLIND not in simpler
    assert CellBaselineKind.STRICTEST not in simpler


def test_the_mean_alone_breaks_in_the_peak():
    # Cost is not minimised, but no second replica gains anything: one is enough for 6 req/s.
    demand = day(case("day", 8, 12.0), case("night", 16, 3.0))
    one = np.array([1])
    solution = solve_cells(day(case("mean", 1, 6.0)), SETTINGS)
    assert solution.plan is not None
    (setup,) = solution.plan.setups
    smaller = replace(setup, replicas=np.minimum(setup.replicas, one))
    plan, broken = evaluate_setups(demand, [smaller], SETTINGS)
    assert plan is None
    assert broken == (0,)


def test_what_is_blind_to_losses_breaks_at_the_first():
    demand = day(case("day", 8, 12.0), case("lost", 0, 12.0, lost=1))
    joint, _ = compare_cell_baselines(demand, SETTINGS)
    assert joint.status == "infeasible"  # 12 req/s on the one node that is left
    demand = day(case("day", 8, 12.0), case("lost", 0, 9.0, lost=1))
    joint, baselines = compare_cell_baselines(demand, SETTINGS)
    assert joint.plan is not None
    assert joint.plan.setups[0].replicas.tolist() == [2]
    assert [one.kind for one in baselines] == [CellBaselineKind.BLIND]
    assert baselines[0].plan is not None


def test_the_strictest_limit_is_that_of_any_class():
    whole = demand_of_instance(two_nodes(8.0))
    (entry,) = whole.classes
    loose, strict = Slo("ttft", "mean", 0.19), Slo("ttft", "mean", 0.12)
    demand = replace(
        whole,
        classes=(
            replace(entry, name="a", slos=(loose,)),
            replace(entry, name="b", slos=(strict,)),
        ),
        cases=(DemandCase(name="all", hours=1, rates=(4.0, 2.0), lost_nodes=(0,)),),
    )
    simpler = dict(_simpler_demands(demand))
    assert all(entry.slos == (strict,) for entry in simpler[CellBaselineKind.STRICTEST].classes)


def test_a_schedule_stands_beside_one_setup_for_all():
    """At night one replica serves; one setup pays for two GPUs all day."""
    demand = day(case("day", 8, 12.0), case("night", 16, 3.0))
    instance = replace(demand.instance, objective=ObjectiveKind.COST, quality_floor=0.0)
    scheduled = replace(demand, instance=instance, start_usd=0.5)
    joint, baselines = compare_cell_baselines(scheduled, SETTINGS)
    price = scheduled.instance.pools[0].price
    assert joint.value == pytest.approx(price * (2 * 8 + 1 * 16) / 24 + 0.5 / 24)
    by_kind = {one.kind: one for one in baselines}
    fixed = by_kind[CellBaselineKind.FIXED]
    assert fixed.broken == ()
    assert fixed.plan.value == pytest.approx(2 * price)
    # What is planned for the peak is one setup too; the mean alone breaks by day.
    assert by_kind[CellBaselineKind.PEAK].plan.value == pytest.approx(2 * price)
    assert by_kind[CellBaselineKind.MEAN].broken == (0,)


def test_without_losses_cases_test_the_same_setups():
    whole = day(case("day", 8, 12.0), case("lost", 0, 9.0, lost=1), case("peak", 0, 13.0))
    first, lost, peak = whole.cases
    cases = (replace(lost, of=1), first, replace(peak, of=1))
    kept = dict(_simpler_demands(replace(whole, cases=cases, start_usd=0.0)))[
        CellBaselineKind.BLIND
    ]
    assert [(one.name, one.of) for one in kept.cases] == [("day", None), ("peak", 0)]
