"""The points of a sweep along one field: in order, marked, in sentences."""

import pandas as pd
import pytest

from planner.presentation.frontier import (
    THIS,
    format_frontier_value,
    frontier_lines,
    frontier_measures,
    frontier_table,
)
from planner.presentation.what_if import ScenarioField
from planner.studies.sweep_point import PointStatus, SweepPoint

RATE = ScenarioField("arrival_rate_rps", "Arrival rate (req/s)", "10,20,30")


def point(number: int, rate: float, quality: float | None) -> SweepPoint:
    return SweepPoint(
        number=number,
        values={"arrival_rate_rps": rate},
        status=PointStatus.INFEASIBLE if quality is None else PointStatus.OPTIMAL,
        numbers={"Found (mean score)": quality, "Best possible (mean score)": quality},
        reason="too little compute" if quality is None else "",
        seconds=0.1,
    )


@pytest.fixture
def frame() -> pd.DataFrame:
    return frontier_table(
        [point(2, 30, None), point(0, 10, 0.7), point(1, 20, 0.65)], RATE, here=20
    )


def test_points_are_in_the_order_of_their_values(frame: pd.DataFrame) -> None:
    assert list(frame["Arrival rate (req/s)"]) == [10.0, 20.0, 30.0]
    assert list(frame[THIS]) == ["", THIS, ""]
    assert "Found (mean score)" in frontier_measures(frame)
    assert not [head for head in frontier_measures(frame) if head.startswith("Best possible")]


def test_sentences_say_from_where_to_where_and_what_is_missing(frame: pd.DataFrame) -> None:
    assert frontier_lines(frame) == [
        "From Arrival rate (req/s) 10 to 20: 0.7 to 0.65 mean score.",
        "The largest step lies between 10 and 20: -0.05 mean score.",
        "No plan at 30: too little compute.",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"minimize": "cost", "quality_at_least": 0.75}, "0.75"),
        (12.5, "12.5"),
        ([1, 2], "[1, 2]"),
        (True, "true"),
    ],
)
def test_values_as_text(value: object, text: str) -> None:
    assert format_frontier_value(value) == text
