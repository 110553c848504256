"""Files uploaded over a network: put into a separate folder and read as a scenario,
never as paths to other files.

A scenario on disk may name tables anywhere. One that was uploaded may name its own uploaded files
and nothing else.
"""

from collections.abc import Mapping
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any

from planner.errors import DataError
from planner.scenario.archive import unpack_scenario_archives, write_archive_folder
from planner.scenario.load import Scenario, load_scenario_with_content
from planner.scenario.schema.faults import schema_fault_entries
from profiles.curves import parse_curves
from profiles.io.faults import Fault, fault_spelling_guess
from profiles.io.tables import Table
from profiles.io.workbook_guard import is_workbook
from profiles.workbook_layout import PROFILES, SCORES

__all__ = [
    "ENDINGS",
    "TABLE_ENDINGS",
    "bare_upload_name",
    "replace_uploaded_table",
    "store_upload",
    "uploaded_sheet_as_csv",
]

SCENARIOS = (".yaml", ".yml", ".xlsx")
TABLE_ENDINGS = (".csv", ".parquet", ".xlsx")
ENDINGS = (".yaml", ".yml", ".xlsx", ".csv", ".parquet", ".zip", ".json")
MOST_FILES = 100
USUAL = "scenario.yaml"
"""Taken where several files could be the scenario."""


def store_upload(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write uploaded files, archives unpacked, into an empty folder; the scenario's file among
    them.

    DataError for what cannot be a scenario with its tables.

    Faults inside the scenario are raised with those of its tables on loading; here only where
    its tables may lie is looked at.
    """
    faults: list[Fault] = []
    files = unpack_scenario_archives(files)
    names = {bare_upload_name(name): content for name, content in files.items()}
    if len(files) > MOST_FILES or len(names) < len(files):
        problem = "too many files, or two of one name"
        raise DataError(
            [Fault("upload", "", str(len(files)), problem, "give the scenario and its two tables")]
        )
    scenarios = [name for name in names if PurePath(name).suffix.lower() in SCENARIOS]
    yamls = [name for name in scenarios if not name.lower().endswith(".xlsx")]
    scenarios = [USUAL] if USUAL in yamls else yamls or scenarios
    if len(scenarios) != 1:
        listed = ", ".join(scenarios) or "none"
        fix = "give one scenario (scenario.yaml with its tables, or one .xlsx workbook)"
        raise DataError(
            [Fault("upload", "", listed, "exactly one of the files must be a scenario", fix)]
        )
    for name, content in names.items():
        (folder / name).write_bytes(content)
    path = folder / scenarios[0]
    _, content_read = load_scenario_with_content(path, (), [])
    if isinstance(content_read, Mapping):
        faults += _foreign_upload(path, content_read, names)
    if faults:
        load_scenario_with_content(path, (), faults)
        raise DataError(faults)
    return path


def bare_upload_name(name: str) -> str:
    """The last part of a file name, from any operating system."""
    last = PureWindowsPath(PurePath(name).name).name.lstrip(".")
    return "".join(sign for sign in last if sign.isprintable()) or "file"


def _foreign_upload(
    path: Path, content: Mapping[str, Any], names: Mapping[str, bytes]
) -> list[Fault]:
    """Tables that the scenario names and that were not handed over."""
    faults = []
    named = {key: content.get(key) for key in ("profiles", "scores", "demand")}
    named |= {
        f"classes.{c}.scores": one.get("scores")
        for c, one in enumerate(schema_fault_entries(content, "classes"))
    }
    for key, value in named.items():
        own = is_workbook(path) and str(value).startswith(f"{path.name}#")
        if isinstance(value, str) and value and not own and value not in names:
            fix = (
                fault_spelling_guess(value, names)
                + "upload it together with the scenario, and name it without a folder"
            )
            faults.append(
                Fault(
                    str(path),
                    key,
                    repr(value)[:60],
                    "this file is not among the uploaded ones",
                    fix,
                )
            )
    return faults


def replace_uploaded_table(
    scenario: Scenario, key: str, name: str, content: bytes, folder: Path
) -> Path:
    """Write the scenario into a folder with another table; its file there.

    key: profiles or scores; name: the upload's file name, whose ending says what it is. DataError
    when a workbook has no such sheet.
    """
    ending = PurePath(name).suffix.lower()
    if ending not in TABLE_ENDINGS:
        raise DataError(
            [Fault(name, "", ending, "this is no table", f"give one of {', '.join(TABLE_ENDINGS)}")]
        )
    path = write_archive_folder(scenario, folder)
    text = path.read_text(encoding="utf-8")
    old = next(line for line in text.splitlines() if line.startswith(f"{key}: "))
    (folder / old.partition('"')[2].rstrip('"')).unlink()
    if ending == ".xlsx":
        ending = ".csv"
        content = uploaded_sheet_as_csv(key, bare_upload_name(name), content, folder)
    (folder / f"{key}{ending}").write_bytes(content)
    path.write_text(text.replace(old, f'{key}: "{key}{ending}"'), encoding="utf-8")
    return path


def uploaded_sheet_as_csv(key: str, name: str, content: bytes, folder: Path) -> bytes:
    """The sheet Profiles or Scores of an uploaded workbook, its faults by cell."""
    # Imported here because only workbooks need openpyxl.
    from planner.scenario.workbook import read_workbook

    book_path = folder / name
    book_path.write_bytes(content)
    title = PROFILES if key == "profiles" else SCORES
    faults: list[Fault] = []
    book = read_workbook(book_path, faults)
    table = (
        None
        if book is None
        else next((one for file, one in book.tables.items() if file.endswith(f"#{title}")), None)
    )
    here = [fault for fault in faults if book is None or fault.where.startswith(title)]
    if table is not None and book is not None and key == "profiles":
        parse_curves(table, here)
        here = book.by_cell(here)
    if here or table is None:
        raise DataError(
            here or [Fault(name, title, "", "the sheet is missing", "name the sheet so")]
        )
    book_path.unlink()
    return _upload_as_csv(table)


def _upload_as_csv(table: Table) -> bytes:
    # Imported here because only workbooks need it.
    import pandas as pd

    frame = pd.DataFrame(
        {column: list(cells) for column, cells in table.columns.items()}, dtype=object
    )
    return frame.to_csv(index=False).encode("utf-8")
