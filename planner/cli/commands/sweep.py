"""The command `sweep`: scenario and varied keys -> one plan per point -> table, file as points
finish.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from planner.cli.terminal.frame import EXIT_CODES, framed_command, framed_write, notify, warn
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import (
    Column,
    output_line,
    output_lines,
    output_table,
    plain_output_console,
)
from planner.cli.terminal.progress import with_progress
from planner.errors import DataError
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.studies.clusters.cluster_backend import cluster_joblib_backend
from planner.studies.sweep import sweep
from planner.studies.sweep_axes import Axis, read_sweep_axis, sweep_axes_points
from planner.studies.sweep_journal import SweepJournal, sweep_journal_key
from planner.studies.sweep_point import SweepPoint, sweep_points_table
from profiles.io.faults import Fault
from profiles.io.writing import check_writable

__all__ = ["SweepOptions", "run_sweep"]

MOST_ROWS = 60
"""More points than this are counted on the terminal, not listed."""


@dataclass(frozen=True, kw_only=True)
class SweepOptions:
    """Options of the command.

    out: .csv or .parquet; jobs: processes, 0 = one per core.
    """

    vary: tuple[str, ...]
    out: str | None
    jobs: int
    dask: str | None
    ray: str | None
    quiet: bool


@framed_command
def run_sweep(
    scenario: Path, overrides: Sequence[str], options: SweepOptions, interrupt: Interrupt
) -> int:
    """Sweep, print and write; return the exit code: 0 also with infeasible rows, 4 or 5 when
    stopped with or without some points.
    """
    if options.out is not None:
        check_writable(Path(options.out), "--csv")
    axes = _sweep_axes_of_command(options.vary)
    points = sweep_axes_points(axes)
    loaded = assemble_instance(scenario, overrides, cells=True, sizing=True)
    notify([*loaded.notices, *loaded.instance.warnings], quiet=options.quiet)
    journal = SweepJournal(options.out, sweep_journal_key(loaded, axes), axes)
    with cluster_joblib_backend(options.dask, options.ray):
        planned = with_progress(
            lambda progress, cancel: sweep(
                scenario,
                overrides,
                points,
                jobs=options.jobs,
                store=journal,
                progress=progress,
                cancel=cancel,
            ),
            interrupt,
            show=not options.quiet,
        )
    complete = len(planned) == len(points)
    failed = framed_write(options.out, lambda: journal.close(planned, complete=complete))
    if failed and journal.journal.path is not None:
        warn([f"The planned points are in {journal.journal.path}"])
    _print_sweep(
        plain_output_console(), loaded, axes, planned, len(points), options, written=not failed
    )
    return failed or (0 if complete else EXIT_CODES["feasible" if planned else "unknown"])


def _sweep_axes_of_command(vary: Sequence[str]) -> list[Axis]:
    """All axes, or all their faults at once."""
    axes: list[Axis] = []
    faults: list[Fault] = []
    for text in vary:
        try:
            axes.append(read_sweep_axis(text))
        except DataError as error:
            faults += error.faults
    if faults:
        raise DataError(faults)
    return axes


def _print_sweep(
    console: Console,
    loaded: LoadResult,
    axes: Sequence[Axis],
    planned: Sequence[SweepPoint],
    total: int,
    options: SweepOptions,
    *,
    written: bool,
) -> None:
    """Print counts, and the table when it is not too long."""
    states = {
        status: sum(point.status == status for point in planned)
        for status in dict.fromkeys(point.status for point in planned)
    }
    counts = ", ".join(f"{count:,} {status}" for status, count in states.items())
    counts = f": {counts}" if counts else ""
    output_line(
        console,
        f"{loaded.scenario.spec.name}: {len(planned):,} of {total:,} points planned{counts}",
        "bold",
    )
    if len(planned) < total and options.out is not None:
        output_line(
            console,
            f"stopped; the same command goes on from there ({options.out}.partial)",
            "bold yellow",
        )
    if not options.quiet and 0 < len(planned) <= MOST_ROWS:
        _print_sweep_points(console, sweep_points_table(planned, [axis.key for axis in axes]), axes)
        reasons = list(dict.fromkeys(point.reason for point in planned if point.reason))
        if reasons:
            output_lines(console, "Points without a plan", reasons)
    if options.out is not None and written:
        output_line(console, f"{len(planned):,} points written to {options.out}")


def _print_sweep_points(console: Console, frame: pd.DataFrame, axes: Sequence[Axis]) -> None:
    columns: list[Column] = [(axis.key, axis.key.replace(".", ".\n"), str) for axis in axes]
    columns.append(("Status", "status", str))
    for header in [h for h in frame.columns if h.startswith(("Found", "Best possible"))]:
        columns.append(
            (header, header.replace(" (", "\n(", 1).lower(), _number(2 if "USD" in header else 5))
        )
    for header in [h for h in frame.columns if h.endswith(": nodes")]:
        columns.append((header, header.replace(": ", "\n"), _number(0)))
    columns.append(("GPUs used", "GPUs", _number(0)))
    frame = frame if "GPUs used" in frame.columns else frame.assign(**{"GPUs used": None})
    output_table(console, "Points", frame, columns)


def _number(digits: int) -> Callable[[Any], str]:
    return lambda value: "-" if value is None or pd.isna(value) else f"{value:,.{digits}f}"
