"""What classes get, of the plan by hand."""

import pytest

from planner.presentation.cells.class_results import (
    class_prices_table,
    class_results_table,
    class_ties_table,
    loss_results_table,
    lost_pools_table,
)
from tests.support.demand.cells_by_hand import cells_demand, cells_plan
from tests.support.plans.cells_sources import day_planned


def test_fractions_add_up_and_blank_is_nothing() -> None:
    content, _ = day_planned()
    frame = class_results_table(content)
    parts = frame[[header for header in frame if str(header).startswith("To ")]]
    assert list(parts) == ["To NO (%)", "To NA (%)", "To far (%)"], "the cluster's LLMs first"
    assert parts.sum(axis=1).tolist() == pytest.approx([100.0] * len(frame))
    batch = parts[frame["Class"] == "batch"]
    assert batch["To far (%)"].isna().all(), "nothing of batch may leave the cluster"


def test_prices_and_ties_are_the_plan_s() -> None:
    content, _ = day_planned()
    prices = class_prices_table(content)
    for row, cell in zip(prices.to_dict("records"), content["cells"], strict=True):
        for llm, price in cell["dual_prices"].items():
            assert row[f"Price of {llm} (score)"] == price
    ties = class_ties_table(content)
    assert len(ties) == sum(len(cell["router"]["ties"]) for cell in content["cells"])


def test_every_kind_of_lost_nodes_has_its_quality() -> None:
    plan, demand = cells_plan(), cells_demand()
    frame = loss_results_table(plan, demand)
    case = next(case for case in plan["cases"] if case["case"] == "lost")
    assert frame["Quality (mean score)"].min() == pytest.approx(case["quality"])
    assert frame["Choices of this kind"].sum() == 3
    covered = [k for k, loss in enumerate(plan["losses"]) if loss["same_as"] is not None]
    for k in covered:
        assert frame["Routed"][k].startswith("as without node")


def test_any_node_of_a_pool_in_words() -> None:
    content, _ = day_planned()
    frame = lost_pools_table(content)
    assert frame["Case"].tolist() == ["day", "night"], "the third case loses nodes of its own"
    assert set(frame["Lost"]) == {"any node of a"}
    for entry, outcome in zip(content["context"]["lost_nodes"], frame["Outcome"], strict=True):
        assert outcome == ("holds" if entry["holds"] else "breaks")
    assert len(lost_pools_table({"context": {}})) == 0
