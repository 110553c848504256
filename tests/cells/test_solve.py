"""From a demand to a solution: status and termination, interrupts, and plans that the verifier
takes.
"""

import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from models.demand.requests import DemandInstance
from models.instance import Headroom, ObjectiveKind
from planner.cell_solution import CellSolution
from planner.cells.search import CellSearch
from planner.cells.solve import _bound_of_search, class_qualities, solve_cells
from planner.plans.cells import cells_content
from planner.settings import Progress, Settings
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.demand.oracle import best_demand_plan
from tests.support.demand.random_demands import DEMANDS, random_demand
from tests.support.instances.tightened import tightened_demand_by_hand
from tests.support.walls import UNHURRIED_S, first_fast, usually, wall_size

PLANNED = ("optimal", "feasible")
QUICKLY = Settings(time_limit=UNHURRIED_S, rel_gap=0.05)
"""Of the demand by hand: with one replica an LLM lanes stay a little below the relaxation."""


@pytest.fixture(scope="module")
def by_hand() -> CellSolution:
    return solve_cells(cells_demand(), QUICKLY)


def problems(
    demand: DemandInstance, solution: CellSolution, rel_gap: float = 1e-4
) -> tuple[str, ...]:
    """What the verifier says of the plan's content."""
    content = {
        "schema": 2,
        "status": solution.status,
        "objective": cells_content._objective_content(demand, solution),
        **cells_content._result_content(demand, solution.plan),
    }
    return run_cells_verifier(content, demand, rel_gap_target=rel_gap)


QUICK = ("everything", "classes_budget", "classes_lost", "classes_cost", "classes_percentile")
KINDS = (*QUICK, *usually(DEMANDS, range(0, len(DEMANDS), 3)))
CASES = [(seed, kind) for seed in range(1, 1 + wall_size(1, 30)) for kind in KINDS]


@pytest.mark.parametrize(("seed", "kind"), first_fast(CASES, range(len(QUICK))))
def test_the_verifier_takes_every_plan(kind: str, seed: int) -> None:
    demand = random_demand(seed, kind)
    solution = solve_cells(demand, Settings(time_limit=0.7))
    assert problems(demand, solution) == ()
    if solution.value is not None and solution.bound is not None:
        sign = -1.0 if demand.instance.objective == "cost" else 1.0
        assert sign * (solution.value - solution.bound) <= 1e-9 * max(1.0, abs(solution.value))
    assert (solution.plan is not None) == (solution.status in PLANNED)
    assert (solution.status == "infeasible") == bool(solution.reasons)


FREE = Headroom(slo=0.05, rate=0.1, utilization=0.05)
RAISED = ("classes_percentile", "cases", *usually(DEMANDS, ()))


@pytest.mark.parametrize("kind", first_fast(RAISED, range(1)))
def test_with_headroom_a_demand_is_planned_as_the_raised_one(kind: str) -> None:
    plain = random_demand(0, kind)
    demand = replace(plain, instance=replace(plain.instance, headroom=FREE))
    raised = tightened_demand_by_hand(demand)
    found, other = (
        solve_cells(one, Settings(time_limit=1, rel_gap=1e-3), explain=False)
        for one in (demand, raised)
    )
    if "infeasible" in (found.status, other.status):
        assert found.plan is other.plan is None
    assert problems(demand, found, 1e-3) == ()
    if found.plan is None or found.value is None or other.value is None:
        return
    gaps = [abs(one.bound - one.value) for one in (found, other)]
    assert abs(found.value - other.value) <= max(gaps) + 1e-6 * abs(other.value)
    assert problems(plain, found, 1e-3) != ()
    brute = best_demand_plan(raised, effort=1)
    if brute.exact:
        assert found.value == pytest.approx(brute.value, rel=2e-3)
    if found.prices is not None and other.prices is not None:
        # One more of what is stated is 1.1 more requests, or 0.95 of a limit.
        assert found.prices.rates == pytest.approx(1.1 * other.prices.rates, rel=1e-3, nan_ok=True)
        stated = {at: 0.95 * price for at, price in other.prices.slos.items()}
        assert found.prices.slos == pytest.approx(stated, rel=1e-3, abs=1e-9)


