"""The command `route`: a plan's prices on other prompts -> fractions, limits, quality, and what
they gain or lose.
"""

import sys
import threading
from functools import partial
from pathlib import Path

import pandas as pd
from rich.console import Console

from models.router import CellRouter, PolicyError, Router
from planner.cli.commands.cells.route_cells import run_route_cells
from planner.cli.terminal.command_options import RouteOptions
from planner.cli.terminal.frame import (
    NEGATIVE_VERDICT,
    framed_command,
    framed_csv_write,
    framed_write,
    notify,
)
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.out_of_sample_report import (
    OUT_OF_SAMPLE_STYLES,
    figure_out_of_sample,
    percent_out_of_sample,
    print_out_of_sample_tables,
    score_out_of_sample,
)
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_table,
    plain_output_console,
)
from planner.cli.terminal.plan_input import load_any_plan_input, refuse_cell_words
from planner.cli.terminal.progress import ProgressCallback, with_progress
from planner.errors import DataError
from planner.operation.cells.cell_policy import build_cells_policy
from planner.operation.out_of_sample import Evaluation, evaluate_out_of_sample
from planner.operation.price_table import PriceTable, build_price_table
from planner.operation.router_policy import build_routing_policy
from planner.operation.samples import Sample, read_sample
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_file import plan_file_text
from planner.presentation.formatting import format_number
from planner.presentation.out_of_sample import (
    out_of_sample_advice_lines,
    out_of_sample_cost_lines,
    out_of_sample_gain_line,
    out_of_sample_verdict_line,
)
from planner.presentation.out_of_sample_tables import (
    out_of_sample_content,
    out_of_sample_routings_table,
)
from planner.presentation.router import router_held_rate_line, router_price_frame
from profiles.io.faults import Fault
from profiles.io.writing import check_writable, write_whole_file

__all__ = ["run_route"]


@framed_command
def run_route(plan: Path, options: RouteOptions, interrupt: Interrupt) -> int:
    """Route and print; return the exit code.

    Raises VerificationError (a bug) when a routing fails its check.
    """
    outputs = (
        *((options.csv, "--csv"), (options.json, "--json")),
        (options.choices, "--choices"),
    )
    for path, option in outputs:
        if path is not None and path != "-":
            check_writable(Path(path), option)
    source = load_any_plan_input(plan, options.scenario, unverified=options.unverified)
    source.plan.demand_setup()
    if options.unverified:
        _check_route_policy(str(plan), source)
    if isinstance(source, CellsPlanAndScenario):
        return run_route_cells(source, options, interrupt)
    refuse_cell_words(
        plan, **{"--class": options.request_class, "--case": options.case, "--loss": options.loss}
    )
    sample, notices = _sample_to_route(source, options)
    notify(notices, quiet=options.quiet)
    evaluation, table = with_progress(
        partial(_compute_route, source, sample, options), interrupt, show=not options.quiet
    )
    code = _output_route(source, evaluation, table, options)
    code = max(code, framed_csv_write(_choices(source, sample), options.choices, "prompts"))
    return code or (NEGATIVE_VERDICT if evaluation.verdict == "misses" else 0)


def _check_route_policy(file: str, source: PlanAndScenario | CellsPlanAndScenario) -> None:
    """DataError where prices, ties or shares of a plan that may fail its checks are such that no
    router takes them.
    """
    try:
        if isinstance(source, CellsPlanAndScenario):
            CellRouter(build_cells_policy(source.plan.content, source.demand))
        else:
            rate = source.loaded.instance.arrival_rate
            Router(build_routing_policy(source.plan.content, rate))
    except PolicyError as error:
        problem, fix = "no router takes this plan", "plan again"
        faults = [
            Fault(file, line.split(": ")[0], "", f"{problem} ({line.split(': ', 1)[-1]})", fix)
            for line in str(error).splitlines()
        ]
        raise DataError(faults) from None


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


def _choices(source: PlanAndScenario, sample: Sample) -> pd.DataFrame:
    """One row a prompt: its LLM by its id, as the plan's router chooses it."""
    rate, scores = source.loaded.instance.arrival_rate, sample.scores
    router = Router(build_routing_policy(source.plan.content, rate))
    chosen = router.choose_many(
        dict(zip(scores.llms, scores.values, strict=True)), map(str, scores.prompt_ids)
    )
    llms = [router.llms[at] for at in chosen]
    return pd.DataFrame({"prompt_id": scores.prompt_ids, "llm": llms})


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
        OUT_OF_SAMPLE_STYLES[evaluation.verdict],
    )
    for line in out_of_sample_cost_lines(evaluation):
        output_line(console, line)
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
    print_out_of_sample_tables(console, evaluation)


def _print_route_rates(console: Console, table: PriceTable) -> None:
    """Print the prices over load."""
    frame = router_price_frame(table)
    columns: list[Column] = [
        ("Rate (% of planned)", "rate\n(%)", percent_out_of_sample),
        ("Rate (req/s)", "rate\n(req/s)", figure_out_of_sample),
        ("SLOs", "SLOs", str),
    ]
    columns += [("Quality (score)", "quality\n(score)", score_out_of_sample)]
    columns += [
        (name, name.replace(" price (score)", "\nprice"), score_out_of_sample)
        for name in frame.columns
        if name.endswith(" price (score)") and frame[name].notna().any()
    ]
    output_table(console, "Prices over load, for the setup as it is", frame, columns)
    output_line(console, router_held_rate_line(table))
