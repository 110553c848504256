"""The sheets of an input workbook, written into an open XlsxWriter book: template, scenario as a
workbook, and the inputs of a report.

Every text is written as text and every number as a number with all its digits, nothing is guessed
from what it looks like, and there is no formula at all; so what is written can be read back as the
same scenario. Headers carry units and comments, cells that have choices carry lists. Text that no
cell can hold is shortened and told.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_rowcol_to_cell

from profiles.workbook_fields import ARRIVAL, OBJECTIVES, FieldKind, SheetField
from profiles.workbook_layout import (
    DEMAND,
    LLMS,
    POOLS,
    PROFILES,
    SCORES,
    SETTINGS,
    TABLES,
    UNHOLDABLE,
    WorkbookInputs,
)
from reports.style import A4, COLOURS, FONT

__all__ = [
    "BOOK_OPTIONS",
    "CELL_TEXT",
    "STORIES",
    "unholdable",
    "write_input_book",
    "write_input_sheets",
]

BOOK_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
CELL_TEXT = 32_767
SPARE_ROWS = 200
"""Rows below the header that get lists and checks, beyond those that are filled."""

_UNHOLDABLE = re.compile(UNHOLDABLE)
ANY = 1_000_000_000
"""Where any number goes, the check is for numbers above minus this."""
NUMBERS = ("whole", "number")
LONG = (PROFILES, SCORES)
"""Sheets that may have thousands of rows."""
NARROWEST, WIDEST, SAMPLE = 11, 72, 200
"""Characters of a column; rows whose texts are looked at for it."""
STORIES: Mapping[str, str] = {
    POOLS: "nodes, GPUs, their memory and price",
    LLMS: "LLMs and how often each may be deployed",
    PROFILES: "latencies by rate, measured or estimated",
    SCORES: "predicted quality of every LLM's answer to every prompt",
    DEMAND: "arrival rate and limits on latencies; change it and plan this workbook again",
    SETTINGS: "objective, what may be considered, how long to search",
}
"""What each sheet asks for; it stands at its head on paper."""
UNPRINTED = ("source", "measured_on")
"""Columns of Profiles that stay off paper: a report repeats the sources of its curves."""
_LABEL_WIDTH, _VALUE_WIDTH, _NOTE_WIDTH = 28, 44, 76
PRINTED = 30
"""Rows of Profiles and of Scores that go on paper, and it is said so at the foot; of the other
sheets all.
"""


class _Exact(float):
    """A number that is written with the fewest digits that give it back; XlsxWriter itself keeps 16
    of 17.
    """

    def __format__(self, _: str) -> str:
        return repr(float(self))


def unholdable(text: str) -> bool:
    """Whether no cell can hold a text and give it back as it was."""
    return (
        len(text.encode("utf-16-le", "replace")) > 2 * CELL_TEXT
        or _UNHOLDABLE.search(text) is not None
    )


def write_input_book(path: str, inputs: WorkbookInputs) -> tuple[str, ...]:
    """Write a workbook of nothing but the input sheets; notes as `write_input_sheets`.

    OSError when that is not possible.
    """
    book = Workbook(path, {**BOOK_OPTIONS, "in_memory": True})
    notes = write_input_sheets(book, inputs)
    book.set_properties(
        {
            "title": _holdable(f"{inputs.settings.get('name', '')}"[:200]),
            "comments": "Input of the joint LLM planner",
        }
    )
    book.close()
    return notes


def write_input_sheets(book: Workbook, inputs: WorkbookInputs) -> tuple[str, ...]:
    """Add the sheets Pools, LLMs, Profiles, Scores, Demand & SLO, Settings to an open book (made
    with `BOOK_OPTIONS`).

    Sheets whose table is None are left out. Gives a sentence for each kind of text that could not
    be written as it is.
    """
    writer = _Writer(book)
    writer.table(
        POOLS, TABLES[POOLS], [[row.get(one.key) for one in TABLES[POOLS]] for row in inputs.pools]
    )
    writer.table(
        LLMS, TABLES[LLMS], [[row.get(one.key) for one in TABLES[LLMS]] for row in inputs.llms]
    )
    if inputs.profiles is not None:
        fields = [one for one in TABLES[PROFILES] if one.key in inputs.profiles.columns]
        writer.table(PROFILES, fields, _records(inputs.profiles[[one.key for one in fields]]))
    if inputs.scores is not None:
        fields = [_score_field(str(name)) for name in inputs.scores.columns]
        writer.table(SCORES, fields, _records(inputs.scores))
    writer.demand(inputs.arrival_rate_rps, inputs.slo)
    writer.settings(inputs.settings)
    return tuple(writer.notes)


def _score_field(name: str) -> SheetField:
    kind, expected, note = _SCORE.get(name, _LLM_SCORE)
    return SheetField(key=name, label=name, kind=FieldKind(kind), expected=expected, note=note)


_LLM_SCORE = (
    "number",
    "a number",
    "predicted quality of this LLM's answer, higher is better; the header is the LLM's name",
)
_SCORE = {
    "prompt_id": ("text", "text, unique", "one row for each prompt of a representative sample"),
    "weight": (
        "number",
        "a number >= 0",
        "how often such a prompt comes; without this column all count alike",
    ),
}


class _Writer:
    def __init__(self, book: Workbook) -> None:
        self._book = book
        self.notes: dict[str, None] = {}
        font = {"font_name": FONT, "font_size": 10, "valign": "vcenter"}
        head = {
            "bold": True,
            "bg_color": COLOURS["head"],
            "font_color": COLOURS["head_ink"],
            "text_wrap": True,
            "num_format": "@",
        }
        rule = {"border": 1, "border_color": COLOURS["rule"]}
        asked = {"bg_color": COLOURS["input"], "font_color": COLOURS["input_ink"], **rule}
        self._head = book.add_format({**font, **head, **rule, "align": "left", "indent": 1})
        self._head_right = book.add_format({**font, **head, **rule, "align": "right"})
        left = {"align": "left", "indent": 1}
        self._number, self._text = (
            book.add_format({**font, **asked}),
            book.add_format({**font, **asked, **left}),
        )
        self._text_setting = book.add_format({**font, **asked, **left, "num_format": "@"})
        self._body, self._body_text = book.add_format(font), book.add_format({**font, **left})
        self._label = book.add_format({**font, **left, "num_format": "@"})
        note = {**font, **left, "font_color": COLOURS["quiet"], "num_format": "@"}
        self._note, self._meaning = (
            book.add_format(note),
            book.add_format({**note, "text_wrap": True}),
        )

    def table(
        self,
        title: str,
        fields: Sequence[SheetField],
        rows: Iterable[Sequence[Any]],
        top: int = 0,
        sheet: Any = None,
    ) -> None:
        """Write a header with comments and the rows below it; lists and checks reach `SPARE_ROWS`
        further.
        """
        sheet = sheet or self._sheet(title)
        long, last = title in LONG, top
        widths = [max(NARROWEST, *(len(word) + 3 for word in one.label.split())) for one in fields]
        for column, one in enumerate(fields):
            self._put(
                sheet,
                top,
                column,
                one.label,
                self._head_right if one.kind in NUMBERS else self._head,
            )
            sheet.write_comment(
                top, column, self._held(f"{one.expected}. {one.note}".strip()), {"x_scale": 1.6}
            )
        looks = [
            None if long else self._number if one.kind in NUMBERS else self._text for one in fields
        ]
        for last, row in enumerate(rows, start=top + 1):
            for column, value in enumerate(row):
                self._put(sheet, last, column, value, looks[column])
                if last <= top + SAMPLE and isinstance(value, str):
                    widths[column] = max(widths[column], len(value) + 3)
        widths = [min(width, WIDEST) for width in widths]
        for column, one in enumerate(fields):
            sheet.set_column(
                column,
                column,
                widths[column],
                self._body if one.kind in NUMBERS else self._body_text,
            )
        lines = [
            len(textwrap.wrap(one.label, width - 2))
            for one, width in zip(fields, widths, strict=True)
        ]
        sheet.set_row_pixels(top, 6 + 16 * min(max(lines), 6))
        for column, one in enumerate(fields):
            if check := _validation(one):
                sheet.data_validation(top + 1, column, last + SPARE_ROWS, column, check)
        if top == 0:
            sheet.freeze_panes(1, 1)
            sheet.autofilter(0, 0, max(last, 1), len(fields) - 1)
        self._paper(
            sheet, top, last - top if long else 0, sum(one.key not in UNPRINTED for one in fields)
        )

    def demand(self, arrival_rate: float, slo: Sequence[Mapping[str, Any]]) -> None:
        """Write the arrival rate, and below it the table of SLOs."""
        sheet = self._sheet(DEMAND)
        self._put(sheet, 0, 0, ARRIVAL.label, self._head)
        self._put(sheet, 0, 1, arrival_rate, self._number)
        self._put(sheet, 0, 2, ARRIVAL.note, self._note)
        sheet.data_validation(0, 1, 0, 1, _validation(ARRIVAL))
        self.table(
            DEMAND,
            TABLES[DEMAND],
            [[row.get(one.key) for one in TABLES[DEMAND]] for row in slo],
            top=2,
            sheet=sheet,
        )
        sheet.set_column(0, 0, len(ARRIVAL.label) + 4)

    def settings(self, settings: Mapping[str, Any]) -> None:
        """Write one row for each setting: label, value, meaning."""
        sheet = self._sheet(SETTINGS)
        for column, label in enumerate(("Setting", "Value", "Meaning")):
            self._put(sheet, 0, column, label, self._head)
        for row, one in enumerate(TABLES[SETTINGS], start=1):
            value = settings.get(one.key)
            if isinstance(value, list | tuple):
                value = "; ".join(
                    f"{int(number) if number == int(number) else number}" for number in value
                )
            self._put(sheet, row, 0, one.label, self._label)
            self._put(
                sheet,
                row,
                1,
                value,
                self._text_setting if one.kind in ("text", "numbers") else self._text,
            )
            self._put(
                sheet,
                row,
                2,
                f"{one.expected}; {one.note}" if one.note else one.expected,
                self._meaning,
            )
            if check := _validation(one):
                sheet.data_validation(row, 1, row, 1, check)
        sheet.set_column(0, 0, _LABEL_WIDTH)
        sheet.set_column(1, 1, _VALUE_WIDTH)
        sheet.set_column(2, 2, _NOTE_WIDTH)
        sheet.freeze_panes(1, 0)
        self._paper(sheet, 0, 0, 3)

    def _paper(self, sheet: Any, head: int, rows: int, columns: int) -> None:
        """Set up printing: one page wide, the header on every page; of long tables the first rows
        and columns.

        rows: of a table that may be long, else 0; columns: that are printed.
        """
        sheet.set_paper(A4)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(0.5, 0.5, 0.8, 0.6)
        sheet.repeat_rows(head)
        title = sheet.get_name()
        told = f", first {PRINTED} of {rows:,} rows" if rows > PRINTED else ""
        if rows:
            sheet.print_area(0, 0, head + min(rows, PRINTED), columns - 1)
        sheet.set_header(
            f'&L&"{FONT},Bold"&12 {title.replace("&", "&&")}&"{FONT},Regular"&9  {STORIES[title]}'
        )
        sheet.set_footer(f"&L&8Joint LLM planner: input&C&8&A{told}&R&8page &P of &N")

    def _sheet(self, title: str) -> Any:
        """A new sheet, its tab in the colour of inputs."""
        sheet = self._book.add_worksheet(title)
        sheet.set_tab_color(COLOURS["warn"])
        return sheet

    def _put(self, sheet: Any, row: int, column: int, value: Any, look: Any = None) -> None:
        """Write text as text and numbers as numbers; of what is missing the look alone, and nothing
        in long tables.
        """
        if value is None or value != value or value == "":
            if look is not None:
                sheet.write_blank(row, column, None, look)
        elif isinstance(value, str):
            if unholdable(value):
                self.notes[
                    f"{sheet.get_name()}!{xl_rowcol_to_cell(row, column)}: no cell can hold this"
                    " text as it is; it was changed"
                ] = None
            self._write_text(sheet, row, column, self._held(value), look)
        else:
            sheet.write_number(row, column, _Exact(value), look)

    def _write_text(self, sheet: Any, row: int, column: int, text: str, look: Any) -> None:
        if text.startswith("<r>") and text.endswith(
            "</r>"
        ):  # XlsxWriter 3.3 takes such text for its own XML of rich text
            sheet.write_rich_string(
                row, column, text[:1], self._label, text[1:], *([look] if look else [])
            )
        else:
            sheet.write_string(row, column, text, look)

    def _held(self, text: str) -> str:
        held = _holdable(text)
        if not unholdable(held):
            return held
        return held.encode("utf-16-le")[: 2 * (CELL_TEXT - 1)].decode("utf-16-le", "ignore") + "…"


def _holdable(text: str) -> str:
    """The text with question marks for what no XML may hold."""
    return _UNHOLDABLE.sub("?", text)


def _records(frame: pd.DataFrame) -> Iterable[tuple]:
    return frame.itertuples(index=False, name=None)


def _validation(one: SheetField) -> dict[str, Any]:
    """Check cells as they are typed: lists for choices, limits for numbers; {} where anything
    goes.
    """
    told = {
        "error_title": "Not so",
        "error_message": _holdable(f"{one.label}: expected {one.expected}."[:255]),
    }
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
        return {
            "validate": kind,
            "criteria": "between",
            "minimum": float(low[2]),
            "maximum": float(high[1]),
            **told,
        }
    return {
        "validate": kind,
        "criteria": ">=" if low[1] in (">=", "from") else ">",
        "value": float(low[2]),
        **told,
    }
