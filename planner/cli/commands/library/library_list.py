"""The command `library list`: the records that fit a search, the newest first."""

import json
import sys
from dataclasses import dataclass

import pandas as pd
from rich.console import Console

from planner.cli.terminal.frame import framed_command
from planner.cli.terminal.output import Column, output_line, output_table, plain_output_console
from planner.errors import DataError
from planner.library.kept_record import RecordKind
from planner.library.library_database import LibraryDatabase, open_library_database
from planner.library.record_search import RecordSearch, list_records
from planner.library.record_table import kept_records_table
from planner.presentation.formatting import format_gap
from planner.program import PROGRAM
from profiles.io.faults import Fault

__all__ = ["LibraryListOptions", "run_library_list"]

COLUMNS: tuple[Column, ...] = (
    ("Number", "no.", lambda value: f"{value:d}"),
    ("Kind", "kind", str),
    ("Name", "name", str),
    ("Result", "result", str),
    ("Gap (%)", "gap", lambda value: "" if pd.isna(value) else format_gap(value / 100.0)),
    ("Tags", "tags", str),
    ("Kept (UTC)", "kept (UTC)", lambda value: f"{value:%Y-%m-%d %H:%M}"),
)


@dataclass(frozen=True, kw_only=True)
class LibraryListOptions:
    """text: what is searched for; kind: "" for all; top: so many are listed, 0 = all; json: print
    JSON alone.
    """

    text: str
    kind: str
    tags: tuple[str, ...]
    top: int
    json: bool


@framed_command
def run_library_list(options: LibraryListOptions) -> int:
    """Print the records; 0, also where there are none."""
    library = open_library_database()
    search = RecordSearch(options.text, _list_kind(options.kind), options.tags)
    records = list_records(library, search)
    shown = records[: options.top] if options.top else records
    if options.json:
        sys.stdout.write(json.dumps([one.as_json() for one in shown], indent=1) + "\n")
        return 0
    console = plain_output_console()
    if not records:
        _print_nothing_listed(console, library, search)
        return 0
    title = f"{len(records):,} record{'s' if len(records) > 1 else ''} in {library.words}"
    output_table(console, title, kept_records_table(shown), COLUMNS)
    if len(shown) < len(records):
        rest = f"{len(records) - len(shown):,} older ones are not listed; --top 0 lists all"
        output_line(console, rest, indent=2)
    return 0


def _list_kind(text: str) -> RecordKind | None:
    if not text:
        return None
    if text not in tuple(RecordKind):
        fix = f"it takes {', '.join(RecordKind)}"
        raise DataError([Fault("--kind", "", repr(text), "there is no such kind", fix)])
    return RecordKind(text)


def _print_nothing_listed(console: Console, library: LibraryDatabase, search: RecordSearch) -> None:
    if search != RecordSearch() and list_records(library):
        output_line(console, f"No record fits in {library.words}")
        return
    output_line(console, f"Nothing is kept yet in {library.words}")
    output_line(console, f"{PROGRAM} plan SCENARIO --save keeps a plan with its scenario.")
