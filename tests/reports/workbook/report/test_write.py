"""The workbook of a report: its sheets, formulas with their values, looks, text nothing runs."""

import math
import re
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from planner.export.report_content import build_report
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.tables import plan_tables
from planner.scenario.assemble import assemble_instance
from profiles.workbook_layout import REPORT_SHEETS, SHEETS
from reports.style import CELL_LIMIT
from reports.workbook.report.write import write_workbook
from tests.support.office import resaved
from tests.support.plans.report_cases import (
    HOSTILE,
    cells,
)
from tests.support.walls import first_fast, usually


def test_sheets_are_those_whose_data_is_there(trio_book: Path, full_book: Path) -> None:
    plain, full = (
        openpyxl.load_workbook(trio_book).sheetnames,
        openpyxl.load_workbook(full_book).sheetnames,
    )
    assert plain == [name for name in REPORT_SHEETS if name in plain] + list(SHEETS)
    computed = {"Sensitivity", "Frontier", "Setups study", "Setups data", "Baselines"}
    assert not computed & set(plain)
    assert computed <= set(full)
    assert "Conflict" not in full


def test_no_sheet_is_empty(full_book: Path) -> None:
    for sheet in openpyxl.load_workbook(full_book, data_only=True):
        assert (
            sum(value is not None for row in sheet.iter_rows(values_only=True) for value in row)
            >= 3
        ), sheet.title


def test_every_formula_carries_its_value(trio_book: Path, full_book: Path) -> None:
    for book in (trio_book, full_book):
        stored = {at: cell.value for at, cell in cells(book, values=True)}
        formulas = [at for at, cell in cells(book, values=False) if cell.data_type == "f"]
        assert len(formulas) > 60
        assert [at for at in formulas if at not in stored] == []


def test_pandas_finds_the_numbers_of_the_named_tables(
    trio: PlanAndScenario, trio_book: Path
) -> None:
    for name, sheet in (("setup", "Setup"), ("routing", "Routing"), ("gpu_map", "Setup")):
        frame = plan_tables(trio.plan.content)[name]
        raw = pd.read_excel(trio_book, sheet_name=sheet, header=None)
        first = list(frame.columns[:4])
        head, left = next(
            (k, c)
            for k in range(len(raw))
            for c in range(raw.shape[1])
            if list(raw.iloc[k, c : c + 4]) == first
        )
        raw = raw.iloc[:, left:]
        read = raw.iloc[head + 1 : head + 1 + len(frame)].set_axis(raw.iloc[head], axis=1)
        for header in [h for h in frame.columns if h in list(raw.iloc[head])]:
            if pd.api.types.is_numeric_dtype(frame[header]):
                assert np.allclose(
                    read[header].astype(float), frame[header].astype(float), rtol=1e-12
                ), (sheet, header)
            else:
                assert list(read[header]) == list(frame[header])


def test_a_report_is_an_input(trio: PlanAndScenario, trio_book: Path) -> None:
    again = assemble_instance(trio_book)
    assert again.sha256 == trio.plan.content["scenario_sha256"]
    assert not [notice for notice in again.notices if "sheet" in notice.lower()]


def test_sheets_are_set_up_for_reading_and_printing(full_book: Path) -> None:
    book = openpyxl.load_workbook(full_book)
    for name in [name for name in book.sheetnames if name in REPORT_SHEETS]:
        sheet = book[name]
        assert sheet.page_setup.fitToWidth in (None, 1), name  # 1 is the default and left out
        assert sheet.sheet_properties.pageSetUpPr.fitToPage, name
        if name != "Summary":
            assert sheet.freeze_panes, name
            assert sheet.auto_filter.ref, name
    assert book["Summary"].page_setup.fitToHeight in (None, 1)


