"""Sheets as rows of plain cells: which are read, and what a cell that is neither becomes."""

from datetime import date
from pathlib import Path

import openpyxl

from profiles.io.cells import UnusableCell
from profiles.io.faults import Fault
from profiles.io.workbook_cells import DATED, cell_name, normal, read_workbook_cells


def test_titles_are_compared_without_case_and_spaces(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "my  POOLS"
    sheet.append(["a", None, None])
    sheet.append([])
    sheet.append([1, " ", date(2026, 5, 1)])
    workbook.create_sheet("Notes")
    workbook.save(tmp_path / "b.xlsx")
    faults: list[Fault] = []
    read = read_workbook_cells(tmp_path / "b.xlsx", ["My Pools"], faults)
    assert read is not None
    sheets, others = read
    assert not faults
    assert others == ["Notes"]
    (first, header), (third, cells) = sheets["My Pools"].rows
    assert (first, header, third) == (1, ["a"], 3)
    assert cells[:2] == [1, None]
    assert isinstance(cells[2], UnusableCell)
    assert (cells[2].problem, str(cells[2])[:10]) == (DATED, "2026-05-01")


def test_places_are_those_of_spreadsheets() -> None:
    assert cell_name("Pools", 7, 2) == "Pools!C7"
    assert cell_name("Scores", 2, 26) == "Scores!AA2"
    assert normal(" Demand  & slo ") == "demand & slo"
