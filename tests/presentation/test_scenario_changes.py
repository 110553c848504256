"""How the inputs of two plans differ, in sentences."""

from typing import Any

from planner.presentation.comparison_lines import compared_result_lines
from planner.presentation.scenario_changes import (
    scenario_change_lines,
    unlisted_scenario_difference,
)
from tests.presentation.test_comparison_lines import context


def test_differences_of_inputs_and_results_are_reported(contents: dict[str, Any]) -> None:
    requested = scenario_change_lines(contents["small"], contents["fast"])
    assert requested == [
        "arrival rate 20 req/s instead of 10 req/s",
        "the SLO on mean TTFT 200 ms instead of 300 ms",
        "GPUs per node of pool a100 4 instead of 2",
    ]
    reported = " ".join(compared_result_lines(contents["small"], contents["fast"]))
    assert "limit 200 ms, before 300 ms" in reported
    assert "GPU" in reported
    of_cost = scenario_change_lines(contents["small"], contents["cheap"])
    assert of_cost == [
        "quality at least 0.4 (mean score) instead of none",
        "the objective is cost instead of quality",
    ]
    cheaper = compared_result_lines(contents["small"], contents["cheap"])
    saved = contents["small"]["cost_usd_per_h"] - contents["cheap"]["cost_usd_per_h"]
    assert f"{saved:.2f} USD/h less" in next(line for line in cheaper if line.startswith("Cost"))


def test_llms_are_those_listed_or_in_older_files_those_routed_to(
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


def test_settings_and_limits_on_replicas_are_reported_in_words(contents: dict[str, Any]) -> None:
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
        "minimum of allocated compute: 20 % instead of 0 %",
    ]


def test_other_curves_and_other_scores_are_told_apart(contents: dict[str, Any]) -> None:
    small = contents["small"]
    hashes = small["context"]["tables_sha256"]
    for key, words in (("curves", "the curves differ"), ("scores", "the scores differ")):
        other = context(small, tables_sha256={**hashes, key: "0" * 64})
        assert scenario_change_lines(small, other) == [words]
    of_old = {**small["context"]}
    del of_old["tables_sha256"]
    old = {**small, "context": of_old, "scenario_sha256": "0" * 64}
    assert scenario_change_lines(old, small) == []
    assert "curves, scores or other inputs may differ" in unlisted_scenario_difference(old, small)
    assert unlisted_scenario_difference(small, small) == ""
