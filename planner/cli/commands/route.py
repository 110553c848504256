"""The command `route`: a plan's prices on other prompts -> fractions, limits, quality, and what
they gain or lose.
"""

import sys
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.terminal.frame import framed_command, framed_csv_write, framed_write, notify
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.cli.terminal.plan_input import load_plan_input
from planner.cli.terminal.progress import ProgressCallback, with_progress
from planner.operation.out_of_sample import Evaluation, evaluate_out_of_sample
from planner.operation.price_table import PriceTable, build_price_table
from planner.operation.samples import Sample, read_sample
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_file import plan_file_text
from planner.presentation.formatting import format_number
from planner.presentation.out_of_sample import (
    out_of_sample_advice_lines,
    out_of_sample_basis_lines,
    out_of_sample_gain_line,
    out_of_sample_verdict_line,
)
from planner.presentation.out_of_sample_tables import (
    out_of_sample_comparisons_table,
    out_of_sample_content,
    out_of_sample_fractions_table,
    out_of_sample_limits_table,
    out_of_sample_routings_table,
)
from planner.presentation.router import router_held_rate_line, router_price_frame
from profiles.io.writing import check_writable, write_whole_file

__all__ = ["MISSED", "RouteOptions", "run_route"]

MISSED = 6
"""Exit code: a limit is missed on these prompts."""

STYLES = {"holds": "bold green", "uncertain": "bold yellow", "misses": "bold red"}


@dataclass(frozen=True, kw_only=True)
class RouteOptions:
    """Options of the command.

    Paths as given; split: share of the prompts that prices are computed on; rates: a price table
    too.
    """

    scores: str | None
    grades: str | None
    split: float | None
    seed: int
    scenario: str | None
    rates: bool
    csv: str | None
    json: str | None
    quiet: bool
    unverified: bool = False


@framed_command
def run_route(plan: Path, options: RouteOptions, interrupt: Interrupt) -> int:
    """Route and print; return the exit code.

    Raises VerificationError (a bug) when a routing fails its check.
    """
    for path, option in ((options.csv, "--csv"), (options.json, "--json")):
        if path is not None and path != "-":
            check_writable(Path(path), option)
    source = load_plan_input(plan, options.scenario, unverified=options.unverified)
    source.plan.demand_setup()
    sample, notices = _sample_to_route(source, options)
    notify(notices, quiet=options.quiet)
    evaluation, table = with_progress(
        partial(_compute_route, source, sample, options), interrupt, show=not options.quiet
    )
    code = _output_route(source, evaluation, table, options)
    return code or (MISSED if evaluation.verdict == "misses" else 0)


def _sample_to_route(source: PlanAndScenario, options: RouteOptions) -> tuple[Sample, list[str]]:
    paths = [None if path is None else Path(path) for path in (options.scores, options.grades)]
    return read_sample(
        source.loaded.instance.scores,
        paths[0],
        paths[1],
        source.loaded.scenario.spec.scores_missing,
    )


def _compute_route(
    source: PlanAndScenario,
    sample: Sample,
    options: RouteOptions,
    progress: ProgressCallback,
    cancel: threading.Event,
) -> tuple[Evaluation, PriceTable | None]:
    """The evaluation, and with --rates the price table."""
    evaluation = evaluate_out_of_sample(
        source,
        sample,
        source.loaded.settings,
        split=options.split,
        seed=options.seed,
        progress=progress,
        cancel=cancel,
    )
    if not options.rates:
        return evaluation, None
    return evaluation, build_price_table(source, progress=progress, cancel=cancel)


def _output_route(
    source: PlanAndScenario, evaluation: Evaluation, table: PriceTable | None, options: RouteOptions
) -> int:
    """Print and write; 0, or BAD_INPUT when a file could not be written after all."""
    content = out_of_sample_content(evaluation) | (
        {} if table is None else {"price_table": table.content()}
    )
    if options.json == "-":
        sys.stdout.write(plan_file_text(content))
    else:
        _print_route(plain_output_console(), source, evaluation, table, quiet=options.quiet)
    code = 0
    if options.json is not None and options.json != "-":
        where = Path(options.json)
        code = framed_write(
            where,
            lambda: write_whole_file(where, lambda stream: stream.write(plan_file_text(content))),
        )
    if options.csv is None or options.json == "-":
        return code
    return max(
        code, framed_csv_write(out_of_sample_routings_table(evaluation), options.csv, "rows")
    )


