"""A scenario in a workbook: what is read, what does no harm, and what is a fault."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.plans.plan_and_scenario import load_plan_and_scenario
from planner.scenario.assemble import assemble_instance
from planner.scenario.templates import template_inputs, template_workbook_inputs
from profiles.io.faults import DataError
from profiles.workbook_layout import SHEETS
from reports.workbook.input_sheets import write_input_sheets
from reports.workbook.workbook_file import BOOK_OPTIONS
from tests.support.paths import HOME
from tests.support.scenarios.workbook_case import (
    edit,
    fault_lines,
    faults_of,
    planner,
    put,
    repacked,
    sound_or_faulty,
    write_template_book,
)
from tests.support.walls import first_fast, usually, wall_size


def test_a_report_is_read_as_an_input(tmp_path: Path) -> None:
    """Its other sheets are passed over in silence; sheets that are neither get a notice."""
    example = HOME / "examples/paper-trio/scenario.yaml"
    workbook = xlsxwriter.Workbook(tmp_path / "report.xlsx", BOOK_OPTIONS)
    for title in ("Summary", "GPU map", "Log", "Notes of mine"):
        workbook.add_worksheet(title).write_formula("A1", "=1+1", None, 2)
    loaded = assemble_instance(example)
    write_input_sheets(workbook, template_workbook_inputs(loaded.scenario, loaded.tables, tmp_path))
    workbook.close()
    back = assemble_instance(tmp_path / "report.xlsx")
    assert back.sha256 == loaded.sha256
    assert [notice for notice in back.notices if "ignored" in notice] == [
        f"{tmp_path / 'report.xlsx'}: ignored sheets that are no input: Notes of mine"
    ]


def test_a_plan_finds_its_workbook(book: Path, tmp_path: Path) -> None:
    done = planner(
        "plan",
        str(book),
        "--quiet",
        "--set",
        "arrival_rate_rps=10",
        "--json",
        str(tmp_path / "plan.json"),
    )
    assert done.returncode == 0, done.stderr
    both = load_plan_and_scenario(tmp_path / "plan.json")
    assert both.plan.content["scenario_path"] == "book.xlsx"
    assert both.loaded.scenario.spec.arrival_rate_rps == 10
    put(book, Demand__B1=21)
    with pytest.raises(DataError, match="is not"):
        load_plan_and_scenario(tmp_path / "plan.json", HOME / "examples/paper-trio/scenario.yaml")


def test_all_faults_at_once(book: Path) -> None:
    put(
        book,
        Pools__C2="eight",
        LLMs__D3="x",
        Profiles__E3="2O",
        Scores__B3="n/a",
        Demand__B1=-1,
        Settings__B12=101,
    )
    places = [fault.where for fault in faults_of(book)]
    assert places == [
        "Pools!C2",
        "LLMs!D3",
        "Demand & SLO!B1",
        "Settings!B12",
        "Profiles!E3",
        "Scores!B3",
    ]


def test_per_cent_formats_and_merged_cells(book: Path) -> None:
    def change(workbook: Any) -> None:
        workbook["Settings"]["B12"] = 0.1
        workbook["Settings"]["B12"].number_format = "0%"
        workbook["Profiles"]["D3"] = 0.5
        workbook["Profiles"]["D3"].number_format = "0.0%"
        workbook["Pools"].merge_cells("A2:A3")

    lines = fault_lines(edit(book, change))
    assert [line.partition(",")[0] for line in lines] == [
        (
            "Pools!A2:A3: the cells are merged; unmerge them and write every value in a separate"
            " cell"
        ),
        "Settings!B12: the number is formatted as per cent",
        "Profiles!D3: the number is formatted as per cent",
    ]


def test_a_sheet_named_like_the_key_of_rates_is_refused(book: Path) -> None:
    lines = fault_lines(edit(book, lambda workbook: workbook.create_sheet("DEMAND")))
    assert len(lines) == 1
    assert lines[0].startswith("DEMAND: this is no sheet of an input; rates of classes in cases go")


def test_missing_sheets_are_reported_once(book: Path) -> None:
    def change(workbook: Any) -> None:
        del workbook["Settings"], workbook["Demand & SLO"], workbook["Scores"]
        workbook["Pools"].title = "Pool"

    assert [line.partition(";")[0] for line in fault_lines(edit(book, change))] == [
        "Scores: the sheet is missing",
        "Settings: the sheet is missing",
        "Pools: the sheet is missing",
        "Demand & SLO: the sheet is missing",
    ]


def test_what_does_no_harm(book: Path) -> None:
    """Titles above headers, other orders, other columns, blank rows, keys as headers, text around
    names, dates where they are welcome.
    """
    requested = assemble_instance(book).sha256

    def change(workbook: Any) -> None:
        pools = workbook["Pools"]
        pools.insert_rows(1, 2)
        pools["A1"] = "GPUs that we may use"
        pools["G3"], pools["G4"] = "Remark", "ask Ann"
        pools["C3"], pools["A4"] = "nodes", "  a100 "
        profiles = workbook["Profiles"]
        profiles.insert_rows(4, 3)
        profiles["J1"], profiles["J2"] = "  comment ", "cold"
        scores = workbook["Scores"]
        scores["E2"] = "a note without a header"
        for row in range(1, 7):
            cells = [scores.cell(row, column).value for column in (1, 2, 3)]
            for column, value in zip((1, 2, 3), (cells[2], cells[0], cells[1]), strict=True):
                scores.cell(row, column).value = value
        workbook.move_sheet("Settings", -5)
        workbook["Settings"]["A30"], workbook["Settings"]["B30"] = "Favourite colour", "blue"

    back = assemble_instance(edit(book, change))
    assert back.sha256 == requested
    notices = "\n".join(back.notices)
    assert "ignored columns of Pools that are no input: Remark" in notices
    assert "Profiles: ignored unknown columns: comment" in notices
    assert "ignored row 30 of Settings (Favourite colour)" in notices


def test_stored_values_of_formulas_are_read(tmp_path: Path, book: Path) -> None:
    requested = assemble_instance(book, ["pools.0.gpus_per_node=6"]).sha256
    inputs = template_inputs()
    workbook = xlsxwriter.Workbook(tmp_path / "formulas.xlsx", BOOK_OPTIONS)
    write_input_sheets(workbook, inputs)
    workbook.get_worksheet_by_name("Pools").write_formula("D2", "=2*3", None, 6)
    workbook.close()
    assert assemble_instance(tmp_path / "formulas.xlsx").sha256 == requested


ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.times(),
    st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=12),
    st.sampled_from(
        [
            "=1/0",
            "#REF!",
            "#N/A",
            "1,5",
            "1;2",
            "all",
            "prompt_id",
            "Nodes",
            "Memory (GB)",
            "=A1",
            "nan",
            "1e999",
            "  ",
        ]
    ),
)


@settings(
    max_examples=wall_size(15, 60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(st.sampled_from(SHEETS), st.integers(1, 17), st.integers(1, 9), ODD_VALUES),
        min_size=1,
        max_size=6,
    )
)
def test_damaged_cells_are_sound_or_faulty(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple]
) -> None:
    path = write_template_book(tmp_path_factory.mktemp("damage") / "book.xlsx")

    def change(workbook: Any) -> None:
        for title, row, column, value in damage:
            workbook[title].cell(row, column).value = value

    sound_or_faulty(edit(path, change))


@settings(max_examples=wall_size(15, 60), deadline=None)
@given(st.data())
def test_damaged_bytes_are_sound_or_faulty(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes of a part changed, cut or doubled, and bytes of the whole file."""
    folder = tmp_path_factory.mktemp("bytes")
    path = write_template_book(folder / "book.xlsx")
    with zipfile.ZipFile(path) as archive:
        name = data.draw(st.sampled_from(sorted(archive.namelist())))
        part = bytearray(archive.read(name))
    whole = data.draw(st.booleans())
    raw = bytearray(path.read_bytes()) if whole else part
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, max(0, len(raw) - 1)))
        kind = data.draw(st.sampled_from(["change", "cut", "double", "digit"]))
        if kind == "change":
            raw[at : at + 1] = bytes([data.draw(st.integers(0, 255))])
        elif kind == "cut":
            del raw[at : at + data.draw(st.integers(1, 40))]
        elif kind == "double":
            raw[at:at] = raw[at : at + 40]
        else:
            raw[at : at + 1] = b"9"
    if whole:
        path.write_bytes(raw)
    else:
        path = repacked(path, folder / "hurt.xlsx", {name: bytes(raw)})
    sound_or_faulty(path)


@pytest.mark.parametrize(
    "words",
    first_fast(usually([["check"], ["baselines"], ["setups"], ["profile", "gaps"]], (0, 2, 3))),
    ids=" ".join,
)
def test_a_workbook_is_accepted_wherever_a_scenario_is(words: list[str], book: Path) -> None:
    done = planner(*words, str(book), "--quiet", "--set", "arrival_rate_rps=10")
    assert done.returncode in (0, 4), done.stderr
    assert "Traceback" not in done.stderr
