"""The sheets of an input workbook, written into an open XlsxWriter book: template, scenario as a
workbook, and the inputs of a report.

Headers carry units and comments, cells that have choices carry lists.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from xlsxwriter import Workbook

from profiles.workbook_fields import ARRIVAL, OBJECTIVES, POOL_PAYMENT_FIELDS, FieldKind, SheetField
from profiles.workbook_layout import (
    CASES,
    CLASS_SLOS,
    CLASSES,
    DEMAND,
    LLMS,
    OUTSIDE,
    POOLS,
    PROFILES,
    RATES,
    SCORES,
    SETTINGS,
    TABLES,
    WorkbookInputs,
)
from reports.style import A4, COLOURS, FONT
from reports.workbook.input_cells import InputCells, holdable_input_cell
from reports.workbook.workbook_file import open_workbook

__all__ = ["write_input_book", "write_input_sheets"]

SPARE_ROWS = 200
"""Rows below the header that get lists and checks, beyond those that are filled."""
ANY = 1_000_000_000
"""Where any number goes, the check is for numbers above minus this."""
NUMBERS = (FieldKind.WHOLE, FieldKind.NUMBER)
LONG = (PROFILES, SCORES)
"""Sheets whose names begin so may have thousands of rows."""
RATES_ELSEWHERE = f"blank: the sheets {CLASSES}, {CASES} and {RATES} have the rates"
CLASS_SCORES = "predicted quality of every LLM's answer to the prompts of a class"
NARROWEST, WIDEST, SAMPLE = 11, 72, 200
"""Characters of a column; rows whose texts are looked at for it."""
STORIES: Mapping[str, str] = {
    POOLS: "nodes, GPUs, their memory and price (blank: as the catalogue says)",
    LLMS: "LLMs and how often each may be deployed (weights, where blank, are those of the"
    " catalogue at 16 bits, bf16)",
    PROFILES: "latencies by rate, measured or estimated",
    SCORES: "predicted quality of every LLM's answer to every prompt",
    DEMAND: "arrival rate and limits on latencies; change it and plan this workbook again",
    OUTSIDE: "LLMs outside the cluster: prices, rate limits, latencies",
    CLASSES: "kinds of requests: their scores, LLMs, load and weight",
    CLASS_SLOS: "limits on latencies of one class",
    CASES: "periods, stress loads and failures that the plan must serve",
    RATES: "requests per second of every class in every case",
    SETTINGS: "objective, what may be considered, how long to search",
}
"""What each sheet holds; printed at its head."""
UNPRINTED = ("source", "measured_on")
"""Columns of Profiles that stay off paper: a report repeats the sources of its curves."""
PAPER_WIDTH = 180
"""Characters across a page, of a table that may be long: more would be too small to read."""
LABEL_WIDTH, VALUE_WIDTH, NOTE_WIDTH = 28, 44, 76
PRINTED = 30
"""Rows of Profiles and of Scores that go on paper, as their foot says; of the other sheets all."""


def write_input_book(path: Path, inputs: WorkbookInputs) -> tuple[str, ...]:
    """Write a workbook of nothing but the input sheets; notes as `write_input_sheets`.

    OSError when that is not possible.
    """
    title = holdable_input_cell(f"{inputs.settings.get('name', '')}"[:200])
    with open_workbook(path, title, "Input of the joint LLM planner") as book:
        return write_input_sheets(book, inputs)


def write_input_sheets(book: Workbook, inputs: WorkbookInputs) -> tuple[str, ...]:
    """Add the sheets Pools, LLMs, Profiles, Scores, Demand & SLO, Settings to an open book (made
    by `open_workbook`), and those of a demand that have rows.

    Sheets whose table is None are left out. Gives a sentence for each kind of text that could not
    be written as it is.
    """
    writer = _InputSheetWriter(book)
    for title, rows in (
        (POOLS, inputs.pools),
        (LLMS, inputs.llms),
        (OUTSIDE, inputs.outside),
        (CLASSES, inputs.classes),
        (CLASS_SLOS, inputs.class_slos),
        (CASES, inputs.cases),
        (RATES, inputs.rates),
    ):
        if rows or title in (POOLS, LLMS):
            fields = _written_fields(title, rows)
            writer.write_table(writer.add_sheet(title), fields, _cells(fields, rows))
    if inputs.profiles is not None:
        fields = [one for one in TABLES[PROFILES] if one.key in inputs.profiles.columns]
        table = inputs.profiles[[one.key for one in fields]]
        writer.write_table(writer.add_sheet(PROFILES), fields, _records(table))
    scores = {SCORES: inputs.scores} | dict(inputs.class_scores)
    for title, frame in scores.items():
        if frame is not None:
            fields = [_score_field(str(name)) for name in frame.columns]
            writer.write_table(writer.add_sheet(title), fields, _records(frame))
    writer.write_demand(inputs.arrival_rate_rps, inputs.slo)
    writer.write_settings(inputs.settings)
    return tuple(writer.cells.notes)


def _written_fields(title: str, rows: Sequence[Mapping[str, Any]]) -> list[SheetField]:
    """Columns of a sheet of rows: of a demand without latencies and rates that no row states, of
    pools without ways to pay that none has.
    """
    fields = list(TABLES[title])
    spare = {one.key for one in POOL_PAYMENT_FIELDS} if title == POOLS else set()
    if title in (OUTSIDE, CLASSES, CASES):
        spare = {ARRIVAL.key} | {one.key for one in fields if one.key.endswith("_ms")}
    return [
        one
        for one in fields
        if one.key not in spare or any(row.get(one.key) is not None for row in rows)
    ]


def _cells(fields: Sequence[SheetField], rows: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
    return [[row.get(one.key) for one in fields] for row in rows]


def _records(frame: pd.DataFrame) -> Iterable[tuple[Any, ...]]:
    return frame.itertuples(index=False, name=None)


LLM_SCORE = (
    FieldKind.NUMBER,
    "a number",
    "predicted quality of this LLM's answer, higher is better; the header is the LLM's name",
)
SCORE_COLUMNS = {
    "prompt_id": (
        FieldKind.TEXT,
        "text, unique",
        "one row for each prompt of a representative sample",
    ),
    "weight": (
        FieldKind.NUMBER,
        "a number >= 0",
        "how often such a prompt comes; without this column all count equally",
    ),
}


def _score_field(name: str) -> SheetField:
    kind, expected, note = SCORE_COLUMNS.get(name, LLM_SCORE)
    return SheetField(key=name, label=name, kind=kind, expected=expected, note=note)


class _InputSheetWriter:
    """Adds sheets to a book."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self.cells = InputCells(book)

    def add_sheet(self, title: str) -> Any:
        """A new sheet, its tab in the colour of inputs."""
        sheet = self._book.add_worksheet(title)
        sheet.set_tab_color(COLOURS["warn"])
        return sheet

    def write_table(
        self,
        sheet: Any,
        fields: Sequence[SheetField],
        rows: Iterable[Sequence[Any]],
        top: int = 0,
    ) -> None:
        """Write a header with comments and the rows below it; lists and checks reach `SPARE_ROWS`
        further.
        """
        long = sheet.get_name().startswith(LONG)
        self._write_header(sheet, fields, top)
        widths = [max(NARROWEST, *(len(word) + 3 for word in one.label.split())) for one in fields]
        entry = [self.cells.number if one.kind in NUMBERS else self.cells.text for one in fields]
        looks = [None] * len(fields) if long else entry
        last = top
        for last, row in enumerate(rows, start=top + 1):
            for column, value in enumerate(row):
                self.cells.put(sheet, last, column, value, looks[column])
                if last <= top + SAMPLE and isinstance(value, str):
                    widths[column] = max(widths[column], len(value) + 3)
        widths = [min(width, WIDEST) for width in widths]
        lines = []
        for column, (one, width) in enumerate(zip(fields, widths, strict=True)):
            look = self.cells.body if one.kind in NUMBERS else self.cells.body_text
            sheet.set_column(column, column, width, look)
            lines.append(len(textwrap.wrap(one.label, width - 2)))
            if check := _input_sheet_validation(one):
                sheet.data_validation(top + 1, column, last + SPARE_ROWS, column, check)
        sheet.set_row_pixels(top, 6 + 16 * min(max(lines), 6))
        if top == 0:
            sheet.freeze_panes(1, 1)
            sheet.autofilter(0, 0, max(last, 1), len(fields) - 1)
        printed = sum(one.key not in UNPRINTED for one in fields)
        while long and printed > 1 and sum(widths[:printed]) > PAPER_WIDTH:
            printed -= 1
        _set_input_sheet_paper(sheet, top, last - top if long else 0, (printed, len(fields)))

    def _write_header(self, sheet: Any, fields: Sequence[SheetField], top: int) -> None:
        """Labels, each with a comment that says what goes below it."""
        for column, one in enumerate(fields):
            look = self.cells.head_right if one.kind in NUMBERS else self.cells.head
            self.cells.put(sheet, top, column, one.label, look)
            comment = holdable_input_cell(f"{one.expected}. {one.note}".strip())
            sheet.write_comment(top, column, comment, {"x_scale": 1.6})

    def write_demand(self, arrival_rate: float | None, slo: Sequence[Mapping[str, Any]]) -> None:
        """Write the arrival rate, and below it the table of SLOs."""
        sheet = self.add_sheet(DEMAND)
        self.cells.put(sheet, 0, 0, ARRIVAL.label, self.cells.head)
        self.cells.put(sheet, 0, 1, arrival_rate, self.cells.number)
        note = ARRIVAL.note if arrival_rate is not None else RATES_ELSEWHERE
        self.cells.put(sheet, 0, 2, note, self.cells.note)
        sheet.data_validation(0, 1, 0, 1, _input_sheet_validation(ARRIVAL))
        self.write_table(sheet, TABLES[DEMAND], _cells(TABLES[DEMAND], slo), top=2)
        sheet.set_column(0, 0, len(ARRIVAL.label) + 4)

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        """Write one row for each setting: label, value, meaning."""
        sheet = self.add_sheet(SETTINGS)
        for column, label in enumerate(("Setting", "Value", "Meaning")):
            self.cells.put(sheet, 0, column, label, self.cells.head)
        for row, one in enumerate(TABLES[SETTINGS], start=1):
            value = settings.get(one.key)
            if isinstance(value, list | tuple):
                value = _input_sheet_list(value)
            textual = one.kind in (FieldKind.TEXT, FieldKind.NUMBERS, FieldKind.NAMES)
            look = self.cells.text_setting if textual else self.cells.text
            meaning = f"{one.expected}; {one.note}" if one.note else one.expected
            self.cells.put(sheet, row, 0, one.label, self.cells.label)
            self.cells.put(sheet, row, 1, value, look)
            self.cells.put(sheet, row, 2, meaning, self.cells.meaning)
            if check := _input_sheet_validation(one):
                sheet.data_validation(row, 1, row, 1, check)
        for column, width in enumerate((LABEL_WIDTH, VALUE_WIDTH, NOTE_WIDTH)):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        _set_input_sheet_paper(sheet, 0, 0, (3, 3))


