"""Plans side by side: every number and its change, what was asked differently, what is found differently, in tables and sentences."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from planner import joint
from planner.__main__ import app
from planner.assemble import load_instance
from planner.compare_told import (
    asked_lines,
    change_lines,
    compared_table,
    lines_of,
    points_table,
    routing_table,
    setups_table,
    steps_line,
)
from planner.init_files import TEMPLATE_TEXTS
from planner.plan import tell, write_json
from planner.plan_diff import diff_plans

CASES: dict[str, dict[str, Any]] = {
    "small": {"arrival_rate_rps": 10},
    "fast": {"slo.0.limit_ms": 200, "pools.0.gpus_per_node": 4},
    "cheap": {"objective": {"minimize": "cost", "quality_at_least": 0.4}, "arrival_rate_rps": 10},
    "none": {"arrival_rate_rps": 900},
}


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Plans of the template after some changes."""
    folder = tmp_path_factory.mktemp("template")
    for name, text in TEMPLATE_TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    found = {}
    for name, changes in CASES.items():
        loaded = load_instance(folder / "scenario.yaml", changes)
        found[name] = tell(loaded, joint.solve(loaded.instance, loaded.settings), loaded.settings, {})
    return found


@pytest.fixture(scope="module")
def contents(plans: dict[str, Any]) -> dict[str, Any]:
    return {name: plan.content for name, plan in plans.items()}


def test_numbers_stand_side_by_side_with_their_change(contents: dict[str, Any]) -> None:
    frame = compared_table({name: contents[name] for name in ("small", "fast", "cheap")}).set_index("What")
    assert list(frame.columns) == ["Unit", "small", "fast", "cheap", "fast: change", "cheap: change"]
    assert frame.loc["Asked: arrival rate"].tolist() == ["req/s", "10", "20", "10", "+10", "="]
    assert frame.loc["Asked: mean TTFT at most"].tolist() == ["ms", "300", "200", "300", "-100", "="]
    assert frame.loc["Asked: quality at least"].tolist() == ["mean score", "-", "-", "0.4", "", ""]
    change = float(frame.loc["Quality", "fast: change"])
    assert change == pytest.approx(contents["fast"]["quality"] - contents["small"]["quality"], abs=1.1e-5)
    gpus = contents["cheap"]["gpus_used"] - contents["small"]["gpus_used"]
    assert gpus < 0
    assert frame.loc["GPUs used", "cheap: change"] == str(gpus)


def test_a_plan_beside_itself_differs_in_nothing(contents: dict[str, Any]) -> None:
    lines = lines_of(contents["small"], contents["small"])
    assert lines[0] == "Asked: the same demand, SLOs, GPUs and LLMs."
    assert all("more" not in line and "less" not in line and "fewer" not in line for line in lines)
    frame = compared_table({"a": contents["small"], "b": contents["small"]})
    assert set(frame["Change"]) == {"", "="}
    assert not diff_plans(contents["small"], contents["small"]).steps


def test_what_was_asked_and_found_differently_is_told(contents: dict[str, Any]) -> None:
    asked = asked_lines(contents["small"], contents["fast"])
    assert asked == [
        "arrival rate 20 req/s instead of 10 req/s",
        "the SLO on mean TTFT 200 ms instead of 300 ms",
        "GPUs per node of pool a100 4 instead of 2",
    ]
    told = " ".join(change_lines(contents["small"], contents["fast"]))
    assert "limit 200 ms, before 300 ms" in told
    assert "GPU" in told
    of_cost = asked_lines(contents["small"], contents["cheap"])
    assert of_cost == ["quality at least 0.4 (mean score) instead of none", "the objective is cost instead of quality"]
    cheaper = change_lines(contents["small"], contents["cheap"])
    saved = contents["small"]["cost_usd_per_h"] - contents["cheap"]["cost_usd_per_h"]
    assert f"{saved:.2f} USD/h less" in next(line for line in cheaper if line.startswith("Cost"))


def test_a_plan_without_a_setup_is_told_so(contents: dict[str, Any]) -> None:
    assert change_lines(contents["small"], contents["none"]) == ["The second has no setup: infeasible."]
    frame = compared_table({"small": contents["small"], "none": contents["none"]}).set_index("What")
    assert frame.loc["Quality", "none"] == "-"
    assert frame.loc["Quality", "Change"] == ""
    assert frame.loc["Status", "none"] == "infeasible"


def test_setups_and_routings_stand_side_by_side(contents: dict[str, Any]) -> None:
    pair = {name: contents[name] for name in ("small", "fast")}
    setups = setups_table(pair)
    for name, content in pair.items():
        assert setups[f"{name} (replicas)"].sum() == sum(option["replicas"] for option in content["options"])
        assert routing_table(pair)[f"{name} (%)"].sum() == pytest.approx(100.0)
    points = points_table(pair)
    assert list(points["Quality (mean score)"]) == [content["quality"] for content in pair.values()]
    assert points[points.columns[2]].nunique() == 2


def test_diff_tells_it_on_the_terminal(plans: dict[str, Any], tmp_path: Path) -> None:
    files = [str(tmp_path / f"{name}.json") for name in ("small", "fast")]
    for name, file in zip(("small", "fast"), files, strict=True):
        write_json(plans[name], file)
    done = CliRunner().invoke(app, ["diff", *files], env={"COLUMNS": "120"})
    assert done.exit_code == 0
    for line in lines_of(plans["small"].content, plans["fast"].content):
        assert line[:60] in done.stdout
    assert steps_line(diff_plans(plans["small"].content, plans["fast"].content)) in done.stdout
