"""Cells read without guessing: a number, or the problem and its fix."""

import math

import pytest

from profiles.io.cells import INFINITE, NAN, UnusableCell, text_number, text_of, typed_number


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1.0), (" -2.5e3 ", -2500.0), (".5", 0.5), ("1.", 1.0)]
)
def test_numbers_as_text(text: str, value: float) -> None:
    assert text_number(text) == value


@pytest.mark.parametrize("text", ["1_000", "0x1", "\u0661", "1 000", "one", "1e", "--1", "1,5"])
def test_what_python_or_a_reader_may_take_for_a_number_is_none(text: str) -> None:
    problem = text_number(text)
    assert isinstance(problem, tuple)
    assert all(problem)


def test_blank_nan_and_infinite_are_apart() -> None:
    assert math.isnan(text_number("  "))  # type: ignore[arg-type]
    assert text_number("NaN") is NAN
    assert text_number("-inf") is INFINITE
    assert text_number("1e999") is INFINITE


def test_typed_cells_are_numbers_or_say_why_not() -> None:
    assert typed_number(3) == 3.0
    assert typed_number(10**400) is INFINITE
    assert math.isnan(typed_number(None))  # type: ignore[arg-type]
    assert typed_number("3") == ("the number is stored as text", "store it as a number")
    assert isinstance(typed_number(True), tuple)
    assert typed_number(UnusableCell("#REF!", "an error", "fix it")) == ("an error", "fix it")


def test_names_may_be_whole_numbers() -> None:
    assert [text_of(cell) for cell in (7, 7.0, None, 7.5, True)] == ["7", "7", "", None, None]
