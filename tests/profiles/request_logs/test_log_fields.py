"""Fields of a log: times, tokens, labels; what cannot be read is not shown where it may be text."""

import math
from typing import Any

import pytest

from profiles.request_logs.log_fields import (
    LogFieldError,
    label_of_log_field,
    time_of_log_field,
    tokens_of_log_field,
)
from tests.support.scenarios.log_files import MESSAGE


@pytest.mark.parametrize(
    ("value", "unit", "time"),
    [
        (12.5, 1.0, 12.5),
        ("12.5", 1.0, 12.5),
        (12500, 0.001, 12.5),
        ("1700157600000000000", 1e-9, 1_700_157_600.0),
        ("2023-11-16T18:00:00Z", 1.0, 1_700_157_600.0),
        ("2023-11-16 18:00:00", 0.001, 1_700_157_600.0),
        ("2023-11-16T20:00:00.5+02:00", 1.0, 1_700_157_600.5),
        ("2023-11-16 18:00:00.6805900", 1.0, 1_700_157_600.68059),
    ],
)
def test_times_are_seconds(value: Any, unit: float, time: float) -> None:
    assert time_of_log_field(value, unit) == pytest.approx(time, abs=1e-5)


@pytest.mark.parametrize("value", [None, "", "  "])
def test_blank_fields_are_unknown(value: Any) -> None:
    assert math.isnan(time_of_log_field(value))
    assert math.isnan(tokens_of_log_field(value))
    assert label_of_log_field(value) is None


@pytest.mark.parametrize(
    "value",
    [True, [], {}, "soon", "16/11/2023", 1e30, 10**400, math.inf, "9999-99-99", 1_700_157_600_000],
)
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(LogFieldError, match="time"):
        time_of_log_field(value)


@pytest.mark.parametrize("value", [-1, "-1", True, [3], "three", 1e12, math.inf, "1,000"])
def test_what_is_no_count_is_refused(value: Any) -> None:
    with pytest.raises(LogFieldError, match="no number of tokens"):
        tokens_of_log_field(value)
    assert tokens_of_log_field(3) == tokens_of_log_field("3") == 3.0


@pytest.mark.parametrize("value", [1.5, True, [], {"a": 1}, "x" * 101, "a\nb"])
def test_what_is_no_name_is_refused(value: Any) -> None:
    with pytest.raises(LogFieldError, match="no name"):
        label_of_log_field(value)
    assert label_of_log_field(" chat ") == "chat"
    assert label_of_log_field(7) == "7"


def test_text_is_not_shown_but_numbers_are() -> None:
    for value in (MESSAGE, [MESSAGE], {"a": MESSAGE}):
        with pytest.raises(LogFieldError) as caught:
            tokens_of_log_field(value)
        assert MESSAGE not in caught.value.shown
    with pytest.raises(LogFieldError) as caught:
        time_of_log_field("16/11/2023 18:15")
    assert caught.value.shown == "'16/11/2023 18:15'"
