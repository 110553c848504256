"""Faults of a workbook name their cells and say what was expected there."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from planner.scenario.assemble import assemble_instance
from tests.support.scenarios.workbook_case import fault_lines, faults_of, put

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
    ({"Pools__E1": "Nodes"}, 'Pools!E1: the column appears twice in the header, got "Nodes"'),
    ({"Pools__C1": "Nods"}, "Pools: the column 'Nodes' is missing; did you mean Nods?"),
    ({"LLMs__A3": "small"}, 'LLMs!A3: the name is already used at LLMs!A2, got "small"'),
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
    ({"Profiles__H3": "guessed"}, 'Profiles!H3: there is no such provenance, got "guessed"'),
    ({"Profiles__E3": 2}, "Profiles!E3: this option has this rate already in row 2"),
    ({"Scores__B3": "good"}, 'Scores!B3: this is not a number, got "good"'),
    ({"Scores__B3": None}, "Scores!B3: the score is missing"),
    ({"Scores__A3": "p1"}, 'Scores!A3: the prompt appears twice in the table, got "p1"'),
    ({"Scores__B1": "smal"}, "Scores, column small: the column is missing; did you mean smal?"),
    ({"Scores__C1": "small"}, 'Scores!C1: the column appears twice in the header, got "small"'),
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
        "Demand & SLO!A9: the arrival rate appears twice, first at Demand & SLO!B1",
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
        "Settings!B5: this applies only to minimize cost, got 0.5; empty the cell",
    ),
    (
        {"Settings__B9": "1,2,4"},
        (
            "Settings!B9: expected whole numbers >= 1 with semicolons between, e.g. 1; 2; 4, got"
            ' "1,2,4"'
        ),
    ),
    ({"Settings__B9": "1; 0"}, "Settings!B9: expected whole numbers >= 1"),
    ({"Settings__B10": "50; 150"}, "Settings!B10: expected numbers above 0, at most 100"),
    ({"Settings__B12": "ten"}, 'Settings!B12: expected a number from 0 to 100, got "ten"'),
    ({"Settings__B14": 100}, "Settings!B14: expected a number from 0, below 100, got 100"),
    ({"Settings__B17": "skip"}, 'Settings!B17: expected one of error, drop, got "skip"'),
    (
        {"Settings__B18": "mine.csv"},
        'Settings!B18: a file is named, but the sheet Profiles has rows too, got "mine.csv"',
    ),
    ({"Settings__A15": "Solver: seed"}, "the setting appears twice"),
]


@pytest.mark.parametrize(
    ("cells", "expected"),
    FAULTS,
    ids=[f"{next(iter(cells))}={next(iter(cells.values()))}" for cells, _ in FAULTS],
)
def test_faults_name_their_cells(book: Path, cells: dict[str, Any], expected: str) -> None:
    lines = fault_lines(put(book, **cells))
    assert any(
        expected in line if expected[:3] == "the" else line.startswith(expected) for line in lines
    ), "\n".join(lines)
    assert len(lines) == len(set(lines)) <= 2


def test_overrides_fix_a_cell_and_are_reported_as_such(book: Path) -> None:
    put(book, Pools__C2="eight")
    assert assemble_instance(book, ["pools.0.nodes=1"]).instance.pools[0].nodes == 1
    assert "--set:pools.0.nodes" in str(faults_of(book, "pools.0.nodes=x")[0])
