"""The workbook of a plan over classes and cases: sheets, values, charts, hostile names, programs
that open it.
"""

import zipfile
from pathlib import Path

import openpyxl
import pytest

from planner.export.cells.cells_report_content import build_cells_report
from planner.export.cells.cells_report_files import write_cells_report_files
from planner.scenario.assemble import assemble_instance
from reports.workbook.cells.cells_workbook import cells_workbook_sheets, write_cells_workbook
from tests.presentation.cells.test_setup_results import two_setups
from tests.support.office import resaved
from tests.support.plans.cells_sources import NAMES, day_planned, hostile_day, impossible_day
from tests.support.plans.report_cases import texts

SHEETS = [
    *("Summary", "Assumptions", "Case results", "Class results", "Limits", "Setup", "Lanes"),
    "Checks and log",
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cells") / "day.xlsx"
    write_cells_workbook(path, build_cells_report(*day_planned()))
    return path


def test_every_sheet_is_there_and_linked(book: Path) -> None:
    workbook = openpyxl.load_workbook(book)
    assert workbook.sheetnames == SHEETS
    cells = [cell for row in workbook["Summary"].iter_rows() for cell in row]
    links = [cell.hyperlink.location for cell in cells if cell.hyperlink]
    assert links == [f"'{sheet}'!A1" for sheet in SHEETS[1:]]
    charts = {sheet.title: len(sheet._charts) for sheet in workbook if sheet._charts}
    assert charts == {"Summary": 2, "Case results": 2}


def test_tables_hold_the_report_s_values(book: Path) -> None:
    report = build_cells_report(*day_planned())
    workbook = openpyxl.load_workbook(book, data_only=True)
    for sheet, key in (("Case results", "cases"), ("Lanes", "lanes"), ("Class results", "classes")):
        frame = report["tables"][key]
        rows = [list(row) for row in workbook[sheet].iter_rows(values_only=True)]
        head = next(k for k, row in enumerate(rows) if row[0] == "Case")
        width = len(frame.columns)
        assert rows[head][:width] == list(frame.columns)
        for k in range(len(frame)):
            for cell, value in zip(rows[head + 1 + k], frame.iloc[k], strict=False):
                if isinstance(value, str):
                    assert (cell or "") == value
                elif value is None or value != value:
                    assert cell is None
                else:
                    assert cell == pytest.approx(value, rel=1e-12)


def test_what_is_paid_how_is_in_words(tmp_path: Path) -> None:
    content, loaded = day_planned()
    (pool,) = content["context"]["pools"]
    owned = {**content["context"], "pools": [{**pool, "owned": True}]}
    report = build_cells_report({**content, "context": owned}, loaded)
    write_cells_workbook(tmp_path / "owned.xlsx", report)
    for sheet in ("Setup", "Summary"):
        words = texts(tmp_path / "owned.xlsx", sheet)
        assert any(text.startswith("•  Owned or bought: 16.00 USD/h") for text in words)


def test_a_map_of_every_setup(tmp_path: Path) -> None:
    _, loaded = day_planned()
    write_cells_workbook(tmp_path / "two.xlsx", build_cells_report(two_setups(), loaded))
    words = texts(tmp_path / "two.xlsx", "Setup")
    assert "Setup of day (also node-lost)" in words
    assert "Setup of night" in words
    assert words.count("Contents") == 2
    summary = texts(tmp_path / "two.xlsx", "Summary")
    assert "night:" in summary
    assert any(text.startswith("•  Day -> night: stops ") for text in summary)


def test_without_a_plan_the_reasons_come_first(tmp_path: Path) -> None:
    report = build_cells_report(*impossible_day())
    sheets = ["Summary", "Assumptions", "Case results", "Checks and log"]
    assert cells_workbook_sheets(report) == sheets
    write_cells_workbook(tmp_path / "none.xlsx", report)
    words = texts(tmp_path / "none.xlsx", "Summary")
    (reason,) = report["meta"]["conflict"]
    assert any(reason in text for text in words)


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "hostile.xlsx"
    write_cells_workbook(path, build_cells_report(*hostile_day()))
    found: set[str] = set()
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    assert not any(name in cell.value for name in NAMES.values())
                    continue
                assert cell.data_type in ("s", "n", "d", "b"), f"{sheet.title}!{cell.coordinate}"
                found.add(str(cell.value))
    outside = "Outside http://example.org: rate at most"
    assert {"=1+1", "=DAY()", "<r><t>x</t></r> ", outside} <= found
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/charts/"):
                assert b"<c:v>=1+1" not in archive.read(name).replace(b"&lt;", b"<")


def test_a_report_is_an_input_again(tmp_path: Path) -> None:
    content, loaded = day_planned()
    written = write_cells_report_files(content, loaded, str(tmp_path / "day.xlsx"), None)
    assert written == {"workbook": str(tmp_path / "day.xlsx")}
    back = assemble_instance(tmp_path / "day.xlsx", cells=True)
    assert back.sha256 == loaded.sha256
    assert not [notice for notice in back.notices if "ignored" in notice]


@pytest.mark.slow
def test_office_reads_it(book: Path, tmp_path: Path) -> None:
    """LibreOffice opens and saves it, and every cell is as it was."""
    again = openpyxl.load_workbook(resaved(book, tmp_path), data_only=True)
    for sheet in openpyxl.load_workbook(book, data_only=True):
        for row in sheet.iter_rows():
            for cell in row:
                other = again[sheet.title][cell.coordinate].value
                if isinstance(cell.value, int | float):
                    assert other == pytest.approx(cell.value)
                elif cell.data_type == "s":
                    assert str(other or "") == cell.value
