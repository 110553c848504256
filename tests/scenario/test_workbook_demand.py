"""Classes, cases, rates and LLMs outside in a workbook: the same hash both ways, faults by cell."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import openpyxl
import pytest

from planner.export.input_workbook import write_scenario_input_workbook
from planner.scenario.archive import write_archive_folder
from planner.scenario.assemble import assemble_instance
from planner.scenario.upload import store_upload
from profiles.io.faults import DataError
from tests.support.scenarios.demand_case import write_day
from tests.support.walls import first_fast, usually

FORMS: dict[str, tuple[str, ...]] = {
    "as it is": (),
    "rates in a table": (
        "demand=demand.csv",
        *(f"cases.{i}.arrival_rate_rps=null" for i in range(3)),
    ),
    "classes without cases": ("cases=null", "arrival_rate_rps={chat: 4, batch: 1.25}"),
    "cases without classes": (
        "classes=null",
        "cases=[{name: x, hours: 2.5, arrival_rate_rps: 3}, {name: y, arrival_rate_rps: 0}]",
        "llms.0.api={usd_per_request: 0.001}",
    ),
    "an LLM outside alone": (
        *("classes=null", "cases=null", "arrival_rate_rps=3"),
        "llms.0.api={usd_per_request: 0.001, e2e_p99_ms: 12.5}",
    ),
    "scores of no class": (
        *("classes.0.scores=batch.csv", "classes.0.llms=[NO]"),
        "classes.1.work=1.123456789012345",
    ),
    "scores changed over": (
        *("classes.0.scores=batch.csv", "classes.0.llms=[NO]", "classes.1.scores=scores.csv"),
    ),
    "a schedule": (
        "fleet={mode: scheduled, start_usd_per_gpu: 0.125}",
        "cases.2.of=night",
    ),
    "a cost": ("objective={minimize: cost, quality_at_least: 0.4}",),
}


@pytest.mark.parametrize("form", first_fast(usually(list(FORMS), (0, 2, 3, 5, 7)), (0, 2)))
def test_same_hash_both_ways(form: str, tmp_path: Path) -> None:
    scenario = write_day(tmp_path)
    requested = assemble_instance(scenario, FORMS[form], cells=True)
    assert requested.demand is not None
    assert write_scenario_input_workbook(scenario, FORMS[form], tmp_path / "one.xlsx") == ()
    write_scenario_input_workbook(tmp_path / "one.xlsx", [], tmp_path / "two.xlsx")
    back = assemble_instance(tmp_path / "two.xlsx", cells=True)
    assert back.sha256 == requested.sha256
    assert [notice for notice in back.notices if "ignored" in notice] == []


def test_rows_of_a_class_come_back(tmp_path: Path) -> None:
    scenario = write_day(tmp_path)
    profiles = tmp_path / "profiles.csv"
    head, *rows = profiles.read_text(encoding="utf-8").splitlines()
    own = [f"batch,{row}" for row in rows if row.startswith("NA")]
    text = [
        f"class,{head}",
        *(f",{row}" for row in rows),
        *(row.replace(",90,", ",95,") for row in own),
    ]
    profiles.write_text("\n".join(text), encoding="utf-8")
    requested = assemble_instance(scenario, cells=True)
    assert requested.demand is not None
    assert requested.demand.class_curves
    write_scenario_input_workbook(scenario, [], tmp_path / "one.xlsx")
    back = assemble_instance(tmp_path / "one.xlsx", cells=True)
    assert back.sha256 == requested.sha256


@pytest.mark.slow
def test_large_scores_stay_in_their_files(tmp_path: Path) -> None:
    scenario = write_day(tmp_path)
    rows = [f"b{k},0.5,{k % 7 / 7}" for k in range(5001)]
    text = "\n".join(["prompt_id,NA,NO", *rows])
    (tmp_path / "batch.csv").write_text(text, encoding="utf-8")
    notes = write_scenario_input_workbook(scenario, [], tmp_path / "one.xlsx")
    note = "the sheet Scores batch is left out; the workbook names batch.csv instead"
    assert notes == (note,)
    assert openpyxl.load_workbook(tmp_path / "one.xlsx")["Classes"]["B3"].value == "batch.csv"
    back = assemble_instance(tmp_path / "one.xlsx", cells=True)
    assert back.sha256 == assemble_instance(scenario, cells=True).sha256


@cache
def book_of_the_day() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "day.xlsx"
        write_scenario_input_workbook(write_day(Path(folder)), [], path)
        return path.read_bytes()


def lines_of(cells: dict[str, Any]) -> list[str]:
    """Faults of the day with some cells changed; `del`: sheets that are deleted."""
    path = Path(mkdtemp(prefix="book")) / "day.xlsx"
    path.write_bytes(book_of_the_day())
    workbook = openpyxl.load_workbook(path)
    for place, value in cells.items():
        title, _, cell = place.partition("!")
        if cell == "":
            del workbook[title]
        elif cell == "title":
            workbook[title].title = value
        else:
            workbook[title][cell] = value
    workbook.save(path)
    with pytest.raises(DataError) as caught:
        assemble_instance(path, cells=True)
    for fault in caught.value.faults:
        assert fault.fix, fault
    return [str(fault).removeprefix(f"{path}:") for fault in caught.value.faults]


PAIRS = "a number > 0, or LLM: number pairs with semicolons between"
FAULTS = [
    ({"Classes!A3": "chat"}, "Classes!A3: the name is already used at Classes!A2"),
    (
        {"Classes!B3": "Scores batsch"},
        'Classes!B3: there is no such sheet of scores, got "Scores batsch"; did you mean Scores ba',
    ),
    ({"Classes!C3": "NA; NOX"}, 'Classes!C3: there is no such LLM, got "NOX"; did you mean NO?'),
    ({"Classes!D3": "high"}, 'Classes!D3: expected a number, got "high"'),
    ({"Classes!E2": "NA = 2"}, f"Classes!E2: expected {PAIRS}"),
    ({"Classes!E2": "NA: 0"}, f"Classes!E2: expected {PAIRS}"),
    ({"Classes!E2": "NAX: 2"}, 'Classes!E2: there is no such LLM, got "NAX"'),
    ({"Classes!F2": None}, "Classes!F2: the price of far needs it"),
    ({"Class SLOs!A2": "chatt"}, "Class SLOs!A2: the sheet Classes has no such name"),
    ({"Class SLOs!A2": None}, "Class SLOs!A2: the sheet Classes has no such name; known"),
    ({"Class SLOs!D2": "50,0"}, 'Class SLOs!D2: expected a number > 0, got "50,0"; the cell hol'),
    ({"Class SLOs!B2": "ttfx"}, "Class SLOs!B2: expected one of ttft, tpot, e2e"),
    ({"Cases!A3": "day"}, "Cases!A3: the name is already used at Cases!A2"),
    ({"Cases!B2": -1}, "Cases!B2: expected a number >= 0, got -1"),
    ({"Cases!C4": "a: 5"}, "Cases!C4: the pool has 2 nodes, got 5"),
    ({"Cases!C4": "one"}, "Cases!C4: expected pool: number pairs"),
    ({"Cases!D4": 0}, "Cases!D4: expected a number > 0, got 0"),
    (
        {"Cases!G1": "Rate (req/s)", "Cases!G2": 3},
        "Cases!G2: classes in cases have their rates on the sheet Rates",
    ),
    ({"Cases!F4": "day"}, 'Cases!F4: one setup serves all cases of a fixed fleet, got "day"'),
    ({"Rates!C2": "x"}, 'Rates!C2: this is not a number, got "x"'),
    ({"Rates!C2": None}, "Rates!C2: the rate is blank"),
    ({"Rates!C1": "Rate (req/min)"}, 'Rates!C1: expected the header "Rate (req/s)"'),
    ({"Rates!": None}, "Rates: the sheet is missing; add it: one row for each class of Classes"),
    ({"Rates!title": "Demand"}, "Demand: this is no sheet of an input; rates of classes in cases"),
    ({"Outside LLMs!A2": "farr"}, "Outside LLMs!A2: the sheet LLMs has no such name"),
    ({"Outside LLMs!A3": "far"}, "Outside LLMs!A3: the LLM has a row of Outside LLMs already"),
    ({"Outside LLMs!C2": None}, "Outside LLMs!C2: expected a number >= 0, but the cell is blank"),
    ({"Outside LLMs!F2": -4}, "Outside LLMs!F2: expected a number > 0, got -4"),
    ({"Scores batch!B3": "good"}, 'Scores batch!B3: this is not a number, got "good"'),
    ({"Settings!B6": -1}, "Settings!B6: expected a number >= 0, got -1"),
    (
        {"Settings!B4": "minimize cost", "Settings!B5": 0.1},
        "Settings!B6: this applies only to maximize quality",
    ),
]


@pytest.mark.parametrize(
    ("cells", "line"),
    first_fast(FAULTS, range(0, 31, 6), every=True),
    ids=lambda one: str(one)[:40],
)
def test_faults_are_reported_by_cell(cells: dict[str, Any], line: str) -> None:
    lines = lines_of(cells)
    assert lines[0].startswith(line)
    assert len(lines) <= 2


def test_without_cases_every_class_states_its_rate() -> None:
    lines = lines_of({"Cases!": None, "Rates!": None})
    assert [line.partition(":")[0] for line in lines] == ["Classes!A2", "Classes!A3"]
    assert "without cases every class has its rate here" in lines[0]


def test_a_rate_that_goes_with_nothing() -> None:
    lines = lines_of({"Classes!": None, "Class SLOs!": None})
    assert lines[0].startswith("Rates: rates need the sheet Classes too")


def test_a_sheet_of_scores_that_no_class_names_gets_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "day.xlsx"
    path.write_bytes(book_of_the_day())
    workbook = openpyxl.load_workbook(path)
    workbook.create_sheet("Scores of last year")["A1"] = "=1+1"
    workbook.create_sheet("Router")
    workbook.save(path)
    back = assemble_instance(path, cells=True)
    ignored = [notice for notice in back.notices if "ignored" in notice]
    assert ignored == [f"{path}: ignored sheets that are no input: Scores of last year"]


def test_a_workbook_is_uploaded_and_archived(tmp_path: Path) -> None:
    """The page takes it, and gives its sheets back as files with the same hash."""
    scenario = write_day(tmp_path)
    (tmp_path / "up").mkdir()
    uploaded = store_upload(tmp_path / "up", {"day.xlsx": book_of_the_day()})
    loaded = assemble_instance(uploaded, cells=True)
    assert loaded.sha256 == assemble_instance(scenario, cells=True).sha256
    written = write_archive_folder(loaded.scenario, tmp_path / "files")
    assert sorted(path.name for path in written.parent.iterdir()) == [
        *("profiles.csv", "scenario.yaml", "scores-1.csv", "scores.csv")
    ]
    assert assemble_instance(written, cells=True).sha256 == loaded.sha256
