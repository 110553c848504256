"""The command `route` on a plan over classes and cases: the prices of one cell on other prompts."""

import sys
from pathlib import Path

import pandas as pd
from rich.console import Console

from models.router import CellRouter
from planner.cli.terminal.command_options import RouteOptions
from planner.cli.terminal.frame import NEGATIVE_VERDICT, framed_csv_write, framed_write, notify
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
    output_lines,
    output_table,
    plain_output_console,
)
from planner.cli.terminal.progress import with_progress
from planner.errors import DataError
from planner.operation.cells.cell_choice import find_state_cell
from planner.operation.cells.cell_evaluation import class_scores, evaluate_cell
from planner.operation.cells.cell_policy import build_cells_policy
from planner.operation.out_of_sample import Evaluation
from planner.operation.samples import Sample, read_sample
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.cells.cells_states import StateCell
from planner.plans.plan_file import plan_file_text
from planner.presentation.cells.cell_routing import (
    cell_lanes_table,
    cell_prices_table,
    cell_routing_content,
    cell_routing_name,
    cell_tie_lines,
)
from planner.presentation.formatting import format_number
from planner.presentation.out_of_sample import (
    out_of_sample_gain_line,
    out_of_sample_slack_lines,
    out_of_sample_verdict_line,
)
from planner.presentation.out_of_sample_tables import (
    out_of_sample_content,
    out_of_sample_routings_table,
)
from profiles.io.faults import Fault
from profiles.io.writing import write_whole_file

__all__ = ["run_route_cells"]


def run_route_cells(
    source: CellsPlanAndScenario, options: RouteOptions, interrupt: Interrupt
) -> int:
    """Route the prompts by the prices of one cell, print and write; return the exit code."""
    source.plan.demand_setup()
    cell = find_state_cell(source, options.request_class, options.case, options.loss)
    if options.rates:
        problem = "a plan of classes and cases has prices for its cases, not over load"
        raise DataError([Fault("--rates", "", "", problem, "leave it out; name a --case")])
    known = class_scores(source, cell.request_class)
    paths = [None if path is None else Path(path) for path in (options.scores, options.grades)]
    missing = source.loaded.scenario.spec.scores_missing
    sample, notices = read_sample(known, paths[0], paths[1], missing)
    notify(notices, quiet=options.quiet)
    evaluation = with_progress(
        lambda progress, cancel: evaluate_cell(
            source,
            cell,
            sample,
            split=options.split,
            seed=options.seed,
            progress=progress,
            cancel=cancel,
        ),
        interrupt,
        show=not options.quiet,
    )
    code = _output_route_cells(source, cell, evaluation, options)
    code = max(code, framed_csv_write(_choices(source, cell, sample), options.choices, "prompts"))
    return code or (NEGATIVE_VERDICT if evaluation.verdict == "misses" else 0)


def _choices(source: CellsPlanAndScenario, cell: StateCell, sample: Sample) -> pd.DataFrame:
    """One row a prompt: LLM and lane by its id, as the plan's router chooses them."""
    router = CellRouter(build_cells_policy(source.plan.content, source.demand))
    demand, scores = source.demand, sample.scores
    router.use(demand.cases[cell.state.case].name, cell.state.loss)
    name = demand.classes[cell.request_class].name
    rows = []
    for x, prompt in enumerate(scores.prompt_ids):
        by_llm = dict(zip(scores.llms, scores.values[:, x].tolist(), strict=True))
        choice = router.choose(by_llm, str(prompt), name)
        rows.append((prompt, choice.llm, choice.lane))
    return pd.DataFrame(rows, columns=["prompt_id", "llm", "lane"])


def _output_route_cells(
    source: CellsPlanAndScenario, cell: StateCell, evaluation: Evaluation, options: RouteOptions
) -> int:
    """Print and write; 0, or BAD_INPUT when a file could not be written after all."""
    content = cell_routing_content(source, cell) | out_of_sample_content(evaluation)
    if options.json == "-":
        sys.stdout.write(plan_file_text(content))
        return 0
    console = plain_output_console()
    if options.loss not in (None, cell.state.loss):
        shared = f"Loss {options.loss} is served by the routing of loss {cell.state.loss}."
        output_line(console, shared)
    _print_route_cells(console, source, cell, evaluation, quiet=options.quiet)
    code = 0
    if options.json is not None:
        where = Path(options.json)
        text = plan_file_text(content)
        code = framed_write(where, lambda: write_whole_file(where, lambda out: out.write(text)))
    return max(
        code, framed_csv_write(out_of_sample_routings_table(evaluation), options.csv, "rows")
    )


def _print_route_cells(
    console: Console,
    source: CellsPlanAndScenario,
    cell: StateCell,
    evaluation: Evaluation,
    *,
    quiet: bool,
) -> None:
    name = f"{source.plan.content['scenario']}, {cell_routing_name(source, cell)}"
    line = f"{name}: {out_of_sample_verdict_line(evaluation)}"
    output_line(console, line, OUT_OF_SAMPLE_STYLES[evaluation.verdict])
    rate = format_number(evaluation.arrival_rate)
    grades = "grades known" if evaluation.sample.graded else "no grades"
    prompts = f"{evaluation.sample.prompts:,} prompts at {rate} req/s of this class, {grades}"
    output_line(console, f"{prompts}; {evaluation.seconds:.1f} s")
    output_line(console, out_of_sample_gain_line(evaluation))
    for line in out_of_sample_slack_lines(evaluation):
        output_line(console, line)
    if quiet:
        return
    output_table(console, "Prices of this class and case", cell_prices_table(cell), PRICES)
    if ties := cell_tie_lines(cell):
        output_lines(console, "Ties", ties)
    output_table(console, "Lanes", cell_lanes_table(source, cell), LANES)
    print_out_of_sample_tables(console, evaluation)


PRICES: list[Column] = [
    ("LLM", "LLM", str),
    ("Planned (%)", "planned\n(%)", percent_out_of_sample),
    ("Dual price (score)", "dual price\n(score)", score_out_of_sample),
]
LANES: list[Column] = [
    ("LLM", "LLM", str),
    ("Lane", "lane", str),
    ("Option", "option", str),
    ("Replicas", "replicas", lambda value: "-" if pd.isna(value) else f"{value:.0f}"),
    ("Part of its LLM (%)", "of its LLM\n(%)", percent_out_of_sample),
    ("Rate (req/s)", "req/s", figure_out_of_sample),
    ("Load (req/s per replica)", "load of each\n(req/s)", figure_out_of_sample),
]