def test_every_chart_has_data_and_words(full_book: Path) -> None:
    with zipfile.ZipFile(full_book) as archive:
        drawings = [
            archive.read(name).decode()
            for name in archive.namelist()
            if re.match(r"xl/drawings/drawing\d+\.xml", name)
        ]
        charts = [
            archive.read(name).decode()
            for name in archive.namelist()
            if re.match(r"xl/charts/chart\d+\.xml", name)
        ]
    frames = re.findall(r"<xdr:cNvPr [^>]*>", " ".join(drawings))
    assert len(frames) == len(charts) >= 8
    assert all(re.search(r'descr="[^"]{20,}"', frame) for frame in frames)
    assert all("<c:pt idx" in chart for chart in charts)


def test_text_of_the_user_is_never_a_formula(hostile_book: Path) -> None:
    texts: list[str] = []
    for at, cell in cells(hostile_book, values=False):
        if cell.data_type == "f":
            assert not any(name in cell.value for name in (*HOSTILE, "POOL()", "GPU()", "calc")), (
                f"{at}: {cell.value}"
            )
        elif isinstance(cell.value, str):
            texts.append(cell.value)
            assert len(cell.value.encode("utf-16-le")) // 2 <= CELL_LIMIT
    assert [
        name
        for name in HOSTILE
        if name not in [text.strip() for text in texts] and name != "_x0041_"
    ] == []
    assert any(text.endswith("(cut)") for text in texts)
    assert any("\\x00\\x07\\x1b[31m \\ud800 \\ufffe tail" in text for text in texts)


def test_names_and_charts_refer_to_cells_alone(hostile_book: Path) -> None:
    with zipfile.ZipFile(hostile_book) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8", errors="ignore")
            if name.startswith("xl/charts/chart"):
                for reference in re.findall(r"<c:f>(.*?)</c:f>", text):
                    assert re.fullmatch(
                        r"'?[A-Za-z ]+'?!\$[A-Z]+\$\d+(:\$[A-Z]+\$\d+)?", reference
                    ), reference
            assert "externalLink" not in name
            assert 'TargetMode="External"' not in text, name
        workbook = archive.read("xl/workbook.xml").decode()
    for name, reference in re.findall(
        r'<definedName name="([^"]*)"[^>]*>(.*?)</definedName>', workbook
    ):
        assert re.fullmatch(r"(_xlnm\.)?[A-Za-z0-9_]+", name)
        assert "calc" not in reference


def test_names_equal_in_31_characters_stay_apart(hostile_book: Path) -> None:
    column = [
        row[0]
        for row in openpyxl.load_workbook(hostile_book, data_only=True)["Setup"].iter_rows(
            values_only=True
        )
    ]
    assert {name for name in HOSTILE if name.startswith("abc")} <= set(column)


@pytest.mark.parametrize(
    "which",
    first_fast(usually(["full_book", "trio_book", "hostile_book", "conflict_book"], (0, 2))),
)
def test_libreoffice_comes_to_the_stored_values(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path: Path = request.getfixturevalue(which)
    formulas = [at for at, cell in cells(path, values=False) if cell.data_type == "f"]
    stored = {at: cell.value for at, cell in cells(path, values=True)}
    again = {at: cell.value for at, cell in cells(resaved(path, tmp_path), values=True)}
    wrong = []
    for at in formulas:
        mine, theirs = stored[at], again.get(at)
        near = (
            isinstance(mine, int | float)
            and isinstance(theirs, int | float)
            and math.isclose(mine, theirs, rel_tol=1e-9, abs_tol=1e-9)
        )
        if mine != theirs and not near:
            wrong.append((at, mine, theirs))
    assert wrong == []


def test_nothing_is_left_when_writing_fails(small: PlanAndScenario, tmp_path: Path) -> None:
    report = build_report(small.plan, small.loaded)
    broken = {**report, "tables": {**report["tables"], "slo": None}}
    (tmp_path / "r.xlsx").write_text("the old one", encoding="utf-8")
    with pytest.raises(AttributeError):
        write_workbook(tmp_path / "r.xlsx", broken)
    assert [path.name for path in tmp_path.iterdir()] == ["r.xlsx"]
    assert (tmp_path / "r.xlsx").read_text(encoding="utf-8") == "the old one"
