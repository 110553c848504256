"""Workbooks as other programs save them, and what their users do to cells: read as meant, or
reported by cell.
"""

import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from openpyxl.worksheet.table import Table

from planner.cli.commands.plan import run_plan_on_scenario
from planner.cli.terminal.interrupt import Interrupt
from planner.export.report_content import build_report
from planner.scenario.assemble import assemble_instance
from planner.scenario.templates import template_inputs, template_workbook_inputs
from planner.scenario.workbook import read_workbook
from profiles.io.faults import DataError, Fault
from profiles.io.writing import write_csv
from reports.workbook.input_sheets import write_input_book, write_input_sheets
from reports.workbook.report.write import write_workbook
from reports.workbook.workbook_file import BOOK_OPTIONS
from tests.support.office import resaved
from tests.support.walls import first_fast

Change = Callable[[Any], None]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.xlsx"
    write_input_book(path, template_inputs())
    return path


@pytest.fixture
def report(book: Path) -> Path:
    source = run_plan_on_scenario(book, [], Interrupt(), quiet=True)
    path = book.parent / "report.xlsx"
    write_workbook(
        path,
        build_report(source.plan, source.loaded),
        template_workbook_inputs(source.loaded.scenario, source.loaded.tables, path.parent),
    )
    return path


def edited(path: Path, change: Change) -> Path:
    workbook = openpyxl.load_workbook(path)
    change(workbook)
    workbook.save(path)
    return path


def reported(path: Path) -> list[str]:
    with pytest.raises(DataError) as caught:
        assemble_instance(path)
    return [str(fault).removeprefix(f"{path}:") for fault in caught.value.faults]


# --- other programs -------------------------------------------------------------------------------


@pytest.mark.parametrize("which", first_fast(["book", "report"]))
def test_libreoffice_gives_the_scenario_back(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path: Path = request.getfixturevalue(which)
    back = assemble_instance(resaved(path, tmp_path))
    assert back.sha256 == assemble_instance(path).sha256
    assert not [notice for notice in back.notices if "ignored" in notice]


@pytest.mark.slow
def test_what_libreoffice_saves_by_itself_is_refused(book: Path, tmp_path: Path) -> None:
    (line,) = reported(resaved(book, tmp_path, "ods"))
    assert "a workbook of the kind .ods is not read; save it as .xlsx" in line


@pytest.mark.parametrize("which", ["book", "report"])
def test_openpyxl_gives_the_scenario_back(which: str, request: pytest.FixtureRequest) -> None:
    """It drops the values of a report's formulas; the input sheets have none."""
    path: Path = request.getfixturevalue(which)
    requested = assemble_instance(path).sha256
    assert assemble_instance(edited(path, lambda workbook: None)).sha256 == requested


@pytest.mark.parametrize("engine", ["openpyxl", "xlsxwriter"])
@pytest.mark.parametrize("index", [False, True])
def test_frames_of_pandas_are_a_scenario(
    engine: Any, index: bool, book: Path, tmp_path: Path
) -> None:
    """Keys as headers; a column of row numbers in front does no harm, and numbers may be the ids of
    prompts.
    """
    inputs = template_inputs()
    settings = {
        "Setting": ["version", "name", "objective"],
        "Value": [1, "my-cluster", "maximize quality"],
    }
    requested: dict[str, Any] = {
        "Pools": inputs.pools,
        "LLMs": inputs.llms,
        "Profiles": inputs.profiles,
        "Scores": inputs.scores,
    }
    with pd.ExcelWriter(tmp_path / "frames.xlsx", engine=engine) as writer:
        for title, rows in requested.items():
            pd.DataFrame(rows).to_excel(writer, sheet_name=title, index=index)
        pd.DataFrame([["arrival_rate_rps", 20]]).to_excel(
            writer, sheet_name="Demand & SLO", index=False, header=False
        )
        pd.DataFrame(inputs.slo).to_excel(
            writer, sheet_name="Demand & SLO", startrow=3, index=index
        )
        pd.DataFrame(settings).to_excel(writer, sheet_name="Settings", index=False)
    assert assemble_instance(tmp_path / "frames.xlsx").sha256 == assemble_instance(book).sha256


def test_strict_open_xml_is_refused(book: Path, tmp_path: Path) -> None:
    """A rare kind in which openpyxl finds no sheet at all."""
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(tmp_path / "strict.xlsx", "w") as new:
        for name in old.namelist():
            plain, strict = (
                b"schemas.openxmlformats.org/spreadsheetml/2006/main",
                b"purl.oclc.org/ooxml/spreadsheetml/main",
            )
            new.writestr(name, old.read(name).replace(plain, strict))
    (line,) = reported(tmp_path / "strict.xlsx")
    assert "it is Strict Open XML; choose the plain kind, Excel Workbook (.xlsx)" in line


@pytest.mark.slow
def test_csv_files_run_nothing(tmp_path: Path) -> None:
    """LibreOffice reads cells of CSV files as formulas where it can."""
    texts = [
        "=1+1",
        " =1+1",
        "\t=1+1",
        "\n=1+1",
        "+1+1",
        "-1-1",
        "@SUM(1)",
        "\uff1d1+1",
        "=cmd|' /C calc'!A0",
        "plain",
    ]
    (tmp_path / "raw.csv").write_text("a\n=1+1\n", encoding="utf-8")
    assert (
        openpyxl.load_workbook(resaved(tmp_path / "raw.csv", tmp_path)).active["A2"].data_type
        == "f"
    ), "so the next lines can fail"
    write_csv(pd.DataFrame({text: texts for text in texts}), tmp_path / "safe.csv")
    sheet = openpyxl.load_workbook(resaved(tmp_path / "safe.csv", tmp_path)).active
    assert (sheet.max_row, sheet.max_column) == (11, 10)
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}
    assert all(str(cell.value).lstrip("'")[0] != str(cell.value)[0] for cell in sheet[2][:9])


