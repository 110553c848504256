"""A scenario in a workbook: the same hash both ways, faults by cell, names stay text, and hostile
files are refused quickly.
"""

import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.cli.commands.init import run_init
from planner.export.input_workbook import scenario_to_workbook
from planner.plans.plan_and_scenario import load_plan
from planner.scenario.assemble import load_instance
from planner.scenario.load import load_scenario
from planner.scenario.templates import template_inputs, workbook_inputs
from profiles.io.faults import DataError, Fault
from profiles.io.workbook_guard import open_package
from profiles.workbook_layout import SHEETS
from reports.workbook.input_sheets import BOOK_OPTIONS, write_input_book, write_input_sheets
from tests.support.paths import HOME

EXAMPLES = sorted(
    [*HOME.glob("examples/*/scenario.yaml"), *HOME.glob("examples/paper-study/*.yaml")]
)
OVERRIDES = [
    "setups.tp_degrees=[2, 1]",
    "setups.mps_shares_pct=[12.5, 100]",
    "setups.memory_headroom_pct=7.25",
    "setups.min_gpu_utilization_pct=12.5",
    "scores_missing=drop",
    "pools.0.memory_gib=79.5",
    "pools.0.price_usd_per_gpu_h=0",
    "llms.0.weights_gib=13.123456789012345",
    "llms.0.min_replicas=1",
    "llms.1.max_replicas=3",
    "arrival_rate_rps=7.1",
    "objective={minimize: cost, quality_at_least: 0.1}",
    (
        "slo=[{metric: e2e, statistic: mean, limit_ms: 90000, scope: each_llm}, {metric: tpot,"
        " statistic: mean, limit_ms: 333.3}]"
    ),
]
PAYLOADS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2",
    "@SUM(A1)",
    *(
        "\uff1d1+1",
        "'=1+1",
        "''",
        "{=1+1}",
        "mailto:a@b.example",
        "external:c:\\x.xlsx",
        "[book.xlsx]Sheet1!A1",
        "Setup!$A$1",
    ),
    *(r"a[b]:c*d?e/f\g", 'DDE("cmd";"/c calc";"x")', "&A&P", "\u202e=1", "a_x000D_b"),
    '=HYPERLINK("http://x","y")',
    "<r><t>x</t></r>",
    "_x0041_",
    "a&b<c>\"d'",
    "12",
    "TRUE",
    "#REF!",
]
MEMORY_MB, SECONDS = 150, 1.0


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.xlsx"
    write_input_book(str(path), template_inputs())
    return path


def edit(path: Path, change: Callable[[Any], None]) -> Path:
    workbook = openpyxl.load_workbook(path)
    change(workbook)
    workbook.save(path)
    return path


def put(path: Path, **cells: Any) -> Path:
    """Put values into cells, e.g. `Pools__C2=8`; `Demand` stands for Demand & SLO."""

    def change(workbook: Any) -> None:
        for place, value in cells.items():
            title, cell = place.split("__")
            workbook["Demand & SLO" if title == "Demand" else title][cell] = value

    return edit(path, change)


def faults_of(path: Path, *overrides: str) -> list[Fault]:
    with pytest.raises(DataError) as caught:
        load_instance(path, overrides)
    for fault in caught.value.faults:
        assert fault.problem
        assert fault.fix, fault
        assert "\n" not in str(fault)
    return list(caught.value.faults)


def told(path: Path, *overrides: str) -> list[str]:
    return [str(fault).removeprefix(f"{path}:").strip() for fault in faults_of(path, *overrides)]


# --- round trip -----------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
@pytest.mark.parametrize(
    "overrides",
    [[], ["arrival_rate_rps=41.7", "slo=[]", "setups.mps_shares_pct=[100]"]],
    ids=["plain", "overrides"],
)
def test_same_hash_both_ways(example: Path, overrides: list[str], tmp_path: Path) -> None:
    asked = load_instance(example, overrides)
    assert scenario_to_workbook(example, overrides, tmp_path / "one.xlsx") == ()
    back = load_instance(tmp_path / "one.xlsx")
    assert back.sha256 == asked.sha256
    assert back.scenario.spec.solver == asked.scenario.spec.solver
    assert [option.mps_share for option in back.instance.options] == [
        option.mps_share for option in asked.instance.options
    ]
    scenario_to_workbook(tmp_path / "one.xlsx", [], tmp_path / "two.xlsx")
    assert load_instance(load_scenario(tmp_path / "two.xlsx")).sha256 == asked.sha256


