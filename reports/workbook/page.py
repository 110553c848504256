"""Sheets of one common layout: a title, sentences, tables (reports.workbook.table), charts with
alternative texts, print set-up.

Every formula is written with its value, so that readers that do not calculate show every number.
Nothing here guesses types: text goes through `write_string`, numbers through `write_number`; what
is missing (None, NaN, infinity) is a blank cell.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from reports.style import A4, COLOURS, safe_style_text
from reports.workbook.book import Book, Formula, PlacedTable, is_blank

__all__ = ["ROW_PX", "Page"]

WIDEST, NARROWEST = 54, 9
"""Characters of a column, unless its page says otherwise."""
STORY_WIDTH, WIDEST_STORY = 104, 160
"""Characters across which sentences run, at least and at most."""
ROW_PX = 20
PX, EDGE_PX = 7, 8
"""Pixels of a unit of a column's width, at least; between a chart and the edge of the paper."""
LETTER = 0.82
"""Width of a letter in units of a column's width, about."""
ONE_PAGE_ROWS = 58
"""Sheets up to this length are printed on one page; longer ones go on, and break before their
charts.
"""
LONG_TABLE = 24
"""Rows from which on a table at the head of a sheet keeps its header in view, whatever follows."""


class Page:
    """One sheet.

    row, left: where the next table goes; widths: characters by column so far; widest: characters
    that a column may take, where that is not WIDEST; reach: pixels from the left to the right edge
    of the charts; tables: those on it, in the order of writing;
    paper: columns that are printed, None for all; unprinted: what the others hold, in words; bare:
    whether units stand in the headers alone, which makes columns narrow.
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
        """Begin a sheet that was added to the book before; its title and first sentences."""
        self.book, self.name = book, name
        self.sheet = book.file.get_worksheet_by_name(name)
        self.widths: dict[int, float] = {}
        self.pending: list[tuple[int, str, Any]] = []
        self.portrait = portrait
        self.breaks: list[int] = []
        self.tables: list[PlacedTable] = []
        self.left = 0
        self.reach = 0
        self.paper: int | None = None
        self.unprinted = ""
        self.bare = False
        self.heights: dict[int, int] = {}
        self.widest: dict[int, float] = {}
        self.sheet.hide_gridlines(2)
        self.sheet.write_string(
            0, 0, title, book.format(bold=True, font_size=16, font_color=COLOURS["title"])
        )
        self.sheet.set_row_pixels(0, 30)
        self.row = 1
        if name in book.banners:
            bad = {"bg_color": COLOURS["bad"], "font_color": COLOURS["bad_ink"]}
            self.sentence(book.banners[name], bold=True, **bad)
        for story in stories:
            self.sentence(story)
        self.row += 1
        book.stories.setdefault(name, stories[0] if stories else "")

    def heading(self, text: str) -> None:
        """A heading between tables."""
        look = self.book.format(
            bold=True, font_size=12, font_color=COLOURS["title"], text_wrap=False
        )
        self.sheet.write_string(self.row, self.left, safe_style_text(text), look)
        self.row += 1

    @contextmanager
    def beside(self, row: int, left: int) -> Iterator[None]:
        """Within, tables go to this row and column; then on as before."""
        kept = self.row, self.left
        self.row, self.left = row, left
        yield
        self.row, self.left = kept

    def heighten(self, row: int, pixels: int) -> None:
        """Make a row at least so high."""
        if pixels > self.heights.get(row, 0):
            self.heights[row] = pixels
            self.sheet.set_row_pixels(row, pixels)

    def sentence(self, text: str, **properties: Any) -> None:
        """A paragraph across the sheet."""
        look = self.book.format(
            **{"text_wrap": True, "valign": "top", "font_color": COLOURS["quiet"], **properties}
        )
        self.pending.append((self.row, safe_style_text(text), look))
        self.row += 1

    def bullet(self, text: str) -> None:
        """A sentence of a list."""
        self.sentence(f"•  {text}", font_color="#000000")

    def put(self, row: int, column: int, value: Any, **properties: Any) -> None:
        """Write one cell of any kind; text as text."""
        look = self.book.format(**properties)
        if isinstance(value, Formula):
            self.put_formula(row, column, value, look)
        elif is_blank(value):
            self.sheet.write_blank(row, column, None, look)
        elif isinstance(value, bool | np.bool_):
            self.sheet.write_boolean(row, column, bool(value), look)
        elif isinstance(value, int | float | np.integer | np.floating):
            self.sheet.write_number(row, column, value, look)
        else:
            self.sheet.write_string(row, column, safe_style_text(value), look)

    def put_formula(self, row: int, column: int, formula: Formula, look: Any) -> None:
        """Write a formula with its value."""
        value = formula.value
        value = value.item() if isinstance(value, np.generic) else value
        if value is None:
            value = ""
        elif isinstance(value, str):
            value = safe_style_text(value)
        self.sheet.write_formula(row, column, formula.text, look, value)

    def widen(self, column: int, width: float) -> None:
        """Make a column at least so wide (characters)."""
        self.widths[column] = min(
            max(self.widths.get(column, NARROWEST), width), self.widest.get(column, WIDEST)
        )

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
        """Place a chart below what was written.

        alt: what it shows, in words; left: pixels from the column's edge; advance: whether what
        comes next goes below it.
        """
        chart.set_size({"width": width, "height": height})
        self.reach = max(self.reach, left + width if column == 0 else 0)
        place = {"object_position": 2, "x_offset": left, "y_offset": 4}
        self.sheet.insert_chart(
            self.row, column, chart, {"description": safe_style_text(alt), **place}
        )
        if advance:
            self.breaks.append(self.row)
            self.row += -(-(height + 16) // ROW_PX)

    def finish(self, across: int | None = None) -> None:
        """Set widths, write the sentences across, set up the page.

        across: columns of the sentences.
        """
        self._make_room_for_charts()
        for column, width in self.widths.items():
            self.sheet.set_column(column, column, width)
        total, columns = 0.0, 0
        most = max(STORY_WIDTH, min(sum(self.widths.values()), WIDEST_STORY))
        while total < most if across is None else columns < across:
            total += self.widths.get(columns, 9.0)
            columns += 1
        for row, text, look in self.pending:
            lines = sum(max(1, math.ceil(len(part) * LETTER / total)) for part in text.split("\n"))
            self.sheet.set_row_pixels(row, min(4 + 17 * lines, 540))
            if columns > 1:
                self.sheet.merge_range(row, 0, row, columns - 1, "", look)
            self.sheet.write_string(row, 0, text, look)
        self._keep_headers()
        self._print_setup()

    def _make_room_for_charts(self) -> None:
        """Widen the first two columns, which hold names, until the printed ones reach as far as the
        charts: what lies beyond is cut off on paper.
        """
        if self.paper is None:
            return
        printed = (self.widths.get(column, NARROWEST) for column in range(self.paper))
        missing = self.reach + EDGE_PX - PX * sum(printed)
        for column in (0, 1):
            if missing > 0:
                more = math.ceil(missing / PX / 2)
                self.widths[column] = self.widths.get(column, NARROWEST) + more

    def print_first(self, rows: int) -> None:
        """Print no more than the first rows below the first header."""
        last = min(self.row, self.tables[0].first - 1 + rows)
        self.sheet.print_area(0, 0, last, max(self.widths))

    def _keep_headers(self) -> None:
        """Filter the longest table on paper, and keep its header in view and on every page, but
        never above another table; else the title stays in view.
        """
        shown = [one for one in self.tables if self.paper is None or one.left < self.paper]
        shown = [one for one in shown if one.rows]
        if not shown:
            return
        longest, alone = max(shown, key=lambda one: one.rows), len(shown) == 1
        head = longest.first - 1
        last = longest.left + len(longest.columns) - 1
        self.sheet.autofilter(head, longest.left, longest.last, last)
        if alone or (longest is shown[0] and longest.rows > LONG_TABLE):
            self.sheet.freeze_panes(head + 1, 1)
        else:
            self.sheet.freeze_panes(1, 0)
        if alone or longest is shown[-1]:
            self.sheet.repeat_rows(head)

    def _print_setup(self) -> None:
        self.sheet.set_paper(A4)
        if not self.portrait:
            self.sheet.set_landscape()
        self.sheet.fit_to_pages(1, 1 if self.row <= ONE_PAGE_ROWS else 0)
        if self.row > ONE_PAGE_ROWS and self.breaks:
            self.sheet.set_h_pagebreaks(self.breaks)
        self.sheet.set_margins(0.5, 0.5, 0.6, 0.6)
        if self.paper is not None:
            self.sheet.print_area(0, 0, self.row, self.paper - 1)
        more = f" (on screen also: {self.unprinted})" if self.unprinted else ""
        self.sheet.set_footer(f"&L&8Joint LLM planner&C&8&A{more}&R&8page &P of &N")
