"""The command `plan` on a scenario with classes, cases, LLMs outside or a budget."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.instance import ObjectiveKind
from planner.cells.lost_node_table import lost_node_table
from planner.cli.commands.keep_plan import keep_plan_in_library
from planner.cli.terminal.cells_report import print_cells_report, print_cells_verdict
from planner.cli.terminal.frame import EXIT_CODES, framed_write, notify
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import plain_output_console
from planner.cli.terminal.progress import with_progress
from planner.errors import DataError
from planner.export.cells.cells_report_files import write_cells_report_files
from planner.plans.cells.cells_content import build_cells_plan
from planner.plans.changes.starting_cycle import (
    demand_from_running_cycle,
    read_starting_cycle,
    start_of_cycle,
    starting_cycle_lines,
)
from planner.plans.changes.starting_plan import (
    instance_from_running,
    read_starting_plan,
    start_of_plan,
    starting_plan_lines,
)
from planner.plans.plan_file import plan_file_text, write_plan_content
from planner.presentation.cells.lost_nodes import lost_nodes_content
from planner.sizing.cell_sizing import solve_sized_cells
from profiles.io.faults import Fault

if TYPE_CHECKING:
    from models.demand.requests import DemandInstance
    from planner.cli.commands.plan import PlanOptions, PlanOutputs
    from planner.scenario.assemble import LoadResult

__all__ = [
    "refuse_plan_options_with_cells",
    "refuse_plan_options_with_sizing",
    "refuse_price_without_cost",
    "run_plan_cells",
]


def refuse_plan_options_with_cells(scenario: Path, options: Mapping[str, bool]) -> None:
    """Raise DataError where options are given that do not know cells yet. options: name -> whether
    it is given.
    """
    problem = "this option of plan does not know classes, cases, LLMs outside or a budget yet"
    _refuse_plan_options(scenario, options, problem, "leave it out; --json writes the whole plan")


def refuse_plan_options_with_sizing(scenario: Path, options: Mapping[str, bool]) -> None:
    """The same of options that do not go with numbers of nodes to be decided."""
    problem = "this option of plan does not go with numbers of nodes that the plan decides"
    fix = "leave it out, or write the decided numbers with --set pools.0.nodes=NUMBER"
    _refuse_plan_options(scenario, options, problem, fix)


def _refuse_plan_options(
    scenario: Path, options: Mapping[str, bool], problem: str, fix: str
) -> None:
    faults = [
        Fault(str(scenario), name, "", problem, fix) for name, given in options.items() if given
    ]
    if faults:
        raise DataError(faults)


def refuse_price_without_cost(loaded: "LoadResult", options: "PlanOptions") -> None:
    """Raise DataError where changes have a price, although no cost is decided on."""
    demand = loaded.demand
    budget = demand is not None and demand.cost_at_most is not None
    if options.change_price is None or budget or loaded.instance.objective == ObjectiveKind.COST:
        return
    problem = "quality is maximised whatever it costs, so that a price of changes decides nothing"
    fix = (
        "minimise cost, set objective.cost_at_most_usd_per_h, or limit changes with"
        " --most-changes N"
    )
    raise DataError([Fault(str(loaded.scenario.path), "--change-usd", "", problem, fix)])


def run_plan_cells(
    loaded: "LoadResult",
    interrupt: Interrupt,
    outputs: "PlanOutputs",
    seconds: float,
    options: "PlanOptions",
    *,
    quiet: bool,
) -> int:
    """Plan, write and report; the exit code. seconds: spent on loading."""
    demand = loaded.demand
    if demand is None:
        raise AssertionError("a scenario without cells is planned as one")
    settings = loaded.settings
    asked, stated = _from_what_runs(loaded, demand, options, quiet=quiet)
    demand, solution = with_progress(
        lambda progress, cancel: solve_sized_cells(
            asked, settings, progress=progress, cancel=cancel
        ),
        interrupt,
        show=not quiet,
    )
    # Only the search knows what runs: the plan is one of the scenario.
    demand = replace(demand, instance=replace(demand.instance, running=None), runs=())
    loaded = replace(loaded, instance=demand.instance, demand=demand)
    content = build_cells_plan(loaded, demand, solution, settings, {"load": seconds}, stated)
    if options.what_if_lost and solution.plan is not None and not interrupt.cancel.is_set():
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
    failed, kept = keep_plan_in_library(content, loaded, outputs)
    code, written = max(code, failed), written | kept
    console = plain_output_console()
    if json == "-":
        sys.stdout.write(plan_file_text(content))
    elif quiet:
        print_cells_verdict(content, console)
    else:
        print_cells_report(content, console, demand, written)
    return code


Stated = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""From the content of a plan to what its context says of the one that it starts from."""


def _from_what_runs(
    loaded: "LoadResult", demand: "DemandInstance", options: "PlanOptions", *, quiet: bool
) -> tuple["DemandInstance", Stated | None]:
    """The demand with what runs when its plan begins, and what the plan says of it; DataError where
    it cannot be a plan to start from, or where a price of changes decides nothing.
    """
    if options.start is None:
        return demand, None
    refuse_price_without_cost(loaded, options)
    if len(demand.setups) == 1:
        price = options.change_price
        begin = read_starting_plan(options.start, options.most_changes, price)
        notify(starting_plan_lines(demand.instance, begin), quiet=quiet)
        instance = instance_from_running(demand.instance, begin)
        return replace(demand, instance=instance), partial(start_of_plan, start=begin)
    if options.change_price is not None:
        problem = "the change to a scheduled fleet has no price, only the starts in its cycle"
        fix = "limit it with --most-changes N, or plan a fixed fleet with --set fleet.mode=fixed"
        raise DataError([Fault(str(loaded.scenario.path), "--change-usd", "", problem, fix)])
    cycle = read_starting_cycle(options.start, options.most_changes, demand)
    notify(starting_cycle_lines(demand, cycle), quiet=quiet)
    return demand_from_running_cycle(demand, cycle), partial(start_of_cycle, cycle=cycle)