def test_every_key_has_its_place(tmp_path: Path) -> None:
    example = HOME / "examples/two-gpu-types/scenario.yaml"
    search = [
        "solver.rel_gap=0.00123",
        "solver.time_limit_s=7.5",
        "solver.threads=2",
        "solver.seed=99",
    ]
    overrides = [*OVERRIDES, *search]
    asked = load_instance(example, overrides)
    scenario_to_workbook(example, overrides, tmp_path / "one.xlsx")
    spec = load_scenario(tmp_path / "one.xlsx").spec
    names = {"profiles", "scores"}
    assert spec.model_dump(exclude=names) == asked.scenario.spec.model_dump(exclude=names)
    assert load_instance(tmp_path / "one.xlsx").sha256 == asked.sha256


def test_numbers_keep_all_their_digits(tmp_path: Path) -> None:
    case = write_case(tmp_path, ["a", "b"])
    table = pd.DataFrame(
        {"prompt_id": [f"p{i}" for i in range(400)], "weight": [1 / (i + 3) for i in range(400)]}
    )
    table["a"], table["b"] = (
        [(i * 0.7548776662466927) % 1 for i in range(400)],
        [None if i == 7 else 1 / (i + 1) for i in range(400)],
    )
    table.to_parquet(tmp_path / "scores.parquet")
    overrides = ["scores=scores.parquet", "scores_missing=drop"]
    asked = load_instance(case, overrides)
    assert asked.instance.scores.dropped == 1
    scenario_to_workbook(case, overrides, tmp_path / "one.xlsx")
    back = load_instance(tmp_path / "one.xlsx")
    assert (back.instance.scores.values == asked.instance.scores.values).all()
    assert back.sha256 == asked.sha256


def test_scores_of_many_prompts_stay_in_their_file(tmp_path: Path) -> None:
    case = write_case(tmp_path, ["a", "b"], prompts=5001)
    (tmp_path / "sub").mkdir()
    notes = scenario_to_workbook(case, [], tmp_path / "sub" / "one.xlsx")
    assert notes == ("the sheet Scores is left out; the workbook names ../scores.csv instead",)
    assert "Scores" not in openpyxl.load_workbook(tmp_path / "sub" / "one.xlsx").sheetnames
    assert load_instance(tmp_path / "sub" / "one.xlsx").sha256 == load_instance(case).sha256


def test_text_that_no_cell_can_hold_stays_in_its_file(tmp_path: Path) -> None:
    case = write_case(tmp_path, ["a", "b"])
    scores = pd.DataFrame(
        {"prompt_id": ["x" * 40_000, "b\x01ell", "_x005F_"], "a": [1, 2, 3], "b": [2, 3, 1]}
    )
    scores.to_csv(tmp_path / "scores.csv", index=False)
    assert len(scenario_to_workbook(case, [], tmp_path / "one.xlsx")) == 1
    assert load_instance(tmp_path / "one.xlsx").sha256 == load_instance(case).sha256


def test_a_report_is_read_as_an_input(tmp_path: Path) -> None:
    """Its other sheets are passed over in silence; sheets that are neither are told."""
    example = HOME / "examples/paper-trio/scenario.yaml"
    workbook = xlsxwriter.Workbook(tmp_path / "report.xlsx", BOOK_OPTIONS)
    for title in ("Summary", "GPU map", "Log", "Notes of mine"):
        workbook.add_worksheet(title).write_formula("A1", "=1+1", None, 2)
    write_input_sheets(workbook, workbook_inputs(load_scenario(example), tmp_path))
    workbook.close()
    back = load_instance(tmp_path / "report.xlsx")
    assert back.sha256 == load_instance(example).sha256
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
    both = load_plan(tmp_path / "plan.json")
    assert both.plan.content["scenario_path"] == "book.xlsx"
    assert both.loaded.scenario.spec.arrival_rate_rps == 10
    put(book, Demand__B1=21)
    with pytest.raises(DataError, match="is not"):
        load_plan(tmp_path / "plan.json", HOME / "examples/paper-trio/scenario.yaml")


