"""The difference of two plans over cells in sentences and tables."""

import pytest

from planner.plans.changes.cells_diff import diff_cells_plans
from planner.presentation.cells.cells_diff import (
    cells_diff_case_table,
    cells_diff_head_line,
    cells_diff_lines,
    cells_diff_routing_table,
    cells_diff_setup_title,
)
from tests.support.plans.cells_plans import day_content


def test_nothing_differs() -> None:
    content = day_content()
    diff = diff_cells_plans(content, content)
    lines = cells_diff_lines(content, content, diff)
    assert lines[0] == "Inputs: the same cases and limits."
    assert all("unchanged" in line for line in lines[1:])
    assert cells_diff_routing_table(diff).empty
    assert "one setup" in cells_diff_head_line("from", content)


def test_what_was_asked_and_what_comes_out() -> None:
    old, new = day_content(), day_content()
    new["context"]["pools"][0]["nodes"] = 3
    new["context"]["headroom"] = {"slo_pct": 0.0, "rate_pct": 5.0, "utilization_pct": 0.0}
    new["cases"][0]["hours"] = 12
    new["cells"][0]["rate_rps"] = 5.0
    new["cells"][0]["slo"][0]["limit_ms"] = 450.0
    new["cells"][0]["routing"] = {"NO": 0.4, "NA": 0.6}
    new["objective"]["bound"] = old["quality"] + 0.1
    new["quality"] = new["objective"]["value"] = old["quality"] + 0.1
    new["cost"]["outside_usd_per_h"] = 1.0
    new["cost_usd_per_h"] = old["cost_usd_per_h"] + 1.0
    new["gpus_used"] += 1
    diff = diff_cells_plans(old, new)
    text = "\n".join(cells_diff_lines(old, new, diff))
    for words in (
        "pool a 3 nodes instead of 2",
        "headroom of the arrival rate (%) 5 instead of 0",
        "day 12 h instead of 14 h",
        "chat in day 5 req/s instead of 4",
        "p95 TTFT of chat in day 450 ms instead of 500 ms",
        "0.10000 more",
        "Of it: outside 1.00 instead of 0.00 USD/h",
        "1 GPU more",
    ):
        assert words in text
    table = cells_diff_routing_table(diff)
    assert set(table["LLM"]) == {"NO", "NA"}
    assert table["Change (% points)"].sum() == pytest.approx(0.0)


def test_cases_of_either_plan_are_in_the_table() -> None:
    old, new = day_content(), day_content(scheduled=True)
    new["cases"][1]["case"] = "dusk"
    table = cells_diff_case_table(old, new)
    assert table["Case"].tolist() == ["day", "night", "node-lost", "dusk"]
    assert cells_diff_setup_title(("day", "night"), 2) == "Setup of day, night"
    assert cells_diff_setup_title(("day",), 1) == "Setup"
