"""The workbook that is being written: formats, defined names, and where tables are, for formulas
of other sheets.

Book         the workbook
Formula      a live cell with its value
PlacedTable  a table on a sheet: addresses of its cells
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from profiles.workbook_layout import WorkbookInputs
from reports.style import FONT, Look

__all__ = ["Book", "Formula", "PlacedTable", "is_blank"]


@dataclass(frozen=True)
class Formula:
    """A live cell. text: begins with =; value: its result."""

    text: str
    value: Any


@dataclass(frozen=True)
class PlacedTable:
    """A table on a sheet.

    first, last: rows (from 0) of its body; columns: header -> column (from 0).
    """

    sheet: str
    first: int
    last: int
    columns: Mapping[str, int]

    @property
    def rows(self) -> int:
        """Rows of the body."""
        return self.last - self.first + 1

    @property
    def left(self) -> int:
        """Its first column (from 0)."""
        return min(self.columns.values())

    def cell(self, header: str, row: int = 0) -> str:
        """Absolute address of a body cell, with its sheet.

        row: from 0; -1 is the last, `rows` the total.
        """
        at = self.last + 1 + row if row < 0 else self.first + row
        cell = xl_rowcol_to_cell(at, self.columns[header], row_abs=True, col_abs=True)
        return f"'{self.sheet}'!{cell}"

    def here(self, header: str, row: int) -> str:
        """Address of a body cell for formulas of the same sheet, its row free."""
        return xl_rowcol_to_cell(self.first + row, self.columns[header], col_abs=True)

    def range(self, header: str, start: int = 0, stop: int | None = None) -> str:
        """Absolute address of body rows start to stop (excluded; None: all) of a column."""
        name = xl_col_to_name(self.columns[header], col_abs=True)
        end = self.last if stop is None else self.first + stop - 1
        return f"'{self.sheet}'!{name}${self.first + start + 1}:{name}${end + 1}"

    def spot(self, header: str, start: int = 0, stop: int | None = None) -> list[Any]:
        """The same range as charts want it."""
        end = self.last if stop is None else self.first + stop - 1
        return [self.sheet, self.first + start, self.columns[header], end, self.columns[header]]


@dataclass(kw_only=True)
class Book:
    """The workbook that is written.

    looks: by LLM; names: defined names so far; placed: tables by name; stories: first sentence by
    sheet; spans: first GPU and the one after the last of every pool, on the sheet GPU map; inputs:
    of the input sheets, None without them; banners: by sheet what must be read before anything
    else; begun: pages by sheet of which a part is written before the others.
    """

    file: Workbook
    looks: Mapping[str, Look]
    names: dict[str, str] = field(default_factory=dict)
    placed: dict[str, PlacedTable] = field(default_factory=dict)
    stories: dict[str, str] = field(default_factory=dict)
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    inputs: WorkbookInputs | None = None
    banners: Mapping[str, str] = field(default_factory=dict)
    begun: dict[str, Any] = field(default_factory=dict)
    _formats: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)

    def format(self, **properties: Any) -> Any:
        """A format, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.file.add_format(
                {"font_name": FONT, "font_size": 10, "valign": "vcenter", **properties}
            )
        return self._formats[key]

    def name(self, name: str, address: str) -> None:
        """Define a name (never of the user's text) for a cell or range."""
        self.names[name] = address
        self.file.define_name(name, f"={address}")


def is_blank(value: Any) -> bool:
    """Whether a cell stays blank: None, NaN, infinity."""
    return value is None or (isinstance(value, float | np.floating) and not math.isfinite(value))
