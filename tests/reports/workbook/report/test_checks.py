"""The sheet Checks: all hold in a workbook as written."""

from pathlib import Path

import openpyxl


def test_all_checks_hold(trio_book: Path, full_book: Path) -> None:
    for path in (trio_book, full_book):
        sheet = openpyxl.load_workbook(path, data_only=True)["Checks and log"]
        truths = [
            value
            for (value,) in sheet.iter_rows(min_col=3, max_col=3, values_only=True)
            if isinstance(value, bool)
        ]
        assert len(truths) >= 10
        assert all(truths)
