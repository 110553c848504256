"""The commands `library tag`, `library rename` and `library rm`: how records are named, and that
they go.
"""

import sys
from collections.abc import Sequence

from planner.cli.terminal.frame import BAD_INPUT, framed_command, warn
from planner.cli.terminal.output import output_line, plain_output_console
from planner.errors import DataError
from planner.library.kept_record import KeptRecord
from planner.library.library_database import open_library_database
from planner.library.record_changes import (
    note_record,
    remove_records,
    rename_record,
    tag_record,
)
from planner.library.record_search import find_record
from planner.library.record_table import kept_record_lines, kept_record_result
from profiles.io.faults import Fault

__all__ = ["run_library_remove", "run_library_rename", "run_library_tag"]


@framed_command
def run_library_tag(reference: str, add: Sequence[str], remove: Sequence[str]) -> int:
    """Add and take away tags, and print the record's; 0."""
    if not add and not remove:
        fix = "name tags, or take some away with --remove TAG"
        raise DataError([Fault("library tag", "", "", "there is nothing to change", fix)])
    library = open_library_database()
    record = find_record(library, reference)
    _print_changed_record(tag_record(library, record.number, add, remove))
    return 0


@framed_command
def run_library_rename(reference: str, name: str | None, note: str | None) -> int:
    """Give a record another name, another note or both; 0."""
    if name is None and note is None:
        fix = "give a name, or a note with --note TEXT"
        raise DataError([Fault("library rename", "", "", "there is nothing to change", fix)])
    if name is not None and not name.strip():
        fix = "give a name of at least one sign"
        raise DataError([Fault("library rename", "", repr(name), "the name is empty", fix)])
    library = open_library_database()
    record = find_record(library, reference)
    if name is not None:
        record = rename_record(library, record.number, name)
    if note is not None:
        record = note_record(library, record.number, note)
    _print_changed_record(record)
    return 0


@framed_command
def run_library_remove(references: Sequence[str], *, is_confirmed: bool) -> int:
    """Remove records, all or none; 0, or 2 where nobody has said yes."""
    library = open_library_database()
    records = [find_record(library, reference) for reference in references]
    listed = [f"{one.kind} {one.number}: {one.name} ({kept_record_result(one)})" for one in records]
    if not is_confirmed and not _is_removal_wanted(listed):
        warn([*listed, "Nothing was removed; --yes removes without a question."])
        return BAD_INPUT
    remove_records(library, [one.number for one in records])
    console = plain_output_console()
    for line in listed:
        output_line(console, f"removed {line}")
    return 0


def _is_removal_wanted(listed: Sequence[str]) -> bool:
    """Ask on a terminal; False where there is none, or where the answer is not yes."""
    if not sys.stdin.isatty():
        return False
    print("\n".join(listed), file=sys.stderr)
    print("Remove for good? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _print_changed_record(record: KeptRecord) -> None:
    console = plain_output_console()
    for line in kept_record_lines(record):
        output_line(console, line)
