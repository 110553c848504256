"""The command `library export`: a record as files again, for use without the library."""

from pathlib import Path

from planner.cli.terminal.frame import framed_command, framed_write
from planner.cli.terminal.output import output_line, plain_output_console
from planner.errors import DataError
from planner.library.kept_input import PLAN_FILE, read_kept_content, write_kept_content
from planner.library.kept_record import RecordKind
from planner.library.library_database import open_library_database
from planner.library.record_search import find_record
from planner.program import PROGRAM
from profiles.io.faults import Fault
from profiles.io.output_folder import put_folder

__all__ = ["run_library_export"]


@framed_command
def run_library_export(reference: str, folder: Path) -> int:
    """Write the record's files into a new or empty folder; 0, or 2 where they cannot be written."""
    _check_library_folder(folder)
    library = open_library_database()
    kept = read_kept_content(library, find_record(library, reference))
    written: list[str] = []

    def write() -> None:
        with put_folder(folder) as place:
            write_kept_content(kept, place)
            files = (path for path in place.rglob("*") if path.is_file())
            written.extend(sorted(path.relative_to(place).as_posix() for path in files))

    if code := framed_write(folder, write):
        return code
    console = plain_output_console()
    output_line(console, f"{len(written)} files written to {folder}")
    for name in written:
        output_line(console, f"  {name}")
    if kept.record.kind == RecordKind.PLAN:
        output_line(console, f"next: {PROGRAM} report {folder / PLAN_FILE} --xlsx report.xlsx")
    return 0


def _check_library_folder(folder: Path) -> None:
    """Raise DataError for a folder that is not new or empty: nothing is overwritten."""
    try:
        is_free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    except OSError as error:
        problem = f"the folder cannot be read ({error.strerror})"
        raise DataError([Fault(str(folder), "", "", problem, "name another one")]) from None
    if not is_free:
        problem = "it exists already, and nothing is overwritten"
        raise DataError([Fault(str(folder), "", "", problem, "name a new or empty folder")])