# --- names stay text ------------------------------------------------------------------------------


def write_case(
    folder: Path, llms: list[str], prompts: int = 3, prompt_ids: list[str] | None = None
) -> Path:
    ids = prompt_ids or [f"p{i}" for i in range(prompts)]
    scores = pd.DataFrame(
        {
            "prompt_id": ids,
            **{
                llm: [(i * 0.37 + k * 0.11) % 1 for i in range(len(ids))]
                for k, llm in enumerate(llms)
            },
        }
    )
    scores.to_csv(folder / "scores.csv", index=False)
    rows = [
        {
            "llm": llm,
            "gpu": "=G",
            "tp_degree": 1,
            "mps_share_pct": 100,
            "rate_rps": 5,
            "ttft_mean_ms": 100,
        }
        for llm in llms
    ]
    pd.DataFrame(rows).assign(memory_gib_per_gpu=10, source="=cmd|' /C calc'!A0").to_csv(
        folder / "profiles.csv", index=False
    )
    named = "".join(f"  - {{name: {text!r}}}\n" for text in map(Quoted, llms))
    pool = 'pools:\n  - {name: "@pool", gpu: "=G", nodes: 4, gpus_per_node: 4, memory_gib: 80}\n'
    rest = (
        "profiles: profiles.csv\nscores: scores.csv\narrival_rate_rps: 2\nslo: []\nobjective:"
        " {maximize: quality}\n"
    )
    (folder / "scenario.yaml").write_text(
        f'version: 1\nname: "=case"\n{pool}llms:\n{named}{rest}', encoding="utf-8"
    )
    return folder / "scenario.yaml"


class Quoted(str):
    """Text in single quotes of YAML."""

    def __repr__(self) -> str:
        return "'" + self.replace("'", "''") + "'"


def test_payloads_stay_text_and_come_back(tmp_path: Path) -> None:
    case = write_case(
        tmp_path, PAYLOADS, prompt_ids=[*PAYLOADS, "007", "1e5", "a\nb", "2026-05-01"]
    )
    scenario_to_workbook(case, [], tmp_path / "one.xlsx")
    back = load_instance(tmp_path / "one.xlsx")
    assert back.sha256 == load_instance(case).sha256
    assert [llm.name for llm in back.scenario.spec.llms] == PAYLOADS
    workbook = openpyxl.load_workbook(tmp_path / "one.xlsx")
    assert workbook.sheetnames == list(SHEETS)
    for sheet in workbook:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n"), (
                    f"{sheet.title}!{cell.coordinate} is {cell.data_type}: {cell.value!r}"
                )
                assert cell.hyperlink is None
    with zipfile.ZipFile(tmp_path / "one.xlsx") as archive:
        assert not any(
            re.search(rb"<(\w+:)?f[ >]", archive.read(name))
            for name in archive.namelist()
            if "worksheets/" in name
        )


def test_a_name_that_no_xml_can_hold_breaks_no_workbook(tmp_path: Path) -> None:
    """It is in a header, and so in the words of a check too; a report tells that it was changed."""
    plain = template_inputs()
    scores, settings = (
        pd.DataFrame({"prompt_id": ["p"], "a\uffffb": [0.5]}),
        {**plain.settings, "name": "a\ufffeb"},
    )
    notes = write_input_book(
        str(tmp_path / "one.xlsx"),
        replace(plain, llms=[{"name": "a\uffffb"}], scores=scores, settings=settings),
    )
    assert [note.partition(":")[0] for note in notes] == ["LLMs!A2", "Scores!B1", "Settings!B3"]
    assert openpyxl.load_workbook(tmp_path / "one.xlsx")["Scores"]["B1"].value == "a?b"


def test_a_name_that_no_cell_can_hold_is_refused_and_nothing_written(tmp_path: Path) -> None:
    case = write_case(tmp_path, ["a_x005F_b"])
    with pytest.raises(DataError, match="no cell can hold"):
        scenario_to_workbook(case, [], tmp_path / "one.xlsx")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "profiles.csv",
        "scenario.yaml",
        "scores.csv",
    ]


# --- faults by cell -------------------------------------------------------------------------------


