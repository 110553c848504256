"""The command `profile import`: files of benchmark tools -> profile table -> file or standard
output, and what became of every file.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.cli.terminal.frame import framed, put, warn
from profiles.importers.identify import Given, checked, read_mapping
from profiles.importers.pipeline import Imported, import_profiles, lines_of
from profiles.io.faults import Fault
from profiles.io.writing import check_writable, safe_cell, write_csv

__all__ = ["Wanted", "run_profile_import"]

PASSED_TOLD = 5


@dataclass(frozen=True)
class Wanted:
    """What is asked beside the files.

    out: path of the table (None: standard output); append: keep the rows that are there.
    """

    llm: str | None = None
    gpu: str | None = None
    tp: int | None = None
    share: float | None = None
    replicas: int | None = None
    mapping: Path | None = None
    out: Path | None = None
    append: bool = False
    quiet: bool = False


@framed
def run_profile_import(files: Sequence[Path], wanted: Wanted) -> int:
    """Import, write and tell; return the exit code: 0, or 2 for bad input (then nothing is
    written).
    """
    faults: list[Fault] = []
    given = _given(wanted, faults)
    if wanted.out is not None:
        check_writable(wanted.out, "--out")
    elif wanted.append:
        faults.append(
            Fault("--append", "", "", "there is no table to append to", "name it by --out")
        )
    before = (
        wanted.out if wanted.append and wanted.out is not None and wanted.out.exists() else None
    )
    found = import_profiles(files, given, before, faults)
    if not wanted.quiet:
        warn(_told(found))
    return _hand_out(found, wanted)


def _given(wanted: Wanted, faults: list[Fault]) -> Given:
    """What command line and mapping file say, checked."""
    line: dict[str, Any] = {}
    for key in ("llm", "gpu", "tp", "share", "replicas"):
        value = getattr(wanted, key)
        if value is not None:
            line |= checked({key: value}, f"--{key}", "", faults)
    return Given(line) if wanted.mapping is None else read_mapping(wanted.mapping, line, faults)


def _told(found: Imported) -> list[str]:
    lines = [line for told in found.files for line in lines_of(told)]
    for file, reason in found.passed[:PASSED_TOLD]:
        lines.append(f"{file}: passed over: {reason}")
    if len(found.passed) > PASSED_TOLD:
        lines.append(f"and {len(found.passed) - PASSED_TOLD} more files of the folder passed over")
    return lines + [f"Notice: {notice}" for notice in dict.fromkeys(found.notices)]


def _hand_out(found: Imported, wanted: Wanted) -> int:
    """Write the table; 0, or BAD_INPUT when the file could not be written after all."""
    frame = found.frame
    if wanted.out is None:
        frame.rename(columns=safe_cell).map(safe_cell).to_csv(
            sys.stdout, index=False, float_format="%.12g", lineterminator="\n"
        )
        return 0
    replaced = (
        "" if found.kept or not wanted.out.exists() else ", in place of the file that was there"
    )
    where = wanted.out
    if code := put(where, lambda: write_csv(frame, where)):
        return code
    options = frame[["llm", "gpu", "tp_degree", "mps_share_pct"]].drop_duplicates()
    kept = f", {found.kept} of them kept" if found.kept else ""
    warn(
        [
            f"{_count(len(frame), 'point')} of {_count(len(options), 'option')} written to"
            f" {wanted.out}{kept}{replaced}"
        ]
    )
    return 0


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
