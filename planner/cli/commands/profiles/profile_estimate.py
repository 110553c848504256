"""The command `profile estimate`: catalogues (and measurements) -> curves of options that were
not measured.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from models.serving.batching import SCHEDULERS
from models.serving.calibration import StoppedError
from models.serving.step_time import StepSettings
from planner.cli.commands.profiles.estimate_options import EstimateOptions, read_estimate_options
from planner.cli.commands.profiles.estimate_report import (
    SHOWN,
    print_calibration_report,
    print_estimate_report,
)
from planner.cli.terminal.frame import (
    BAD_INPUT,
    framed_command,
    framed_table_write,
    framed_write,
    notify,
    warn,
)
from planner.cli.terminal.interrupt import NO_PLAN, Interrupt
from planner.cli.terminal.output import output_line, output_lines, plain_output_console
from planner.cli.terminal.progress import ProgressCallback, with_progress
from planner.profiling.calibrate import Calibration, calibrate_options
from planner.profiling.estimate import (
    COLUMNS,
    Estimate,
    EstimateRequest,
    estimate_table,
)
from planner.profiling.known_errors import known_error_notices
from planner.profiling.simulated_load import OfferedLoad
from planner.settings import Progress
from profiles.io.writing import check_writable, write_csv

__all__ = ["run_profile_estimate"]


ONE_PROMPT = (
    "{}: its measurements look like one prompt per step, so its curves are simulated that way; with"
    " prompts much shorter than those measured the capacity comes out too low: then name"
    " --scheduler chunked"
)


@framed_command
def run_profile_estimate(options: EstimateOptions, interrupt: Interrupt) -> int:
    """Estimate, write and report; return the exit code: 2 for bad input, 5 when stopped (nothing is
    written then).
    """
    began = time.perf_counter()
    for path, option in ((options.out, "--out"), (options.intervals, "--intervals")):
        if path not in (None, "-"):
            check_writable(Path(str(path)), option)
    offered, settings, wanted = read_estimate_options(options)
    try:
        estimate, calibrations, notices = _compute_profile_estimate(
            options, offered, settings, wanted, interrupt
        )
        if not estimate.complete:
            raise StoppedError
    except StoppedError:
        warn(["Stopped; nothing was written."])
        return NO_PLAN
    fitted = {one.llm for one in calibrations}
    errors = known_error_notices(
        [(one.llm, one.gpu) for one in wanted if one.llm.llm not in fitted],
        [one.share_pct for one in wanted],
        look="docs/accuracy.md",
    )
    notify([*notices, *errors], quiet=options.quiet)
    return _output_profile_estimate(options, estimate, calibrations, time.perf_counter() - began)


def _compute_profile_estimate(
    options: EstimateOptions,
    offered: OfferedLoad,
    settings: StepSettings,
    wanted: list[EstimateRequest],
    interrupt: Interrupt,
) -> tuple[Estimate, list[Calibration], list[str]]:
    """Calibrate with --calibrate, then estimate, with progress and Ctrl-C."""

    def work_on_profile_estimate(
        progress: ProgressCallback, cancel: threading.Event
    ) -> tuple[Estimate, list[Calibration], list[str]]:
        began = time.perf_counter()
        fitted: list[Calibration] = []
        notices: list[str] = []
        chosen = wanted
        if options.calibrate is not None:
            progress(Progress(0.0, "calibrating"))
            schedulers = (options.scheduler,) if options.scheduler else SCHEDULERS
            fitted, notices = calibrate_options(
                options.calibrate,
                offered,
                settings,
                schedulers,
                closed=options.harness == "closed",
                stop=cancel.is_set,
            )
            notices = [
                *notices,
                *(
                    ONE_PROMPT.format(one.llm)
                    for one in fitted
                    if one.fit.harness.scheduler == "single" != options.scheduler
                ),
            ]
            chosen = [
                _calibrated_profile_estimate(wish, {one.llm: one for one in fitted})
                for wish in wanted
            ]

        def report(done: int) -> None:
            progress(
                Progress(time.perf_counter() - began, f"{done} of {len(chosen)} options simulated")
            )

        return estimate_table(chosen, options.jobs, report, cancel), fitted, notices

    return with_progress(work_on_profile_estimate, interrupt, show=not options.quiet)


def _calibrated_profile_estimate(
    wish: EstimateRequest, known: Mapping[str, Calibration]
) -> EstimateRequest:
    """The request with its LLM's factors, and the scheduler that its measurements show."""
    one = known.get(wish.llm.llm)
    if one is None:
        return wish
    offered = replace(wish.offered, scheduler=one.fit.harness.scheduler)
    return replace(wish, factors=tuple(map(float, one.fit.factors)), offered=offered)


def _output_profile_estimate(
    options: EstimateOptions,
    estimate: Estimate,
    calibrations: Sequence[Calibration],
    seconds: float,
) -> int:
    """Write and print; 0, or BAD_INPUT when nothing can be written or nothing fits."""
    frame = pd.DataFrame(estimate.rows, columns=list(COLUMNS))
    console = plain_output_console(stderr=options.out == "-")
    if not options.quiet:
        print_calibration_report(console, calibrations)
        if estimate.left_out:
            lines = [
                f"{o.llm} {o.gpu} tp{o.tp_degree} {o.mps_share_pct:g} %: {o.reason}"
                for o in estimate.left_out
            ]
            more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
            output_lines(console, "Left out", lines[:SHOWN] + more)
    if frame.empty:
        warn(["No option fits on its GPUs; nothing was written."])
        return BAD_INPUT
    code = framed_table_write(frame, options.out) or _write_estimate_intervals(
        options.intervals, frame, estimate
    )
    if code:
        return code
    if not options.quiet and options.out != "-":
        print_estimate_report(console, frame, estimate)
    count = len(frame[list(COLUMNS[:4])].drop_duplicates())
    output_line(
        console,
        f"{count} options, {len(frame)} rows in {seconds:.1f} s"
        + ("" if options.out == "-" else f", written to {options.out}"),
    )
    return 0


def _write_estimate_intervals(path: str | None, frame: pd.DataFrame, estimate: Estimate) -> int:
    """Write the half widths where a path is given; the code of `framed_write`."""
    if path is None:
        return 0
    widths = pd.concat([frame[list(COLUMNS[:5])], pd.DataFrame(estimate.half_widths)], axis=1)
    return framed_write(path, lambda: write_csv(widths, Path(path)))
