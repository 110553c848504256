"""The sheets Profiles and Scores as tables, or a file that Settings names."""

from pathlib import Path
from typing import Any

from planner.scenario.workbook import read_workbook
from profiles.io.faults import Fault
from tests.support.scenarios.workbook_case import edit, put


def read(path: Path) -> tuple[dict[str, Any], list[str]]:
    faults: list[Fault] = []
    found = read_workbook(path, faults)
    assert found is not None
    return found.tables, [str(fault) for fault in faults]


def test_rows_keep_their_numbers(book: Path) -> None:
    edit(book, lambda workbook: workbook["Scores"].insert_rows(3))
    tables, faults = read(book)
    assert not faults
    table = tables["book.xlsx#Scores"]
    assert list(table.rows[:3]) == [2, 4, 5]
    assert table.typed


def test_a_file_and_a_sheet_with_rows_is_a_fault(book: Path) -> None:
    put(book, Settings__B11="scores.csv")
    label = "Scores file"
    _, faults = read(
        edit(book, lambda workbook: _name_file(workbook["Settings"], label, "scores.csv"))
    )
    assert any("a file is named, but the sheet Scores has rows too" in fault for fault in faults)


def test_an_empty_sheet_is_a_fault(book: Path) -> None:
    def clear(workbook: Any) -> None:
        workbook["Profiles"].delete_rows(1, 100)

    tables, faults = read(edit(book, clear))
    assert tables["book.xlsx#Profiles"] is None
    assert any("the sheet is empty" in fault for fault in faults)


def _name_file(sheet: Any, label: str, name: str) -> None:
    row = next(row for row in sheet.iter_rows() if row[0].value == label)
    row[1].value = name
