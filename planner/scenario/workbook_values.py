"""Cells of a workbook as a scenario's values."""

from typing import Any

from profiles.io.cells import NUMBER, UnusableCell, text_of_cell
from profiles.io.workbook_cells import normal
from profiles.workbook_fields import YES_NO, FieldKind, SheetField

__all__ = ["workbook_value"]


def workbook_value(cell: Any, one: SheetField) -> Any:
    """A cell as content: text for text, whole numbers where they are wanted, several numbers of one
    cell; else unchanged.
    """
    if isinstance(cell, str):
        cell = cell.strip()
        if one.kind in SEVERAL:
            return SEVERAL[one.kind](cell)
        if one.choices == tuple(YES_NO):
            return YES_NO.get(normal(cell), cell)
        if one.choices:
            return next((choice for choice in one.choices if choice == normal(cell)), cell)
        return cell
    if cell is None or isinstance(cell, bool | UnusableCell):
        return cell
    if one.kind in (FieldKind.TEXT, FieldKind.NAMES):
        text = text_of_cell(cell)
        if one.kind == FieldKind.NAMES and text is not None:
            return [text]
        return cell if text is None else text
    whole = (
        int(cell) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15 else cell
    )
    if one.kind == FieldKind.NUMBERS:
        return [whole]
    return whole if one.kind == FieldKind.WHOLE else cell


def _several_workbook_values(text: str) -> Any:
    """Numbers with semicolons, spaces, or commas and spaces between; the text itself when it is
    anything else ("1,5" is not guessed at).
    """
    parts = text.split(";") if ";" in text else text.replace(", ", " ").split()
    numbers: list[int | float] = []
    for part in map(str.strip, parts):
        if not NUMBER.fullmatch(part):
            return text
        number = float(part)
        numbers.append(int(number) if number.is_integer() and abs(number) < 1e15 else number)
    return numbers


def _names_of_workbook_value(text: str) -> Any:
    """Names with semicolons between them."""
    return [name for part in text.split(";") if (name := part.strip())]


def _named_workbook_values(text: str) -> Any:
    """`name: number` pairs with semicolons between them as a mapping; the text itself when it is
    anything else.
    """
    named: dict[str, int | float] = {}
    for part in text.split(";"):
        name, colon, number = (one.strip() for one in part.rpartition(":"))
        if not colon or not name or name in named or not NUMBER.fullmatch(number):
            return text
        value = float(number)
        named[name] = int(value) if value.is_integer() and abs(value) < 1e15 else value
    return named


SEVERAL = {
    FieldKind.NUMBERS: _several_workbook_values,
    FieldKind.NAMES: _names_of_workbook_value,
    FieldKind.NAMED_NUMBERS: _named_workbook_values,
}
"""How the text of a cell that holds several values is read."""
