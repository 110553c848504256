"""plan.json of schema 2: verified, strict, refused by readers of schema 1."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from planner.cell_solution import CellSolution
from planner.cells.solve import solve_cells
from planner.errors import DataError, VerificationError
from planner.plans.cells.cells_content import build_cells_plan
from planner.plans.plan_file import plan_file_text, read_plan_file, write_plan_content
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.settings import Settings
from planner.solution import Status
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.paths import EXAMPLES
from tests.support.walls import UNHURRIED_S

GAP = Settings(rel_gap=0.05, time_limit=UNHURRIED_S)


@pytest.fixture(scope="module")
def day() -> LoadResult:
    return assemble_instance(EXAMPLES / "day" / "scenario.yaml", [], cells=True)


@pytest.fixture(scope="module")
def solution(day: LoadResult) -> CellSolution:
    assert day.demand is not None
    return solve_cells(day.demand, GAP)


@pytest.fixture(scope="module")
def content(day: LoadResult, solution: CellSolution):
    return build_cells_plan(day, day.demand, solution, GAP, {"load": 0.5})


def test_the_day_is_planned_and_the_verifier_takes_it(day: LoadResult, content) -> None:
    assert content["status"] in ("optimal", "feasible")
    assert run_cells_verifier(content, day.demand, rel_gap_target=GAP.rel_gap) == ()
    assert content["checks"] == {"verified": True, "problems": []}


def test_it_is_strict_json_and_no_reader_of_schema_1_takes_it(content, tmp_path: Path) -> None:
    assert json.loads(plan_file_text(content))["schema"] == 2
    file = tmp_path / "plan.json"
    write_plan_content(content, file)
    written = json.loads(file.read_text(encoding="utf-8"))
    assert (tmp_path / written["scenario_path"]).resolve() == EXAMPLES / "day" / "scenario.yaml"
    with pytest.raises(DataError, match="plan of classes and cases"):
        read_plan_file(file)


def test_numbers_are_those_of_the_solution(solution: CellSolution, content) -> None:
    plan = solution.plan
    assert plan is not None
    assert content["objective"]["value"] == content["quality"] == plan.quality
    assert content["cost_usd_per_h"] == pytest.approx(plan.gpus_cost + plan.outside_cost)
    assert content["cost_usd_per_h"] <= 24.0 * (1 + 1e-9), "the budget"
    assert content["gpus_used"] == plan.gpus == content["setups"][0]["gpus_used"]
    replicas = [option["replicas"] for option in content["setups"][0]["options"]]
    assert replicas == [int(n) for n in plan.setups[0].replicas if n]
    assert [case["case"] for case in content["cases"]] == ["day", "evening", "night", "node-lost"]
    # batch sends nothing in node-lost: no cell.
    assert {(c["class"], c["case"]) for c in content["cells"] if c["case"] == "node-lost"} == {
        ("chat", "node-lost")
    }
    assert content["context"]["seconds"]["load"] == 0.5


def test_lanes_hold_all_replicas_of_every_case(content) -> None:
    options = content["setups"][0]["options"]
    for case in ("day", "evening", "night"):
        for k, option in enumerate(options):
            held = [
                lane["replicas"]
                for lane in content["lanes"]
                if lane["case"] == case and lane["option"] == k
            ]
            assert sum(held) == option["replicas"]
    assert all(
        (lane["loss"] is not None) == (lane["case"] == "node-lost") for lane in content["lanes"]
    )


def test_a_plan_that_fails_the_verifier_is_not_returned(
    day: LoadResult, solution: CellSolution
) -> None:
    plan = solution.plan
    assert plan is not None
    wrong = replace(solution, plan=replace(plan, gpus_cost=plan.gpus_cost - 1.0))
    with pytest.raises(VerificationError, match="cost"):
        build_cells_plan(day, day.demand, wrong, GAP, {})


def test_without_a_plan_the_reasons_are_reported(day: LoadResult, solution: CellSolution) -> None:
    none = replace(
        solution,
        status=Status.INFEASIBLE,
        value=None,
        bound=None,
        plan=None,
        reasons=("The case day cannot be served even alone.",),
    )
    content = build_cells_plan(day, day.demand, none, GAP, {})
    assert content["conflict"]["limits"] == ["The case day cannot be served even alone."]
    assert content["setups"] == content["cells"] == content["lanes"] == content["cases"] == []
    assert content["objective"]["value"] is content["objective"]["rel_gap"] is None
    json.loads(plan_file_text(content))