FAULTS = [
    ({"Pools__C2": "eight"}, 'Pools!C2: expected a whole number >= 1, got "eight"'),
    ({"Pools__C2": 1.5}, "Pools!C2: expected a whole number >= 1, got 1.5"),
    ({"Pools__C2": 0}, "Pools!C2: expected a whole number >= 1, got 0"),
    ({"Pools__C2": True}, "Pools!C2: expected a whole number >= 1, got true"),
    ({"Pools__C2": None}, "Pools!C2: expected a whole number >= 1, but the cell is blank"),
    ({"Pools__A2": None}, "Pools!A2: expected a name, but the cell is blank"),
    (
        {"Pools__E2": "79,5"},
        'Pools!E2: expected a number > 0, got "79,5"; the cell holds text with a comma',
    ),
    (
        {"Pools__E2": "79.5"},
        'Pools!E2: expected a number > 0, got "79.5"; the number is stored as text',
    ),
    (
        {"Pools__F2": date(2026, 5, 3)},
        'Pools!F2: the cell holds a date or a time, got "2026-05-03T00:00:00"',
    ),
    ({"Pools__F2": "#REF!"}, 'Pools!F2: the cell holds an error, got "#REF!"'),
    ({"Pools__F2": "=1+1"}, "Pools!F2: the formula has no stored value"),
    ({"Pools__B2": "H1000"}, 'Pools!B2: the GPU is not in the catalogue, got "H1000"'),
    (
        {"Pools__E1": "Memory (GB)"},
        'Pools!E1: expected the header "Memory (GiB)", unit included, got "Memory (GB)"',
    ),
    (
        {"Pools__E1": "Memory"},
        'Pools!E1: expected the header "Memory (GiB)", unit included, got "Memory"',
    ),
    ({"Pools__E1": "Nodes"}, 'Pools!E1: the column stands twice in the header, got "Nodes"'),
    ({"Pools__C1": "Nods"}, "Pools: the column 'Nodes' is missing; did you mean Nods?"),
    ({"LLMs__A3": "small"}, 'LLMs!A3: the name stands already at LLMs!A2, got "small"'),
    ({"LLMs__C3": 5}, "LLMs!C3: this is more than max_replicas (2), got 5"),
    ({"LLMs__D3": -1}, "LLMs!D3: expected a whole number >= 0, got -1"),
    (
        {"LLMs__A2": "weight"},
        'LLMs!A2: the scores table has another column of this name, got "weight"',
    ),
    (
        {"Profiles__E3": "20,5"},
        'Profiles!E3: this number has a comma, got "20,5"; the cell holds text with a comma',
    ),
    (
        {"Profiles__E3": "20"},
        'Profiles!E3: the number is stored as text, got "20"; the number is stored as text: format',
    ),
    ({"Profiles__D3": 0}, "Profiles!D3: the share is outside (0, 100], got 0"),
    ({"Profiles__F3": date(2026, 5, 3)}, "Profiles!F3: the cell holds a date or a time"),
    ({"Profiles__F3": "=A1"}, "Profiles!F3: the formula has no stored value"),
    ({"Profiles__A3": "#N/A"}, "Profiles!A3: the cell holds an error"),
    ({"Profiles__A3": None}, "Profiles!A3: the cell is blank"),
    ({"Profiles__C1": "TP"}, "Profiles, column TP degree (GPUs): the column is missing"),
    (
        {"Profiles__F1": "TTFT mean (s)"},
        'Profiles!F1: expected the header "TTFT mean (ms)", unit included',
    ),
    ({"Profiles__H3": "guessed"}, 'Profiles!H3: this provenance is unknown, got "guessed"'),
    ({"Profiles__E3": 2}, "Profiles!E3: this option has this rate already in row 2"),
    ({"Scores__B3": "good"}, 'Scores!B3: this is not a number, got "good"'),
    ({"Scores__B3": None}, "Scores!B3: the score is missing"),
    ({"Scores__A3": "p1"}, 'Scores!A3: the prompt stands twice in the table, got "p1"'),
    ({"Scores__B1": "smal"}, "Scores, column small: the column is missing; did you mean smal?"),
    ({"Scores__C1": "small"}, 'Scores!C1: the column stands twice in the header, got "small"'),
    (
        {"Demand__B1": "60,5"},
        'Demand & SLO!B1: expected a number > 0, got "60,5"; the cell holds text with a comma',
    ),
    ({"Demand__B1": None}, "Demand & SLO!B1: expected a number > 0, but the cell is blank"),
    (
        {"Demand__A1": "Arrival rate (req/min)"},
        'Demand & SLO!A1: expected the header "Arrival rate (req/s)", unit included',
    ),
    (
        {"Demand__A4": "tfft"},
        'Demand & SLO!A4: expected one of ttft, tpot, e2e, got "tfft"; did you mean ttft?',
    ),
    ({"Demand__C4": "soon"}, 'Demand & SLO!C4: expected a number > 0, got "soon"'),
    ({"Demand__C4": None}, "Demand & SLO!C4: expected a number > 0, but the cell is blank"),
    (
        {"Demand__A3": "x", "Demand__B3": "y", "Demand__C3": "z"},
        "Demand & SLO: the header is missing",
    ),
    (
        {"Demand__A9": "Arrival rate (req/s)", "Demand__B9": 7},
        "Demand & SLO!A9: the arrival rate stands twice, at Demand & SLO!B1 already",
    ),
    (
        {f"Pools__{column}2": None for column in "ABCDF"},
        "Pools: there are no rows below the header; write one row for each",
    ),
    ({"Settings__B2": 2}, "Settings!B2: expected 1, got 2"),
    ({"Settings__B3": None}, "Settings!B3: expected a name, but the cell is blank"),
    ({"Settings__A3": "Title"}, "Settings: the row 'Scenario name' is missing"),
    (
        {"Settings__B4": "maximise quality"},
        'Settings!B4: expected one of maximize quality, minimize cost, got "maximise quality"',
    ),
    ({"Settings__B4": "minimize cost"}, "Settings!B5: expected a number, but the cell is blank"),
    (
        {"Settings__B5": 0.5},
        "Settings!B5: this goes with minimize cost alone, got 0.5; empty the cell",
    ),
    (
        {"Settings__B6": "1,2,4"},
        (
            "Settings!B6: expected whole numbers >= 1 with semicolons between, e.g. 1; 2; 4, got"
            ' "1,2,4"'
        ),
    ),
    ({"Settings__B6": "1; 0"}, "Settings!B6: expected whole numbers >= 1"),
    ({"Settings__B7": "50; 150"}, "Settings!B7: expected numbers above 0, at most 100"),
    ({"Settings__B8": "ten"}, 'Settings!B8: expected a number from 0 to 100, got "ten"'),
    ({"Settings__B10": "skip"}, 'Settings!B10: expected one of error, drop, got "skip"'),
    (
        {"Settings__B11": "mine.csv"},
        'Settings!B11: a file is named, but the sheet Profiles has rows too, got "mine.csv"',
    ),
    ({"Settings__A15": "Solver: seed"}, "the setting stands twice"),
]


