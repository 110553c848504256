"""`planner.simulate`: of a plan, and of its file."""

from pathlib import Path

import pandas as pd
import pytest

import planner
from tests.support.plans.cells_plans import write_day_plan
from tests.support.scenarios.small_scenario import small_content


@pytest.fixture(scope="module")
def plan() -> planner.PlanResult:
    return planner.plan(small_content())


def test_a_loose_limit_holds(plan: planner.PlanResult) -> None:
    result = planner.simulate(plan, minutes=1, seed=1)
    assert result.verdict == "holds"
    assert result.slo["Limit (ms)"].tolist() == [500]
    assert result.options["LLM"].tolist() == result.routing["LLM"].tolist() == ["alpha", "beta"]
    assert result.advice == ()
    assert "holds" in repr(result)


def test_a_plan_file_gives_the_same(plan: planner.PlanResult, tmp_path: Path) -> None:
    file = plan.scenario.to_folder(tmp_path / "scenario")
    plan.to_json(tmp_path / "plan.json")
    first = planner.simulate(plan, minutes=1)
    second = planner.simulate(tmp_path / "plan.json", scenario=file, minutes=1)
    pd.testing.assert_frame_equal(first.slo, second.slo)


def test_a_trace_is_replayed(plan: planner.PlanResult, tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text("arrival_s\n" + "\n".join(str(k * k) for k in range(50)) + "\n")
    replayed = planner.simulate(plan, minutes=1, trace=trace)
    assert replayed.simulation.demand.gaps is not None
    with pytest.raises(planner.DataError):
        planner.simulate(plan, trace=tmp_path / "missing.csv")


@pytest.mark.parametrize("wrong", [{"minutes": 0}, {"cv": -1}, {"cv": float("nan")}])
def test_wrong_numbers_are_value_errors(plan: planner.PlanResult, wrong: dict) -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        planner.simulate(plan, **wrong)


def test_a_plan_without_a_setup_cannot_be_simulated() -> None:
    with pytest.raises(planner.InfeasibleError):
        planner.simulate(planner.plan(small_content(arrival_rate_rps=90)))


def test_a_plan_of_classes_and_cases(tmp_path: Path) -> None:
    result = planner.simulate(write_day_plan(tmp_path), minutes=0.2, seed=1)
    assert result.verdict in ("holds", "uncertain", "misses")
    assert set(result.slo["Case"]) >= {"day", "night"}
    assert set(result.routing["Class"]) == {"chat", "batch"}
    assert {"TTFT mean planned (ms)", "Planned load (req/s)"} <= set(result.lanes.columns)
    assert set(result.moments["While serving"]) == {"day", "night"}
    assert isinstance(result.advice, tuple)
    assert repr(result).startswith(f"CellsSimulationResult({result.verdict}: ")
