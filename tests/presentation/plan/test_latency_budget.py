"""Which part of each SLO every option takes: parts of a mean sum to what is achieved, parts of a
percentile to the promised share.
"""

import pytest

from models.instance import Slo
from planner.plans.plan_content import build_plan_content
from planner.presentation.plan.latency_budget import latency_budget_table
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import SETTINGS, loaded, solved, trio, unsolved


def test_parts_sum_to_what_is_achieved() -> None:
    slos = (Slo("ttft", "mean", 0.5), Slo("ttft", "p99", 1.0), Slo("ttft", "p99", 2.0, "each_llm"))
    instance = trio(slos=slos)
    content = build_plan_content(loaded(instance), solved(instance), SETTINGS, {}).content
    frame = latency_budget_table(content)
    parts = frame.groupby(["SLO", "Side by side"], sort=False)["Part of the SLO"].sum()
    assert parts["mean TTFT", False] == pytest.approx(content["slo"][0]["achieved_ms"])
    assert parts["p99 TTFT", False] == pytest.approx(1.0, abs=1e-6), "1 % may take longer"
    each = frame[frame["SLO"] == "p99 TTFT of each LLM"]
    assert max(each["Latency (ms)"]) == pytest.approx(content["slo"][2]["achieved_ms"])
    assert list(each["Part of the SLO"]) == list(each["Latency (ms)"])


def test_without_a_plan_there_are_no_rows() -> None:
    assert not len(latency_budget_table(built_plan(unsolved("unknown", "time")).content))
