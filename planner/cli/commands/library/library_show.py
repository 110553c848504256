"""The commands `library show` and `library compare`: kept plans reported and compared, as plan.json
files are.
"""

import json
import sys

from rich.console import Console

from planner.cli.commands.diff import print_diff_of_plans
from planner.cli.terminal.cells_report import print_cells_report
from planner.cli.terminal.frame import framed_command, warn
from planner.cli.terminal.output import output_line, output_lines, plain_output_console
from planner.cli.terminal.plan_report import print_plan_report
from planner.library.kept_input import (
    KeptContent,
    load_kept_plan,
    load_kept_scenario,
    opened_kept_content,
    read_kept_content,
)
from planner.library.kept_record import RecordKind
from planner.library.library_database import open_library_database
from planner.library.record_search import find_record
from planner.library.record_table import kept_record_lines
from planner.plans.cells.cells_plan import CellsPlan, CellsPlanAndScenario
from planner.plans.plan_and_scenario import PlanAndScenario, unverified_line
from planner.plans.record import Plan

__all__ = ["run_library_compare", "run_library_show"]


@framed_command
def run_library_show(reference: str, *, as_json: bool, unverified: bool) -> int:
    """Print a record: a plan's whole report, a scenario's files, a study's JSON; 0.

    as_json: plan.json, study.json or the record alone.
    """
    library = open_library_database()
    kept = read_kept_content(library, find_record(library, reference))
    console = plain_output_console()
    with opened_kept_content(kept) as folder:
        if kept.record.kind == RecordKind.PLAN:
            source = load_kept_plan(kept, folder, unverified=unverified)
            _warn_of_unverified_record(kept, source)
            if not as_json:
                _print_kept_plan(kept, source, console)
                return 0
        else:
            load_kept_scenario(kept, folder)
    if as_json:
        record = (json.dumps(kept.record.as_json(), indent=1) + "\n").encode()
        sys.stdout.write((kept.content or record).decode())
        return 0
    _print_kept_head(kept, console)
    files = [f"{len(content):,} bytes  {name}" for name, content in kept.input.files.items()]
    files += [f"{len(kept.content):,} bytes  study.json"] if kept.content is not None else []
    output_lines(console, "Files (library export writes them)", files)
    return 0


@framed_command
def run_library_compare(old: str, new: str, *, unverified: bool) -> int:
    """Print what differs between two kept plans, as `diff`; its exit code."""
    library = open_library_database()
    plans: list[Plan | CellsPlan] = []
    names: list[str] = []
    for reference in (old, new):
        record = find_record(library, reference, RecordKind.PLAN)
        kept = read_kept_content(library, record)
        with opened_kept_content(kept) as folder:
            source = load_kept_plan(kept, folder, unverified=unverified)
        _warn_of_unverified_record(kept, source)
        plans.append(source.plan)
        names.append(f"{kept.words} ({record.name})")
    output_line(plain_output_console(), f"{names[0]} -> {names[1]}")
    return print_diff_of_plans(plans[0], plans[1], (names[0], names[1]))


def _print_kept_plan(
    kept: KeptContent, source: PlanAndScenario | CellsPlanAndScenario, console: Console
) -> None:
    """Print the head of the record and the report of its plan."""
    _print_kept_head(kept, console)
    console.print()
    if isinstance(source, CellsPlanAndScenario):
        print_cells_report(source.plan.content, console, source.demand)
    else:
        print_plan_report(source.plan, console)


def _print_kept_head(kept: KeptContent, console: Console) -> None:
    head, *rest = kept_record_lines(kept.record)
    output_line(console, head, "bold")
    for line in rest:
        output_line(console, line)


def _warn_of_unverified_record(
    kept: KeptContent, source: PlanAndScenario | CellsPlanAndScenario
) -> None:
    if source.problems:
        warn([unverified_line(kept.words, source.problems)])
