"""The command `diff`: two plans -> what changes, and the steps from one to the other."""

from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.terminal.frame import framed_command, warn
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.plans.changes.diff import PlanDiff, diff_plans
from planner.plans.numbers import tidy
from planner.plans.plan_and_scenario import load_plan_to_compare
from planner.presentation.comparison_lines import comparison_lines
from planner.presentation.diff import diff_line, diff_tables

__all__ = ["run_diff"]


@framed_command
def run_diff(old: Path, new: Path, *, unverified: bool = False) -> int:
    """Compare and print; return the exit code."""
    read = [load_plan_to_compare(path, unverified=unverified) for path in (old, new)]
    warn([line for _, line in read if line])
    contents = [plan.demand_setup().content for plan, _ in read]
    _print_diff(plain_output_console(), contents, diff_plans(*contents))
    return 0


def _print_diff(console: Console, contents: list[Any], difference: PlanDiff) -> None:
    for word, content in zip(("from", "to"), contents, strict=True):
        objective = content["objective"]
        output_line(
            console,
            f"{word}: {content['scenario']}, {objective['of']} {objective['value']:.5f},"
            f" {content['gpus_used']} GPUs used",
        )
    output_lines(console, "What differs", comparison_lines(*contents))
    frames = diff_tables(difference)
    output_line(console, diff_line(difference), "bold")
    if difference.steps:
        columns: list[Column] = [
            ("LLM", "LLM", str),
            ("Pool", "pool", str),
            ("TP degree (GPUs)", "tp", str),
            ("MPS share (%)", "share\n(%)", _plain),
        ]
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
    columns = [
        ("LLM", "LLM", str),
        *((h, h.replace(" (", "\n("), _share) for h in frames["routing_change"].columns[1:]),
    ]
    output_table(console, "Routing", frames["routing_change"], columns)


def _plain(value: Any) -> str:
    return str(tidy(float(value)))


def _share(value: Any) -> str:
    return f"{value:+.2f}" if value < 0 else f"{value:.2f}"
