"""Tables of a report in addition to the plan's: GPUs in use, replicas, load points, ties."""

import pytest

from planner.export.report_tables import (
    report_llms_table,
    report_points_table,
    report_pools_table,
    report_ties_table,
)
from tests.support.plans.report_cases import infeasible, trio_source


def test_counts_are_those_of_the_plan() -> None:
    source = trio_source()
    content = source.plan.content
    assert sum(report_pools_table(content)["GPUs used"]) == content["gpus_used"]
    replicas = report_llms_table(content, source.loaded).set_index("LLM")["Replicas"]
    for llm in replicas.index:
        options = [option for option in content["options"] if option["llm"] == llm]
        assert replicas[llm] == sum(option["replicas"] for option in options)
    shares = report_ties_table(content)["Share of the prompts (%)"]
    assert sum(shares) == pytest.approx(
        100 * sum(tie["share"] for tie in content["router"]["ties"])
    )


def test_points_are_the_curves_of_the_deployed_options_in_ms() -> None:
    source = trio_source()
    frame, content = report_points_table(source.plan.content, source.loaded), source.plan.content
    assert list(dict.fromkeys(frame["LLM"])) == [option["llm"] for option in content["options"]]
    for option in content["options"]:
        own = frame[frame["LLM"] == option["llm"]]
        low, high = own["TTFT mean (ms)"].min(), own["TTFT mean (ms)"].max()
        assert low - 1e-9 <= option["latency_ms"]["ttft_mean"] <= high + 1e-9


def test_a_plan_that_is_not_there_uses_nothing() -> None:
    assert sum(report_pools_table(infeasible().plan.content)["GPUs used"]) == 0
