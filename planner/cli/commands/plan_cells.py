"""The command `plan` on a scenario with classes, cases, LLMs outside or a budget."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cells.lost_node_table import lost_node_table
from planner.cells.solve import solve_cells
from planner.cli.terminal.cells_report import print_cells_report, print_cells_verdict
from planner.cli.terminal.frame import EXIT_CODES, framed_write
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import plain_output_console
from planner.cli.terminal.progress import with_progress
from planner.errors import DataError
from planner.export.cells.cells_report_files import write_cells_report_files
from planner.plans.cells.cells_content import build_cells_plan
from planner.plans.plan_file import plan_file_text, write_plan_content
from planner.presentation.cells.lost_nodes import lost_nodes_content
from profiles.io.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.cli.commands.plan import PlanOutputs
    from planner.scenario.assemble import LoadResult

__all__ = ["refuse_plan_options_with_cells", "run_plan_cells"]


def refuse_plan_options_with_cells(scenario: Path, options: "Mapping[str, bool]") -> None:
    """Raise DataError where options are given that do not know cells yet. options: name -> whether
    it is given.
    """
    faults = [
        Fault(
            str(scenario),
            name,
            "",
            "this option of plan does not know classes, cases, LLMs outside or a budget yet",
            "leave it out; --json writes the whole plan",
        )
        for name, given in options.items()
        if given
    ]
    if faults:
        raise DataError(faults)


def run_plan_cells(
    loaded: "LoadResult",
    interrupt: Interrupt,
    outputs: "PlanOutputs",
    seconds: float,
    *,
    what_if_lost: bool,
    quiet: bool,
) -> int:
    """Plan, write and report; the exit code. seconds: spent on loading."""
    demand = loaded.demand
    if demand is None:
        raise AssertionError("a scenario without cells is planned as one")
    settings = loaded.settings
    solution = with_progress(
        lambda progress, cancel: solve_cells(demand, settings, progress=progress, cancel=cancel),
        interrupt,
        show=not quiet,
    )
    content = build_cells_plan(loaded, demand, solution, settings, {"load": seconds})
    if what_if_lost and solution.plan is not None and not interrupt.cancel.is_set():
        lost = lost_node_table(demand, solution.plan.setups, settings, interrupt.cancel)
        pools = [pool.name for pool in demand.instance.pools]
        cases = [case.name for case in demand.cases]
        content["context"]["lost_nodes"] = lost_nodes_content(lost, pools, cases)
    code, json = EXIT_CODES[solution.status], outputs.json
    written: dict[str, str] = {}
    if json is not None and json != "-":
        failed = framed_write(json, lambda: write_plan_content(content, json))
        code, written = max(code, failed), ({} if failed else {"plan.json": json})
    if where := outputs.xlsx or outputs.charts:
        files = (outputs.xlsx, outputs.charts)
        failed = framed_write(
            where, lambda: written.update(write_cells_report_files(content, loaded, *files))
        )
        code = max(code, failed)
    console = plain_output_console()
    if json == "-":
        sys.stdout.write(plan_file_text(content))
    elif quiet:
        print_cells_verdict(content, console)
    else:
        print_cells_report(content, console, written)
    return code
