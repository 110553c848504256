"""Tables on a page: headers with filter and frozen row, numbers in the format of their unit,
totals, widths and heights.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reports.style import (
    COLOURS,
    COUNT,
    bare_format,
    form_without_unit,
    header_style,
    number_style,
    safe_style_text,
    styled_width,
    tint_style,
)
from reports.workbook.book import Formula, PlacedTable, is_blank
from reports.workbook.page import LETTER, Page

__all__ = ["next_table", "write_table"]

SAMPLE = 400
"""Rows that are looked at for the width of a column: the first and the last ones."""
SHARES_OF_BOTH = {"MPS share (%)": "MPS share, or part of the compute (%)"}
"""Words for shares beside MIG profiles: that of an instance is its part of the compute slices."""


def next_table(page: Page, headers: Sequence[Any], rows: int) -> PlacedTable:
    """Where a table of so many rows, written next, will be."""
    first = page.row + 1
    columns = {str(header): page.left + c for c, header in enumerate(headers)}
    return PlacedTable(page.name, first, first + rows - 1, columns)


def write_table(
    page: Page,
    frame: pd.DataFrame,
    key: str,
    *,
    formulas: Mapping[str, Sequence[Formula | None]] | None = None,
    totals: Mapping[str, Any] | None = None,
    units: Sequence[str] | None = None,
    side: str = "right",
) -> PlacedTable:
    """Write a table at the page's row and column, and remember its place as `key`.

    formulas: cells by header that replace the frame's; totals: last row by header; units:
    of every row, for tables of What and Value; they are in the cells where there is no column
    Unit; side: alignment of a column's numbers.
    """
    head, headers = page.row, [str(header) for header in frame.columns]
    placed = next_table(page, headers, len(frame))
    columns = [
        list((formulas or {}).get(header, ())) or frame.iloc[:, c].tolist()
        for c, header in enumerate(headers)
    ]
    own = [(bare_format if "Unit" in headers else number_style)(unit) for unit in units or ()]
    for c, (header, values) in enumerate(zip(headers, columns, strict=True)):
        forms = own if header in ("Value", "As solved") else []
        forms = forms or _table_formats(page, header, values)
        _write_table_column(page, (head, c), header, values, forms, side)
    right = [side == "right" and any(map(_is_numeric, values[:SAMPLE])) for values in columns]
    words = [SHARES_OF_BOTH.get(h, h) for h in headers] if "MIG profile" in headers else headers
    _write_table_header(page, head, words, right)
    page.row = head + 1 + len(frame)
    if totals:
        _write_table_totals(page, headers, totals)
    _set_table_heights(page, head, words, columns)
    page.row += 1
    page.tables.append(placed)
    page.book.placed[key] = placed
    return placed


def _value(cell: Any) -> Any:
    return cell.value if isinstance(cell, Formula) else cell


def _is_numeric(cell: Any) -> bool:
    """Whether a cell holds a number or a truth value, which are right-aligned."""
    value = _value(cell)
    return isinstance(value, int | float | bool | np.number | np.bool_) and not is_blank(value)


def _is_long(value: Any) -> bool:
    """Whether a number has more decimals than a percentage shows, as 3 of 7 slices have."""
    return isinstance(value, float) and abs(round(value, 2) - value) > 1e-9


def _is_count(cell: Any) -> bool:
    """Whether a cell holds a whole number, or is blank."""
    value = _value(cell)
    return is_blank(value) or (isinstance(value, int | np.integer) and not isinstance(value, bool))


def _table_formats(page: Page, header: str, values: Sequence[Any]) -> list[str]:
    """The number format of every cell of a column; changes and gains carry a plus."""
    signed = header.startswith(("Change of ", "Difference (")) or " of the joint plan (" in header
    form = header_style(header, signed=signed)
    if header in SHARES_OF_BOTH and any(_is_long(_value(value)) for value in values):
        form = number_style("%")
    if form == "General" and all(map(_is_count, values)):
        form = COUNT
    return [form_without_unit(form) if page.bare else form] * len(values)


def _write_table_header(
    page: Page, row: int, headers: Sequence[str], right: Sequence[bool]
) -> None:
    """Write the headers; those of numbers are right-aligned, as their numbers are."""
    look = {
        "bold": True,
        "bg_color": COLOURS["head"],
        "font_color": COLOURS["head_ink"],
        "text_wrap": True,
        "valign": "vcenter",
        "border": 1,
        "border_color": COLOURS["rule"],
    }
    for c, header in enumerate(headers):
        text = safe_style_text(header)
        side = {"align": "right"} if right[c] else {"align": "left", "indent": int(c > 0)}
        page.put(row, page.left + c, text, **{"indent": 0, **look, **side})
        page.widen(page.left + c, max(len(word) for word in text.split() or [""]) + 3.0)


def _set_table_heights(
    page: Page, head: int, headers: Sequence[str], columns: Sequence[Sequence[Any]]
) -> None:
    """Heights of the header and of rows with text that wraps: charts below are placed correctly
    only if all heights are.
    """

    def lines(text: str, c: int) -> int:
        width = page.widths[page.left + c]
        return len(textwrap.wrap(text, max(4, int(width / LETTER) - 2))) or 1

    most = max(lines(safe_style_text(header), c) for c, header in enumerate(headers))
    page.heighten(head, 10 + 15 * min(most, 5))
    for k in range(min(len(columns[0]), SAMPLE) if columns else 0):
        high = max(
            lines(values[k], c) if isinstance(values[k], str) else 1
            for c, values in enumerate(columns)
        )
        if high > 1:
            page.heighten(head + 1 + k, min(6 + 15 * high, 400))


def _write_table_column(
    page: Page,
    corner: tuple[int, int],
    header: str,
    values: Sequence[Any],
    forms: Sequence[str],
    side: str,
) -> None:
    """Write one column below its header.

    corner: row of the header, and the column counted from the table's first; forms: number
    formats by row.
    """
    head, c = corner[0], page.left + corner[1]
    looks = {form: _table_number_look(page, form, side) for form in set(forms)}
    words = page.book.format(
        text_wrap=True, bottom=1, bottom_color=COLOURS["rule"], indent=int(corner[1] > 0)
    )
    sheet = page.sheet
    for k, value in enumerate(values):
        row, look = head + 1 + k, looks[forms[k]]
        if type(value) is str:
            named = header == "LLM" and value in page.book.looks
            own = _table_llm_look(page, value, edge=corner[1] == 0) if named else words
            sheet.write_string(row, c, safe_style_text(value), own)
        elif type(value) is float and math.isfinite(value):
            sheet.write_number(row, c, value, look)
        elif isinstance(value, Formula):
            page.put_formula(row, c, value, look)
        elif is_blank(value):
            sheet.write_blank(row, c, None, look)
        elif isinstance(value, bool | np.bool_):
            sheet.write_boolean(row, c, bool(value), look)
        elif isinstance(value, int | np.number):
            sheet.write_number(row, c, value, look)
        else:
            sheet.write_string(row, c, safe_style_text(value), words)
    page.widen(c, _table_width(values, forms) + 2.8)


def _table_width(values: Sequence[Any], forms: Sequence[str]) -> int:
    """Characters that a column takes, by a sample of its cells."""
    rows: Sequence[int] = range(len(values))
    if len(values) > 2 * SAMPLE:
        rows = [*range(SAMPLE), *range(len(values) - SAMPLE, len(values))]
    shown = ((_value(values[k]), forms[k]) for k in rows)
    return max(
        (0 if is_blank(value) else styled_width(value, form) for value, form in shown), default=0
    )


def _table_number_look(page: Page, form: str, side: str) -> Any:
    return page.book.format(
        num_format=form,
        bottom=1,
        bottom_color=COLOURS["rule"],
        align=side,
        indent=int(side == "left"),
    )


def _table_llm_look(page: Page, llm: str, *, edge: bool) -> Any:
    """The look of an LLM's name: a bar of its colour on the sheet's edge, elsewhere its tint (a bar
    would touch the number before).
    """
    colour = page.book.looks[llm].colour
    look = {"left": 5, "left_color": colour} if edge else {"bg_color": tint_style(colour)}
    return page.book.format(
        text_wrap=True, bottom=1, bottom_color=COLOURS["rule"], indent=1, **look
    )


def _write_table_totals(page: Page, headers: Sequence[str], totals: Mapping[str, Any]) -> None:
    """The last row of a table."""
    for c, header in enumerate(headers):
        value, form = totals.get(header), header_style(header)
        form = COUNT if form == "General" and _is_count(value) else form
        form = form_without_unit(form) if page.bare else form
        look = {"bold": True, "top": 1, "bg_color": COLOURS["total"], "num_format": form}
        shown = _value(value)
        if not is_blank(shown):
            page.widen(page.left + c, styled_width(shown, form) + 4)
        page.put(
            page.row,
            page.left + c,
            value,
            **look,
            align="left" if isinstance(value, str) else "right",
        )
    page.row += 1
