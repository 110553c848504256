"""Prices, ties and lanes of a cell as tables and JSON."""

from pathlib import Path

import pytest

from planner.operation.cells.cell_choice import find_state_cell
from planner.plans.cells.any_plan import load_any_plan
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.presentation.cells.cell_routing import (
    cell_lanes_table,
    cell_prices_table,
    cell_routing_content,
    cell_routing_name,
    cell_tie_lines,
)
from tests.support.plans.cells_plans import write_day_plan


def test_a_cell_is_shown_with_its_prices_and_lanes(tmp_path: Path) -> None:
    source = load_any_plan(write_day_plan(tmp_path))
    assert isinstance(source, CellsPlanAndScenario)
    cell = find_state_cell(source, "batch", "day", None)
    assert cell_routing_name(source, cell) == "class batch in case day"
    prices = cell_prices_table(cell)
    assert prices["Planned (%)"].sum() == pytest.approx(100)
    lanes = cell_lanes_table(source, cell)
    assert lanes.groupby("LLM")["Part of its LLM (%)"].sum().tolist() == pytest.approx([100, 100])
    assert lanes["Rate (req/s)"].sum() == pytest.approx(1.0)
    content = cell_routing_content(source, cell)
    assert (content["class"], content["case"], content["loss"]) == ("batch", "day", None)
    assert sum(row["rate_rps"] for row in content["lanes"]) == pytest.approx(1.0)
    ties = cell.content["router"]["ties"]
    assert len(cell_tie_lines(cell)) == len(ties)
