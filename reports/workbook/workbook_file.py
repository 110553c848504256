"""The file of a workbook: made in memory and then written in one go, so that a full disk leaves
nothing half done, and of the same bytes for the same content.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from xlsxwriter import Workbook

__all__ = ["BOOK_OPTIONS", "open_workbook"]

BOOK_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""No text becomes a formula, a link or a number."""

UNDATED = datetime(1980, 1, 1)
"""When a workbook was made that does not say when."""


@contextmanager
def open_workbook(
    path: Path, title: str, comments: str, created: datetime = UNDATED
) -> Iterator[Workbook]:
    """Within, fill the workbook that is given; it is then written to `path`.

    created: UTC. OSError when it cannot be written. NaN and infinity would be bugs here (missing
    numbers are blank cells): XlsxWriter refuses them with TypeError.
    """
    content = io.BytesIO()
    # In memory altogether: a part that a full disk kept from a temporary file would leave an open
    # archive behind, which complains when it is collected.
    book = Workbook(content, {**BOOK_OPTIONS, "in_memory": True})
    book.set_properties({"title": title, "comments": comments, "created": created})
    yield book
    book.close()
    path.write_bytes(content.getbuffer())
