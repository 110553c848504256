"""The command `export`: a plan -> a folder with what starts its servers and what routes requests
among them.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from planner.cli.terminal.frame import framed, put, warn
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import plain_console, print_line
from planner.cli.terminal.progress import with_progress
from planner.errors import DataError
from planner.export.bundle import Bundle, bundle, kinds_asked, needs_prices, stated_date
from planner.operation.price_table import PriceTable, build_price_table
from planner.plans.plan_and_scenario import PlanAndScenario, load_plan
from profiles.io.faults import Fault
from profiles.io.writing import write_whole

__all__ = ["Asked", "run_export"]


@dataclass(frozen=True)
class Asked:
    """What is asked. only: as --only; scenario: where it is not where the plan says."""

    to: Path
    only: str | None
    scenario: str | None
    quiet: bool


@framed
def run_export(plan: Path, asked: Asked, interrupt: Interrupt) -> int:
    """Write the bundle and tell it; the exit code.

    Nothing is overwritten: the folder is new or empty.
    """
    kinds = None if asked.only is None else kinds_asked(asked.only)
    on = stated_date()
    check_new_folder(asked.to)
    source = load_plan(plan, None if asked.scenario is None else Path(asked.scenario))
    bundle(source, on, kinds)  # all that can be refused is refused before prices are computed
    found = bundle(source, on, kinds, _prices(source, kinds, asked.quiet, interrupt))
    code = put(asked.to, lambda: write_bundle(found, asked.to))
    if code:
        return code
    _tell(found, asked)
    return 0


def check_new_folder(folder: Path) -> None:
    """Raise DataError unless the bundle can be put there: operators edit its files, so nothing is
    overwritten.
    """
    problem, mend = "", "name another folder"
    try:
        above = next(place for place in (folder, *folder.resolve().parents) if place.exists())
        if folder.exists() and not folder.is_dir():
            problem = "this is a file, not a folder"
        elif folder.is_dir() and any(folder.iterdir()):
            problem, mend = (
                "the folder is not empty, and nothing is overwritten",
                "name a new folder, or empty this one",
            )
        elif not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            problem = f"nothing can be written in {above}"
    except (OSError, ValueError) as error:
        problem = f"the folder cannot be looked into ({getattr(error, 'strerror', None) or error})"
    if problem:
        raise DataError([Fault(str(folder), "", "", problem, mend)])


def write_bundle(found: Bundle, folder: Path) -> None:
    """Write every file whole, README.md last: where it stands the bundle is complete.

    OSError when that is not possible.
    """
    for name in sorted(found.files, key=lambda name: (name == "README.md", name)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = found.files[name]
        write_whole(path, lambda stream, text=text: stream.write(text))  # type: ignore[misc]
        if name in found.executable:
            mode = path.stat().st_mode
            path.chmod(mode | (mode & 0o444) >> 2)


def _prices(
    source: PlanAndScenario, kinds: list[str] | None, quiet: bool, interrupt: Interrupt
) -> PriceTable | None:
    """Compute prices over load where a router is exported."""
    if not needs_prices(kinds):
        return None
    return with_progress(
        lambda progress, cancel: build_price_table(source, progress=progress, cancel=cancel),
        interrupt,
        show=not quiet,
    )


def _tell(found: Bundle, asked: Asked) -> None:
    """Tell what was written, what was left out and what is to be set."""
    warn(
        [
            f"Not exported: {kind}, {reason}"
            for kind, reasons in found.left_out.items()
            for reason in reasons
        ]
    )
    warn([f"To do: {caution}" for caution in found.cautions])
    console = plain_console()
    print_line(console, f"{len(found.files)} files written to {asked.to}; begin with README.md")
    if not asked.quiet:
        for name in sorted(found.files):
            print_line(console, f"  {name}")
