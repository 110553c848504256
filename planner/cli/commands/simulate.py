"""The command `simulate`: a plan -> its requests replayed -> predicted beside simulated, and a
verdict.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.terminal.frame import framed
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import Column, plain_console, print_line, print_lines, print_table
from planner.cli.terminal.progress import with_progress
from planner.operation.simulation import simulate
from planner.operation.simulation_outcomes import Demand, Simulation
from planner.operation.step_level_replica import build_step_level_replica
from planner.plans.plan_and_scenario import PlanAndScenario, load_plan
from planner.presentation.simulation import (
    CAVEATS,
    simulated_option_lines,
    simulated_options_table,
    simulated_routing_table,
    simulated_slos_table,
    simulation_advice_lines,
    simulation_demand_line,
    simulation_verdict_line,
)
from profiles.trace import load_trace

__all__ = ["MISSED", "Replay", "run_simulate"]

MISSED = 6
"""Exit code: the simulation misses an SLO."""

STYLES = {
    "holds": "bold green",
    "uncertain": "bold yellow",
    "not simulated": "bold yellow",
    "misses": "bold red",
}


@dataclass(frozen=True)
class Replay:
    """What is asked beside the plan."""

    scenario: str | None
    trace: str | None
    minutes: float
    cv: float
    seed: int
    quiet: bool


@framed
def run_simulate(plan: Path, asked: Replay, interrupt: Interrupt) -> int:
    """Simulate and print; return the exit code."""
    source = load_plan(plan, None if asked.scenario is None else Path(asked.scenario))
    gaps = None if asked.trace is None else load_trace(Path(asked.trace)).gaps
    source.plan.demand_setup()
    demand = Demand(60.0 * asked.minutes, asked.cv, asked.seed, gaps)
    found = with_progress(
        lambda progress, cancel: simulate(
            source, demand, engine=build_step_level_replica, progress=progress, cancel=cancel
        ),
        interrupt,
        show=not asked.quiet,
    )
    _print(plain_console(), source, found, asked.quiet)
    return MISSED if found.verdict == "misses" else 0


def _print(console: Console, source: PlanAndScenario, found: Simulation, quiet: bool) -> None:
    instance = source.loaded.instance
    print_line(
        console,
        f"{source.plan.content['scenario']}: {simulation_verdict_line(found)}",
        STYLES[found.verdict],
    )
    print_line(console, simulation_demand_line(found, instance.arrival_rate))
    for line in simulation_advice_lines(found):
        print_line(console, line)
    if quiet:
        return
    frame = simulated_slos_table(found)
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
        print_table(console, "SLO", frame, columns)
    _print_options(console, simulated_options_table(found, instance), found.metrics)
    routing: list[Column] = [
        ("LLM", "LLM", str),
        ("Planned (%)", "planned\n(%)", _share),
        ("Realised (%)", "realised\n(%)", _share),
    ]
    print_table(
        console,
        "Routing",
        simulated_routing_table(found, instance),
        [*routing, ("95 % interval (± %)", "95 %\n± %", _share)],
    )
    print_lines(
        console,
        "How it was simulated",
        [
            *simulated_option_lines(found, instance),
            *(s.note for s in found.slos if s.note),
            *CAVEATS,
        ],
    )


def _print_options(console: Console, frame: pd.DataFrame, metrics: tuple[str, ...]) -> None:
    """Print one table a metric, so that 80 columns are enough."""
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
        print_table(
            console,
            f"Mean {name} and p99",
            frame,
            [*columns, (f"{name} p99 simulated (ms)", "p99\n(ms)", _ms)],
        )


def _ms(value: Any) -> str:
    return "-" if value is None or pd.isna(value) else f"{value:,.1f}"


def _share(value: Any) -> str:
    return "-" if value is None or pd.isna(value) else f"{value:,.2f}"