# --- what does no harm ----------------------------------------------------------------------------


def spaces_that_do_not_break(workbook: Any) -> None:
    workbook["Pools"]["A2"], workbook["Pools"]["D1"] = "a100\xa0", "GPUs\xa0per node"
    workbook["Profiles"]["F1"] = "TTFT mean\n(ms)"


def formats_that_show_units(workbook: Any) -> None:
    for cell, form in (
        ("D3", '0" %"'),
        ("D4", "0\\%"),
        ("D5", 'General" %"'),
        ("F4", '#,##0.0" ms"'),
        ("F5", "[$$-409]#,##0.00"),
    ):
        workbook["Profiles"][cell].number_format = form


def formats_far_below_the_table(workbook: Any) -> None:
    for sheet in workbook:
        for row in range(300, 600):
            sheet.cell(row, 1).number_format = "0.00"
    workbook["Scores"]["A50"], workbook["Scores"]["B51"] = "  ", "\xa0"


def tables_with_filters(workbook: Any) -> None:
    """As Excel makes them of ranges."""
    for title in ("Pools", "LLMs", "Profiles", "Scores"):
        sheet = workbook[title]
        sheet.auto_filter.ref = None
        sheet.add_table(Table(displayName=f"{title}Table", ref=sheet.dimensions))


def sheets_in_other_order_and_case(workbook: Any) -> None:
    workbook._sheets.reverse()
    workbook["Pools"].title, workbook["Demand & SLO"].title = "POOLS ", "demand  & slo"


def tables_somewhere_else_on_the_sheet(workbook: Any) -> None:
    for title in ("Pools", "Profiles", "Scores"):
        sheet = workbook[title]
        sheet.auto_filter.ref = None
        sheet.insert_cols(1, 2)
        sheet.insert_rows(1, 3)
        sheet["A1"] = "Numbers of May"


def remarks_between_columns(workbook: Any) -> None:
    workbook["Profiles"].insert_cols(3)
    workbook["Profiles"]["C1"], workbook["Profiles"]["C2"], workbook["Profiles"]["C3"] = (
        "Remark",
        "fine",
        "=1+1",
    )


def words_in_capitals(workbook: Any) -> None:
    workbook["Demand & SLO"]["A4"], workbook["Demand & SLO"]["B4"], workbook["Settings"]["B4"] = (
        "TTFT",
        "Mean",
        "Maximize Quality",
    )


def locks_and_links(workbook: Any) -> None:
    workbook["Pools"].protection.sheet = True
    workbook["Pools"]["A2"].hyperlink = "http://example.org/"
    workbook["Pools"]["A2"] = "a100"


HARMLESS = (
    *(
        spaces_that_do_not_break,
        formats_that_show_units,
        formats_far_below_the_table,
        tables_with_filters,
        locks_and_links,
    ),
    *(
        sheets_in_other_order_and_case,
        tables_somewhere_else_on_the_sheet,
        remarks_between_columns,
        words_in_capitals,
    ),
)


@pytest.mark.parametrize("change", HARMLESS)
def test_what_does_no_harm(change: Change, book: Path) -> None:
    requested = assemble_instance(book).sha256
    assert assemble_instance(edited(book, change)).sha256 == requested


def test_a_sheet_under_another_name_is_reported(book: Path) -> None:
    def rename(workbook: Any) -> None:
        workbook["Pools"].title = "My pools"

    (line,) = reported(edited(book, rename))
    assert line.startswith("Pools: the sheet is missing; did you mean My pools? add it")


def test_text_in_its_cells_is_read(tmp_path: Path, book: Path) -> None:
    """Inline strings, as programs write that do not keep texts until the end."""
    workbook = xlsxwriter.Workbook(
        tmp_path / "inline.xlsx", {**BOOK_OPTIONS, "constant_memory": True}
    )
    write_input_sheets(workbook, template_inputs())
    workbook.close()
    with zipfile.ZipFile(tmp_path / "inline.xlsx") as archive:
        assert b't="inlineStr"' in archive.read("xl/worksheets/sheet1.xml")
    assert assemble_instance(tmp_path / "inline.xlsx").sha256 == assemble_instance(book).sha256


