"""Guards before a workbook is parsed: what is no plain .xlsx is refused in one sentence, and so is
what would eat time or memory.

Order: size and kind of the file, number and declared sizes of the zip's members, then a scan of
every XML member that keeps nothing (expat, no tree): no document type, no entities, bounded depth,
text and number of elements, sheets within Excel's own bounds. The scan also notes what the
reader cannot see: merged ranges, hidden rows, and formulas that have no stored value.
"""

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from profiles.io.faults import Fault, file_bytes_or_fault

__all__ = ["SUFFIXES", "Package", "SheetScan", "is_workbook", "open_guarded_workbook"]

SUFFIXES = (".xlsx", ".xls", ".xlsm", ".xlsb", ".xltx", ".xltm", ".ods")
"""Endings of workbooks; only the first is read."""

FILE_LIMIT = 50_000_000
MEMBERS_LIMIT = 2_000
DIRECTORY_LIMIT = 1_000_000
UNPACKED_LIMIT = 160_000_000
RATIO_LIMIT, RATIO_FREE = 100, 1_000_000
"""A member may unpack to this many times its size; below RATIO_FREE bytes the ratio does not count.
"""
ROWS_LIMIT = 1_048_576
"""Number of a spreadsheet's last row."""
UNITS_LIMIT = 400_000
"""Rows of a sheet, or shared texts, that are read; larger tables belong in a file."""
DEPTH_LIMIT, TEXT_LIMIT, LOOSE_LIMIT, ELEMENTS_LIMIT = 64, 400_000, 300_000, 5_000_000
"""Nested elements; bytes of one text or tag; elements of a part outside its rows (or shared
strings), and inside one; in all.
"""

STRICT = "purl.oclc.org/ooxml"
"""Namespace of a rare kind of workbook that openpyxl finds no sheet in."""

SAVE = "open it in a spreadsheet program and save it as a new .xlsx workbook"
_CELL = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


class _RefusedError(Exception):
    """A member breaks a bound; the message says which."""


@dataclass
class SheetScan:
    """What a sheet's XML says in addition to its values.

    merged: ranges such as A3:A5; unstored: cells with a formula and no stored value; hidden: how
    many rows are.
    """

    merged: list[str] = field(default_factory=list)
    unstored: set[str] = field(default_factory=set)
    hidden: int = 0


@dataclass(frozen=True)
class Package:
    """A workbook that passed the guards. raw: its bytes; scans: by the member's name."""

    raw: bytes
    scans: Mapping[str, SheetScan]


def is_workbook(path: Path) -> bool:
    """Whether the file's ending is a workbook's."""
    return path.suffix.lower() in SUFFIXES