@pytest.mark.parametrize(
    ("cells", "expected"),
    FAULTS,
    ids=[f"{next(iter(cells))}={next(iter(cells.values()))}" for cells, _ in FAULTS],
)
def test_faults_stand_at_their_cells(book: Path, cells: dict[str, Any], expected: str) -> None:
    lines = told(put(book, **cells))
    assert any(
        expected in line if expected[:3] == "the" else line.startswith(expected) for line in lines
    ), "\n".join(lines)
    assert len(lines) == len(set(lines)) <= 2


def test_all_faults_at_once(book: Path) -> None:
    put(
        book,
        Pools__C2="eight",
        LLMs__D3="x",
        Profiles__E3="2O",
        Scores__B3="n/a",
        Demand__B1=-1,
        Settings__B8=101,
    )
    places = [fault.where for fault in faults_of(book)]
    assert places == [
        "Pools!C2",
        "LLMs!D3",
        "Demand & SLO!B1",
        "Settings!B8",
        "Profiles!E3",
        "Scores!B3",
    ]


def test_per_cent_formats_and_merged_cells(book: Path) -> None:
    def change(workbook: Any) -> None:
        workbook["Settings"]["B8"] = 0.1
        workbook["Settings"]["B8"].number_format = "0%"
        workbook["Profiles"]["D3"] = 0.5
        workbook["Profiles"]["D3"].number_format = "0.0%"
        workbook["Pools"].merge_cells("A2:A3")

    lines = told(edit(book, change))
    assert [line.partition(",")[0] for line in lines] == [
        (
            "Pools!A2:A3: the cells are merged; unmerge them and write every value in a cell of"
            " its own"
        ),
        "Settings!B8: the number is formatted as per cent",
        "Profiles!D3: the number is formatted as per cent",
    ]


