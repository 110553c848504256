"""Cells one by one: what is a number, what is text, and what is wrong with the others."""

import math
import re
from dataclasses import dataclass

__all__ = [
    "COMMA_NUMBER",
    "INFINITE",
    "NAN",
    "NUMBER",
    "UnusableCell",
    "number_in_text_cell",
    "number_in_typed_cell",
    "text_of_cell",
]

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
COMMA_NUMBER = re.compile(r"[-+]?[\d.' ]*,[\d, ]*\d([eE][-+]?\d+)?", re.ASCII)

NAN = ("this is NaN, not a number", "leave the cell blank where nothing is known")
INFINITE = ("the number is not finite", "write a finite number")
_COMMA = ("this number has a comma", "write a decimal point and no thousands separators, e.g. 23.4")
_TEXT = (
    "this is not a number",
    "write the number alone with a decimal point; units belong in the column's name",
)
_AS_TEXT = ("the number is stored as text", "store it as a number")


@dataclass(frozen=True)
class UnusableCell:
    """A cell of a sheet that holds neither text nor a number (an error, a date, a formula without a
    value), and why it cannot be used.
    """

    value: str
    problem: str
    fix: str

    def __str__(self) -> str:
        """The content of the cell."""
        return self.value


def number_in_text_cell(text: str) -> float | tuple[str, str]:
    """Read a cell of text: a number (NaN for a blank cell), or the problem and its fix."""
    text = text.strip()
    if not text:
        return float("nan")
    if NUMBER.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else INFINITE
    bare = text.lstrip("+-").casefold()
    if bare == "nan":
        return NAN
    if bare in ("inf", "infinity"):
        return INFINITE
    return _COMMA if COMMA_NUMBER.fullmatch(text) else _TEXT


def number_in_typed_cell(cell: object) -> float | tuple[str, str]:
    """Read a cell of any kind: a number (NaN for a blank cell), or the problem and its fix."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return float("nan")
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        value = float(cell) if abs(cell) < 10**300 else float("inf")
        return NAN if math.isnan(value) else value if math.isfinite(value) else INFINITE
    if isinstance(cell, str):
        problem = number_in_text_cell(cell)
        return _AS_TEXT if isinstance(problem, float) else problem
    return (cell.problem, cell.fix) if isinstance(cell, UnusableCell) else _TEXT


def text_of_cell(cell: object) -> str | None:
    """A typed cell as text: whole numbers as digits, None for anything else but text."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int) or (isinstance(cell, float) and cell.is_integer()):
        return str(int(cell))
    return None
