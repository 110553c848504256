"""Tables as CSV files that spreadsheets open without running anything: text that would be read as a formula gets an apostrophe in front."""

from pathlib import Path
from typing import Any

import pandas as pd

from planner.whole_file import write_whole

__all__ = ["safe_cell", "write_csv"]

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets read as the beginning of a formula."""


def safe_cell(value: Any) -> Any:
    """The value; text that begins like a formula with an apostrophe in front. Numbers stay numbers, negative ones too."""
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA) else value


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write the table whole or not at all, UTF-8, numbers with 12 significant digits. OSError when that is not possible."""
    safe = frame.rename(columns=safe_cell).map(safe_cell)
    write_whole(path, lambda stream: safe.to_csv(stream, index=False, float_format="%.12g", lineterminator="\n"))