def test_missing_sheets_are_told_once(book: Path) -> None:
    def change(workbook: Any) -> None:
        del workbook["Settings"], workbook["Demand & SLO"], workbook["Scores"]
        workbook["Pools"].title = "Pool"

    assert [line.partition(";")[0] for line in told(edit(book, change))] == [
        "Scores: the sheet is missing",
        "Settings: the sheet is missing",
        "Pools: the sheet is missing",
        "Demand & SLO: the sheet is missing",
    ]


def test_overrides_fix_a_cell_and_are_reported_as_such(book: Path) -> None:
    put(book, Pools__C2="eight")
    assert load_instance(book, ["pools.0.nodes=1"]).instance.pools[0].nodes == 1
    assert "--set:pools.0.nodes" in str(faults_of(book, "pools.0.nodes=x")[0])


def test_what_does_no_harm(book: Path) -> None:
    """Titles above headers, other orders, other columns, blank rows, keys as headers, text around
    names, dates where they are welcome.
    """
    asked = load_instance(book).sha256

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

    back = load_instance(edit(book, change))
    assert back.sha256 == asked
    told = "\n".join(back.notices)
    assert "ignored columns of Pools that are no input: Remark" in told
    assert "Profiles: ignored unknown columns: comment" in told
    assert "ignored row 30 of Settings (Favourite colour)" in told


def test_stored_values_of_formulas_are_read(tmp_path: Path, book: Path) -> None:
    asked = load_instance(book, ["pools.0.gpus_per_node=6"]).sha256
    inputs = template_inputs()
    workbook = xlsxwriter.Workbook(tmp_path / "formulas.xlsx", BOOK_OPTIONS)
    write_input_sheets(workbook, inputs)
    workbook.get_worksheet_by_name("Pools").write_formula("D2", "=2*3", None, 6)
    workbook.close()
    assert load_instance(tmp_path / "formulas.xlsx").sha256 == asked


# --- other files ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        (
            "a.xls",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest",
            "a workbook of the kind .xls is not read",
        ),
        ("a.xlsm", b"PK\x03\x04", "a workbook of the kind .xlsm is not read"),
        ("a.ods", b"PK\x03\x04", "a workbook of the kind .ods is not read"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "the workbook is encrypted"),
        ("a.xlsx", b"version: 1\n", "this is not a workbook (no zip archive)"),
        ("a.xlsx", b"", "this is not a workbook (no zip archive)"),
        ("a.xlsx", b"PK\x03\x04" + b"x" * 100, "its zip archive has no end"),
    ],
)
def test_other_files_are_one_clear_fault(
    tmp_path: Path, name: str, raw: bytes, expected: str
) -> None:
    (tmp_path / name).write_bytes(raw)
    (fault,) = faults_of(tmp_path / name)
    assert expected in fault.problem


