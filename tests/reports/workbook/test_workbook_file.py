"""The file of a workbook: the same bytes for the same content, and nothing half done."""

import time
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from planner.scenario.templates import template_inputs
from reports.workbook.input_sheets import write_input_book
from reports.workbook.workbook_file import open_workbook


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    write_input_book(tmp_path / "one.xlsx", template_inputs())
    time.sleep(1.1)  # the clock of a document counts seconds
    write_input_book(tmp_path / "two.xlsx", template_inputs())
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_it_says_when_it_was_made(tmp_path: Path) -> None:
    made = datetime(2026, 11, 26, 8, 0)
    with open_workbook(tmp_path / "one.xlsx", "title", "words", made) as book:
        book.add_worksheet().write(0, 0, "=1+1")
    read = openpyxl.load_workbook(tmp_path / "one.xlsx")
    assert (read.properties.created, read.properties.title) == (made, "title")
    assert read.active["A1"].data_type == "s", "text stays text"


def test_a_full_disk_is_the_systems_own_error(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="No space left"),
        open_workbook(Path("/dev/full"), "title", "words") as book,
    ):
        book.add_worksheet()
