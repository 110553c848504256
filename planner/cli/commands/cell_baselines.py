"""The command `baselines` on a scenario with classes, cases, LLMs outside or a budget."""

from typing import TYPE_CHECKING

from planner.cell_solution import CellBaseline
from planner.cells.cell_baselines import compare_cell_baselines
from planner.cli.terminal.cells_report import print_cells_verdict
from planner.cli.terminal.frame import EXIT_CODES, framed_csv_write
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import (
    Column,
    Format,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.cli.terminal.progress import with_progress
from planner.plans.cells.cells_content import build_cells_plan
from planner.presentation.cells.cell_baselines import CELL_BASELINE_WORDS, cell_baseline_table

if TYPE_CHECKING:
    from planner.scenario.assemble import LoadResult

__all__ = ["run_cell_baselines"]


def run_cell_baselines(
    loaded: "LoadResult", interrupt: Interrupt, csv: str | None, *, quiet: bool
) -> int:
    """Plan, try the simpler ways, print and write the table; the exit code."""
    demand, settings = loaded.demand, loaded.settings
    if demand is None:
        raise AssertionError("a scenario without cells has baselines of its own")
    joint, baselines = with_progress(
        lambda progress, cancel: compare_cell_baselines(
            demand, settings, progress=progress, cancel=cancel
        ),
        interrupt,
        show=not quiet,
    )
    console = plain_output_console()
    print_cells_verdict(build_cells_plan(loaded, demand, joint, settings, {}), console)
    if joint.plan is None:
        return EXIT_CODES[joint.status]
    frame = cell_baseline_table(demand, joint, baselines)
    output_table(console, "Simpler ways, each held against the whole demand", frame, COLUMNS)
    output_lines(console, "What they are", _cell_baseline_lines(baselines))
    stopped = EXIT_CODES["feasible"] if interrupt.cancel.is_set() else 0
    return max(EXIT_CODES[joint.status], stopped, framed_csv_write(frame, csv, "rows"))


def _cell_baseline_lines(baselines: list[CellBaseline]) -> list[str]:
    return [f"{one.kind}: {CELL_BASELINE_WORDS[one.kind]}" for one in baselines]


def _cell_number(digits: str) -> Format:
    def written(value: float | None) -> str:
        return "-" if value is None or value != value else format(value, digits)

    return written


COLUMNS: tuple[Column, ...] = (
    ("Plan", "plan", str),
    ("GPUs", "GPUs", _cell_number(".0f")),
    ("USD/h", "USD/h", _cell_number(",.2f")),
    ("Quality", "quality", _cell_number(".5f")),
    ("Joint gains", "joint gains", _cell_number("+.5f")),
    ("Breaks", "breaks", str),
)
