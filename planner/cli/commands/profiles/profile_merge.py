"""The command `profile merge`: several profile tables -> one, option by option."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from planner.cli.terminal.frame import framed_command, framed_table_write, notify, warn
from planner.errors import ProfileError
from profiles.curves import ProfileTable, read_profiles
from profiles.io.faults import Fault
from profiles.io.writing import check_writable
from profiles.merging import MergedProfiles, Preference, merge_profile_tables

__all__ = ["MergeOptions", "run_profile_merge"]


@dataclass(frozen=True, kw_only=True)
class MergeOptions:
    """Options of the command."""

    prefer: str = Preference.MEASURED.value
    out: str = "-"
    quiet: bool = False


@framed_command
def run_profile_merge(files: Sequence[Path], options: MergeOptions) -> int:
    """Merge, write and report; the exit code: 0, or 2 for bad input."""
    if options.out != "-":
        check_writable(Path(options.out), "--out")
    faults: list[Fault] = []
    if len(files) < 2:
        faults.append(Fault("PROFILES", "", "", "one table has nothing to merge", "name another"))
    read = [read_profiles(path, faults) for path in files]
    tables = [table for table in read if table is not None]
    if faults:
        raise ProfileError(faults)
    merged = merge_profile_tables(tables, Preference(options.prefer))
    notices = [notice for table in tables for notice in table.notices]
    notify([*notices, *merged.notices], quiet=options.quiet)
    if code := framed_table_write(merged.frame, options.out):
        return code
    if not options.quiet:
        warn(_profile_merge_lines(merged, tables, options.out))
    return 0


def _profile_merge_lines(
    merged: MergedProfiles, tables: Sequence[ProfileTable], out: str
) -> list[str]:
    origins = ", ".join(
        f"{count} from {table.file}" for count, table in zip(merged.taken, tables, strict=True)
    )
    where = "" if out == "-" else f", written to {out}"
    return [
        f"{sum(merged.taken)} options ({origins}), {merged.contested} of them in more than one"
        f" table; {len(merged.frame):,} rows{where}"
    ]
