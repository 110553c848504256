"""The command `check` on a scenario with classes, cases, LLMs outside or a budget."""

from rich.console import Console

from models.demand.requests import DemandInstance
from planner.cell_solution import CellSolution
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.cli.terminal.progress import with_progress
from planner.presentation.cells.cell_crosscheck import (
    cell_crosscheck_lines,
    cell_crosscheck_table,
    cell_crosscheck_verdict_line,
)
from planner.scenario.assemble import LoadResult
from planner.studies.cell_crosscheck import CellCrossCheck, crosscheck_cell_plans
from planner.studies.crosscheck import CheckVerdict

__all__ = ["run_cell_check"]

STYLES = {
    CheckVerdict.AGREE: "bold green",
    CheckVerdict.BRACKETS: "bold green",
    CheckVerdict.OPEN: "bold yellow",
    CheckVerdict.DISAGREE: "bold red",
}


def run_cell_check(
    loaded: LoadResult, demand: DemandInstance, interrupt: Interrupt, *, quiet: bool
) -> CellCrossCheck:
    """Plan, check by the decomposition and print. demand: that of `loaded`."""
    solution, check = with_progress(
        lambda progress, cancel: crosscheck_cell_plans(
            loaded, demand, progress=progress, cancel=cancel
        ),
        interrupt,
        show=not quiet,
    )
    console = plain_output_console()
    output_line(console, _checked_cells_line(loaded.scenario.spec.name, demand))
    _print_cell_check(console, demand, solution, check, quiet=quiet)
    return check


def _checked_cells_line(name: str, demand: DemandInstance) -> str:
    classes, cases = len(demand.classes), len(demand.cases)
    counts = [
        f"{count} {word if count == 1 else words}"
        for count, word, words in ((classes, "class", "classes"), (cases, "case", "cases"))
    ]
    return f"{name}: {' in '.join(counts)}"


def _print_cell_check(
    console: Console,
    demand: DemandInstance,
    solution: CellSolution,
    check: CellCrossCheck,
    *,
    quiet: bool,
) -> None:
    """Print the verdict with its reasons, the cases, and what was compared."""
    output_line(console, cell_crosscheck_verdict_line(check, solution), STYLES[check.verdict])
    for reason in check.reasons:
        output_line(console, reason, "red", indent=2)
    if quiet:
        return
    if check.cases:
        title = "Cases on the plan's setups (mean score)"
        output_table(console, title, cell_crosscheck_table(check, demand), COLUMNS)
    output_lines(console, "What was compared", cell_crosscheck_lines(check, solution, demand))


def _mean_score(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.6f}"


COLUMNS: tuple[Column, ...] = (
    ("Case", "case", str),
    ("Classes", "classes", "{:.0f}".format),
    ("Plan", "plan", _mean_score),
    ("Decomposition", "decomposition", _mean_score),
    ("Best possible", "best possible", _mean_score),
    ("Verdict", "verdict", str),
)
