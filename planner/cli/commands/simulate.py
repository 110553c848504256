"""The command `simulate`: a plan -> its requests replayed -> predicted and simulated figures, and a
verdict.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.commands.cells.simulate_cells import run_simulate_cells
from planner.cli.terminal.command_options import LONGEST_MINUTES, SimulateOptions
from planner.cli.terminal.frame import NEGATIVE_VERDICT, framed_command, framed_text_output
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.cli.terminal.plan_input import load_any_plan_input, refuse_cell_words
from planner.cli.terminal.progress import with_progress
from planner.operation.simulation import run_simulation
from planner.operation.simulation_outcomes import Demand, Simulation
from planner.operation.step_level_replica import build_step_level_replica
from planner.operation.trace_replay import TraceScale, check_trace_copies
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_file import plan_file_text
from planner.presentation.simulation import (
    CAVEATS,
    simulated_option_lines,
    simulated_options_table,
    simulated_routing_table,
    simulated_slos_table,
    simulation_advice_lines,
    simulation_content,
    simulation_demand_line,
    simulation_headroom_lines,
    simulation_verdict_line,
)
from profiles.io.writing import check_writable
from profiles.trace import load_trace

__all__ = ["run_simulate"]

STYLES = {
    "holds": "bold green",
    "uncertain": "bold yellow",
    "not simulated": "bold yellow",
    "misses": "bold red",
}


@framed_command
def run_simulate(plan: Path, options: SimulateOptions, interrupt: Interrupt) -> int:
    """Simulate and print; return the exit code."""
    if options.json is not None and options.json != "-":
        check_writable(Path(options.json), "--json")
    source = load_any_plan_input(plan, options.scenario, unverified=options.unverified)
    if isinstance(source, CellsPlanAndScenario):
        return run_simulate_cells(source, options, interrupt)
    refuse_cell_words(plan, **{"--class": options.classes, "--case": options.cases})
    gaps = None if options.trace is None else load_trace(Path(options.trace)).gaps
    source.plan.demand_setup()
    scale = TraceScale(options.scale)
    if gaps is not None:
        rate = source.loaded.instance.arrival_rate
        check_trace_copies(str(options.trace), gaps, rate, scale)
    minutes = LONGEST_MINUTES if options.minutes is None else options.minutes
    demand = Demand(60.0 * minutes, options.cv, options.seed, gaps, scale)
    simulation = with_progress(
        lambda progress, cancel: run_simulation(
            source, demand, engine=build_step_level_replica, progress=progress, cancel=cancel
        ),
        interrupt,
        show=not options.quiet,
    )
    code = _output_simulate(source, simulation, options)
    return code or (NEGATIVE_VERDICT if simulation.verdict == "misses" else 0)


def _output_simulate(
    source: PlanAndScenario, simulation: Simulation, options: SimulateOptions
) -> int:
    """Print and write; 0, or BAD_INPUT when the file could not be written after all."""
    text = plan_file_text(simulation_content(simulation, source.loaded.instance))
    return framed_text_output(
        text,
        options.json,
        lambda: _print_simulate(plain_output_console(), source, simulation, quiet=options.quiet),
    )


def _print_simulate(
    console: Console, source: PlanAndScenario, simulation: Simulation, *, quiet: bool
) -> None:
    instance = source.loaded.instance
    output_line(
        console,
        f"{source.plan.content['scenario']}: {simulation_verdict_line(simulation)}",
        STYLES[simulation.verdict],
    )
    output_line(console, simulation_demand_line(simulation, instance.arrival_rate))
    for line in (
        *simulation_headroom_lines(source.plan.content),
        *simulation_advice_lines(simulation),
    ):
        output_line(console, line)
    if quiet:
        return
    frame = simulated_slos_table(simulation)
    if len(frame):
        columns: list[Column] = [
            ("SLO", "SLO", str),
            ("Limit (ms)", "limit\n(ms)", _ms),
            ("Planned (ms)", "planned\n(ms)", _ms),
        ]
        columns += [
            ("Simulated (ms)", "simulated\n(ms)", _ms),
            ("95 % interval (± ms)", "95 %\n± ms", _ms),
        ]
        columns += [
            ("Requests within the limit (%)", "within\n(%)", _ms),
            ("Verdict", "verdict", str),
        ]
        output_table(console, "SLO", frame, columns)
    _print_simulate_options(
        console, simulated_options_table(simulation, instance), simulation.metrics
    )
    routing: list[Column] = [
        ("LLM", "LLM", str),
        ("Planned (%)", "planned\n(%)", _share),
        ("Realised (%)", "realised\n(%)", _share),
    ]
    output_table(
        console,
        "Routing",
        simulated_routing_table(simulation, instance),
        [*routing, ("95 % interval (± %)", "95 %\n± %", _share)],
    )
    output_lines(
        console,
        "How it was simulated",
        [
            *simulated_option_lines(simulation, instance),
            *(s.note for s in simulation.slos if s.note),
            *CAVEATS,
        ],
    )


def _print_simulate_options(
    console: Console, frame: pd.DataFrame, metrics: tuple[str, ...]
) -> None:
    """Print one table per metric, so that 80 columns are enough."""
    for metric in metrics:
        name = metric.upper()
        columns: list[Column] = [
            ("LLM", "LLM", str),
            ("Option", "option", str),
            ("Planned rate (req/s)", "planned\nreq/s", _share),
        ]
        columns += [
            ("Simulated rate (req/s)", "sim.\nreq/s", _share),
            (f"{name} mean planned (ms)", "planned\n(ms)", _ms),
        ]
        columns += [
            (f"{name} mean simulated (ms)", "simulated\n(ms)", _ms),
            (f"{name} mean 95 % interval (± ms)", "95 %\n± ms", _ms),
        ]
        output_table(
            console,
            f"Mean {name} and p99",
            frame,
            [*columns, (f"{name} p99 simulated (ms)", "p99\n(ms)", _ms)],
        )


def _ms(value: Any) -> str:
    return "-" if value is None or pd.isna(value) else f"{value:,.1f}"


def _share(value: Any) -> str:
    return "-" if value is None or pd.isna(value) else f"{value:,.2f}"
