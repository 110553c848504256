"""The command `profile import --prometheus`: metrics of running servers -> profile table, and what
became of every server's windows.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from rich.console import Console

from planner.cli.commands.profiles.profile_import import (
    ImportOptions,
    given_for_profile_import,
    kept_by_profile_import,
    output_profile_import,
)
from planner.cli.terminal.frame import framed_command, notify, warn
from planner.cli.terminal.output import Column, output_table, plain_output_console
from planner.presentation.formatting import format_number
from profiles.importers.pool import option_words
from profiles.io.faults import Fault, shown_in_fault
from profiles.live_metrics.pipeline import LiveImport, LivePoint, import_live_metrics
from profiles.live_metrics.rate_bins import RATE
from profiles.live_metrics.sources import MetricsChoice, metric_time
from profiles.records import METRICS

__all__ = ["MetricsOptions", "metrics_choice", "run_metrics_import"]

TOKEN = "PROMETHEUS_TOKEN"  # noqa: S105 - the name of a variable
SERVERS_LISTED = 20


@dataclass(frozen=True, kw_only=True)
class MetricsOptions:
    """Options of metrics. start, end: times as text; labels: NAME=VALUE."""

    start: str | None = None
    end: str | None = None
    labels: Sequence[str] = ()
    widest_bucket_pct: float = 20.0


@framed_command
def run_metrics_import(
    sources: Sequence[str], metrics: MetricsOptions, options: ImportOptions
) -> int:
    """Import, write and report; return the exit code: 0, or 2 for bad input (then nothing is
    written).
    """
    faults: list[Fault] = []
    choice = metrics_choice(metrics, faults)
    given = given_for_profile_import(options, faults)
    before = kept_by_profile_import(options, faults)
    imported = import_live_metrics(sources, given, choice, before, faults)
    if not options.quiet:
        warn(_metrics_lines(imported))
        _print_metric_points(plain_output_console(stderr=True), imported.points)
    notify(imported.notices, quiet=options.quiet)
    return output_profile_import(imported.frame, imported.kept, options)


def metrics_choice(metrics: MetricsOptions, faults: list[Fault]) -> MetricsChoice:
    """What to take, with a token of the environment; faults for texts that say nothing."""
    times: list[float | None] = []
    for option, text in (("--from", metrics.start), ("--to", metrics.end)):
        time = None if text is None else metric_time(text)
        if text is not None and time is None:
            problem, fix = "this is no time", "write 2026-11-27T09:30Z, or seconds since 1970"
            faults.append(Fault(option, "", shown_in_fault(text), problem, fix))
        times.append(time)
    start, end = times
    if start is not None and end is not None and not start < end:
        problem = "the time ends before it begins"
        faults.append(Fault("--to", "", str(metrics.end), problem, "write a later time"))
    labels: dict[str, str] = {}
    for text in metrics.labels:
        name, equals, value = text.partition("=")
        if not (name and equals):
            fix = "write NAME=VALUE, e.g. --label job=vllm"
            faults.append(Fault("--label", "", shown_in_fault(text), "this is no label", fix))
        labels[name] = value
    return MetricsChoice(
        start=start,
        end=end,
        labels=labels,
        widest_bucket=metrics.widest_bucket_pct / 100.0,
        token=os.environ.get(TOKEN, "").strip(),
    )


def _metrics_lines(imported: LiveImport) -> list[str]:
    """What became of every server."""
    lines = []
    for account in imported.servers[:SERVERS_LISTED]:
        every = account.used + account.left_out.total()
        lines.append(
            f"{account.engine} at {account.server}: {account.used:,} of {every:,} windows of"
            " 5 minutes taken"
        )
        lines += [
            f"  left out: {number:,}: {reason}"
            for reason, number in account.left_out.most_common()
            if number
        ]
    if len(imported.servers) > SERVERS_LISTED:
        lines.append(f"and {len(imported.servers) - SERVERS_LISTED:,} more servers")
    return lines


def _print_metric_points(console: Console, points: Sequence[LivePoint]) -> None:
    """One table for each option: rates and means with their errors."""
    for option in dict.fromkeys(point.option for point in points):
        of_option = [point for point in points if point.option == option]
        frame = pd.DataFrame([_metric_point_row(point) for point in of_option])
        columns: list[Column] = [
            ("rate", "req/s ± %", _as_it_is),
            ("windows", "windows", lambda value: f"{value:,}"),
            ("requests", "requests", lambda value: f"{value:,.0f}"),
            *(
                (metric, f"{metric.upper()} ms ± %", _as_it_is)
                for metric in METRICS
                if metric in frame
            ),
        ]
        title = f"{option_words(option)}, each number with its error (95 %)"
        output_table(console, title, frame, columns)
    console.print()


def _metric_point_row(point: LivePoint) -> dict[str, object]:
    run, errors = point.run, point.binned.errors
    row: dict[str, object] = {
        "rate": _with_metric_error(run.achieved_rps or 0.0, errors[RATE]),
        "windows": sum(point.binned.windows.values()),
        "requests": run.ok,
    }
    for metric in METRICS:
        column = (metric, "mean")
        if column in run.latency_ms:
            row[metric] = _with_metric_error(run.latency_ms[column], errors[column])
    return row


def _as_it_is(value: str) -> str:
    return value


def _with_metric_error(value: float, error: float) -> str:
    return f"{format_number(value)} ± {100 * error:.2g}"
