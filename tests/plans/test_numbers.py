"""Numbers on their way out: finite, without dust, never more certain than they are."""

import pytest

from planner.plans.numbers import finite_number, known_number, percent, tidy, whole_percent_number


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -float("inf")])
def test_what_json_lacks_is_none(value: float | None) -> None:
    assert finite_number(value) is None


def test_dust_goes() -> None:
    assert tidy(0.1 + 0.2) == 0.3
    assert isinstance(tidy(1000.0 * 0.3), int)
    assert percent(0.07) == 7


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (99.7, "more than 99 %"),
        (100.0, "100 %"),
        (0.2, "less than 1 %"),
        (0.0, "0 %"),
        (12.4, "12 %"),
    ],
)
def test_not_quite_all_is_not_all(value: float, text: str) -> None:
    assert whole_percent_number(value) == text


def test_a_missing_number_is_an_error() -> None:
    assert known_number(0.0) == 0.0
    with pytest.raises(ValueError, match="missing"):
        known_number(None)
