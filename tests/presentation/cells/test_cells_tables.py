"""Tables of a plan over cells, of the plan by hand."""

import pytest

from planner.presentation.cells.cells_tables import (
    case_table,
    cell_limit_text,
    cell_table,
    lane_table,
    setup_table,
)
from tests.support.demand.cells_by_hand import cells_plan


def test_one_row_an_option() -> None:
    table = setup_table(cells_plan())
    assert table["LLM"].tolist() == ["a", "b"]
    assert table["Replicas"].tolist() == [2, 1]
    assert table["Share (%)"].tolist() == [100, 100]


def test_a_case_adds_up_its_rates_once_however_many_losses_are_routed() -> None:
    table = case_table(cells_plan())
    assert table["Case"].tolist() == ["day", "night", "lost"]
    assert table["Rate (req/s)"].tolist() == pytest.approx([8.0, 2.0, 4.0])
    assert table["Hours"].tolist() == [14.0, 10.0, 0.0]
    assert table["USD/h"].tolist() == [case["cost_usd_per_h"] for case in cells_plan()["cases"]]


def test_the_tightest_limit_of_a_case_is_of_a_class_or_of_all() -> None:
    plan = cells_plan()
    slos = [*plan["cases"][0]["slo"]]
    for cell in plan["cells"]:
        if cell["case"] == "day":
            slos += cell["slo"]
    part = max(slo["achieved_ms"] / slo["limit_ms"] for slo in slos)
    slo = next(s for s in slos if s["achieved_ms"] / s["limit_ms"] == part)
    text = case_table(plan)["Tightest limit"][0]
    assert text.startswith(f"TTFT {slo['statistic']} {slo['achieved_ms']:.0f}")


def test_cells_name_the_loss_and_where_requests_go() -> None:
    table = cell_table(cells_plan())
    day = table[table["Case"] == "day"]
    assert day["Class"].tolist() == ["chat", "batch"]
    assert day["Loss"].tolist() == ["", ""]
    # chat sends 2.5 + 1 of 6 req/s to a, 1.5 to b and 1 outside.
    assert day["Goes to"].iloc[0] == "a 58 %, b 25 %, api 17 %"
    lost = table[table["Case"] == "lost"]
    assert set(lost["Loss"]) == {"node 0 of h100", "node 2 of h100"}


def test_lanes_with_their_rates_and_the_idle_ones() -> None:
    plan = cells_plan()
    table = lane_table(plan)
    assert len(table) == len(plan["lanes"])
    assert table["Rates (req/s)"][0] == "chat 2.5"
    assert table["Rates (req/s)"][1] == "chat 1, batch 1.5"
    # By night one replica of a has nothing to do.
    idle = table[table["Rates (req/s)"] == "idle"]
    assert idle[idle["Case"] == "night"]["LLM"].tolist() == ["a"]
    assert (idle["Load (req/s per replica)"] == 0).all()


def test_limits_in_words() -> None:
    slo = {
        "metric": "ttft",
        "statistic": "p95",
        "scope": "each_llm",
        "limit_ms": 900.0,
        "achieved_ms": 812.34,
    }
    assert cell_limit_text([slo]) == "TTFT p95 of each LLM 812.3 ms (limit 900)"
    planned = cell_limit_text([{**slo, "planned_limit_ms": 855.0}])
    assert planned == "TTFT p95 of each LLM 812.3 ms (limit 900, planned with 855)"
    assert cell_limit_text([{**slo, "achieved_ms": None}]) == ""
    assert cell_limit_text([]) == ""
