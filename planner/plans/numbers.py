"""Numbers on their way out: plain, finite, without rounding noise from unit conversion."""

import math
from typing import TypeVar

Known = TypeVar("Known")

__all__ = [
    "ROUNDING",
    "finite_number",
    "is_within_limit",
    "known_number",
    "percent",
    "tidy",
    "whole_percent_number",
]

ROUNDING = 1e-6
"""Relative excess over a limit that is none, here and in the workbook's checks."""


def finite_number(value: float | None) -> float | None:
    """Return `value` as a plain float; None for None, NaN and infinity, which strict JSON does not
    have.
    """
    return None if value is None or not math.isfinite(value) else float(value)


def known_number(value: Known | None) -> Known:
    """Return a number of a plan that has a setup; ValueError where it is missing."""
    if value is None:
        raise ValueError("a number of a plan with a setup is missing")
    return value


def is_within_limit(value: float, limit: float) -> bool:
    """Return whether `value` is at most `limit`, rounding aside."""
    return value <= limit * (1.0 + ROUNDING)


def tidy(value: float) -> float | int:
    """Return `value` rounded to 1e-9, rounding noise of unit conversion gone; whole numbers as
    int.
    """
    rounded = round(float(value), 9)
    return int(rounded) if rounded.is_integer() else rounded


def whole_percent_number(value: float) -> str:
    """Write a part in whole per cent; never `100 %` of what is not all, nor `0 %` of what is not
    none.
    """
    text = f"{value:.0f}"
    if text == "100" and value < 100.0:
        return "more than 99 %"
    return "less than 1 %" if text == "0" and value > 0.0 else f"{text} %"


def percent(share: float) -> float | int:
    """Return a share of 0..1 in per cent."""
    return tidy(100.0 * share)
