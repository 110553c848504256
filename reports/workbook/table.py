"""Sheets that are all built alike: a title, sentences, tables with frozen headers, charts with
alternative texts.

    Page     one sheet; `finish` sets widths, heights, print set-up and writes what spans columns

Every formula is written with its value, so that readers that do not calculate show every number.
Nothing here guesses types: text goes through `write_string`, numbers through `write_number`; what
is missing (None, NaN, infinity) is a blank cell.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reports.style import (
    A4,
    COLOURS,
    COUNT,
    bare_format,
    header_format,
    number_format,
    safe_text,
    shown_width,
    tint,
)
from reports.workbook.book import Book, Formula, Placed, missing

__all__ = ["Page"]

WIDEST, NARROWEST = 54, 9
"""Characters of a column, unless its page says otherwise."""
SAMPLE = 400
"""Rows that are looked at for the width of a column: the first and the last ones."""
STORY_WIDTH, WIDEST_STORY = 104, 160
"""Characters across which sentences run, at least and at most."""
ROW_PX = 20
TEXT = 0.82
"""Width of a letter in units of a column's width, about."""
ONE_PAGE_ROWS = 58
"""Sheets up to this length are printed on one page; longer ones go on, and break before their
charts.
"""


def _numeric(value: Any) -> bool:
    """Whether a cell holds a number or a truth, which stand on the right."""
    value = value.value if isinstance(value, Formula) else value
    return isinstance(value, int | float | bool | np.number | np.bool_) and not missing(value)


def _counts(value: Any) -> bool:
    """Whether a cell holds a whole number, or is blank."""
    value = value.value if isinstance(value, Formula) else value
    return missing(value) or (isinstance(value, int | np.integer) and not isinstance(value, bool))


