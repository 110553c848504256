"""The sheets of the setup study: this plan is marked among all setups."""

from pathlib import Path

import openpyxl
import pytest

from planner.plans.plan_and_scenario import PlanAndScenario


def test_the_study_marks_this_plan(small: PlanAndScenario, full_book: Path) -> None:
    rows = {
        row[0]: row[1]
        for row in openpyxl.load_workbook(full_book, data_only=True)["Setups study"].iter_rows(
            values_only=True
        )
    }
    assert rows["Quality of this plan"] == pytest.approx(small.plan.content["quality"])
    assert rows["Quality of this plan"] >= rows["Best quality"] - 1e-4
