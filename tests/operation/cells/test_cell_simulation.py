"""A plan over cells replayed case by case: verdicts, restriction, a limit that is missed."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from planner.operation.cells.cell_simulation import (
    CellSimulation,
    SimulationScope,
    run_cell_simulation,
)
from planner.operation.simulation_outcomes import Demand
from planner.plans.cells.any_plan import load_any_plan
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from tests.support.plans.cells_plans import write_day_plan

CLASSES, CASES = ("chat", "batch"), ("day", "night", "node-lost")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> CellsPlanAndScenario:
    found = load_any_plan(write_day_plan(Path(tmp_path_factory.mktemp("day"))))
    assert isinstance(found, CellsPlanAndScenario)
    return found


def simulated(source: CellsPlanAndScenario, **changes) -> CellSimulation:
    cancel = changes.pop("cancel", None)
    scope = SimulationScope(**{"classes": CLASSES, "cases": CASES, **changes})
    return run_cell_simulation(source, Demand(seconds=120.0), scope, cancel=cancel)


@pytest.fixture(scope="module")
def whole(source: CellsPlanAndScenario) -> CellSimulation:
    return simulated(source)


def test_every_case_and_loss_is_replayed_with_its_classes(whole: CellSimulation) -> None:
    names = [state.name for state in whole.states]
    assert names == ["day", "night", "node-lost, lost node 0 of a"]
    assert [[cell.request_class for cell in state.cells] for state in whole.states] == [
        [0, 1],
        [1],
        [0],
    ]
    day = whole.states[0]
    assert [len(cell.slos) for cell in day.cells] == [1, 0]
    assert len(day.slos) == 1
    for cell in day.cells:
        assert cell.simulated_rate.mean == pytest.approx(cell.rate, rel=0.25)
        realised = [part.mean for part in cell.fractions]
        assert sum(realised) == pytest.approx(1.0)
        assert realised == pytest.approx(cell.planned.tolist(), abs=0.15)
    for lane in day.lanes:
        assert lane.load.mean == pytest.approx(lane.planned_load, rel=0.35)


def test_limits_carry_the_factor_and_planned_figures_are_the_plans(
    source: CellsPlanAndScenario, whole: CellSimulation
) -> None:
    lost = whole.states[2].cells[0].slos[0]
    assert lost.slo.limit == pytest.approx(0.75)
    stated = source.plan.content["cells"][0]["slo"][0]["achieved_ms"]
    predicted = whole.states[0].cells[0].slos[0].predicted
    assert predicted is not None
    assert 1000 * predicted == pytest.approx(stated)


def test_moments_of_both_losses_are_seen_from_both_cases(whole: CellSimulation) -> None:
    assert [(moment.loss, moment.before) for moment in whole.moments] == [
        *((0, 0), (0, 1)),
        *((1, 0), (1, 1)),
    ]


def test_a_tighter_limit_is_missed_in_its_case_alone(source: CellsPlanAndScenario) -> None:
    demand = source.demand
    cases = (replace(demand.cases[0], slo_factor=0.2), *demand.cases[1:])
    tight = replace(source, loaded=replace(source.loaded, demand=replace(demand, cases=cases)))
    found = simulated(tight, cases=("day", "night"))
    assert [state.verdict == "misses" for state in found.states] == [True, False]
    assert found.verdict == "misses"
    assert not found.moments


def test_a_report_of_one_class_has_no_limit_over_all(source: CellsPlanAndScenario) -> None:
    found = simulated(source, classes=("batch",), cases=("day",))
    (day,) = found.states
    assert [cell.request_class for cell in day.cells] == [1]
    assert day.slos == ()
    assert len(day.lanes) == len(simulated(source, cases=("day",)).states[0].lanes)


def test_a_failure_alone_is_seen_from_the_cases_before_it(source: CellsPlanAndScenario) -> None:
    found = simulated(source, cases=("node-lost",))
    assert [state.name for state in found.states] == ["node-lost, lost node 0 of a"]
    assert len(found.moments) == 4


def test_stopped_it_keeps_what_is_done(source: CellsPlanAndScenario) -> None:
    stop = threading.Event()
    stop.set()
    found = simulated(source, cancel=stop)
    assert len(found.states) == 1
    assert not found.complete
    (whole,) = simulated(source, cases=("day",)).states
    # One run of five.
    assert found.states[0].requests < 0.4 * whole.requests


def test_cases_of_many_requests_have_shorter_runs(source: CellsPlanAndScenario) -> None:
    demand = source.demand
    busy = replace(demand.cases[0], rates=(2000.0, 1.0))
    many = replace(demand, cases=(busy, *demand.cases[1:]))
    stop = threading.Event()
    stop.set()
    found = run_cell_simulation(
        replace(source, loaded=replace(source.loaded, demand=many)),
        Demand(seconds=600.0),
        SimulationScope(classes=CLASSES, cases=("day",), short=True),
        cancel=stop,
    )
    # A minute, of which a tenth is not counted.
    assert found.states[0].requests == pytest.approx(2001 * 54, rel=0.05)
