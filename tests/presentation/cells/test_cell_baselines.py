"""Simpler ways beside the joint plan: gains, ties within the gap, what breaks."""

from dataclasses import replace

from planner.cell_solution import CellBaseline, CellBaselineKind
from planner.cells.solve import solve_cells
from planner.presentation.cells.cell_baselines import CELL_BASELINE_WORDS, cell_baseline_table
from planner.settings import Settings
from tests.cells.test_cell_baselines import case, day
from tests.support.walls import UNHURRIED_S


def test_rows_of_a_tie_a_gain_and_a_break():
    demand = day(case("day", 8, 12.0), case("night", 16, 3.0))
    joint = solve_cells(demand, Settings(time_limit=UNHURRIED_S))
    assert joint.plan is not None
    worse = replace(joint.plan, value=joint.plan.value - 0.1)
    baselines = [
        CellBaseline(kind=CellBaselineKind.PEAK, planned=joint, plan=joint.plan, broken=()),
        CellBaseline(kind=CellBaselineKind.MEAN, planned=joint, plan=worse, broken=()),
        CellBaseline(kind=CellBaselineKind.BLIND, planned=joint, plan=None, broken=(1,)),
    ]
    frame = cell_baseline_table(demand, joint, baselines)
    assert frame["Plan"].tolist() == ["joint plan", "peak alone", "mean alone", "blind to losses"]
    assert frame["Breaks"].tolist() == ["", "ties", "", "night"]
    assert frame["Joint gains"].round(6).tolist()[2] == 0.1
    assert frame["USD/h"].isna().tolist() == [False, False, False, True]


def test_every_way_is_explained():
    assert set(CELL_BASELINE_WORDS) == set(CellBaselineKind)