def _input_sheet_list(values: Sequence[Any]) -> str:
    """Several values of one cell; none are a lone semicolon, since a blank cell says nothing."""
    texts = [
        value if isinstance(value, str) else f"{int(value) if value == int(value) else value}"
        for value in values
    ]
    return "; ".join(texts) or ";"


def _input_sheet_story(title: str) -> str:
    """What a sheet holds."""
    return STORIES.get(title, CLASS_SCORES)


def _set_input_sheet_paper(sheet: Any, head: int, rows: int, columns: tuple[int, int]) -> None:
    """Set up printing: one page wide, the header on every page; of long tables the first rows and
    columns.

    rows: of a table that may be long, else 0; columns: that are printed, and all.
    """
    printed, wide = columns
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(0.5, 0.5, 0.8, 0.6)
    sheet.repeat_rows(head)
    title = sheet.get_name()
    part = f", first {PRINTED} of {rows:,} rows" if rows > PRINTED else ""
    if rows:
        part += f", first {printed} of {wide} columns" if printed < wide else ""
        sheet.print_area(0, 0, head + min(rows, PRINTED), printed - 1)
    story, shown = _input_sheet_story(title), title.replace("&", "&&")
    sheet.set_header(f'&L&"{FONT},Bold"&12 {shown}&"{FONT},Regular"&9  {story}')
    sheet.set_footer(f"&L&8Joint LLM planner: input&C&8&A{part}&R&8page &P of &N")


def _input_sheet_validation(one: SheetField) -> dict[str, Any]:
    """Check cells as they are typed: lists for choices, limits for numbers; {} where anything
    goes.
    """
    message = {
        "error_title": "Not allowed",
        "error_message": holdable_input_cell(f"{one.label}: expected {one.expected}."[:255]),
    }
    if one.choices:
        source = list(OBJECTIVES) if one.key == "objective" else list(one.choices)
        return {"validate": "list", "source": source, **message}
    kind = {FieldKind.WHOLE: "integer", FieldKind.NUMBER: "decimal"}.get(one.kind)
    if kind is None:
        return {}
    low = re.search(r"(>=|>|above|from) ?(-?\d+)", one.expected)
    if low is None:
        return {"validate": kind, "criteria": ">=", "value": -ANY, **message}
    high = re.search(r"(?:at most|to) (\d+)$", one.expected)
    if high:
        ends = {"minimum": float(low[2]), "maximum": float(high[1])}
        return {"validate": kind, "criteria": "between", **ends, **message}
    criteria = ">=" if low[1] in (">=", "from") else ">"
    return {"validate": kind, "criteria": criteria, "value": float(low[2]), **message}
