"""Faults of all files are raised together, as the narrowest error that holds them."""

import pickle
from pathlib import Path

import pytest

from planner.scenario.assemble import assemble_instance
from profiles.io.faults import DataError, ScoresError
from tests.support.scenarios.scenario_case import change, fault_lines


def test_all_faults_of_all_files_at_once(case: Path) -> None:
    change(case / "scenario.yaml", "arrival_rate_rps: 5", "arrival_rate_rps: '60'\nsetupz: 3")
    change(case / "scenario.yaml", "limit_ms: 300", "limit_ms: 0")
    change(case / "profiles.csv", "NO,G,1,50,2,150", "NO,G,1,50,2,x")
    change(case / "scores.csv", "p2,0.75", "p1,much")
    lines = fault_lines(case)
    for part in (
        "scenario.yaml:arrival_rate_rps",
        "scenario.yaml:setupz",
        "scenario.yaml:slo.0.limit_ms",
        "profiles.csv:row 2, column ttft_mean_ms",
        "scores.csv:row 3, column NO",
        "scores.csv:row 3, column prompt_id",
    ):
        assert part in lines, lines


def test_the_narrowest_error_is_raised(case: Path) -> None:
    change(case / "scores.csv", "0.25", "x")
    with pytest.raises(ScoresError):
        assemble_instance(case / "scenario.yaml")
    change(case / "profiles.csv", "NO,G,1,50,2,150", "NO,G,1,50,2,x")
    with pytest.raises(DataError) as caught:
        assemble_instance(case / "scenario.yaml")
    assert type(caught.value) is DataError
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 (own bytes)
    assert again.faults == caught.value.faults
