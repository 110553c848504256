"""Plans side by side: every number and its change, what was asked differently, what is found
differently, in tables and sentences.
"""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.joint import solve as joint
from planner.plans.diff import diff_plans
from planner.plans.plan_content import build_plan
from planner.plans.record import write_json
from planner.presentation.comparison_lines import comparison_lines, result_lines
from planner.presentation.comparison_tables import (
    comparison_table,
    replicas_table,
    routing_comparison_table,
    tradeoff_table,
)
from planner.presentation.diff import diff_line
from planner.presentation.scenario_changes import scenario_change_lines
from planner.scenario.assemble import load_instance
from planner.scenario.templates import TEMPLATE_TEXTS

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
        found[name] = build_plan(
            loaded, joint.solve(loaded.instance, loaded.settings), loaded.settings, {}
        )
    return found


@pytest.fixture(scope="module")
def contents(plans: dict[str, Any]) -> dict[str, Any]:
    return {name: plan.content for name, plan in plans.items()}


def test_numbers_stand_side_by_side_with_their_change(contents: dict[str, Any]) -> None:
    frame = comparison_table(
        {name: contents[name] for name in ("small", "fast", "cheap")}
    ).set_index("What")
    assert list(frame.columns) == [
        "Unit",
        "small",
        "fast",
        "cheap",
        "fast: change",
        "cheap: change",
    ]
    assert frame.loc["Input: arrival rate"].tolist() == ["req/s", "10", "20", "10", "+10", "="]
    assert frame.loc["Input: mean TTFT at most"].tolist() == [
        "ms",
        "300",
        "200",
        "300",
        "-100",
        "=",
    ]
    assert frame.loc["Input: quality at least"].tolist() == ["mean score", "-", "-", "0.4", "", ""]
    change = float(frame.loc["Quality", "fast: change"])
    assert change == pytest.approx(
        contents["fast"]["quality"] - contents["small"]["quality"], abs=1.1e-5
    )
    gpus = contents["cheap"]["gpus_used"] - contents["small"]["gpus_used"]
    assert gpus < 0
    assert frame.loc["GPUs used", "cheap: change"] == str(gpus)


def test_a_plan_beside_itself_differs_in_nothing(contents: dict[str, Any]) -> None:
    lines = comparison_lines(contents["small"], contents["small"])
    assert lines[0] == "Inputs: the same demand, SLOs, GPUs and LLMs."
    assert all("more" not in line and "less" not in line and "fewer" not in line for line in lines)
    frame = comparison_table({"a": contents["small"], "b": contents["small"]})
    assert set(frame["Change"]) == {"", "="}
    assert not diff_plans(contents["small"], contents["small"]).steps


def test_what_was_asked_and_found_differently_is_told(contents: dict[str, Any]) -> None:
    asked = scenario_change_lines(contents["small"], contents["fast"])
    assert asked == [
        "arrival rate 20 req/s instead of 10 req/s",
        "the SLO on mean TTFT 200 ms instead of 300 ms",
        "GPUs per node of pool a100 4 instead of 2",
    ]
    told = " ".join(result_lines(contents["small"], contents["fast"]))
    assert "limit 200 ms, before 300 ms" in told
    assert "GPU" in told
    of_cost = scenario_change_lines(contents["small"], contents["cheap"])
    assert of_cost == [
        "quality at least 0.4 (mean score) instead of none",
        "the objective is cost instead of quality",
    ]
    cheaper = result_lines(contents["small"], contents["cheap"])
    saved = contents["small"]["cost_usd_per_h"] - contents["cheap"]["cost_usd_per_h"]
    assert f"{saved:.2f} USD/h less" in next(line for line in cheaper if line.startswith("Cost"))


def test_a_plan_without_a_setup_is_told_so(contents: dict[str, Any]) -> None:
    small, none = contents["small"], contents["none"]
    why = "has no setup: no setup keeps all of its limits at once."
    assert comparison_lines(small, none) == [
        "Inputs: arrival rate 900 req/s instead of 10 req/s.",
        f"This plan {why}",
    ], "no LLM was removed"
    assert result_lines(none, small) == [f"The plan compared with {why}"]
    assert result_lines(small, {**none, "status": "unknown"}) == [
        "This plan has no setup: the search stopped before one was found."
    ]
    frame = comparison_table({"small": contents["small"], "none": contents["none"]}).set_index(
        "What"
    )
    assert frame.loc["Quality", "none"] == "-"
    assert frame.loc["Quality", "Change"] == ""
    assert frame.loc["Status", "none"] == "infeasible"


def context(content: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**content, "context": {**content["context"], **changes}}


def test_llms_asked_for_are_those_listed_or_in_older_files_those_routed_to(
    contents: dict[str, Any],
) -> None:
    small, none = contents["small"], contents["none"]
    llms = small["context"]["llms"]
    assert len(llms) > 1
    gone = llms[0]["name"]
    fewer = context(none, llms=llms[1:])
    assert f"without {gone}" in scenario_change_lines(small, fewer)
    assert f"with {gone}" in scenario_change_lines(fewer, small)
    old = context(small, llms=[])
    assert not any("with" in line for line in scenario_change_lines(old, none)), (
        "of a plan without a routing they are not known"
    )
    routed = {**old, "routing": {llm: part for llm, part in old["routing"].items() if llm != gone}}
    assert f"without {gone}" in scenario_change_lines(old, routed)


