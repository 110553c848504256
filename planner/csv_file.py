"""Tables as CSV files that spreadsheets open without running anything: text that would be read as a formula gets an apostrophe in front."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from profiles.io.writing import write_whole

__all__ = ["csv_text", "safe_cell", "write_csv"]

FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""How text begins that some spreadsheet reads as a formula: blanks in front may be trimmed, signs of full width be made plain."""


def safe_cell(value: Any) -> Any:
    """The value; text that begins like a formula with an apostrophe in front. Numbers stay numbers, negative ones too."""
    return "'" + value if isinstance(value, str) and FORMULA.match(value) else value


def csv_text(frame: pd.DataFrame) -> str:
    """The table as CSV, numbers with 12 significant digits."""
    return str(frame.rename(columns=safe_cell).map(safe_cell).to_csv(index=False, float_format="%.12g", lineterminator="\n"))


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write the table whole or not at all, UTF-8. OSError when that is not possible."""
    write_whole(path, lambda stream: stream.write(csv_text(frame)))
