"""The command `init --from-tables`: a scenario around a profile table and a score table."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from planner.cli.terminal.frame import framed_command, framed_write, notify
from planner.errors import DataError
from planner.program import PROGRAM
from planner.scenario.starting.from_tables import scenario_text_from_tables
from profiles.io.faults import Fault
from profiles.io.output_folder import put_folder

__all__ = ["run_init_from_tables"]

FILE = "scenario.yaml"


@framed_command
def run_init_from_tables(
    profiles: Path, scores: Path, folder: Path | None, refused: Sequence[str] = ()
) -> int:
    """Write scenario.yaml, overwriting nothing; return the exit code. folder: default, this one.

    The tables stay where they are; the scenario names them. refused: other options given, which
    have no meaning here.
    """
    target = (folder or Path()) / FILE
    faults = [
        Fault("init", option, "", f"{option} has no meaning with --from-tables", "leave it out")
        for option in refused
    ]
    if target.exists():
        problem = "the file exists already, and nothing is overwritten"
        faults.append(Fault(str(target), "", "", problem, "name another folder"))
    if faults:
        raise DataError(faults)
    named = (_path_in_scenario(profiles, target), _path_in_scenario(scores, target))
    name = "".join(c for c in target.resolve().parent.name if c.isprintable()) or "scenario"
    text, notices = scenario_text_from_tables(profiles, scores, named, name)
    notify(notices)
    if code := framed_write(target, lambda: _write_scenario_file(target, text)):
        return code
    print(f"wrote {target}")
    print(f"next: look at its first lines, then {PROGRAM} plan {target}", file=sys.stderr)
    return 0


def _path_in_scenario(table: Path, target: Path) -> str:
    """The table's path relative to the scenario's folder; absolute on another drive."""
    try:
        return Path(os.path.relpath(table, target.parent)).as_posix()
    except ValueError:
        return table.resolve().as_posix()


def _write_scenario_file(target: Path, text: str) -> None:
    with put_folder(target.parent) as place:
        (place / FILE).write_text(text, encoding="utf-8")