def test_what_is_hidden_is_read_and_reported(book: Path) -> None:
    requested = assemble_instance(book).sha256

    def hide(workbook: Any) -> None:
        workbook["Scores"].sheet_state = "hidden"
        workbook["LLMs"].sheet_state = "veryHidden"
        workbook["Profiles"].row_dimensions[3].hidden = True
        workbook["Profiles"].column_dimensions["E"].hidden = True

    back = assemble_instance(edited(book, hide))
    assert back.sha256 == requested
    assert [notice.removeprefix(f"{book}: ") for notice in back.notices[:3]] == [
        "the sheet LLMs is hidden, and read all the same",
        "the sheet Scores is hidden, and read all the same",
        "1 hidden row of Profiles is read too",
    ]


def test_text_in_several_fonts_is_text(tmp_path: Path, book: Path) -> None:
    workbook = xlsxwriter.Workbook(tmp_path / "rich.xlsx", BOOK_OPTIONS)
    write_input_sheets(workbook, template_inputs())
    workbook.get_worksheet_by_name("Pools").write_rich_string(
        1, 0, "a", workbook.add_format({"bold": True}), "10", "0"
    )
    workbook.close()
    assert assemble_instance(tmp_path / "rich.xlsx").sha256 == assemble_instance(book).sha256


@pytest.mark.parametrize("epoch_1904", [False, True])
def test_dates_are_those_of_the_workbook(epoch_1904: bool, tmp_path: Path) -> None:
    """Old workbooks of the Mac count days from 1904."""
    workbook = xlsxwriter.Workbook(
        tmp_path / "dates.xlsx", {**BOOK_OPTIONS, "date_1904": epoch_1904}
    )
    write_input_sheets(workbook, template_inputs())
    sheet, form = (
        workbook.get_worksheet_by_name("Profiles"),
        workbook.add_format({"num_format": "yyyy-mm-dd"}),
    )
    sheet.write_string(0, 9, "Measured on")
    sheet.write_datetime(1, 9, datetime(2026, 5, 3), form)
    workbook.close()
    faults: list[Fault] = []
    read = read_workbook(tmp_path / "dates.xlsx", faults)
    assert read is not None
    table = next(table for name, table in read.tables.items() if name.endswith("#Profiles"))
    assert table is not None
    assert not faults
    assert table.columns["measured_on"][0] == "2026-05-03"


# --- faults by cell -------------------------------------------------------------------------------

SPACES = (
    "the number is stored as text with spaces in it: format the cell as a number and type it again"
    " without them"
)
COMMA = (
    "the cell holds text with a comma: format it as a number and type it again with your program's"
    " own decimal sign"
)


@pytest.mark.parametrize(
    ("cell", "value", "expected"),
    [
        (
            "Pools!C2",
            "1\xa0000",
            f'Pools!C2: expected a whole number >= 1, got "1\\xa0000"; {SPACES}',
        ),
        ("Profiles!E3", "1 000", f'Profiles!E3: this is not a number, got "1 000"; {SPACES}'),
        ("Profiles!F3", "1 000,5", f'Profiles!F3: this number has a comma, got "1 000,5"; {COMMA}'),
        ("Scores!B2", "0,81\xa0", f'Scores!B2: this number has a comma, got "0,81\\xa0"; {COMMA}'),
        (
            "Demand & SLO!B1",
            "20\xa0",
            (
                'Demand & SLO!B1: expected a number > 0, got "20"; the number is stored as text:'
                " format"
            ),
        ),
        (
            "Profiles!F4",
            "400 ms",
            'Profiles!F4: this is not a number, got "400 ms"; write the number alone',
        ),
        (
            "Profiles!E4",
            20,
            (
                "Profiles!E4: this option has this rate already in row 3, got 20.0; keep one row of"
                " each option and rate"
            ),
        ),
        ("Profiles!F3", -1, "Profiles!F3: the latency is not above 0, got -1; "),
        ("Scores!C2", True, "Scores!C2: this is not a number, got true"),
        ("Profiles!E3", False, "Profiles!E3: this is not a number, got false"),
        ("LLMs!C2", True, "LLMs!C2: expected a whole number >= 0, got true"),
        ("Settings!B3", True, "Settings!B3: expected a name, got true"),
        ("Scores!B2", date(2026, 2, 1), "Scores!B2: the cell holds a date or a time"),
        ("Pools!C2", date(2026, 2, 1), "Pools!C2: the cell holds a date or a time"),
        ("Scores!B2", "=A1", "Scores!B2: the formula has no stored value"),
    ],
)
def test_faults_of_habit_name_their_cells(cell: str, value: Any, expected: str, book: Path) -> None:
    title, place = cell.split("!")

    def put(workbook: Any) -> None:
        workbook[title][place] = value

    lines = reported(edited(book, put))
    assert [line for line in lines if line.startswith(expected)], lines


def test_merged_cells_are_reported_where_they_hide_values(book: Path) -> None:
    def merge(workbook: Any) -> None:
        workbook["Profiles"].merge_cells("A3:A5")
        workbook["Demand & SLO"].merge_cells("F10:G11")

    lines = reported(edited(book, merge))
    assert lines[0].startswith("Profiles!A3:A5: the cells are merged; unmerge them")
    assert not [line for line in lines if line.startswith("Demand")], (
        "nothing is read in these columns"
    )