def test_an_optimal_plan_closes_the_gap_and_reports_progress() -> None:
    seen: list[Progress] = []
    solution = solve_cells(cells_demand(), QUICKLY, progress=seen.append)
    assert solution.status == "optimal"
    assert solution.effort.termination == "gap"
    assert solution.value is not None
    assert abs(solution.bound - solution.value) <= 0.05 * solution.value
    assert [p.elapsed for p in seen] == sorted(p.elapsed for p in seen)
    assert {p.phase for p in seen} >= {"relax", "route"}
    assert solution.effort.milp_solves > 0
    assert solution.effort.quality_cuts > 0


def test_a_time_limit_ends_it() -> None:
    """With the least of time there may be no plan; what there is holds, and nothing hangs."""
    began = time.perf_counter()
    solution = solve_cells(random_demand(1, "everything"), Settings(time_limit=0.01))
    assert time.perf_counter() - began < 20
    assert solution.status in (*PLANNED, "unknown", "infeasible")
    if solution.status == "unknown":
        assert solution.effort.termination == "time"
        assert solution.plan is None


def test_a_request_to_stop_ends_it() -> None:
    stop = threading.Event()
    stop.set()
    solution = solve_cells(cells_demand(), Settings(time_limit=60), cancel=stop)
    assert solution.status in (*PLANNED, "unknown")
    assert solution.effort.termination in ("interrupt", "gap")


def test_a_single_case() -> None:
    demand = cells_demand()
    solution = solve_cells(replace(demand, cases=demand.cases[:1]), QUICKLY)
    assert solution.status == "optimal"
    assert [one.case for one in solution.plan.routed] == [0]


def test_a_case_without_requests_has_idle_lanes_and_no_weight() -> None:
    demand = cells_demand()
    idle = replace(demand.cases[1], rates=(0.0, 0.0))
    demand = replace(demand, cases=(demand.cases[0], idle))
    solution = solve_cells(demand, QUICKLY)
    assert solution.status == "optimal"
    assert problems(demand, solution, QUICKLY.rel_gap) == ()
    by_case = {one.case: one for one in solution.plan.routed}
    night = by_case[1]
    assert all(not lane.rates.any() for lane in night.lanes)
    assert night.value == night.quality == 0.0
    assert solution.plan.quality == pytest.approx(by_case[0].quality)


def test_hours_of_zero_must_hold_and_are_not_counted(by_hand: CellSolution) -> None:
    demand, solution = cells_demand(), by_hand
    weights = demand.cell_weights()
    assert weights[:, 2].sum() == 0.0
    lost = [one for one in solution.plan.routed if one.case == 2]
    assert lost
    assert all(one.value == 0.0 and one.quality >= 0.45 - 1e-6 for one in lost)
    counted = sum(one.value for one in solution.plan.routed if one.case < 2)
    assert solution.plan.quality == pytest.approx(counted)


def test_two_classes_with_one_score_table() -> None:
    demand = cells_demand()
    same = (demand.classes[0], replace(demand.classes[1], scores=demand.classes[0].scores))
    demand = replace(demand, classes=same)
    solution = solve_cells(demand, QUICKLY)
    assert solution.status in PLANNED
    assert problems(demand, solution, QUICKLY.rel_gap) == ()


def test_every_largest_loss_is_routed_and_covers_the_rest(by_hand: CellSolution) -> None:
    solution = by_hand
    routed = {one.loss: one for one in solution.plan.routed if one.loss is not None}
    for k, loss in enumerate(solution.plan.losses):
        by = k if loss.same_as is None else loss.same_as
        held = np.zeros(2)
        for lane in routed[by].lanes:
            held[lane.option] += lane.replicas
        assert np.all(held <= loss.kind.survivors)


@pytest.mark.parametrize(("objective", "side"), [("quality", -1.0), ("cost", 1.0)])
@pytest.mark.parametrize("beyond", [1e-8, 1e-3])
def test_a_bound_beyond_the_plan_by_rounding_alone_is_the_plans_value(
    objective: ObjectiveKind, side: float, beyond: float, by_hand: CellSolution
) -> None:
    demand = cells_demand()
    stated = replace(demand.instance, objective=objective)
    assert by_hand.plan is not None
    value = by_hand.plan.value
    bound = value + side * beyond
    search = cast("CellSearch", SimpleNamespace(best=by_hand.plan, bound=bound))
    found = _bound_of_search(search, stated, class_qualities(demand))
    # A bound that is truly on the wrong side is left for the verifier to refuse.
    assert found == (value if beyond < 1e-6 else bound)
