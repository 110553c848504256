"""Values of other tools' files: another kind is None, never an exception."""

import math

import pytest

from profiles.importers.formats.fields import (
    day_field,
    field_at,
    number_field,
    statistics_fields_ms,
    unit_field_ms,
    whole,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1.5", 1.5), (" INF ", math.inf), (".inf", math.inf), (1e301, math.inf), (2, 2.0)],
)
def test_numbers_also_as_text(value: object, expected: float) -> None:
    assert number_field(value) == expected


@pytest.mark.parametrize("value", [True, None, "", "1_0", "NaN", math.nan, [1], "1" * 60])
def test_anything_else_is_none(value: object) -> None:
    assert number_field(value) is None


def test_counts_are_whole_and_possible() -> None:
    assert [whole(value) for value in (4, "8", 2.5, 0, -1, 10**6)] == [4, 8, None, None, None, None]


def test_paths_lead_nowhere_without_an_exception() -> None:
    tree = {"a": [{"b": 1}]}
    assert (
        field_at(tree, "a", 0, "b"),
        field_at(tree, "a", 5),
        field_at(tree, 0),
        field_at(None, "a"),
    ) == (
        *(1, None),
        *(None, None),
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [("20260501-101112", "2026-05-01"), (1777593600, "2026-05-01"), ("yesterday", ""), (5, "")],
)
def test_days_of_time_stamps(value: object, expected: str) -> None:
    assert day_field(value) == expected


def test_statistics_by_their_spellings_in_ms() -> None:
    block = {"avg": 0.2, "median": 0.1, "percentiles": {"p99": 0.9}, "p90": 0}
    factor = unit_field_ms("s/token")
    assert factor == 1e3
    assert dict(statistics_fields_ms(block, "tpot", factor)) == pytest.approx(
        {("tpot", "mean"): 200.0, ("tpot", "p50"): 100.0, ("tpot", "p99"): 900.0}
    )
    assert unit_field_ms("fortnight") is None
