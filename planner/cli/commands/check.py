"""The command `check`: scenario -> joint plan and decomposition -> verdict."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from planner.cli.commands.cell_check import run_cell_check
from planner.cli.terminal.frame import EXIT_CODES, NEGATIVE_VERDICT, framed_command, notify, warn
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.cli.terminal.progress import with_progress
from planner.presentation.crosscheck import (
    crosscheck_enumeration_line,
    crosscheck_method_line,
    crosscheck_setup_by_llm,
    crosscheck_table,
    crosscheck_verdict_line,
)
from planner.presentation.formatting import format_exact
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.solution import Solution
from planner.studies.crosscheck import CheckVerdict, CrossCheck, crosscheck_plans

__all__ = ["run_check"]

DOES = "Planning twice: by the joint search, and by dual prices over setups, which share no code."
"""Said at once: the second way may take minutes."""

STYLES = {
    "agree": "bold green",
    "brackets": "bold green",
    "open": "bold yellow",
    "disagree": "bold red",
    "contradicts": "bold red",
}


@framed_command
def run_check(
    scenario: Path, overrides: Sequence[str], interrupt: Interrupt, *, quiet: bool
) -> int:
    """Plan both ways, compare, print; return the exit code."""
    loaded = assemble_instance(scenario, overrides, cells=True)
    notify([*loaded.notices, *loaded.instance.warnings], quiet=quiet)
    if not quiet:
        warn([DOES])
    if (demand := loaded.demand) is not None:
        cell_check = run_cell_check(loaded, demand, interrupt, quiet=quiet)
        return _check_exit_code(cell_check.verdict, negative=cell_check.negative)
    solution, check, sampled = with_progress(
        lambda progress, cancel: crosscheck_plans(
            loaded.instance, loaded.settings, progress=progress, cancel=cancel
        ),
        interrupt,
        show=not quiet,
    )
    _print_check(plain_output_console(), loaded, solution, check, sampled, quiet=quiet)
    return _check_exit_code(check.verdict, negative=check.negative)


def _check_exit_code(verdict: CheckVerdict, *, negative: bool) -> int:
    if negative:
        return NEGATIVE_VERDICT
    return EXIT_CODES["unknown"] if verdict == CheckVerdict.OPEN else 0


def _print_check(
    console: Console,
    loaded: LoadResult,
    solution: Solution,
    check: CrossCheck,
    sampled: tuple[float, int] | None,
    *,
    quiet: bool,
) -> None:
    """Print verdict, both results, what was compared, the setups."""
    instance = loaded.instance
    pools = ", ".join(f"{pool.nodes} x {pool.gpus_per_node} {pool.gpu}" for pool in instance.pools)
    output_line(
        console,
        f"{loaded.scenario.spec.name}: {format_exact(instance.arrival_rate)} req/s on {pools}",
    )
    output_line(console, crosscheck_verdict_line(check, solution, instance), STYLES[check.verdict])
    for reason in check.reasons:
        output_line(console, reason, "red", indent=2)
    output_line(console, crosscheck_method_line(check, solution, instance))
    if quiet:
        return
    digits = 2 if instance.objective == "cost" else 6
    unit = "USD/h" if instance.objective == "cost" else "mean score"
    columns: list[Column] = [("Method", "method", str)]
    columns += [
        (name, f"{name.lower()}\n({unit})", _number(digits))
        for name in ("Found", "Best possible", "Gap")
    ]
    output_table(
        console,
        "Joint plan and decomposition",
        crosscheck_table(check, solution),
        [*columns, ("Seconds", "time\n(s)", _number(2))],
    )
    setups = {
        method: crosscheck_setup_by_llm(plan, instance)
        for method, plan in (("joint plan", solution), ("decomposition", check.plan))
        if plan and plan.has_plan
    }
    if setups:
        frame = pd.DataFrame(setups).reset_index(names="LLM")
        output_table(
            console,
            "Setups (option: part of the prompts)",
            frame,
            [("LLM", "LLM", str), *((method, method, str) for method in setups)],
        )
    plans = " and ".join(setups)
    lines = (
        [f"The setup{'s' if len(setups) > 1 else ''} of {plans} passed the verifier."]
        if setups and not check.negative
        else []
    )
    if sampled is not None:
        lines.append(crosscheck_enumeration_line(*sampled, solution.effort.wall))
    output_lines(console, "Verification", lines or ["Neither has a plan."])


def _number(digits: int) -> Callable[[Any], str]:
    return lambda value: "-" if value is None or np.isnan(value) else f"{value:,.{digits}f}"