def open_guarded_workbook(path: Path, faults: list[Fault]) -> Package | None:
    """Read and guard a workbook; None with one fault when it may not be parsed."""
    if path.suffix.lower() != SUFFIXES[0] and path.is_file():
        return _refuse(
            path, f"a workbook of the kind {path.suffix} is not read", "save it as .xlsx", faults
        )
    raw, fault = file_bytes_or_fault(path, FILE_LIMIT)
    if fault:
        faults.append(fault)
        return None
    if raw[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _refuse(
            path,
            "the workbook is encrypted, or an .xls with another ending",
            "save it as .xlsx without a password",
            faults,
        )
    if raw[:4] != b"PK\x03\x04":
        return _refuse(
            path,
            "this is not a workbook (no zip archive)",
            "save it as .xlsx in a spreadsheet program",
            faults,
        )
    try:
        with zipfile.ZipFile(io.BytesIO(_guard_directory(raw))) as archive:
            _guard_members(archive.infolist())
            return Package(
                raw, {info.filename: _guard_by_scan(archive, info) for info in archive.infolist()}
            )
    except _RefusedError as refused:
        return _refuse(path, f"the workbook is refused: {refused}", SAVE, faults)
    except (
        Exception
    ) as error:  # zipfile and zlib raise many kinds for damaged archives; all mean the same here
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        return _refuse(path, f"the workbook is damaged ({reason})", SAVE, faults)


def _refuse(path: Path, problem: str, fix: str, faults: list[Fault]) -> Package | None:
    faults.append(Fault(str(path), "", "", problem, fix))
    return None


def _guard_directory(raw: bytes) -> bytes:
    """The bytes, when the zip's table of contents is of a sane size: reading it takes memory by
    itself.
    """
    end = raw.rfind(b"PK\x05\x06", max(0, len(raw) - 65_557))
    if end < 0 or len(raw) < end + 22:
        raise _RefusedError("its zip archive has no end")
    size = int.from_bytes(raw[end + 12 : end + 16], "little")
    if size > DIRECTORY_LIMIT or raw[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        raise _RefusedError("it has too many parts")
    return raw


def _guard_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MEMBERS_LIMIT:
        raise _RefusedError(f"it has {len(members)} parts, more than {MEMBERS_LIMIT}")
    if sum(member.file_size for member in members) > UNPACKED_LIMIT:
        raise _RefusedError(f"it unpacks to more than {UNPACKED_LIMIT // 1_000_000} MB")
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise _RefusedError("a part appears in it twice")
    if "[Content_Types].xml" not in names:
        raise _RefusedError("it is a zip archive, but no Excel workbook")
    for member in members:
        if member.flag_bits & 1:
            raise _RefusedError("it is encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _RefusedError("it is packed in a way that workbooks are not")
        if member.file_size > RATIO_FREE and member.file_size > RATIO_LIMIT * max(
            1, member.compress_size
        ):
            raise _RefusedError(
                f"its part {member.filename[:60]} unpacks to more than {RATIO_LIMIT} times its size"
            )


def _guard_by_scan(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> SheetScan:
    """Scan one member when it can be XML; the reader takes its path from the workbook, so endings
    say nothing.
    """
    with archive.open(member) as stream:
        first = stream.read(1 << 16)
        start = first.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not first or (start[:1] != b"<" and b"\0" not in first[:4]) or first[:4] == b"\x89PNG":
            return SheetScan()
        if first[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in first[:4]:
            return SheetScan() if member.filename.startswith("xl/media/") else _refuse_encoding()
        scanner = _WorkbookGuardScanner(
            {"xl/worksheets": "row", "xl": "si"}.get(member.filename.rpartition("/")[0], "")
        )
        part = first
        while part:
            scanner.feed(part)
            part = stream.read(1 << 16)
        return scanner.scan


def _refuse_encoding() -> SheetScan:
    raise _RefusedError("a part of it is not UTF-8")


class _WorkbookGuardScanner:
    """Counts what a part would cost a reader that builds trees row by row; refuses what is out of
    bounds.
    """

    def __init__(self, unit: str) -> None:
        """Unit: the element that readers of this part read one at a time and forget, row or si; ""
        when there is none.
        """
        self.scan = SheetScan()
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = (
            parser.ExternalEntityRefHandler
        ) = self._refuse_doctype
        self._unit = unit
        self._depth = self._elements = self._loose = self._in_unit = self._unit_depth = (
            self._units
        ) = self._row = 0
        self._cell, self._formula, self._value, self._may_be_empty = "", False, False, False
        self._fed = self._from = 0

    def feed(self, part: bytes) -> None:
        """Go on with the next bytes; _RefusedError when something is out of bounds."""
        self._fed += len(part)
        try:
            self._parser.Parse(part)
        except expat.ExpatError as error:
            raise _RefusedError(f"a part of it is not sound XML ({error})") from None
        if self._fed - self._from > TEXT_LIMIT + len(part):
            raise _RefusedError("a cell of it holds far more text than a cell may")

    def _refuse_doctype(self, *_: Any) -> int:
        raise _RefusedError("its XML declares entities, as no spreadsheet program does")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._from = self._parser.CurrentByteIndex
        if not self._elements and STRICT in attributes.get("xmlns", ""):
            raise _RefusedError(
                "it is Strict Open XML; choose the plain kind, Excel Workbook (.xlsx), when you"
                " save it"
            )
        self._count(name)
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            self._start_cell(attributes.get("r", ""))
            self._may_be_empty = attributes.get("t") == "str"
        elif name == self._unit:
            self._start_unit(attributes.get("r"))
            self.scan.hidden += attributes.get("hidden") in ("1", "true")
        elif name == "f" and self._cell:
            self._formula, self._value = True, self._may_be_empty
        elif name == "v" and self._formula:
            self._parser.CharacterDataHandler = self._text
        elif name == "mergeCell":
            self.scan.merged.append(attributes.get("ref", ""))

    def _count(self, name: str) -> None:
        """Count one more element; loose: outside any unit, which a reader keeps in memory."""
        self._depth += 1
        self._elements += 1
        if self._unit_depth:
            self._in_unit += 1
        elif name != self._unit:
            self._loose += 1
        if self._depth > DEPTH_LIMIT:
            raise _RefusedError("its XML is nested too deeply")
        most = max(self._loose, self._in_unit)
        if most > LOOSE_LIMIT or self._elements > ELEMENTS_LIMIT:
            raise _RefusedError("a part of it has far too many elements")

    def _start_cell(self, place: str) -> None:
        self._cell, self._formula, self._value = place or "?", False, False
        if place:
            place_match = _CELL.fullmatch(place)
            if (
                not place_match
                or (len(place_match[1]) == 3 and place_match[1] > "XFD")
                or int(place_match[2]) > ROWS_LIMIT
            ):
                raise _RefusedError("a cell of it is outside the sheet")

    def _start_unit(self, number: str | None) -> None:
        self._units += 1
        if self._unit_depth or self._units > UNITS_LIMIT:
            raise _RefusedError(
                "a sheet of it has rows inside rows"
                if self._unit_depth
                else (
                    f"it has more than {UNITS_LIMIT} rows or texts; keep such a table in a .parquet"
                    " file and name it in Settings"
                )
            )
        self._unit_depth, self._in_unit = self._depth, 0
        if self._unit == "row" and number is not None:
            if not (
                number.isascii()
                and number.isdecimal()
                and len(number) < 8
                and self._row < int(number) <= ROWS_LIMIT
            ):
                raise _RefusedError("the rows of a sheet are not in order")
            self._row = int(number)

    def _text(self, text: str) -> None:
        self._value = self._value or bool(text.strip())

    def _end(self, name: str) -> None:
        self._from = self._parser.CurrentByteIndex
        if self._depth == self._unit_depth:
            self._unit_depth = 0
        self._depth -= 1
        if self._formula and name.rpartition(":")[2] == "c":
            self._parser.CharacterDataHandler = None
            self._formula = False
            if not self._value:
                self.scan.unstored.add(self._cell)
