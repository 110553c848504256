"""The sheet Assumptions: an edit recomputes costs and is shown, the optimum stays."""

import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from planner.plans.plan_and_scenario import PlanAndScenario
from tests.support.office import resaved


def test_an_edit_recomputes_the_cost_and_is_reported(
    small: PlanAndScenario, full_book: Path, tmp_path: Path
) -> None:
    """The second edit is on an input sheet, which the assumptions read."""
    book = openpyxl.load_workbook(full_book)
    sheet, cell = next(iter(book.defined_names["pool_1_price_usd_per_gpu_h"].destinations))
    book[sheet][cell] = 10.0
    book["Demand & SLO"]["B1"] = 3 * small.loaded.instance.arrival_rate
    book.save(tmp_path / "edited.xlsx")
    after = openpyxl.load_workbook(resaved(tmp_path / "edited.xlsx", tmp_path), data_only=True)

    def named(name: str) -> Any:
        sheet, cell = next(iter(book.defined_names[name].destinations))
        return after[sheet][cell].value

    assert named("cost_usd_per_h") == pytest.approx(10.0 * small.plan.content["gpus_used"])
    assert named("inputs_edited") == 2
    assert named("checks_all_ok") is False, "no replica can carry three times as much"
    words = [
        value
        for row in after["Summary"].iter_rows(max_row=6, values_only=True)
        for value in row
        if isinstance(value, str)
    ]
    assert any(word.startswith("INPUT EDITED") for word in words)
    assert any(re.match(r"Checks: \d+ of \d+ FAIL", word) for word in words)
    assert named("objective_found") == pytest.approx(small.plan.content["objective"]["value"]), (
        "the optimum is not recomputed"
    )
