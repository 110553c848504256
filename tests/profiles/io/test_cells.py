"""Cells read without guessing: a number, or the problem and its fix."""

import math

import pytest

from profiles.io.cells import (
    INFINITE,
    NAN,
    UnusableCell,
    number_in_text_cell,
    number_in_typed_cell,
    text_of_cell,
)


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1.0), (" -2.5e3 ", -2500.0), (".5", 0.5), ("1.", 1.0)]
)
def test_numbers_as_text(text: str, value: float) -> None:
    assert number_in_text_cell(text) == value


@pytest.mark.parametrize("text", ["1_000", "0x1", "\u0661", "1 000", "one", "1e", "--1", "1,5"])
def test_what_python_or_a_reader_may_take_for_a_number_is_none(text: str) -> None:
    problem = number_in_text_cell(text)
    assert isinstance(problem, tuple)
    assert all(problem)


def test_blank_nan_and_infinite_are_apart() -> None:
    assert math.isnan(number_in_text_cell("  "))  # type: ignore[arg-type]
    assert number_in_text_cell("NaN") is NAN
    assert number_in_text_cell("-inf") is INFINITE
    assert number_in_text_cell("1e999") is INFINITE


def test_typed_cells_are_numbers_or_say_why_not() -> None:
    assert number_in_typed_cell(3) == 3.0
    assert number_in_typed_cell(10**400) is INFINITE
    assert math.isnan(number_in_typed_cell(None))  # type: ignore[arg-type]
    assert number_in_typed_cell("3") == ("the number is stored as text", "store it as a number")
    assert isinstance(number_in_typed_cell(True), tuple)
    assert number_in_typed_cell(UnusableCell("#REF!", "an error", "fix it")) == (
        "an error",
        "fix it",
    )


def test_names_may_be_whole_numbers() -> None:
    assert [text_of_cell(cell) for cell in (7, 7.0, None, 7.5, True)] == ["7", "7", "", None, None]