def test_settings_and_limits_on_replicas_are_told_in_words(contents: dict[str, Any]) -> None:
    small = contents["small"]
    first, *rest = small["context"]["llms"]
    filters = {
        "tp_degrees": [1, 2, 4],
        "mps_shares_pct": [12.5, 50],
        "memory_headroom_pct": 10,
        "min_gpu_utilization_pct": 0,
    }
    pools = [{**small["context"]["pools"][0], "nodes": 3}]
    before = context(
        small, filters=filters, llms=[{**first, "max_replicas": 2}, *rest], pools=pools
    )
    filters = {
        "tp_degrees": None,
        "mps_shares_pct": [50],
        "memory_headroom_pct": 5,
        "min_gpu_utilization_pct": 20,
    }
    after = context(
        small,
        filters=filters,
        llms=[{**first, "max_replicas": None}, *rest],
        pools=[{**pools[0], "nodes": 1}],
    )
    assert scenario_change_lines(before, after) == [
        f"pool {pools[0]['name']} 1 node instead of 3 nodes",
        f"replicas of {first['name']} at most none instead of 2",
        "TP degrees: all profiled instead of 1, 2, 4",
        "MPS shares: 50 % instead of 12.5, 50 %",
        "memory kept free: 5 % instead of 10 %",
        "minimum of compute given out: 20 % instead of 0 %",
    ]


def test_qualities_that_do_not_compare_are_told_first(contents: dict[str, Any]) -> None:
    small = contents["small"]
    assert comparison_lines(small, contents["fast"])[0].startswith("Inputs")
    prompts = small["context"]["prompts"]
    more = comparison_lines(small, context(small, prompts=prompts + 1000))[0]
    assert more.startswith(
        f"Different prompts ({prompts + 1000:,} instead of {prompts:,}): qualities are not"
    )
    llms = [*small["context"]["llms"], {"name": "new", "min_replicas": 0, "max_replicas": None}]
    assert comparison_lines(small, context(small, llms=llms))[0].startswith(
        "Different LLMs: qualities are comparable only if"
    )


def test_how_each_llm_is_run_is_told_where_it_changes(contents: dict[str, Any]) -> None:
    def told(before: Any, after: Any) -> list[str]:
        return [line for line in result_lines(before, after) if line.startswith("Setup")]

    def runs(pools: int, *options: tuple[str, str, int, float, int]) -> Any:
        keys = ("llm", "pool", "tp_degree", "mps_share_pct", "replicas")
        entries = [dict(zip(keys, option, strict=True)) for option in options]
        return context(
            {**contents["small"], "options": entries},
            pools=contents["small"]["context"]["pools"] * pools,
        )

    one = runs(1, ("a", "p", 4, 20.0, 1), ("b", "p", 1, 100.0, 1), ("c", "p", 2, 12.5, 3))
    two = runs(
        1,
        ("a", "p", 2, 30.0, 2),
        ("a", "p", 4, 20.0, 1),
        ("c", "p", 2, 12.5, 3),
        ("d", "p", 1, 50.0, 1),
    )
    assert told(one, one) == []
    assert told(one, two) == [
        "Setup: a 1 x tp4 20 % becomes 2 x tp2 30 % + 1 x tp4 20 %; new: d 1 x tp1 50 %; gone: b 1"
        " x tp1 100 %."
    ]
    there, here = runs(2, ("a", "q", 4, 20.0, 1)), runs(2, ("a", "p", 4, 20.0, 1))
    assert told(here, there) == ["Setup: a 1 x p tp4 20 % becomes 1 x q tp4 20 %."]
    many = runs(1, *((f"m{k}", "p", 1, 10.0, 1) for k in range(7)))
    assert told(runs(1, ("a", "p", 4, 20.0, 1)), many)[0].endswith(
        "new: m3 1 x tp1 10 %; and 4 more LLMs."
    )


def test_setups_and_routings_stand_side_by_side(contents: dict[str, Any]) -> None:
    pair = {name: contents[name] for name in ("small", "fast")}
    setups = replicas_table(pair)
    for name, content in pair.items():
        assert setups[f"{name} (replicas)"].sum() == sum(
            option["replicas"] for option in content["options"]
        )
        assert routing_comparison_table(pair)[f"{name} (%)"].sum() == pytest.approx(100.0)
    points = tradeoff_table(pair)
    assert list(points["Quality (mean score)"]) == [content["quality"] for content in pair.values()]
    assert points[points.columns[2]].nunique() == 2


def test_diff_tells_it_on_the_terminal(plans: dict[str, Any], tmp_path: Path) -> None:
    files = [str(tmp_path / f"{name}.json") for name in ("small", "fast")]
    for name, file in zip(("small", "fast"), files, strict=True):
        write_json(plans[name], file)
    done = CliRunner().invoke(app, ["diff", *files], env={"COLUMNS": "120"})
    assert done.exit_code == 0
    for line in comparison_lines(plans["small"].content, plans["fast"].content):
        assert line[:60] in done.stdout
    assert diff_line(diff_plans(plans["small"].content, plans["fast"].content)) in " ".join(
        done.stdout.split()
    )
