"""The command `drift`: a plan and the metrics of its servers -> whether something is to be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.commands.profiles.metrics_import import MetricsOptions, metrics_choice
from planner.cli.commands.profiles.profile_import import ImportOptions, given_for_profile_import
from planner.cli.terminal.frame import NEGATIVE_VERDICT, framed_command, framed_text_output, notify
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.cli.terminal.plan_input import load_any_plan_input
from planner.cli.terminal.progress import with_progress
from planner.errors import DataError
from planner.monitoring.drift import Drift, DriftChoice, find_drift
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_file import plan_file_text
from planner.presentation.monitoring.drift_content import drift_content
from planner.presentation.monitoring.drift_lines import (
    drift_advice_lines,
    drift_curves_table,
    drift_rate_lines,
    drift_replan_lines,
    drift_slo_table,
    drift_span_line,
    drift_verdict_line,
)
from profiles.io.faults import Fault
from profiles.io.writing import check_writable

__all__ = ["DriftOptions", "run_drift"]


@dataclass(frozen=True, kw_only=True)
class DriftOptions:
    """Options of the command. worth_pct: gain from which planning again pays; curve_error_pct: None
    for what curves state.
    """

    scenario: str | None
    mapping: Path | None
    worth_pct: float
    curve_error_pct: float | None
    with_price_table: bool
    json: str | None
    quiet: bool
    unverified: bool


@framed_command
def run_drift(
    plan: Path,
    sources: Sequence[str],
    metrics: MetricsOptions,
    options: DriftOptions,
    interrupt: Interrupt,
) -> int:
    """Compare and print; return the exit code."""
    if options.json is not None and options.json != "-":
        check_writable(Path(options.json), "--json")
    faults: list[Fault] = []
    choice = metrics_choice(metrics, faults)
    given = given_for_profile_import(ImportOptions(mapping=options.mapping), faults)
    if faults:
        raise DataError(faults)
    source = load_any_plan_input(plan, options.scenario, unverified=options.unverified)
    if isinstance(source, CellsPlanAndScenario):
        raise DataError([_no_drift_of_cells(plan)])
    source.plan.demand_setup()
    drift = with_progress(
        lambda progress, cancel: find_drift(
            source,
            sources,
            given,
            choice,
            DriftChoice(
                worth=options.worth_pct / 100.0,
                curve_error=(
                    None if options.curve_error_pct is None else options.curve_error_pct / 100.0
                ),
                with_price_table=options.with_price_table,
            ),
            progress=progress,
            cancel=cancel,
        ),
        interrupt,
        show=not options.quiet,
    )
    notify(drift.metered.notices, quiet=options.quiet)
    code = _output_drift(source, drift, options)
    return code or (NEGATIVE_VERDICT if drift.findings else 0)


def _no_drift_of_cells(plan: Path) -> Fault:
    problem = "drift looks at plans of one class in one case, and this one has classes or cases"
    fix = "plan the case of the highest rate alone, and look at that plan"
    return Fault(str(plan), "schema", "2", problem, fix)


def _output_drift(source: PlanAndScenario, drift: Drift, options: DriftOptions) -> int:
    """Print and write; 0, or BAD_INPUT when the file could not be written after all."""
    text = plan_file_text(drift_content(source, drift))
    return framed_text_output(
        text,
        options.json,
        lambda: _print_drift(plain_output_console(), source, drift, quiet=options.quiet),
    )


def _print_drift(console: Console, source: PlanAndScenario, drift: Drift, *, quiet: bool) -> None:
    """Where it is quiet, nothing but the verdict, and that only of a drift: cron sends mail for
    every line that it gets.
    """
    if quiet and not drift.findings:
        return
    style = "bold red" if drift.findings else "bold green"
    output_line(console, f"{source.plan.content['scenario']}: {drift_verdict_line(drift)}", style)
    if quiet:
        return
    output_line(console, f"{drift_span_line(drift)}.")
    output_lines(console, "Rate", drift_rate_lines(drift.rate))
    curves = drift_curves_table(drift)
    if len(curves):
        columns: list[Column] = [
            ("Option", "option", str),
            ("Latency", "mean", str),
            ("Of", "of", str),
            ("Measured / curve", "measured\n/ curve", _two_digits),
            ("± %", "± %", _short),
            ("Stated ± %", "stated\n± %", _short),
            ("Verdict", "verdict", str),
        ]
        output_table(console, "Curves", curves, columns)
    else:
        output_lines(console, "Curves", ["Too few steady windows to judge any."])
    slos = drift_slo_table(drift)
    if len(slos):
        columns = [
            ("SLO", "SLO", str),
            ("LLM", "LLM", str),
            ("Limit (ms)", "limit\n(ms)", _short),
            ("Measured", "measured", str),
            ("Budget spent (%)", "budget\nspent (%)", _short),
            ("± points", "±", _short),
            ("Verdict", "verdict", str),
        ]
        if not slos["LLM"].any():
            del columns[1]
        output_table(console, "SLO", slos, columns)
    output_lines(console, "Planned again", drift_replan_lines(source, drift))
    if advice := drift_advice_lines(drift):
        output_lines(console, "What to do", advice)


def _two_digits(value: Any) -> str:
    return f"{value:.2f}"


def _short(value: Any) -> str:
    return "-" if pd.isna(value) else f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
