"""A simulation of a plan over cells as tables, sentences and JSON."""

from dataclasses import replace
from pathlib import Path

import pytest

from planner.operation.cells.cell_simulation import SimulationScope, run_cell_simulation
from planner.operation.simulation_outcomes import Demand
from planner.plans.cells.any_plan import load_any_plan
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.plan_file import plan_file_text
from planner.presentation.cells.cell_simulation import (
    cell_simulation_advice_lines,
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


def test_everything_is_reported(tmp_path: Path) -> None:
    source = load_any_plan(write_day_plan(tmp_path))
    assert isinstance(source, CellsPlanAndScenario)
    found = run_cell_simulation(
        source,
        Demand(seconds=60.0, cv=2.0),
        SimulationScope(classes=("chat", "batch"), cases=("day", "node-lost")),
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
    advice = cell_simulation_advice_lines(source, found)
    unsure = limits["Verdict"].isin(["uncertain", "misses"]).any()
    assert bool(advice) == unsure
    content = cell_simulation_content(source, found)
    assert plan_file_text(content)
    assert [entry["loss"] for entry in content["cases"]] == [None, 0]
    assert {entry["class"] for entry in content["cases"][0]["classes"]} == {"chat", "batch"}


def test_a_limit_that_is_missed_has_a_factor_to_plan_with(tmp_path: Path) -> None:
    source = load_any_plan(write_day_plan(tmp_path))
    assert isinstance(source, CellsPlanAndScenario)
    demand, how = source.demand, Demand(seconds=60.0)
    chat = SimulationScope(classes=("chat",), cases=("day",))
    seen = run_cell_simulation(source, how, chat)
    p95 = seen.states[0].cells[0].slos[0].simulated
    assert p95 is not None
    # A limit of nine tenths of what is simulated, which is the stated 0.5 s times this.
    cases = (replace(demand.cases[0], slo_factor=0.9 * p95.mean / 0.5), *demand.cases[1:])
    tight = replace(source, loaded=replace(source.loaded, demand=replace(demand, cases=cases)))
    found = run_cell_simulation(tight, how, chat)
    (line,) = cell_simulation_advice_lines(tight, found)
    factor = float(line.partition("--set cases.0.slo_factor=")[2].split()[0])
    # What was simulated comes down to the limit from the upper end of its interval.
    missed = found.states[0].cells[0].slos[0].simulated
    assert missed is not None
    exact = cases[0].slo_factor * 0.9 * p95.mean / missed.high
    # The tighter limit and the factor are rounded down, each to three digits.
    assert 0.98 * exact <= factor <= exact
    assert "p95 TTFT of chat" in line
    cases = (replace(demand.cases[0], slo_factor=0.05), *demand.cases[1:])
    hopeless = replace(source, loaded=replace(source.loaded, demand=replace(demand, cases=cases)))
    found = run_cell_simulation(hopeless, how, chat)
    assert cell_simulation_advice_lines(hopeless, found) == [
        "In day replicas are so full that waits grow by chance: a tighter limit helps little there;"
        " plan with higher rates."
    ]
