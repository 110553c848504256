"""The sheets of an input workbook, written into an open XlsxWriter book: template, scenario as a workbook, and the inputs of a report.

Every text is written as text and every number as a number with all its digits, nothing is guessed from what it looks like, and there is no
formula at all; so what is written can be read back as the same scenario. Headers carry units and comments, cells that
have choices carry lists. Text that no cell can hold is shortened and told.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_rowcol_to_cell

from profiles.sheets import ARRIVAL, DEMAND, LLMS, OBJECTIVES, POOLS, PROFILES, SCORES, SETTINGS, TABLES, UNHOLDABLE, Inputs, SheetField

__all__ = ["BOOK_OPTIONS", "CELL_TEXT", "unholdable", "write_input_book", "write_input_sheets"]

BOOK_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
CELL_TEXT = 32_767
SPARE_ROWS = 200
"""Rows below the header that get lists and checks, beyond those that are filled."""

_UNHOLDABLE = re.compile(UNHOLDABLE)
ANY = 1_000_000_000
"""Where any number goes, the check is for numbers above minus this."""
_LABEL_WIDTH, _NOTE_WIDTH = 30, 90


class _Exact(float):
    """A number that is written with the fewest digits that give it back; XlsxWriter itself keeps 16 of 17."""

    def __format__(self, _: str) -> str:
        return repr(float(self))


def unholdable(text: str) -> bool:
    """Whether no cell can hold a text and give it back as it was."""
    return len(text.encode("utf-16-le", "replace")) > 2 * CELL_TEXT or _UNHOLDABLE.search(text) is not None


def write_input_book(path: str, inputs: Inputs) -> tuple[str, ...]:
    """Write a workbook of nothing but the input sheets; notes as `write_input_sheets`. OSError when that is not possible."""
    book = Workbook(path, {**BOOK_OPTIONS, "in_memory": True})
    notes = write_input_sheets(book, inputs)
    book.set_properties({"title": f"{inputs.settings.get('name', '')}"[:200], "comments": "Input of the joint LLM planner"})
    book.close()
    return notes


def write_input_sheets(book: Workbook, inputs: Inputs) -> tuple[str, ...]:
    """Add the sheets Pools, LLMs, Profiles, Scores, Demand & SLO, Settings to an open book (made with `BOOK_OPTIONS`).

    Sheets whose table is None are left out. Gives a sentence for each kind of text that could not be written as it is.
    """
    writer = _Writer(book)
    writer.table(POOLS, TABLES[POOLS], [[row.get(one.key) for one in TABLES[POOLS]] for row in inputs.pools])
    writer.table(LLMS, TABLES[LLMS], [[row.get(one.key) for one in TABLES[LLMS]] for row in inputs.llms])
    if inputs.profiles is not None:
        fields = [one for one in TABLES[PROFILES] if one.key in inputs.profiles.columns]
        writer.table(PROFILES, fields, _records(inputs.profiles[[one.key for one in fields]]))
    if inputs.scores is not None:
        fields = [SheetField(str(name), str(name), *_SCORE.get(str(name), _LLM_SCORE)) for name in inputs.scores.columns]
        writer.table(SCORES, fields, _records(inputs.scores))
    writer.demand(inputs.arrival_rate_rps, inputs.slo)
    writer.settings(inputs.settings)
    return tuple(writer.notes)


_LLM_SCORE = ("number", "a number", "predicted quality of this LLM's answer, higher is better; the header is the LLM's name")
_SCORE = {
    "prompt_id": ("text", "text, unique", "one row for each prompt of a representative sample"),
    "weight": ("number", "a number >= 0", "how often such a prompt comes; without this column all count alike"),
}


class _Writer:
    def __init__(self, book: Workbook) -> None:
        self._book = book
        self.notes: dict[str, None] = {}
        self._head = book.add_format(
            {"bold": True, "bg_color": "#E7ECF2", "bottom": 1, "text_wrap": True, "valign": "top", "num_format": "@"}
        )
        self._plain_text = book.add_format({"num_format": "@"})
        self._note = book.add_format({"font_color": "#5F6B7A", "num_format": "@"})

    def table(self, title: str, fields: Sequence[SheetField], rows: Iterable[Sequence[Any]], top: int = 0, sheet: Any = None) -> None:
        """Write a header with comments and the rows below it; lists and checks reach `SPARE_ROWS` further."""
        sheet = sheet or self._book.add_worksheet(title)
        last = top
        for column, one in enumerate(fields):
            self._put(sheet, top, column, one.label, self._head)
            sheet.write_comment(top, column, self._held(f"{one.expected}. {one.note}".strip()), {"x_scale": 1.6})
            sheet.set_column(column, column, max(12, min(24, len(one.label) + 3)))
        for last, row in enumerate(rows, start=top + 1):
            for column, value in enumerate(row):
                self._put(sheet, last, column, value)
        for column, one in enumerate(fields):
            if check := _validation(one):
                sheet.data_validation(top + 1, column, last + SPARE_ROWS, column, check)
        if top == 0:
            sheet.freeze_panes(1, 1)
            sheet.autofilter(0, 0, max(last, 1), len(fields) - 1)

    def demand(self, arrival_rate: float, slo: Sequence[Mapping[str, Any]]) -> None:
        """Write the arrival rate, and below it the table of SLOs."""
        sheet = self._book.add_worksheet(DEMAND)
        self._put(sheet, 0, 0, ARRIVAL.label, self._head)
        self._put(sheet, 0, 1, arrival_rate)
        self._put(sheet, 0, 2, ARRIVAL.note, self._note)
        sheet.data_validation(0, 1, 0, 1, _validation(ARRIVAL))
        self.table(DEMAND, TABLES[DEMAND], [[row.get(one.key) for one in TABLES[DEMAND]] for row in slo], top=2, sheet=sheet)

    def settings(self, settings: Mapping[str, Any]) -> None:
        """Write one row for each setting: label, value, meaning."""
        sheet = self._book.add_worksheet(SETTINGS)
        for column, label in enumerate(("Setting", "Value", "Meaning")):
            self._put(sheet, 0, column, label, self._head)
        for row, one in enumerate(TABLES[SETTINGS], start=1):
            value = settings.get(one.key)
            if isinstance(value, list | tuple):
                value = "; ".join(f"{number}" for number in value)
            self._put(sheet, row, 0, one.label)
            self._put(sheet, row, 1, value, self._plain_text if one.kind in ("text", "numbers") else None)
            self._put(sheet, row, 2, f"{one.expected}; {one.note}" if one.note else one.expected, self._note)
            if check := _validation(one):
                sheet.data_validation(row, 1, row, 1, check)
        sheet.set_column(0, 0, _LABEL_WIDTH)
        sheet.set_column(1, 1, _LABEL_WIDTH)
        sheet.set_column(2, 2, _NOTE_WIDTH)
        sheet.freeze_panes(1, 0)

    def _put(self, sheet: Any, row: int, column: int, value: Any, look: Any = None) -> None:
        """Write text as text and numbers as numbers; nothing for what is missing."""
        if value is None or value != value or value == "":
            if look is self._plain_text:
                sheet.write_blank(row, column, None, look)
        elif isinstance(value, str):
            if unholdable(value):
                self.notes[f"{sheet.get_name()}!{xl_rowcol_to_cell(row, column)}: no cell can hold this text as it is; it was changed"] = (
                    None
                )
            self._write_text(sheet, row, column, self._held(value), look)
        else:
            sheet.write_number(row, column, _Exact(value), look)

    def _write_text(self, sheet: Any, row: int, column: int, text: str, look: Any) -> None:
        if text.startswith("<r>") and text.endswith("</r>"):  # XlsxWriter 3.3 takes such text for its own XML of rich text
            sheet.write_rich_string(row, column, text[:1], self._plain_text, text[1:], *([look] if look else []))
        else:
            sheet.write_string(row, column, text, look)

    def _held(self, text: str) -> str:
        held = _UNHOLDABLE.sub("?", text)
        if not unholdable(held):
            return held
        return held.encode("utf-16-le")[: 2 * (CELL_TEXT - 1)].decode("utf-16-le", "ignore") + "…"


def _records(frame: pd.DataFrame) -> Iterable[tuple]:
    return frame.itertuples(index=False, name=None)


def _validation(one: SheetField) -> dict[str, Any]:
    """Check cells as they are typed: lists for choices, limits for numbers; {} where anything goes."""
    told = {"error_title": "Not so", "error_message": f"{one.label}: expected {one.expected}."[:255]}
    if one.choices:
        source = list(OBJECTIVES) if one.key == "objective" else list(one.choices)
        return {"validate": "list", "source": source, **told}
    kind = {"whole": "integer", "number": "decimal"}.get(one.kind)
    low = re.search(r"(>=|>|above|from) ?(-?\d+)", one.expected)
    if kind is None:
        return {}
    if low is None:
        return {"validate": kind, "criteria": ">=", "value": -ANY, **told}
    high = re.search(r"(?:at most|to) (\d+)$", one.expected)
    if high:
        return {"validate": kind, "criteria": "between", "minimum": float(low[2]), "maximum": float(high[1]), **told}
    return {"validate": kind, "criteria": ">=" if low[1] in (">=", "from") else ">", "value": float(low[2]), **told}
