"""Costs of a day are live: an edit recomputes them, and nothing says otherwise than the plan."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from planner.export.cells.cells_report_files import write_cells_report_files
from tests.support.office import resaved
from tests.support.plans.cells_sources import day_planned
from tests.support.plans.report_cases import cells


def test_an_edit_recomputes_what_the_day_costs(tmp_path: Path) -> None:
    """The hours of the night on their input sheet, and the price of a request sent outside."""
    content, loaded = day_planned()
    path = tmp_path / "day.xlsx"
    write_cells_report_files(content, loaded, str(path), None)
    formulas = [at for at, cell in cells(path, values=False) if cell.data_type == "f"]
    stored = {at: cell.value for at, cell in cells(path, values=True)}
    assert len(formulas) > 30
    book = openpyxl.load_workbook(path)
    names = {name: next(iter(book.defined_names[name].destinations)) for name in book.defined_names}
    (sheet, cell), demand = names["outside_1_class_1_usd"], loaded.demand
    book[sheet][cell.replace("$", "")] = 0.01
    assert book["Cases"]["A2"].value == "day"
    book["Cases"]["B2"] = demand.cases[0].hours + 24
    book.save(tmp_path / "edited.xlsx")
    after = openpyxl.load_workbook(resaved(tmp_path / "edited.xlsx", tmp_path), data_only=True)

    def named(name: str) -> Any:
        sheet, cell = names[name]
        return after[sheet][cell.replace("$", "")].value

    hours = [case.hours for case in demand.cases]
    hours[0] += 24
    usd = {demand.classes[0].name: 0.01, demand.classes[1].name: demand.classes[1].outside_usd[0]}
    outside = [
        sum(
            3600.0 * usd[c["class"]] * c["rate_rps"] * c["routing"].get("far", 0.0)
            for c in content["cells"]
            if c["case"] == case.name
        )
        for case in demand.cases
        if case.hours > 0
    ]
    gpus = content["cost"]["gpus_usd_per_h"]
    expected = gpus + sum(h * v for h, v in zip(hours, outside, strict=False)) / sum(hours)
    assert named("cost_usd_per_h") == pytest.approx(expected)
    assert named("inputs_edited") == 2
    words = [
        value for row in after["Summary"].iter_rows(max_row=5, values_only=True) for value in row
    ]
    assert any(str(word).startswith("INPUT EDITED") for word in words)
    untouched = {at: value for at, value in stored.items() if at.startswith("Setup!")}
    for at, value in untouched.items():
        sheet, _, place = at.partition("!")
        if isinstance(value, float):
            assert after[sheet][place].value == pytest.approx(value), at


def test_the_summary_has_costs_by_time_and_by_request(tmp_path: Path) -> None:
    content, loaded = day_planned()
    path = tmp_path / "day.xlsx"
    write_cells_report_files(content, loaded, str(path), None)
    rows = openpyxl.load_workbook(path, data_only=True)["Summary"].iter_rows(values_only=True)
    figures = {str(row[0]): row[1] for row in rows}
    cost, demand = content["cost_usd_per_h"], loaded.demand
    rate = sum(case.hours * sum(case.rates) for case in demand.cases) / demand.hours
    assert figures["Cost per year"] == pytest.approx(8760 * cost)
    assert figures["Cost per 1,000 requests"] == pytest.approx(cost / (3.6 * rate))
