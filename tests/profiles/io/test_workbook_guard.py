"""Files that are no workbook, and hostile ones: one clear fault each, quick, in little memory."""

import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from planner.scenario.assemble import assemble_instance
from profiles.io.faults import Fault
from profiles.io.workbook_guard import open_guarded_workbook
from tests.support.paths import HOME
from tests.support.scenarios.workbook_case import faults_of, repacked
from tests.support.walls import first_fast, usually, wall_size


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        (
            "a.xls",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest",
            "a workbook of the kind .xls is not read",
        ),
        ("a.xlsm", b"PK\x03\x04", "a workbook of the kind .xlsm is not read"),
        ("a.ods", b"PK\x03\x04", "a workbook of the kind .ods is not read"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "the workbook is encrypted"),
        ("a.xlsx", b"version: 1\n", "this is not a workbook (no zip archive)"),
        ("a.xlsx", b"", "this is not a workbook (no zip archive)"),
        ("a.xlsx", b"PK\x03\x04" + b"x" * 100, "its zip archive has no end"),
    ],
)
def test_other_files_are_one_clear_fault(
    tmp_path: Path, name: str, raw: bytes, expected: str
) -> None:
    (tmp_path / name).write_bytes(raw)
    (fault,) = faults_of(tmp_path / name)
    assert expected in fault.problem


def test_other_zips_and_books(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "zip.xlsx", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert "no Excel workbook" in faults_of(tmp_path / "zip.xlsx")[0].problem
    with xlsxwriter.Workbook(tmp_path / "other.xlsx") as workbook:
        workbook.add_worksheet("Sheet1")
    (fault,) = faults_of(tmp_path / "other.xlsx")
    assert "none of the sheets of an input" in fault.problem
    (fault,) = faults_of(tmp_path / "gone.xlsx")
    assert "no such file" in fault.problem


MEMORY_MB, SECONDS = 150, 1.0
SHEET = (
    b'<?xml version="1.0"?>%s<worksheet'
    b' xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
)

LAUGHS = b'<!DOCTYPE lolz [<!ENTITY a "ha">%s]>' % b"".join(
    b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % (98 + i, *[97 + i] * 4) for i in range(20)
)

ONE = "xl/worksheets/sheet1.xml"


def zeros(name: str, megabytes: int) -> Callable[[zipfile.ZipFile], None]:
    def write(archive: zipfile.ZipFile) -> None:
        with archive.open(name, "w", force_zip64=True) as stream:
            for _ in range(megabytes):
                stream.write(b"0" * 1_000_000)

    return write


BOMBS: dict[str, Callable[[], dict[str, Any]]] = {
    "zeros": lambda: {"xl/media/big.bin": zeros("xl/media/big.bin", wall_size(300, 1500))},
    "text of one cell": lambda: {
        ONE: (
            SHEET
            % (
                b"",
                b'<row r="1"><c r="A1" t="inlineStr"><is><t>'
                + b"ab" * 20_000_000
                + b"</t></is></c></row>",
            )
        )
    },
    "billion laughs": lambda: {
        ONE: SHEET % (LAUGHS, b'<row r="1"><c r="A1" t="inlineStr"><is><t>&u;</t></is></c></row>')
    },
    "external entity": lambda: {
        ONE: (
            SHEET
            % (
                b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
                b'<row r="1"><c t="str"><v>&e;</v></c></row>',
            )
        )
    },
    "laughs in styles": lambda: {"xl/styles.xml": LAUGHS + b"<styleSheet>&u;</styleSheet>"},
    "quadratic": lambda: {
        ONE: SHEET % (b'<!DOCTYPE x [<!ENTITY e "' + b"x" * 100_000 + b'">]>', b"&e;" * 10_000)
    },
    "elements": lambda: {ONE: SHEET % (b"", b"<row>" + b"<c/>" * 10_000_000 + b"</row>")},
    "loose elements": lambda: {
        "xl/styles.xml": b"<styleSheet>" + b"<a/>" * 10_000_000 + b"</styleSheet>"
    },
    "rows in rows": lambda: {ONE: SHEET % (b"", b"<row>" * 1_000_000 + b"</row>" * 1_000_000)},
    "depth": lambda: {ONE: SHEET % (b"", b"<a>" * 1_000_000)},
    "a row far away": lambda: {
        ONE: SHEET % (b"", b'<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>')
    },
    "a cell far away": lambda: {
        ONE: SHEET % (b"", b'<row r="1"><c r="ZZZZZZ1"><v>1</v></c></row>')
    },
    "one tag without end": lambda: {ONE: SHEET % (b"", b'<row r="' + b"1" * 30_000_000)},
    "UTF-16": lambda: {ONE: (SHEET % (LAUGHS, b"")).decode().encode("utf-16")},
    "many parts": lambda: {f"xl/x{i}.xml": b"<a/>" for i in range(3000)},
}
"""What takes the place of parts of a workbook, made when its test runs: some of it is large."""

MEASURE = """
import re, sys, time
from pathlib import Path
import planner.scenario.workbook as reader
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
before, start, faults = peak(), time.process_time(), []
reader.read_workbook(Path(sys.argv[1]), faults)
print(time.process_time() - start, peak() - before, len(faults), faults[0].problem)
"""


@pytest.mark.parametrize("stored", [False, True], ids=["packed", "stored"])
@pytest.mark.parametrize("name", first_fast(usually(BOMBS, range(0, len(BOMBS), 2)), (1,)))
def test_bombs_are_refused_quickly(book: Path, tmp_path: Path, name: str, stored: bool) -> None:
    bomb = repacked(book, tmp_path / "bomb.xlsx", BOMBS[name](), stored)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(bomb)],
        cwd=HOME,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seconds, megabytes, count, problem = done.stdout.strip().split(" ", 3)
    print(f"{name}: {seconds} s, {megabytes} MB: {problem}")
    assert int(count) == 1
    assert "refused" in problem
    assert float(megabytes) < MEMORY_MB
    assert float(seconds) < SECONDS


def test_a_table_of_contents_that_lies_is_refused(book: Path, tmp_path: Path) -> None:
    raw = bytearray(book.read_bytes())
    end = raw.rfind(b"PK\x05\x06")
    raw[end + 12 : end + 16] = (40_000_000).to_bytes(4, "little")
    (tmp_path / "lie.xlsx").write_bytes(raw)
    faults: list[Fault] = []
    assert open_guarded_workbook(tmp_path / "lie.xlsx", faults) is None
    assert "too many parts" in faults[0].problem


def test_a_wide_row_and_a_lying_dimension_cost_nothing(book: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(book) as archive:
        sheet = archive.read(ONE)
    sheet = re.sub(rb'<dimension ref="[^"]*"/>', b'<dimension ref="A1:XFD1048576"/>', sheet)
    sheet = sheet.replace(
        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    start = time.process_time()
    assert (
        assemble_instance(repacked(book, tmp_path / "wide.xlsx", {ONE: sheet})).sha256
        == assemble_instance(book).sha256
    )
    assert time.process_time() - start < 5