class Page:
    """One sheet.

    row: the next free one; widest: characters that a column may take, where that is not WIDEST.
    """

    def __init__(
        self,
        book: Book,
        name: str,
        title: str,
        stories: Sequence[str] = (),
        *,
        portrait: bool = False,
    ) -> None:
        """Begin a sheet that was added to the book before; its title and what it tells."""
        self.book, self.name = book, name
        self.sheet = book.file.get_worksheet_by_name(name)
        self.widths: dict[int, float] = {}
        self.pending: list[tuple[int, str, Any]] = []
        self.frozen, self.portrait = False, portrait
        self.breaks: list[int] = []
        self.head = 0
        self.widest: dict[int, float] = {}
        self.sheet.hide_gridlines(2)
        self.sheet.write_string(
            0, 0, title, book.format(bold=True, font_size=16, font_color=COLOURS["title"])
        )
        self.sheet.set_row_pixels(0, 30)
        self.row = 1
        if name in book.banners:
            self.sentence(
                book.banners[name],
                bold=True,
                bg_color=COLOURS["bad"],
                font_color=COLOURS["bad_ink"],
            )
        for story in stories:
            self.sentence(story)
        self.row += 1
        book.stories.setdefault(name, stories[0] if stories else "")

    def heading(self, text: str) -> None:
        """A heading between tables."""
        self.sheet.write_string(
            self.row,
            0,
            safe_text(text),
            self.book.format(bold=True, font_size=12, font_color=COLOURS["title"], text_wrap=False),
        )
        self.row += 1

    def sentence(self, text: str, **properties: Any) -> None:
        """A paragraph across the sheet."""
        look = self.book.format(
            **{"text_wrap": True, "valign": "top", "font_color": COLOURS["quiet"], **properties}
        )
        self.pending.append((self.row, safe_text(text), look))
        self.row += 1

    def put(self, row: int, column: int, value: Any, **properties: Any) -> None:
        """Write one cell of whatever kind; text as text."""
        look = self.book.format(**properties)
        if isinstance(value, Formula):
            self._formula(row, column, value, look)
        elif missing(value):
            self.sheet.write_blank(row, column, None, look)
        elif isinstance(value, bool | np.bool_):
            self.sheet.write_boolean(row, column, bool(value), look)
        elif isinstance(value, int | float | np.integer | np.floating):
            self.sheet.write_number(row, column, value, look)
        else:
            self.sheet.write_string(row, column, safe_text(value), look)

    def _formula(self, row: int, column: int, formula: Formula, look: Any) -> None:
        value = formula.value
        plain = value.item() if isinstance(value, np.generic) else value
        self.sheet.write_formula(
            row,
            column,
            formula.text,
            look,
            "" if plain is None else safe_text(plain) if isinstance(plain, str) else plain,
        )

    def widen(self, column: int, width: float) -> None:
        """Make a column at least so wide (characters)."""
        self.widths[column] = min(
            max(self.widths.get(column, NARROWEST), width), self.widest.get(column, WIDEST)
        )

    def table(
        self,
        frame: pd.DataFrame,
        key: str,
        *,
        formulas: Mapping[str, Sequence[Formula | None]] | None = None,
        totals: Mapping[str, Any] | None = None,
        units: Sequence[str] | None = None,
        signed: Sequence[str] = (),
        side: str = "right",
    ) -> Placed:
        """Write a table and remember where it stands as `key`; the sheet's first one gets the
        frozen header and the filter.

        formulas: cells by header that stand in place of the frame's. totals: last row by header.
        units: of every row, for tables of What and Value; they stand in the cells where there is no
        column Unit. signed: headers whose numbers carry a plus. side: of a column on which its
        numbers stand.
        """
        head, headers = self.row, [str(header) for header in frame.columns]
        placed = Placed(
            self.name, head + 1, head + len(frame), {header: c for c, header in enumerate(headers)}
        )
        columns = [
            list((formulas or {}).get(header, ())) or frame.iloc[:, c].tolist()
            for c, header in enumerate(headers)
        ]
        own = [(bare_format if "Unit" in headers else number_format)(unit) for unit in units or ()]
        for c, header in enumerate(headers):
            values = columns[c]
            self._column(
                head,
                c,
                header,
                values,
                own if header in ("Value", "As solved") else [],
                header in signed,
                side,
            )
        self._header(
            head,
            headers,
            [
                side == "right" and any(_numeric(value) for value in values[:SAMPLE])
                for values in columns
            ],
        )
        self.row = head + 1 + len(frame)
        if totals:
            self._totals(headers, totals)
        self._heights(head, headers, columns)
        if not self.frozen and len(frame):
            self.sheet.freeze_panes(head + 1, 1)
            self.sheet.autofilter(head, 0, head + len(frame), len(headers) - 1)
            self.sheet.repeat_rows(head)
            self.frozen, self.head = True, head
        self.row += 1
        self.book.placed[key] = placed
        return placed

    def _header(self, row: int, headers: Sequence[str], right: Sequence[bool]) -> None:
        """Write the headers; those of numbers stand on the right, as their numbers do."""
        look = {
            "bold": True,
            "bg_color": COLOURS["head"],
            "font_color": COLOURS["head_ink"],
            "text_wrap": True,
            "valign": "vcenter",
        }
        for c, header in enumerate(headers):
            text = safe_text(header)
            side = "right" if right[c] else "left"
            self.put(
                row,
                c,
                text,
                **look,
                border=1,
                border_color=COLOURS["rule"],
                align=side,
                indent=int(c > 0 and not right[c]),
            )
            self.widen(c, max(len(word) for word in text.split() or [""]) + 3.0)

    def _heights(self, head: int, headers: Sequence[str], columns: Sequence[Sequence[Any]]) -> None:
        """Heights of the header and of rows with text that wraps: charts below stand where they are
        set only if all heights are.
        """

        def lines(text: str, c: int) -> int:
            return len(textwrap.wrap(text, max(4, int(self.widths[c] / TEXT) - 2))) or 1

        most = max(lines(safe_text(header), c) for c, header in enumerate(headers))
        self.sheet.set_row_pixels(head, 10 + 15 * min(most, 5))
        for k in range(min(len(columns[0]), SAMPLE) if columns else 0):
            high = max(
                lines(values[k], c) if isinstance(values[k], str) else 1
                for c, values in enumerate(columns)
            )
            if high > 1:
                self.sheet.set_row_pixels(head + 1 + k, min(6 + 15 * high, 400))

    def _column(
        self,
        head: int,
        c: int,
        header: str,
        values: Sequence[Any],
        own: Sequence[str],
        signed: bool,
        side: str,
    ) -> None:
        """Write one column; numbers in the format of their unit.

        own: formats by row, where rows differ.
        """
        plain = header_format(header, signed)
        if plain == "General" and all(map(_counts, values)):
            plain = COUNT
        forms = own or [plain] * len(values)
        looks = {form: self._body(form, side) for form in set(forms)}
        words = self.book.format(
            text_wrap=True, bottom=1, bottom_color=COLOURS["rule"], indent=int(c > 0)
        )
        sheet, width = self.sheet, 0
        near = (
            range(len(values))
            if len(values) <= 2 * SAMPLE
            else [*range(SAMPLE), *range(len(values) - SAMPLE, len(values))]
        )
        for k in near:
            value = values[k].value if isinstance(values[k], Formula) else values[k]
            width = max(width, 0 if missing(value) else shown_width(value, forms[k]))
        for k, value in enumerate(values):
            row, form = head + 1 + k, forms[k]
            if type(value) is str:
                look = (
                    self._named(value, c == 0)
                    if header == "LLM" and value in self.book.looks
                    else words
                )
                sheet.write_string(row, c, safe_text(value), look)
            elif type(value) is float and math.isfinite(value):
                sheet.write_number(row, c, value, looks[form])
            elif isinstance(value, Formula):
                self._formula(row, c, value, looks[form])
            elif missing(value):
                sheet.write_blank(row, c, None, looks[form])
            elif isinstance(value, bool | np.bool_):
                sheet.write_boolean(row, c, bool(value), looks[form])
            elif isinstance(value, int | np.number):
                sheet.write_number(row, c, value, looks[form])
            else:
                sheet.write_string(row, c, safe_text(value), words)
        self.widen(c, width + 2.8)

    def _body(self, form: str, side: str) -> Any:
        return self.book.format(
            num_format=form,
            bottom=1,
            bottom_color=COLOURS["rule"],
            align=side,
            indent=int(side == "left"),
        )

    def _named(self, llm: str, edge: bool) -> Any:
        """The look of an LLM's name: a bar of its colour on the sheet's edge, elsewhere its tint (a
        bar would touch the number before).
        """
        colour = self.book.looks[llm].colour
        look = {"left": 5, "left_color": colour} if edge else {"bg_color": tint(colour)}
        return self.book.format(
            text_wrap=True, bottom=1, bottom_color=COLOURS["rule"], indent=1, **look
        )

    def _totals(self, headers: Sequence[str], totals: Mapping[str, Any]) -> None:
        for c, header in enumerate(headers):
            value, form = totals.get(header), header_format(header)
            form = COUNT if form == "General" and _counts(value) else form
            look = {"bold": True, "top": 1, "bg_color": COLOURS["total"], "num_format": form}
            shown = value.value if isinstance(value, Formula) else value
            if not missing(shown):
                self.widen(c, shown_width(shown, form) + 4)
            side = {"align": "left"} if isinstance(value, str) else {"align": "right"}
            self.put(self.row, c, value, **look, **side)
        self.row += 1

    def chart(
        self,
        chart: Any,
        alt: str,
        *,
        column: int = 0,
        width: int = 760,
        height: int = 340,
        advance: bool = True,
        left: int = 4,
    ) -> None:
        """Set a chart below what was written.

        alt: what it shows, in words; left: pixels from the column's edge.
        """
        chart.set_size({"width": width, "height": height})
        self.sheet.insert_chart(
            self.row,
            column,
            chart,
            {"description": safe_text(alt), "object_position": 2, "x_offset": left, "y_offset": 4},
        )
        if advance:
            self.breaks.append(self.row)
            self.row += -(-(height + 16) // ROW_PX)

    def finish(self, across: int | None = None) -> None:
        """Set widths, write the sentences across, set up the page.

        across: columns of the sentences.
        """
        for column, width in self.widths.items():
            self.sheet.set_column(column, column, width)
        total, columns = 0.0, 0
        most = max(STORY_WIDTH, min(sum(self.widths.values()), WIDEST_STORY))
        while total < most if across is None else columns < across:
            total += self.widths.get(columns, 9.0)
            columns += 1
        for row, text, look in self.pending:
            lines = sum(max(1, math.ceil(len(part) * TEXT / total)) for part in text.split("\n"))
            self.sheet.set_row_pixels(row, min(4 + 17 * lines, 540))
            if columns > 1:
                self.sheet.merge_range(row, 0, row, columns - 1, "", look)
            self.sheet.write_string(row, 0, text, look)
        self._print_setup()

    def print_first(self, rows: int) -> None:
        """Print no more than the first rows below the first header."""
        self.sheet.print_area(0, 0, min(self.row, self.head + rows), max(self.widths))

    def _print_setup(self) -> None:
        self.sheet.set_paper(A4)
        if not self.portrait:
            self.sheet.set_landscape()
        self.sheet.fit_to_pages(1, 1 if self.row <= ONE_PAGE_ROWS else 0)
        if self.row > ONE_PAGE_ROWS and self.breaks:
            self.sheet.set_h_pagebreaks(self.breaks)
        self.sheet.set_margins(0.5, 0.5, 0.6, 0.6)
        self.sheet.set_footer("&L&8Joint LLM planner&C&8&A&R&8page &P of &N")
