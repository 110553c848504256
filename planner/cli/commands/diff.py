"""The command `diff`: two plans -> what changes, and the steps from one to the other."""

from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.commands.cells.diff_cells import run_diff_cells
from planner.cli.terminal.frame import framed_command, warn
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.errors import DataError
from planner.plans.cells.any_plan import load_any_plan_to_compare
from planner.plans.cells.cells_plan import CellsPlan
from planner.plans.changes.diff import PlanDiff, diff_plans
from planner.plans.numbers import tidy
from planner.plans.record import Plan
from planner.plans.schema import PlanContent
from planner.presentation.comparison_lines import comparison_lines
from planner.presentation.diff import diff_line, diff_tables
from planner.presentation.formatting import format_objective
from profiles.io.faults import Fault

__all__ = ["print_diff_of_plans", "run_diff"]


@framed_command
def run_diff(old: Path, new: Path, *, unverified: bool = False) -> int:
    """Compare and print; return the exit code."""
    read = [load_any_plan_to_compare(path, unverified=unverified) for path in (old, new)]
    warn([line for _, line in read if line])
    before, after = (plan for plan, _ in read)
    return print_diff_of_plans(before, after, (str(old), str(new)))


def print_diff_of_plans(
    before: Plan | CellsPlan, after: Plan | CellsPlan, names: tuple[str, str]
) -> int:
    """Print what differs between two plans; 0. names: how messages call them.

    DataError where one alone has classes and cases, SolveError where one has no setup.
    """
    if isinstance(before, CellsPlan) and isinstance(after, CellsPlan):
        return run_diff_cells(before, after, _print_steps)
    if isinstance(before, CellsPlan) or isinstance(after, CellsPlan):
        raise DataError([_different_kinds(names, first_has_cells=isinstance(before, CellsPlan))])
    contents = [plan.demand_setup().content for plan in (before, after)]
    _print_diff(plain_output_console(), contents, diff_plans(*contents))
    return 0


def _different_kinds(names: tuple[str, str], *, first_has_cells: bool) -> Fault:
    """The fault of two plans that cannot be compared."""
    cells, other = names if first_has_cells else names[::-1]
    problem = f"this plan is of classes and cases (schema 2), {other} of one class in one case"
    fix = "plan both for the same classes and cases, and compare those"
    return Fault(cells, "schema", "2", problem, fix)


def _print_diff(console: Console, contents: list[Any], difference: PlanDiff) -> None:
    for word, content in zip(("from", "to"), contents, strict=True):
        output_line(console, f"{word}: {content['scenario']}, {_plan_in_diff(content)}")
    output_lines(console, "What differs", comparison_lines(*contents))
    _print_steps(console, difference)
    columns: list[Column] = [
        ("LLM", "LLM", str),
        *(
            (h, h.replace(" (", "\n("), _share)
            for h in diff_tables(difference)["routing_change"].columns[1:]
        ),
    ]
    output_table(console, "Routing", diff_tables(difference)["routing_change"], columns)


def _plan_in_diff(content: PlanContent) -> str:
    """Objective with its unit, GPUs, and the nodes that the plan has decided."""
    nodes = [
        f"{one['nodes']} node{'' if one['nodes'] == 1 else 's'} of {one['pool']} (decided)"
        for one in content.get("pools", ())
    ]
    objective = format_objective(content, content["objective"]["value"])
    return ", ".join([objective, f"{content['gpus_used']} GPUs used", *nodes])


def _print_steps(console: Console, difference: PlanDiff) -> None:
    """Print how replicas change, and in which order."""
    frames = diff_tables(difference)
    output_line(console, diff_line(difference), "bold")
    if difference.steps:
        columns: list[Column] = [
            ("LLM", "LLM", str),
            ("Pool", "pool", str),
            ("TP degree (GPUs)", "tp", str),
            ("MPS share (%)", "share\n(%)", _plain),
        ]
        columns += [("MIG profile", "MIG", str)] if "MIG profile" in frames["changes"] else []
        columns += [(name, name.lower(), str) for name in ("Stay", "Move", "New", "Gone")]
        output_table(console, "Options that change (replicas)", frames["changes"], columns)
        wanted = ("Step", "Do", "LLM", "Option", "Pool", "Node", "GPUs")
        last: Column = (
            "Capacity short (req/s)",
            "then short\n(req/s)",
            lambda value: "" if pd.isna(value) else str(value),
        )
        output_table(
            console,
            "Steps",
            frames["steps"],
            [*((name, name.lower(), str) for name in wanted), last],
        )
        read = [
            "Start a replica and wait until it is healthy before the next step; drain one before it"
            " stops."
        ]
        read += (
            [
                "Then short: how far an LLM's highest rate lies below the smaller of both plans'"
                " after the step."
            ]
            if difference.drops
            else []
        )
        output_lines(console, "How to read this", read)


def _plain(value: Any) -> str:
    return str(tidy(float(value)))


def _share(value: Any) -> str:
    return f"{value:+.2f}" if value < 0 else f"{value:.2f}"
