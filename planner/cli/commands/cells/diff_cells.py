"""The command `diff` on two plans over classes and cases: what changes, setup by setup and cell by
cell.
"""

from collections.abc import Callable
from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
    print_heading,
)
from planner.plans.cells.cells_plan import CellsPlan
from planner.plans.changes.cells_diff import diff_cells_plans
from planner.plans.changes.diff import PlanDiff
from planner.presentation.cells.cells_diff import (
    cells_diff_case_table,
    cells_diff_head_line,
    cells_diff_lines,
    cells_diff_routing_table,
    cells_diff_setup_title,
)

__all__ = ["run_diff_cells"]


def run_diff_cells(
    old: CellsPlan, new: CellsPlan, print_steps: Callable[[Console, PlanDiff], None]
) -> int:
    """Compare and print; return the exit code. print_steps: of one setup, as of two plans."""
    before, after = (plan.demand_setup().content for plan in (old, new))
    diff, console = diff_cells_plans(before, after), plain_output_console()
    for word, content in (("from", before), ("to", after)):
        output_line(console, cells_diff_head_line(word, content))
    output_lines(console, "What differs", cells_diff_lines(before, after, diff))
    for change in diff.setups:
        if len(diff.setups) > 1:
            print_heading(console, cells_diff_setup_title(change.cases, len(diff.setups)))
        print_steps(console, change.diff)
    output_table(console, "Cases", cells_diff_case_table(before, after), CASES)
    routing = cells_diff_routing_table(diff)
    if len(routing):
        output_table(console, "Routing, where it changes", routing, ROUTING)
    else:
        output_line(console, "Routing: no class is routed otherwise in any case of both plans.")
    return 0


def _written(form: str) -> Callable[[Any], str]:
    def written(value: Any) -> str:
        return "-" if value is None or pd.isna(value) else format(value, form)

    return written


CASES: list[Column] = [
    ("Case", "case", str),
    ("Quality before", "quality\nbefore", _written(".4f")),
    ("Quality after", "\nafter", _written(".4f")),
    ("GPUs before", "GPUs\nbefore", _written(".0f")),
    ("GPUs after", "\nafter", _written(".0f")),
    ("USD/h before", "USD/h\nbefore", _written(",.2f")),
    ("USD/h after", "\nafter", _written(",.2f")),
]
ROUTING: list[Column] = [
    *(("Case", "case", str), ("Class", "class", str), ("LLM", "LLM", str)),
    ("Before (%)", "before\n(%)", _written(".2f")),
    ("After (%)", "after\n(%)", _written(".2f")),
    ("Change (% points)", "change\n(% points)", _written("+.2f")),
]
