"""Faults of a workbook by cell: dotted paths and table places become `Pools!C7`, problems say what
the cell was expected to hold.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openpyxl.utils import get_column_letter

from planner.program import PROGRAM
from planner.scenario.schema.faults import BLANK_PROBLEM, FOREIGN_PROBLEM, VALUE_PROBLEMS
from profiles.io.cells import COMMA_NUMBER, NUMBER, UnusableCell
from profiles.io.faults import Fault, fault_spelling_guess
from profiles.workbook_fields import ARRIVAL, FieldKind, SheetField
from profiles.workbook_layout import (
    CASES,
    CLASS_SLOS,
    CLASSES,
    DEMAND,
    LLMS,
    OUTSIDE,
    POOLS,
    SETTINGS,
    TABLES,
)

__all__ = ["CellPlaces", "SheetPlaces", "workbook_faults_by_cell"]

_DOTTED = re.compile(r"\b(?:pools|llms|slo|classes|cases)\.\d+(?:\.\w+)?\b")
_ROW = re.compile(r"rows? (\d+)(?: to (\d+))?(?:, column (.*))?", re.DOTALL)
_LISTS: Mapping[str, tuple[str, Iterable[SheetField]]] = {
    "pools": (POOLS, TABLES[POOLS]),
    "llms": (LLMS, TABLES[LLMS]),
    "slo": (DEMAND, TABLES[DEMAND]),
    "classes": (CLASSES, TABLES[CLASSES]),
    "cases": (CASES, TABLES[CASES]),
}
_INNER: Mapping[tuple[str, str], tuple[str, Iterable[SheetField]]] = {
    ("llms", "api"): (OUTSIDE, TABLES[OUTSIDE]),
    ("classes", "slo"): (CLASS_SLOS, TABLES[CLASS_SLOS]),
}
"""Lists and mappings within the rows of others, on sheets of their own."""
_FOREIGN = {"cost_at_most_usd_per_h": "maximize quality"}
"""Key of the objective -> the objective it goes with; of others minimize cost."""


@dataclass(frozen=True)
class SheetPlaces:
    """Where the columns of a table are.

    title: of the sheet; header: its row; columns: name -> position from 0.
    """

    title: str
    header: int
    columns: Mapping[str, int]


@dataclass
class CellPlaces:
    """Where things are in the workbook.

    cells: dotted path -> (cell, its content); tables: the table's file name -> places;
    sheets: those that are there; headers: unknown headers by sheet ("" = unknown sheets), in which
    a misspelt one is looked for.
    """

    path: Path
    cells: dict[str, tuple[str, Any]] = field(default_factory=dict)
    tables: dict[str, SheetPlaces] = field(default_factory=dict)
    sheets: dict[str, bool] = field(default_factory=dict)
    headers: dict[str, list[str]] = field(default_factory=dict)


def workbook_faults_by_cell(faults: Iterable[Fault], places: CellPlaces) -> list[Fault]:
    """The faults with the cell of each as its place, each once; those of other files as they are.

    Faults of overrides (at `--set`) have no cell either.
    """
    placed: dict[Fault, None] = {}
    for fault in faults:
        if fault.file == str(places.path) and fault.where:
            fault = _workbook_scenario_fault(fault, places)
        elif fault.file in places.tables:
            fault = _workbook_table_fault(fault, places)
        placed[fault] = None
    return list(placed)


def _workbook_scenario_fault(fault: Fault, places: CellPlaces) -> Fault:
    path = str(places.path)
    if "!" in fault.where or fault.where.split(".")[0] in places.sheets:
        return fault
    known = _workbook_fault_field(fault.where)
    where = fault.where
    while where not in places.cells and "." in where:
        where = where.rpartition(".")[0]
    cell, value = places.cells.get(where, ("", None))
    if fault.problem == BLANK_PROBLEM and fault.where not in places.cells:
        return _workbook_fault_missing(fault, places)
    if isinstance(value, UnusableCell):
        return Fault(path, cell, _quoted(value.value), value.problem, value.fix)
    if known and fault.problem == BLANK_PROBLEM:
        return Fault(
            path, cell, "", f"expected {known.expected}, but the cell is blank", known.note
        )
    if known and fault.problem in VALUE_PROBLEMS:
        return Fault(
            path,
            cell,
            _double(fault.value),
            f"expected {known.expected}",
            _workbook_fault_fix(value, known, fault.fix),
        )
    if known is None and fault.where in _LISTS and fault.problem in VALUE_PROBLEMS:
        return Fault(path, cell, "", "there are no rows below the header", "write one row for each")
    if fault.problem == FOREIGN_PROBLEM:
        aim = _FOREIGN.get(fault.where.rpartition(".")[2], "minimize cost")
        return Fault(
            path,
            cell,
            _double(fault.value),
            f"this applies only to {aim}",
            f"empty the cell, or choose {aim}",
        )
    problem = _DOTTED.sub(
        lambda path_match: places.cells.get(path_match[0], (path_match[0], None))[0], fault.problem
    )
    return Fault(path, cell or fault.where, _double(fault.value), problem, fault.fix)


def _workbook_fault_missing(fault: Fault, places: CellPlaces) -> Fault:
    """The fault of a sheet, a column or a row of Settings that is not there."""
    path = str(places.path)
    first = fault.where.split(".")[0]
    title, fields = _workbook_fault_sheet(fault.where)
    if not places.sheets.get(title):
        fix = (
            fault_spelling_guess(title, places.headers.get("", ()))
            + f"add it; `{PROGRAM} init --xlsx PATH` writes a template"
        )
        return Fault(path, title, "", "the sheet is missing", fix)
    known = _workbook_fault_field(fault.where)
    if known is None:
        return Fault(
            path,
            title,
            "",
            f"the header is missing: {', '.join(one.label for one in fields)}",
            "write it",
        )
    what = "column" if first in _LISTS else "row"
    return Fault(
        path,
        title,
        "",
        f"the {what} {known.label!r} is missing",
        fault_spelling_guess(known.label, places.headers.get(title, ())) + "add it",
    )


def _workbook_fault_sheet(where: str) -> tuple[str, Iterable[SheetField]]:
    """The sheet of a dotted path, and its fields."""
    parts = where.split(".")
    if inner := _INNER.get((parts[0], parts[2] if len(parts) > 2 else "")):
        return inner
    if parts[0] in _LISTS:
        return _LISTS[parts[0]]
    return (DEMAND if parts[0] == ARRIVAL.key else SETTINGS), TABLES[SETTINGS]


def _workbook_fault_field(where: str) -> SheetField | None:
    """Find the field of a dotted path; None for a whole list."""
    parts = where.split(".")
    if parts[0] in _LISTS:
        # classes.0.slo.1.limit_ms and llms.0.api.max_rate_rps: keys of other sheets.
        inner = len(parts) > 3 and (parts[0], parts[2]) in _INNER
        key = parts[-1] if inner else parts[2] if len(parts) > 2 else ""
        fields = {one.key: one for one in _workbook_fault_sheet(where)[1]}
        # pools.0.nodes.at_most: a dotted key of its sheet.
        return fields.get(".".join(parts[2:])) or fields.get(key)
    if parts[0] == ARRIVAL.key:
        return ARRIVAL
    best = [one for one in TABLES[SETTINGS] if where == one.key or where.startswith(one.key + ".")]
    return max(best, key=lambda one: len(one.key), default=None)


def _workbook_table_fault(fault: Fault, places: CellPlaces) -> Fault:
    path, table = str(places.path), places.tables[fault.file]
    value = _double(fault.value)
    fix = (
        _workbook_fault_fix_number(value[1:-1])
        if value.startswith('"') and "number" in fault.problem
        else ""
    ) or fault.fix
    if row := _ROW.fullmatch(fault.where):
        first, last, name = row.groups()
        column = table.columns.get(name or "")
        if column is not None:
            letter = get_column_letter(column + 1)
            place = f"{table.title}!{letter}{first}" + (f":{letter}{last}" if last else "")
        else:
            begin, end = (table.header,) * 2 if first == "1" else (first, last or first)
            place = f"{table.title}!{begin}:{end}"
        return Fault(path, place, value, fault.problem, fix)
    name = fault.where.removeprefix("column ").removeprefix("columns ")
    if name in table.columns:
        return Fault(
            path,
            f"{table.title}!{get_column_letter(table.columns[name] + 1)}{table.header}",
            value,
            fault.problem,
            fix,
        )
    label = next((one.label for one in TABLES.get(table.title, ()) if one.key == name), name)
    where = f"{table.title}, column {label}" if fault.where.startswith("column ") else table.title
    return Fault(path, where, value, fault.problem, fix)


def _workbook_fault_fix(value: Any, known: SheetField, fix: str) -> str:
    """How to fix a cell: text that looks like a number first of all."""
    if (
        isinstance(value, str)
        and known.kind in (FieldKind.NUMBER, FieldKind.WHOLE)
        and (number := _workbook_fault_fix_number(value))
    ):
        return number
    if known.choices and isinstance(value, str):
        return fault_spelling_guess(value, known.choices) + known.note
    return known.note or fix


def _workbook_fault_fix_number(text: str) -> str:
    """How to fix text that looks like a number; "" for any other.

    Spaces that do not break (escaped in what is shown) are Excel's own.
    """
    bare = "".join(text.replace("\\xa0", "").replace("\\u202f", "").split())
    if COMMA_NUMBER.fullmatch(bare):
        return (
            "the cell holds text with a comma: format it as a number and type it again with your"
            " program's own decimal sign"
        )
    if not NUMBER.fullmatch(bare):
        return ""
    where, without = ("", "") if bare == text else (" with spaces in it", " without them")
    again = f"format the cell as a number and type it again{without}"
    return f"the number is stored as text{where}: {again}"


def _double(shown: str) -> str:
    """A shown text in double quotes, as spreadsheets have it."""
    return f'"{shown[1:-1]}"' if len(shown) > 1 and shown[0] == shown[-1] == "'" else shown


def _quoted(text: str) -> str:
    return f'"{text}"' if text else ""