def _print_route(
    console: Console,
    source: PlanAndScenario,
    evaluation: Evaluation,
    table: PriceTable | None,
    *,
    quiet: bool,
) -> None:
    output_line(
        console,
        f"{source.plan.content['scenario']}: {out_of_sample_verdict_line(evaluation)}",
        STYLES[evaluation.verdict],
    )
    rate = format_number(evaluation.arrival_rate)
    grades = "grades known" if evaluation.sample.graded else "no grades"
    output_line(
        console,
        f"{evaluation.sample.prompts:,} prompts at {rate} req/s, {grades};"
        f" {evaluation.seconds:.1f} s",
    )
    output_line(console, out_of_sample_gain_line(evaluation))
    for line in out_of_sample_advice_lines(evaluation):
        output_line(console, line)
    if quiet:
        return
    if table is not None:
        _print_route_rates(console, table)
    output_table(console, "Fractions", out_of_sample_fractions_table(evaluation), FRACTIONS)
    output_table(console, "Limits", out_of_sample_limits_table(evaluation), LIMITS)
    graded = [GRADED] if evaluation.sample.graded else []
    output_table(
        console,
        "Quality of ways to send these prompts",
        out_of_sample_routings_table(evaluation),
        [*ROUTINGS, *graded],
    )
    output_table(
        console,
        f"The router against them, by {'grades' if graded else 'scores'}",
        out_of_sample_comparisons_table(evaluation),
        COMPARISONS,
    )
    output_lines(console, "What this rests on", out_of_sample_basis_lines(evaluation))


def _print_route_rates(console: Console, table: PriceTable) -> None:
    """Print the prices over load."""
    frame = router_price_frame(table)
    columns: list[Column] = [
        ("Rate (% of planned)", "rate\n(%)", _percent),
        ("Rate (req/s)", "rate\n(req/s)", _figure),
        ("SLOs", "SLOs", str),
    ]
    columns += [("Quality (score)", "quality\n(score)", _score)]
    columns += [
        (name, name.replace(" price (score)", "\nprice"), _score)
        for name in frame.columns
        if name.endswith(" price (score)") and frame[name].notna().any()
    ]
    output_table(console, "Prices over load, for the setup as it is", frame, columns)
    output_line(console, router_held_rate_line(table))


def _percent(value: Any) -> str:
    return "-" if pd.isna(value) else f"{value:.1f}"


def _figure(value: Any) -> str:
    return "-" if pd.isna(value) else format_number(float(value))


def _score(value: Any) -> str:
    return "-" if pd.isna(value) else f"{value:.4f}"


def _gain(value: Any) -> str:
    return f"{value:+.4f}"


FRACTIONS: list[Column] = [
    *(
        ("LLM", "LLM", str),
        ("Planned (%)", "planned\n(%)", _percent),
        ("Realised (%)", "realised\n(%)", _percent),
    ),
    *(
        ("From (%)", "95 %\nfrom", _percent),
        ("To (%)", "\nto", _percent),
        ("By prompt id (%)", "by id\n(%)", _percent),
    ),
    *(("Mean score", "mean\nscore", _score), ("Mean grade", "mean\ngrade", _score)),
]
LIMITS: list[Column] = [
    *(
        ("Limit", "limit", str),
        ("Unit", "unit", str),
        ("At most", "at most", _figure),
        ("Planned", "planned", _figure),
    ),
    *(
        ("Realised", "realised", _figure),
        ("From", "95 %\nfrom", _figure),
        ("To", "\nto", _figure),
        ("Verdict", "verdict", str),
    ),
]
ROUTINGS: list[Column] = [
    *(("Routing", "routing", str), ("LLM", "LLM", str), ("Limits", "limits", str)),
    ("Predicted quality (score)", "predicted\n(score)", _score),
]
GRADED: Column = ("Graded quality (score)", "graded\n(score)", _score)
COMPARISONS: list[Column] = [
    *(("Against", "against", str), ("Router gains (score)", "router gains\n(score)", _gain)),
    *(("95 % interval (± score)", "95 %\n±", _score), ("Verdict", "verdict", str)),
]
