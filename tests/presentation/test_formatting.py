"""Numbers and gaps as text."""

import pytest

from planner.presentation.formatting import format_config, format_gap, format_number
from tests.support.instances.clusters import cluster


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0"),
        (412.5, "412.5"),
        (12345.6, "12,346"),
        (0.00123, "0.001230"),
        (-3.0, "-3.000"),
        (9.9999, "10.00"),
    ],
)
def test_numbers_have_significant_digits(value: float | None, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("gap", "text"),
    [(None, "unknown"), (0.0, "0 %"), (3e-9, "below 0.001 %"), (5e-5, "0.0050 %"), (0.05, "5.0 %")],
)
def test_gaps_are_reported_in_per_cent(gap: float | None, text: str) -> None:
    assert format_gap(gap) == text


def test_a_way_to_run_an_llm_in_words() -> None:
    instance = cluster([(0, 2, 0.5, 1.0), (0, 1, 1.0, 1.0)], 1, most=None)
    assert format_config(instance, ()) == "-"
    assert format_config(instance, ((0, 1), (1, 2))) == "tp2 50 % + 2 x tp1 100 %"
