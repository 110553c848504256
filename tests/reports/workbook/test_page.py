"""Pages on paper: how many, which part of a sheet, and which headers stay in view."""

import re
from pathlib import Path

import openpyxl
import pandas as pd

from reports.workbook.book import Book
from reports.workbook.page import LONG_TABLE, Page
from reports.workbook.table import write_table
from reports.workbook.workbook_file import open_workbook
from tests.support.office import resaved

MOST_PAGES = 12
"""Of the first example (issue 18): whoever pays prints it."""
PAGE = re.compile(rb"/Type\s*/Page\b")


def test_the_first_example_prints_few_pages(trio_book: Path, tmp_path: Path) -> None:
    """Its 12 sheets are a page each; a sheet that needs two is a reason to look at it."""
    pages = len(PAGE.findall(resaved(trio_book, tmp_path, "pdf").read_bytes()))
    sheets = openpyxl.load_workbook(trio_book).sheetnames
    assert len(sheets) == pages <= MOST_PAGES


def test_what_is_off_paper_is_said_in_the_footer(trio_book: Path) -> None:
    book = openpyxl.load_workbook(trio_book)
    for sheet, words in (("Latency", "load points"), ("Setup", "shards")):
        assert f"(on screen also: the {words}" in book[sheet].oddFooter.center.text.replace(
            ": load", ": the load"
        )
        area = book[sheet].print_area.replace("$", "").replace(f"'{sheet}'!", "")
        inside = {value for row in book[sheet][area] for value in (c.value for c in row)}
        outside = {"Curve", "Shard"} & {c.value for row in book[sheet].iter_rows() for c in row}
        assert outside, sheet
        assert not outside & inside


def written(path: Path, sizes: tuple[int, ...]) -> openpyxl.worksheet.worksheet.Worksheet:
    """A sheet with tables of so many rows, the last one to the right of the first."""
    with open_workbook(path, "title", "words") as file:
        file.add_worksheet("S")
        page = Page(Book(file=file, looks={}), "S", "Title")
        page.paper = 2
        with page.beside(page.row, 4):
            write_table(page, pd.DataFrame({"Far": range(99)}), "far")
        for k, rows in enumerate(sizes):
            write_table(page, pd.DataFrame({"A": range(rows), "B": range(rows)}), f"t{k}")
        page.finish()
    return openpyxl.load_workbook(path)["S"]


def test_a_header_stays_above_its_own_table_alone(tmp_path: Path) -> None:
    """Frozen: of a single table, or a long first one; on every page: of one that ends the sheet."""
    for sizes, frozen, repeated, filtered in (
        ((3,), "B4", "$3:$3", "A3:B6"),
        ((3, 5), "A2", "$8:$8", "A8:B13"),
        ((5, 3), "A2", None, "A3:B8"),
        ((LONG_TABLE + 1, 2), "B4", None, f"A3:B{LONG_TABLE + 4}"),
    ):
        sheet = written(tmp_path / "s.xlsx", sizes)
        assert sheet.freeze_panes == frozen, sizes
        assert sheet.print_title_rows == repeated, sizes
        assert sheet.auto_filter.ref == filtered, sizes
        assert sheet["E3"].value == "Far"
