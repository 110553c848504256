"""Rates in cases, by class, in a table and as overrides."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.scenarios.demand_case import (
    DEMAND,
    demand_fault_lines,
    load_day,
    rates_in_a_table,
)
from tests.support.scenarios.scenario_case import change

RATES = [[4, 0, 2], [1, 2, 0]]
"""(class, case)."""


def rates_of(folder: Path, *overrides: str) -> np.ndarray:
    demand = load_day(folder, *overrides).demand
    assert demand is not None
    return demand.rates()


def test_a_table_says_what_cases_say(day: Path) -> None:
    stated = load_day(day)
    np.testing.assert_array_equal(rates_of(day), RATES)
    rates_in_a_table(day)
    np.testing.assert_array_equal(rates_of(day), RATES)
    assert load_day(day).sha256 == stated.sha256
    assert load_day(day, "cases.0.arrival_rate_rps.chat=5").sha256 != stated.sha256


def test_overrides_come_before_the_table(day: Path) -> None:
    rates_in_a_table(day)
    changed = rates_of(day, "cases.0.arrival_rate_rps.chat=7", "cases.1.arrival_rate_rps.batch=0")
    np.testing.assert_array_equal(changed, [[7, 0, 2], [1, 0, 0]])
    change(day / "demand.csv", "day,chat,4\n", "")
    with_row = rates_of(day, "cases.0.arrival_rate_rps.chat=7")
    np.testing.assert_array_equal(with_row, [[7, 0, 2], [1, 2, 0]])


def test_names_with_dots_can_be_overridden(day: Path) -> None:
    text = (day / "scenario.yaml").read_text(encoding="utf-8").replace("chat", "gpt-4.1.chat")
    (day / "scenario.yaml").write_text(text, encoding="utf-8")
    np.testing.assert_array_equal(
        rates_of(day, "cases.0.arrival_rate_rps.gpt-4.1.chat=9"), [[9, 0, 2], [1, 2, 0]]
    )


def test_rates_by_class_without_cases(day: Path) -> None:
    text = (day / "scenario.yaml").read_text(encoding="utf-8")
    text = text[: text.index("cases:")] + "arrival_rate_rps: {batch: 2, chat: 0}\n"
    (day / "scenario.yaml").write_text(text, encoding="utf-8")
    np.testing.assert_array_equal(rates_of(day), [[0], [2]])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("day,chat,4", "day,chat,-4", "row 4, column rate_rps: the rate is negative, got '-4'"),
        ("day,chat,4", "day,chat,", "row 4, column rate_rps: the rate is blank"),
        ("day,chat,4", "day,chat,x", "row 4, column rate_rps: this is not a number"),
        ("day,chat,4", "day,chat,0.0001", "too small, got '0.0001'; write 0, or 0.001 or more"),
        ("day,chat,4", "day,chat,1e12", "the rate is too large"),
        ("day,chat,4", "day,chatt,4", "row 4, column class: the scenario has no class of this"),
        ("day,chat,4", "day,chatt,4", "did you mean chat?"),
        ("day,chat,4", "dusk,chat,4", "row 4, column case: the scenario has no case of this name"),
        ("day,chat,4\n", "", "demand.csv: there is no row of case and class day, chat"),
        ("day,chat,4", "day,batch,4", "row 4, column class: the class appears twice in the case"),
        ("case,class,rate_rps", "case,class,rate", "column rate_rps: the column is missing"),
    ],
)
def test_faults_of_the_table(day: Path, old: str, new: str, words: str) -> None:
    rates_in_a_table(day)
    change(day / "demand.csv", old, new)
    assert words in demand_fault_lines(day)


def test_no_request_in_the_table(day: Path) -> None:
    rates_in_a_table(day)
    lines = DEMAND.splitlines()
    silent = [lines[0], *(f"{line.rpartition(',')[0]},0" for line in lines[1:5]), *lines[5:]]
    (day / "demand.csv").write_text("\n".join(silent), encoding="utf-8")
    assert "no request arrives in any case with hours above 0" in demand_fault_lines(day)


def test_faults_of_the_table_come_with_the_others(day: Path) -> None:
    rates_in_a_table(day)
    change(day / "demand.csv", "day,chat,4", "day,chat,-4")
    change(day / "batch.csv", "b1,0.5", "b1,x")
    change(day / "profiles.csv", "NO,G,1,50,2,150", "NO,G,1,50,2,y")
    lines = demand_fault_lines(day)
    assert all(f"{name}.csv" in lines for name in ("demand", "batch", "profiles"))