def test_other_zips_and_books(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "zip.xlsx", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert "no Excel workbook" in faults_of(tmp_path / "zip.xlsx")[0].problem
    with xlsxwriter.Workbook(tmp_path / "other.xlsx") as workbook:
        workbook.add_worksheet("Sheet1")
    (fault,) = faults_of(tmp_path / "other.xlsx")
    assert "none of the sheets of an input" in fault.problem
    (fault,) = faults_of(tmp_path / "gone.xlsx")
    assert "no such file" in fault.problem


# --- hostile files --------------------------------------------------------------------------------


def repacked(
    book: Path,
    target: Path,
    parts: dict[str, bytes | Callable[[zipfile.ZipFile], None]],
    stored: bool = False,
) -> Path:
    """Copy a workbook, some parts replaced or added.

    stored: those are not compressed, so that no ratio gives them away.
    """
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            if isinstance(part, bytes):
                new.writestr(name, part, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
            else:
                part(new)
    return target


SHEET = (
    b'<?xml version="1.0"?>%s<worksheet'
    b' xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
)
LAUGHS = b'<!DOCTYPE lolz [<!ENTITY a "ha">%s]>' % b"".join(
    b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % (98 + i, *[97 + i] * 4) for i in range(20)
)
ONE = "xl/worksheets/sheet1.xml"


def zeros(name: str, megabytes: int) -> Callable[[zipfile.ZipFile], None]:
    def write(archive: zipfile.ZipFile) -> None:
        with archive.open(name, "w", force_zip64=True) as stream:
            for _ in range(megabytes):
                stream.write(b"0" * 1_000_000)

    return write


BOMBS: dict[str, dict[str, Any]] = {
    "zeros": {"xl/media/big.bin": zeros("xl/media/big.bin", 1500)},
    "text of one cell": {
        ONE: (
            SHEET
            % (
                b"",
                b'<row r="1"><c r="A1" t="inlineStr"><is><t>'
                + b"ab" * 20_000_000
                + b"</t></is></c></row>",
            )
        )
    },
    "billion laughs": {
        ONE: SHEET % (LAUGHS, b'<row r="1"><c r="A1" t="inlineStr"><is><t>&u;</t></is></c></row>')
    },
    "external entity": {
        ONE: (
            SHEET
            % (
                b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
                b'<row r="1"><c t="str"><v>&e;</v></c></row>',
            )
        )
    },
    "laughs in styles": {"xl/styles.xml": LAUGHS + b"<styleSheet>&u;</styleSheet>"},
    "quadratic": {
        ONE: SHEET % (b'<!DOCTYPE x [<!ENTITY e "' + b"x" * 100_000 + b'">]>', b"&e;" * 10_000)
    },
    "elements": {ONE: SHEET % (b"", b"<row>" + b"<c/>" * 10_000_000 + b"</row>")},
    "loose elements": {"xl/styles.xml": b"<styleSheet>" + b"<a/>" * 10_000_000 + b"</styleSheet>"},
    "rows in rows": {ONE: SHEET % (b"", b"<row>" * 1_000_000 + b"</row>" * 1_000_000)},
    "depth": {ONE: SHEET % (b"", b"<a>" * 1_000_000)},
    "a row far away": {
        ONE: SHEET % (b"", b'<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>')
    },
    "a cell far away": {ONE: SHEET % (b"", b'<row r="1"><c r="ZZZZZZ1"><v>1</v></c></row>')},
    "one tag without end": {ONE: SHEET % (b"", b'<row r="' + b"1" * 30_000_000)},
    "UTF-16": {ONE: (SHEET % (LAUGHS, b"")).decode().encode("utf-16")},
    "many parts": {f"xl/x{i}.xml": b"<a/>" for i in range(3000)},
}
MEASURE = """
import re, sys, time
from pathlib import Path
import planner.scenario.workbook as reader
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
before, start, faults = peak(), time.perf_counter(), []
reader.read_book(Path(sys.argv[1]), faults)
print(time.perf_counter() - start, peak() - before, len(faults), faults[0].problem)
"""


@pytest.mark.parametrize("stored", [False, True], ids=["packed", "stored"])
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_quickly(book: Path, tmp_path: Path, name: str, stored: bool) -> None:
    bomb = repacked(book, tmp_path / "bomb.xlsx", BOMBS[name], stored)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(bomb)],
        cwd=HOME,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seconds, megabytes, count, problem = done.stdout.strip().split(" ", 3)
    print(f"{name}: {seconds} s, {megabytes} MB: {problem}")
    assert int(count) == 1
    assert "refused" in problem
    assert float(megabytes) < MEMORY_MB
    assert float(seconds) < SECONDS


def test_a_table_of_contents_that_lies_is_refused(book: Path, tmp_path: Path) -> None:
    raw = bytearray(book.read_bytes())
    end = raw.rfind(b"PK\x05\x06")
    raw[end + 12 : end + 16] = (40_000_000).to_bytes(4, "little")
    (tmp_path / "lie.xlsx").write_bytes(raw)
    faults: list[Fault] = []
    assert open_package(tmp_path / "lie.xlsx", faults) is None
    assert "too many parts" in faults[0].problem


def test_a_wide_row_and_a_lying_dimension_cost_nothing(book: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(book) as archive:
        sheet = archive.read(ONE)
    sheet = re.sub(rb'<dimension ref="[^"]*"/>', b'<dimension ref="A1:XFD1048576"/>', sheet)
    sheet = sheet.replace(
        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    start = time.perf_counter()
    assert (
        load_instance(repacked(book, tmp_path / "wide.xlsx", {ONE: sheet})).sha256
        == load_instance(book).sha256
    )
    assert time.perf_counter() - start < 5


# --- damage ---------------------------------------------------------------------------------------

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
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.sampled_from(SHEETS), st.integers(1, 17), st.integers(1, 9), ODD_VALUES),
        min_size=1,
        max_size=6,
    )
)
def test_damaged_cells_are_sound_or_told(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple]
) -> None:
    path = tmp_path_factory.mktemp("damage") / "book.xlsx"
    write_input_book(str(path), template_inputs())

    def change(workbook: Any) -> None:
        for title, row, column, value in damage:
            workbook[title].cell(row, column).value = value

    sound_or_told(edit(path, change))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_bytes_are_sound_or_told(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes of a part changed, cut or doubled, and bytes of the whole file."""
    folder = tmp_path_factory.mktemp("bytes")
    path = folder / "book.xlsx"
    write_input_book(str(path), template_inputs())
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
    sound_or_told(path)


def sound_or_told(path: Path) -> None:
    try:
        load_instance(path)
    except DataError as error:
        faults = error.faults
    else:
        return
    assert faults
    assert all(fault.problem and str(fault).isprintable() for fault in faults)


# --- the command ----------------------------------------------------------------------------------


def planner(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "planner", *words],
        cwd=HOME,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_templates_plan_as_they_stand(tmp_path: Path) -> None:
    assert run_init(tmp_path / "new", None, None, []) == 0
    assert run_init(None, tmp_path / "new.xlsx", None, []) == 0
    hashes = {
        load_instance(path).sha256
        for path in (tmp_path / "new" / "scenario.yaml", tmp_path / "new.xlsx")
    }
    assert len(hashes) == 1
    done = planner("plan", str(tmp_path / "new.xlsx"), "--quiet")
    assert done.returncode == 0, done.stderr


def test_the_template_has_lists_units_and_comments(book: Path) -> None:
    workbook = openpyxl.load_workbook(book)
    assert workbook.sheetnames == list(SHEETS)
    assert [cell.value for cell in workbook["Pools"][1]] == [
        "Pool",
        "GPU",
        "Nodes",
        "GPUs per node",
        "Memory (GiB)",
        "Price (USD/GPU/h)",
    ]
    for sheet in workbook:
        assert sheet.data_validations.dataValidation, sheet.title
    for sheet in ("Pools", "LLMs", "Profiles", "Scores"):
        assert all(cell.comment for cell in workbook[sheet][1])
    lists = [
        check.formula1
        for check in workbook["Demand & SLO"].data_validations.dataValidation
        if check.type == "list"
    ]
    assert lists == ['"ttft,tpot,e2e"', '"mean,p50,p90,p95,p99"', '"all,each_llm"']


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scenario.yaml").write_text("mine", encoding="utf-8")
    (tmp_path / "mine.xlsx").write_text("mine", encoding="utf-8")
    assert run_init(tmp_path, None, None, []) == 2
    assert run_init(None, tmp_path / "mine.xlsx", None, []) == 2
    assert run_init(None, tmp_path / "mine.xls", None, []) == 2
    assert run_init(None, tmp_path / "no" / "mine.xlsx", None, []) == 2
    assert run_init(None, None, None, []) == 2
    assert run_init(tmp_path / "x", tmp_path / "x.xlsx", None, []) == 2
    assert run_init(tmp_path / "x", None, tmp_path / "scenario.yaml", []) == 2
    assert run_init(None, tmp_path / "x.xlsx", None, ["slo=[]"]) == 2
    assert run_init(None, tmp_path / "x.xlsx", tmp_path / "scenario.yaml", []) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.xlsx", "scenario.yaml"]
    assert len(capsys.readouterr().err.splitlines()) == 9


@pytest.mark.parametrize(
    "words", [["check"], ["baselines"], ["setups"], ["profile", "gaps"]], ids=" ".join
)
def test_a_workbook_is_accepted_wherever_a_scenario_is(words: list[str], book: Path) -> None:
    done = planner(*words, str(book), "--quiet", "--set", "arrival_rate_rps=10")
    assert done.returncode in (0, 4), done.stderr
    assert "Traceback" not in done.stderr
