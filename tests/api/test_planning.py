"""`planner.plan`: the same plan as the command's, its tables and its files."""

import json
from collections.abc import Callable
from pathlib import Path

import highspy
import pandas as pd
import pytest
from typer.testing import CliRunner

import planner
from models.quality import Quality
from planner.cli.app import app
from planner.settings import Progress
from tests.support.scenarios.small_scenario import small_content


@pytest.fixture(scope="module")
def result() -> planner.PlanResult:
    return planner.plan(small_content())


@pytest.fixture(scope="module")
def infeasible() -> planner.PlanResult:
    return planner.plan(small_content(arrival_rate_rps=90))


def test_half_of_the_requests_go_to_each_llm(result: planner.PlanResult) -> None:
    assert (result.status, result.objective) == ("optimal", pytest.approx(0.9))
    assert result.bound == pytest.approx(0.9, rel=1e-4)
    assert result.gap == pytest.approx(0.0, abs=1e-4)
    assert result.content["checks"] == {"verified": True, "problems": []}
    assert result.routing["Fraction (%)"].tolist() == pytest.approx([50.0, 50.0], abs=0.1)
    assert result.options["Replicas"].tolist() == [1, 1]
    assert result.slo["Limit (ms)"].tolist() == [500]
    assert (result.conflict, len(result.repairs)) == ((), 0)


def test_placement_has_a_row_per_shard_and_the_map_one_per_gpu(result: planner.PlanResult) -> None:
    wide = planner.plan(small_content(), current=result)
    assert len(wide.placement) == 2
    bigger = planner.plan(planner.load(small_content(), {"pools.0.nodes": 2}))
    assert bigger.gpu_map[["Pool", "Node", "GPU"]].to_numpy().tolist() == [
        *(["p", 0, 0], ["p", 0, 1], ["p", 1, 0], ["p", 1, 1]),
    ]
    busy = bigger.gpu_map[bigger.gpu_map["Runs"] != ""]
    assert sorted(busy["Runs"]) == ["alpha tp1 100 %", "beta tp1 100 %"]
    assert busy["Compute (%)"].tolist() == [100, 100]
    assert busy["Memory (GiB)"].tolist() == [20, 20]
    assert bigger.gpu_map["Compute (%)"].sum() == 200


def test_it_is_the_plan_of_the_command(tmp_path: Path) -> None:
    scenario = planner.load(small_content())
    file = scenario.to_folder(tmp_path / "scenario")
    planner.plan(scenario, rel_gap=1e-3, seed=3).to_json(tmp_path / "api.json")
    line = ["plan", str(file), "--rel-gap", "0.001", "--set", "solver.seed=3", "--quiet"]
    assert CliRunner().invoke(app, [*line, "--json", str(tmp_path / "cli.json")]).exit_code == 0
    api, cli = (json.loads((tmp_path / f"{k}.json").read_text()) for k in ("api", "cli"))
    for content in (api, cli):
        for key in ("solver", "context", "scenario_path"):
            del content[key]
    assert dict(sorted(api.pop("overrides").items())) == dict(sorted(cli.pop("overrides").items()))
    assert api == cli


def test_the_workbook_has_the_plans_sheets(result: planner.PlanResult, tmp_path: Path) -> None:
    result.to_excel(tmp_path / "report.xlsx")
    with pd.ExcelFile(tmp_path / "report.xlsx") as book:
        assert {"Summary", "Routing"} <= set(book.sheet_names)


def test_an_infeasible_scenario_is_a_result(infeasible: planner.PlanResult) -> None:
    assert (infeasible.status, infeasible.objective) == ("infeasible", None)
    assert infeasible.conflict
    assert {"arrival_rate_rps", "pools.0.nodes"} <= set(infeasible.repairs["Override"])
    assert len(infeasible.options) == len(infeasible.placement) == 0
    assert infeasible.gpu_map["Compute (%)"].tolist() == [0.0, 0.0]
    change, _, to = infeasible.repairs.iloc[0]
    assert planner.plan(planner.load(infeasible.scenario, {change: to})).status == "optimal"


def test_it_shows_itself_in_short(
    result: planner.PlanResult, infeasible: planner.PlanResult
) -> None:
    assert "two: optimal: quality 0.90000" in repr(result)
    assert "2 of 2 GPUs" in repr(result)
    assert "<td>alpha</td>" in result._repr_html_()
    assert "infeasible" in repr(infeasible)
    assert "<li>" in infeasible._repr_html_()


def test_html_is_escaped() -> None:
    named = planner.plan(small_content(name="<b>two</b>"))
    assert "&lt;b&gt;two" in named._repr_html_()


def test_progress_is_reported() -> None:
    seen: list[Progress] = []
    planner.plan(small_content(), progress=seen.append)
    assert seen
    assert all(isinstance(one, Progress) for one in seen)


@pytest.mark.parametrize(
    "call",
    [
        lambda: planner.plan(small_content(), rel_gap=-1),
        lambda: planner.plan("no-such-scenario.yaml"),
        lambda: planner.plan(small_content(), current="no-such-plan.json"),
    ],
)
def test_bad_input_is_a_data_error(call: Callable[[], object]) -> None:
    with pytest.raises(planner.DataError):
        call()


def test_a_current_plan_needs_a_setup(infeasible: planner.PlanResult) -> None:
    with pytest.raises(planner.InfeasibleError):
        planner.plan(small_content(), current=infeasible)


@pytest.mark.parametrize("ending", ["mps", "lp"])
def test_the_last_program_has_the_plans_optimum(
    result: planner.PlanResult, tmp_path: Path, ending: str
) -> None:
    result.to_model(tmp_path / f"m.{ending}")
    highs = highspy.Highs()
    highs.silent()
    highs.readModel(str(tmp_path / f"m.{ending}"))
    highs.run()
    scale = Quality(result.scenario.result.instance.scores)
    optimum = -highs.getInfo().objective_function_value
    assert optimum == pytest.approx(scale.from_score(0.9), rel=1e-4)


def test_a_model_of_another_ending_is_a_value_error(result: planner.PlanResult) -> None:
    with pytest.raises(ValueError, match=r"\.mps or \.lp"):
        result.to_model("m.gms")
