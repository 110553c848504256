"""The command `profile import`: files of benchmark tools -> profile table -> file or standard
output, and what became of every file.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from planner.cli.terminal.frame import framed_command, framed_write, notify, warn
from profiles.importers.identify import Given, checked_identity, read_identifying_mapping
from profiles.importers.pipeline import Imported, pipeline_lines, run_import_pipeline
from profiles.io.faults import Fault
from profiles.io.output_target import TargetKind, find_target
from profiles.io.writing import check_writable, safely_written_cell, write_csv
from profiles.plugins.entry_points import load_plugins
from profiles.plugins.own_entry_points import PluginGroup

__all__ = [
    "ImportOptions",
    "given_for_profile_import",
    "kept_by_profile_import",
    "output_profile_import",
    "run_profile_import",
]

SKIPPED_LISTED = 5


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """Options of the command.

    out: path of the table (None: standard output); append: keep the rows that are there.
    """

    llm: str | None = None
    gpu: str | None = None
    tp: int | None = None
    share: float | None = None
    replicas: int | None = None
    gpus_per_replica: int | None = None
    neighbours: str | None = None
    mapping: Path | None = None
    out: Path | None = None
    append: bool = False
    quiet: bool = False


@framed_command
def run_profile_import(files: Sequence[Path], options: ImportOptions) -> int:
    """Import, write and report; return the exit code: 0, or 2 for bad input (then nothing is
    written).
    """
    faults: list[Fault] = []
    notify(load_plugins(PluginGroup.IMPORTERS).notices, quiet=options.quiet)
    given = given_for_profile_import(options, faults)
    imported = run_import_pipeline(files, given, kept_by_profile_import(options, faults), faults)
    if not options.quiet:
        warn(_profile_import_lines(imported))
    return output_profile_import(imported.frame, imported.kept, options)


def given_for_profile_import(options: ImportOptions, faults: list[Fault]) -> Given:
    """What command line and mapping file say, checked."""
    line: dict[str, Any] = {}
    for key in ("llm", "gpu", "tp", "share", "replicas", "gpus_per_replica", "neighbours"):
        value = getattr(options, key)
        if value is not None:
            line |= checked_identity({key: value}, f"--{key.replace('_', '-')}", "", faults)
    return (
        Given(line)
        if options.mapping is None
        else read_identifying_mapping(options.mapping, line, faults)
    )


def kept_by_profile_import(options: ImportOptions, faults: list[Fault]) -> Path | None:
    """The table whose rows --append keeps; None where there is none. Faults, or WriteError, where
    --out cannot be written.
    """
    if options.out is not None:
        check_writable(options.out, "--out")
    elif options.append:
        faults.append(Fault("--append", "", "", "no table to append to", "name it by --out"))
    if not options.append or options.out is None or not options.out.exists():
        return None
    # A FIFO or a stream would be waited for, and written behind what it holds.
    if find_target(options.out).kind != TargetKind.REPLACED:
        problem = "--append keeps the rows of a table, and this is not a regular file"
        faults.append(Fault(str(options.out), "", "", problem, "name a table, or leave it out"))
        return None
    return options.out


def _profile_import_lines(imported: Imported) -> list[str]:
    lines = [line for file in imported.files for line in pipeline_lines(file)]
    for file, reason in imported.passed[:SKIPPED_LISTED]:
        lines.append(f"{file}: passed over: {reason}")
    if len(imported.passed) > SKIPPED_LISTED:
        lines.append(
            f"and {len(imported.passed) - SKIPPED_LISTED} more files of the folder passed over"
        )
    return lines + [f"Notice: {notice}" for notice in dict.fromkeys(imported.notices)]


def output_profile_import(frame: pd.DataFrame, kept_rows: int, options: ImportOptions) -> int:
    """Write the table, of which some rows were there before; 0, or BAD_INPUT when the file could
    not be written after all.
    """
    if options.out is None:
        frame.rename(columns=safely_written_cell).map(safely_written_cell).to_csv(
            sys.stdout, index=False, float_format="%.12g", lineterminator="\n"
        )
        return 0
    replaced = (
        "" if kept_rows or not options.out.exists() else ", in place of the file that was there"
    )
    where = options.out
    if code := framed_write(where, lambda: write_csv(frame, where)):
        return code
    curves = frame[["llm", "gpu", "tp_degree", "mps_share_pct"]].drop_duplicates()
    kept = f", {kept_rows} of them kept" if kept_rows else ""
    warn(
        [
            f"{_count(len(frame), 'point')} of {_count(len(curves), 'option')} written to"
            f" {options.out}{kept}{replaced}"
        ]
    )
    return 0


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
