"""Cells of an input workbook: every text is written as text and every number with all its digits,
nothing is guessed from what it looks like, and there is no formula at all; so what is written can
be read back as the same scenario. Text that no cell can hold is changed, and noted.
"""

import re
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_rowcol_to_cell

from profiles.workbook_layout import UNHOLDABLE
from reports.style import COLOURS, FONT

__all__ = ["CELL_TEXT", "InputCells", "holdable_input_cell", "is_unholdable_input_cell"]

CELL_TEXT = 32_767
_UNHOLDABLE = re.compile(UNHOLDABLE)


class _Exact(float):
    """A number that is written with the fewest digits that give it back; XlsxWriter itself keeps 16
    of 17.
    """

    def __format__(self, _: str) -> str:
        return repr(float(self))


def is_unholdable_input_cell(text: str) -> bool:
    """Whether no cell can hold a text and give it back as it was."""
    return (
        len(text.encode("utf-16-le", "replace")) > 2 * CELL_TEXT
        or _UNHOLDABLE.search(text) is not None
    )


def holdable_input_cell(text: str) -> str:
    """The text with question marks for what no XML may hold, cut to what a cell holds."""
    held = _UNHOLDABLE.sub("?", text)
    if not is_unholdable_input_cell(held):
        return held
    return held.encode("utf-16-le")[: 2 * (CELL_TEXT - 1)].decode("utf-16-le", "ignore") + "…"


class InputCells:
    """Writes cells of an open book; notes: a sentence for each text that had to be changed."""

    def __init__(self, book: Workbook) -> None:
        self.notes: dict[str, None] = {}
        font = {"font_name": FONT, "font_size": 10, "valign": "vcenter"}
        left = {"align": "left", "indent": 1}
        text = {"num_format": "@"}
        rule = {"border": 1, "border_color": COLOURS["rule"]}
        head = {
            "bold": True,
            "bg_color": COLOURS["head"],
            "font_color": COLOURS["head_ink"],
            "text_wrap": True,
        }
        entry = {"bg_color": COLOURS["input"], "font_color": COLOURS["input_ink"]}
        note = {"font_color": COLOURS["quiet"]}
        self.head = book.add_format({**font, **head, **text, **rule, **left})
        self.head_right = book.add_format({**font, **head, **text, **rule, "align": "right"})
        self.number = book.add_format({**font, **entry, **rule})
        self.text = book.add_format({**font, **entry, **rule, **left})
        self.text_setting = book.add_format({**font, **entry, **rule, **left, **text})
        self.body, self.body_text = book.add_format(font), book.add_format({**font, **left})
        self.label = book.add_format({**font, **left, **text})
        self.note = book.add_format({**font, **left, **note, **text})
        self.meaning = book.add_format({**font, **left, **note, **text, "text_wrap": True})

    def put(self, sheet: Any, row: int, column: int, value: Any, look: Any = None) -> None:
        """Write text as text and numbers as numbers; of what is missing the look alone, and nothing
        in long tables.
        """
        if value is None or value != value or value == "":
            if look is not None:
                sheet.write_blank(row, column, None, look)
        elif isinstance(value, str):
            if is_unholdable_input_cell(value):
                place = f"{sheet.get_name()}!{xl_rowcol_to_cell(row, column)}"
                self.notes[f"{place}: no cell can hold this text as it is; it was changed"] = None
            self._put_text(sheet, row, column, holdable_input_cell(value), look)
        else:
            sheet.write_number(row, column, _Exact(value), look)

    def _put_text(self, sheet: Any, row: int, column: int, text: str, look: Any) -> None:
        # XlsxWriter 3.3 takes text between these tags for its own XML of rich text.
        if text.startswith("<r>") and text.endswith("</r>"):
            own = [look] if look else []
            sheet.write_rich_string(row, column, text[:1], self.label, text[1:], *own)
        else:
            sheet.write_string(row, column, text, look)
