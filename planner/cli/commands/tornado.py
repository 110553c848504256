"""The command `tornado`: scenario -> every input moved both ways, planned again -> ranked table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console

from planner.cli.terminal.frame import (
    EXIT_CODES,
    framed_command,
    framed_csv_write,
    notify,
    warn,
)
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import (
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.cli.terminal.progress import with_progress
from planner.presentation.sensitivity.tornado import (
    tornado_bars_table,
    tornado_headline,
    tornado_lines,
    tornado_table,
)
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.studies.clusters.cluster_backend import cluster_joblib_backend
from planner.studies.sensitivity.tornado import Tornado, plan_tornado
from profiles.io.writing import check_writable

__all__ = ["TornadoOptions", "run_tornado"]


@dataclass(frozen=True, kw_only=True)
class TornadoOptions:
    """Options of the command. percent: of the move; jobs: processes, 0 = one per core."""

    percent: float
    csv: str | None
    jobs: int
    dask: str | None
    ray: str | None
    quiet: bool


@framed_command
def run_tornado(
    scenario: Path, overrides: Sequence[str], options: TornadoOptions, interrupt: Interrupt
) -> int:
    """Plan, print and write; return the exit code: that of today's plan, 4 when stopped."""
    if options.csv is not None:
        check_writable(Path(options.csv), "--csv")
    loaded = assemble_instance(scenario, overrides, cells=True, sizing=True)
    notify([*loaded.notices, *loaded.instance.warnings], quiet=options.quiet)
    with cluster_joblib_backend(options.dask, options.ray):
        tornado = with_progress(
            lambda progress, cancel: plan_tornado(
                scenario,
                overrides,
                percent=options.percent,
                jobs=options.jobs,
                progress=progress,
                cancel=cancel,
            ),
            interrupt,
            show=not options.quiet,
        )
    if not tornado.today.has_plan:
        warn([f"Nothing to move: today's plan is {tornado.today.status}. {tornado.today.reason}"])
        return EXIT_CODES[tornado.today.status]
    _print_tornado(plain_output_console(), loaded, tornado, options)
    failed = framed_csv_write(tornado_table(tornado), options.csv, "ends")
    return failed or (0 if tornado.complete else EXIT_CODES["feasible"])


def _print_tornado(
    console: Console, loaded: LoadResult, tornado: Tornado, options: TornadoOptions
) -> None:
    output_line(console, tornado_headline(tornado, loaded.scenario.spec.name), "bold")
    if not tornado.complete:
        output_line(console, "stopped; the ends planned until then:", "bold yellow")
    if options.quiet or not tornado.bars:
        return
    frame: pd.DataFrame = tornado_bars_table(tornado)
    numbers = frame.columns[1:-1]
    columns = [
        (head, head.lower(), _tornado_text if head in numbers else str)
        for head in map(str, frame.columns)
    ]
    output_table(console, "Inputs, the one that moves the plan most first", frame, columns)
    output_lines(console, "In words", tornado_lines(tornado))


def _tornado_text(value: str) -> str:
    """A column of text that is set as numbers are, at the right."""
    return value
