"""A simulation of a plan over cells as tables, sentences and JSON."""

from pathlib import Path

import pytest

from planner.operation.cells.cell_simulation import run_cell_simulation
from planner.operation.simulation_outcomes import Demand
from planner.plans.cells.any_plan import load_any_plan
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.plan_file import plan_file_text
from planner.presentation.cells.cell_simulation import (
    cell_simulation_content,
    cell_simulation_demand_line,
    cell_simulation_verdict_lines,
    simulated_cell_lane_lines,
    simulated_cell_lanes_table,
    simulated_cell_limits_table,
    simulated_cell_metrics,
    simulated_cell_routing_table,
    simulated_loss_moments_table,
)
from tests.support.plans.cells_plans import write_day_plan


def test_everything_is_told(tmp_path: Path) -> None:
    source = load_any_plan(write_day_plan(tmp_path))
    assert isinstance(source, CellsPlanAndScenario)
    found = run_cell_simulation(
        source,
        Demand(seconds=60.0, cv=2.0),
        classes=("chat", "batch"),
        cases=("day", "node-lost"),
    )
    limits = simulated_cell_limits_table(source, found)
    assert limits["Class"].tolist() == ["chat", "all", "chat", "all"]
    assert limits["Limit (ms)"].tolist() == pytest.approx([500, 300, 750, 450])
    assert simulated_cell_metrics(found) == ["ttft"]
    lanes = simulated_cell_lanes_table(source, found, "ttft")
    assert len(lanes) == sum(len(state.lanes) for state in found.states)
    routing = simulated_cell_routing_table(source, found)
    assert routing.groupby(["Case", "Class"])["Planned (%)"].sum().tolist() == pytest.approx(
        [100, 100, 100]
    )
    moments = simulated_loss_moments_table(source, found)
    assert set(moments["Lost"]) == {"node 0 of a", "node 1 of a"}
    assert "coefficient of variation of 2" in cell_simulation_demand_line(found)
    assert simulated_cell_lane_lines(source, found)
    first, *missed = cell_simulation_verdict_lines(source, found)
    assert first.startswith(f"{found.verdict}: ")
    assert len(missed) == limits["Verdict"].tolist().count("misses")
    content = cell_simulation_content(source, found)
    assert plan_file_text(content)
    assert [entry["loss"] for entry in content["cases"]] == [None, 0]
    assert {entry["class"] for entry in content["cases"][0]["classes"]} == {"chat", "batch"}
