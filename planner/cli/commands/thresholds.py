"""The command `thresholds`: scenario -> how far rate and prices may move with the same setup."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from planner.cli.terminal.frame import (
    EXIT_CODES,
    framed_command,
    framed_csv_write,
    notify,
    warn,
)
from planner.cli.terminal.interrupt import Interrupt
from planner.cli.terminal.output import output_line, plain_output_console
from planner.cli.terminal.progress import with_progress
from planner.presentation.sensitivity.thresholds import threshold_lines, thresholds_table
from planner.scenario.assemble import assemble_instance
from planner.studies.clusters.cluster_backend import cluster_joblib_backend
from planner.studies.sensitivity.thresholds import find_thresholds
from profiles.io.writing import check_writable

__all__ = ["ThresholdsOptions", "run_thresholds"]


@dataclass(frozen=True, kw_only=True)
class ThresholdsOptions:
    """Options of the command. precision: per cent of today's value; jobs: processes, 0 = one per
    core.
    """

    precision: float
    csv: str | None
    jobs: int
    dask: str | None
    ray: str | None
    quiet: bool


@framed_command
def run_thresholds(
    scenario: Path, overrides: Sequence[str], options: ThresholdsOptions, interrupt: Interrupt
) -> int:
    """Plan, print and write; return the exit code: that of today's plan, 4 when stopped."""
    if options.csv is not None:
        check_writable(Path(options.csv), "--csv")
    loaded = assemble_instance(scenario, overrides, cells=True, sizing=True)
    notify([*loaded.notices, *loaded.instance.warnings], quiet=options.quiet)
    with cluster_joblib_backend(options.dask, options.ray):
        found = with_progress(
            lambda progress, cancel: find_thresholds(
                scenario,
                overrides,
                precision=options.precision,
                jobs=options.jobs,
                progress=progress,
                cancel=cancel,
            ),
            interrupt,
            show=not options.quiet,
        )
    if not found.today.has_plan:
        warn([f"Nothing to keep: today's plan is {found.today.status}. {found.today.reason}"])
        return EXIT_CODES[found.today.status]
    console = plain_output_console()
    output_line(console, f"{loaded.scenario.spec.name}: how far its setup stays the best", "bold")
    if not found.complete:
        output_line(console, "stopped; what was found until then:", "bold yellow")
    for line in threshold_lines(found):
        output_line(console, line, indent=2)
    failed = framed_csv_write(thresholds_table(found), options.csv, "thresholds")
    return failed or (0 if found.complete else EXIT_CODES["feasible"])
