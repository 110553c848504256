"""The command `simulate` on a plan over classes and cases: every case replayed on its own."""

from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.terminal.command_options import LONGEST_MINUTES, SimulateOptions
from planner.cli.terminal.frame import NEGATIVE_VERDICT, framed_text_output
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.cli.terminal.progress import with_progress
from planner.operation.cells.cell_choice import chosen_case_names, chosen_class_names
from planner.operation.cells.cell_simulation import (
    CellSimulation,
    SimulationScope,
    run_cell_simulation,
)
from planner.operation.simulation_outcomes import Demand
from planner.operation.step_level_replica import build_step_level_replica
from planner.operation.trace_replay import TraceScale, check_trace_copies
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.plan_file import plan_file_text
from planner.presentation.cells.cell_simulation import (
    CELL_CAVEATS,
    cell_simulation_advice_lines,
    cell_simulation_content,
    cell_simulation_demand_line,
    cell_simulation_headroom_lines,
    cell_simulation_verdict_lines,
    simulated_cell_lane_lines,
    simulated_cell_lanes_table,
    simulated_cell_limits_table,
    simulated_cell_metrics,
    simulated_cell_routing_table,
    simulated_loss_moments_table,
)
from profiles.trace import load_trace

__all__ = ["run_simulate_cells"]

STYLES = {"holds": "bold green", "misses": "bold red"}


def run_simulate_cells(
    source: CellsPlanAndScenario, options: SimulateOptions, interrupt: Interrupt
) -> int:
    """Simulate, print and write; return the exit code."""
    source.plan.demand_setup()
    scope = SimulationScope(
        classes=chosen_class_names(source, options.classes),
        cases=chosen_case_names(source, options.cases),
        short=options.minutes is None,
    )
    scale = TraceScale(options.scale)
    gaps = None if options.trace is None else load_trace(Path(options.trace)).gaps
    if gaps is not None:
        for rate in source.demand.rates().ravel():
            check_trace_copies(str(options.trace), gaps, float(rate), scale)
    minutes = LONGEST_MINUTES if options.minutes is None else options.minutes
    demand = Demand(60.0 * minutes, options.cv, options.seed, gaps, scale)
    simulation = with_progress(
        lambda progress, cancel: run_cell_simulation(
            source,
            demand,
            scope,
            engine=build_step_level_replica,
            progress=progress,
            cancel=cancel,
        ),
        interrupt,
        show=not options.quiet,
    )
    code = _output_simulate_cells(source, simulation, options)
    return code or (NEGATIVE_VERDICT if simulation.verdict == "misses" else 0)


def _output_simulate_cells(
    source: CellsPlanAndScenario, simulation: CellSimulation, options: SimulateOptions
) -> int:
    """Print and write; 0, or BAD_INPUT when the file could not be written after all."""
    text = plan_file_text(cell_simulation_content(source, simulation))
    return framed_text_output(
        text,
        options.json,
        lambda: _print_simulate_cells(
            plain_output_console(), source, simulation, quiet=options.quiet
        ),
    )


def _print_simulate_cells(
    console: Console, source: CellsPlanAndScenario, simulation: CellSimulation, *, quiet: bool
) -> None:
    first, *missed = cell_simulation_verdict_lines(source, simulation)
    style = STYLES.get(simulation.verdict, "bold yellow")
    output_line(console, f"{source.plan.content['scenario']}: {first}", style)
    for line in missed:
        output_line(console, line, indent=2)
    output_line(console, cell_simulation_demand_line(simulation))
    free = cell_simulation_headroom_lines(source)
    for line in (*free, *cell_simulation_advice_lines(source, simulation)):
        output_line(console, line)
    if quiet:
        return
    limits = simulated_cell_limits_table(source, simulation)
    if len(limits):
        output_table(console, "SLOs", limits, LIMITS)
    _print_simulated_lanes(console, source, simulation)
    routing = simulated_cell_routing_table(source, simulation)
    if len(routing):
        output_table(console, "Routing", routing, ROUTING)
    moments = simulated_loss_moments_table(source, simulation)
    if len(moments):
        title = "In the moment of a loss: requests on the lost replicas, which do not come back"
        output_table(console, title, moments, MOMENTS)
    notes = [note for note in dict.fromkeys(limits.get("Note", ())) if note]
    lines = [*simulated_cell_lane_lines(source, simulation), *notes, *CELL_CAVEATS]
    output_lines(console, "How it was simulated", lines)


def _print_simulated_lanes(
    console: Console, source: CellsPlanAndScenario, simulation: CellSimulation
) -> None:
    for metric in simulated_cell_metrics(simulation):
        name = metric.upper()
        columns: list[Column] = [
            *(("Case", "case", str), ("LLM", "LLM", str), ("Lane", "lane", str)),
            ("Planned load (req/s)", "planned\nreq/s", _share),
            ("Simulated load (req/s)", "sim.\nreq/s", _share),
            (f"{name} mean planned (ms)", "planned\n(ms)", _ms),
            (f"{name} mean simulated (ms)", "simulated\n(ms)", _ms),
            (f"{name} mean 95 % interval (± ms)", "95 %\n± ms", _ms),
            (f"{name} p99 simulated (ms)", "p99\n(ms)", _ms),
        ]
        frame = simulated_cell_lanes_table(source, simulation, metric)
        if len(frame):
            output_table(
                console, f"Load of a replica, mean {name} and p99 of lanes", frame, columns
            )


def _ms(value: Any) -> str:
    return "-" if value is None or pd.isna(value) else f"{value:,.1f}"


def _share(value: Any) -> str:
    return "-" if value is None or pd.isna(value) else f"{value:,.2f}"


LIMITS: list[Column] = [
    *(("Case", "case", str), ("Class", "class", str), ("SLO", "SLO", str)),
    ("Limit (ms)", "limit\n(ms)", _ms),
    ("Planned (ms)", "planned\n(ms)", _ms),
    ("Simulated (ms)", "simulated\n(ms)", _ms),
    ("95 % interval (± ms)", "95 %\n± ms", _ms),
    ("Requests within the limit (%)", "within\n(%)", _ms),
    ("Verdict", "verdict", str),
]
ROUTING: list[Column] = [
    *(("Case", "case", str), ("Class", "class", str), ("LLM", "LLM", str)),
    ("Planned (%)", "planned\n(%)", _share),
    ("Realised (%)", "realised\n(%)", _share),
    ("95 % interval (± %)", "95 %\n± %", _share),
]
MOMENTS: list[Column] = [
    *(("Lost", "lost", str), ("While serving", "while serving", str)),
    ("Rate there (req/s)", "rate there\n(req/s)", _share),
    ("Requests there, mean", "requests\nmean", _ms),
    ("Requests there, most", "\nmost", str),
    ("Until", "until", str),
]
