"""The command `profile estimate`: catalogues (and measurements) -> curves of options nobody
measured.
"""

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from rich.console import Console

from models.serving.batching import SCHEDULERS
from models.serving.calibration import StoppedError
from models.serving.step_time import Settings
from models.serving.workload import Lengths, fixed, from_trace, lognormal
from planner.cli.terminal.frame import BAD_INPUT, framed, notify, put, warn
from planner.cli.terminal.interrupt import NO_PLAN, Interrupt
from planner.cli.terminal.output import Column, plain_console, print_line, print_lines, print_table
from planner.cli.terminal.progress import ProgressCallback, with_progress
from planner.errors import DataError
from planner.profiling.calibrate import Calibration, calibrate
from planner.profiling.estimate import (
    COLUMNS,
    HIGHEST_LOAD,
    LOWEST_LOAD,
    UNCERTAIN_LOAD,
    Estimate,
    EstimateRequest,
    OfferedLoad,
    estimate_requests,
    estimate_table,
)
from planner.settings import Progress
from profiles.catalogue import load_gpus, load_llms
from profiles.io.faults import Fault, nearest
from profiles.io.writing import check_writable, csv_text, write_csv
from profiles.trace import load_trace

__all__ = ["Asked", "run_profile_estimate", "whole_numbers"]

FEWEST_REQUESTS = 100
SHOWN = 20
"""Options on the terminal at most."""

ONE_PROMPT = (
    "{}: its measurements look like one prompt a step, so its curves are simulated that way; with"
    " prompts much shorter than those measured the capacity comes out too low: then name"
    " --scheduler chunked"
)

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Asked:
    """The command's options as they were typed; None where a default is chosen later."""

    llms: Sequence[str]
    gpus: Sequence[str]
    tp_degrees: str = "1,2,4,8"
    shares: str = "100"
    input_tokens: int = 1000
    output_tokens: int = 250
    lengths: str = "lognormal"
    cv: float = 1.0
    rates: int = 8
    requests: int = 5000
    seeds: int = 4
    scheduler: str | None = None
    weight_bits: int = 16
    kv_bits: int = 16
    sequences: int = 256
    step_tokens: int = 8192
    neighbours: float = 1.08
    highest_load_pct: float = 100 * HIGHEST_LOAD
    calibrate: Path | None = None
    harness: str = "closed"
    out: str = "-"
    intervals: str | None = None
    jobs: int = 0
    quiet: bool = False


@framed
def run_profile_estimate(asked: Asked, interrupt: Interrupt) -> int:
    """Estimate, write and report; return the exit code: 2 for bad input, 5 when stopped (nothing is
    written then).
    """
    began = time.perf_counter()
    for path, option in ((asked.out, "--out"), (asked.intervals, "--intervals")):
        if path not in (None, "-"):
            check_writable(Path(str(path)), option)
    offered, settings, wanted = _understood(asked)
    try:
        found, calibrations, notices = _worked_out(asked, offered, settings, wanted, interrupt)
        if not found.complete:
            raise StoppedError
    except StoppedError:
        warn(["Stopped; nothing was written."])
        return NO_PLAN
    notify(notices, asked.quiet)
    return _hand_out(asked, found, calibrations, time.perf_counter() - began)


def whole_numbers(text: str) -> list[int]:
    """`1,2,4` or `10,20,...,100` (after one number alone, `10,...,100` goes on in steps of it).

    ValueError for anything else.
    """
    numbers: list[int] = []
    parts = [part.strip() for part in text.split(",")]
    for k, part in enumerate(parts):
        if part in ("...", "…"):
            step = numbers[-1] - numbers[-2] if len(numbers) > 1 else numbers[-1]
            if step <= 0 or k + 2 != len(parts) or (int(parts[-1]) - numbers[-1]) % step:
                raise ValueError(text)
            numbers.extend(range(numbers[-1] + step, int(parts[-1]), step))
        else:
            numbers.append(int(part))
    if len(set(numbers)) < len(numbers):
        raise ValueError(text)
    return numbers


def _understood(asked: Asked) -> tuple[OfferedLoad, Settings, list[EstimateRequest]]:
    """Check everything at once. DataError with all faults."""
    faults: list[Fault] = []
    llms = _known(asked.llms, load_llms(), "--llm", "LLM", faults)
    gpus = _known(asked.gpus, load_gpus(), "--gpu", "GPU", faults)
    degrees = _listed(asked.tp_degrees, "--tp", 1, 1024, faults)
    shares = _listed(asked.shares, "--share", 1, 100, faults)
    lengths = _lengths(asked, faults)
    checks = (
        ("--cv", asked.cv, 0 <= asked.cv <= 20, "0 to 20"),
        ("--rates", asked.rates, 1 <= asked.rates <= 100, "1 to 100"),
        ("--seeds", asked.seeds, 1 <= asked.seeds <= 100, "1 to 100"),
        (
            "--requests",
            asked.requests,
            asked.requests >= FEWEST_REQUESTS * max(asked.seeds, 1),
            f"{FEWEST_REQUESTS} for every seed at least",
        ),
        ("--weight-bits", asked.weight_bits, asked.weight_bits in (16, 8, 4), "16, 8 or 4"),
        ("--kv-bits", asked.kv_bits, asked.kv_bits in (16, 8), "16 or 8"),
        ("--neighbours", asked.neighbours, 1 <= asked.neighbours <= 10, "1 to 10"),
        (
            "--highest-load",
            asked.highest_load_pct,
            100 * LOWEST_LOAD < asked.highest_load_pct <= 100 * HIGHEST_LOAD,
            (
                f"more than {100 * LOWEST_LOAD:g} and at most {100 * HIGHEST_LOAD:g}, in per cent"
                " of the capacity"
            ),
        ),
        (
            "--max-sequences",
            asked.sequences,
            1 <= asked.sequences < asked.step_tokens,
            "1 or more, and fewer than --step-tokens",
        ),
        (
            "--scheduler",
            asked.scheduler,
            asked.scheduler in (None, *SCHEDULERS),
            f"one of {', '.join(SCHEDULERS)}",
        ),
        ("--harness", asked.harness, asked.harness in ("closed", "open"), "closed or open"),
    )
    faults += [
        Fault(option, "", str(value), "this value is not possible", f"write {mend}")
        for option, value, good, mend in checks
        if not good
    ]
    if faults:
        raise DataError(faults)
    settings = Settings(
        weight_bits=asked.weight_bits, kv_bits=asked.kv_bits, neighbours=asked.neighbours
    )
    offered = OfferedLoad(
        lengths=lengths,
        cv=asked.cv,
        rates=asked.rates,
        requests=asked.requests,
        seeds=asked.seeds,
        scheduler=asked.scheduler or SCHEDULERS[0],
        sequences=asked.sequences,
        step_tokens=asked.step_tokens,
        highest_load=asked.highest_load_pct / 100,
    )
    return offered, settings, estimate_requests(llms, gpus, degrees, shares, offered, settings)


def _known(
    names: Sequence[str],
    catalogue: Mapping[str, Entry],
    option: str,
    words: str,
    faults: list[Fault],
) -> list[Entry]:
    found = []
    for name in dict.fromkeys(part.strip() for text in names for part in text.split(",")):
        if name in catalogue:
            found.append(catalogue[name])
        else:
            mend = (
                nearest(name, catalogue)
                + "see profiles/llms.csv and profiles/gpus.csv, or add a row"
            )
            faults.append(Fault(option, "", name, f"this {words} is not in the catalogue", mend))
    return found


def _listed(text: str, option: str, low: int, high: int, faults: list[Fault]) -> list[int]:
    try:
        numbers = whole_numbers(text)
        if all(low <= number <= high for number in numbers):
            return numbers
    except (ValueError, IndexError):
        pass
    faults.append(
        Fault(
            option,
            "",
            text,
            "this is no list of whole numbers",
            f"write numbers from {low} to {high}: 1,2,4 or 10,20,...,100",
        )
    )
    return []


def _lengths(asked: Asked, faults: list[Fault]) -> Lengths:
    """Fixed, lognormal, or those of a trace."""
    if min(asked.input_tokens, asked.output_tokens) < 1:
        given = f"{asked.input_tokens} and {asked.output_tokens}"
        faults.append(
            Fault(
                "--input-tokens, --output-tokens",
                "",
                given,
                "a request has no tokens",
                "write 1 or more",
            )
        )
    if asked.lengths == "fixed":
        return fixed(asked.input_tokens, asked.output_tokens)
    if asked.lengths == "lognormal":
        return lognormal(asked.input_tokens, asked.output_tokens)
    try:
        tokens = load_trace(Path(asked.lengths)).tokens
    except DataError as error:
        faults.extend(error.faults)
        return fixed(1, 1)
    if len(tokens) < 2 or any(np.any(~(column >= 1)) for column in tokens.values()):
        mend = "fill in input_tokens and output_tokens, 1 or more, in every row"
        faults.append(Fault(asked.lengths, "", "", "the trace does not state all lengths", mend))
        return fixed(1, 1)
    return from_trace(tokens["input_tokens"], tokens["output_tokens"])


def _worked_out(
    asked: Asked,
    offered: OfferedLoad,
    settings: Settings,
    wanted: list[EstimateRequest],
    interrupt: Interrupt,
) -> tuple[Estimate, list[Calibration], list[str]]:
    """Calibrate where asked, then estimate, with progress and Ctrl-C."""

    def work(
        progress: ProgressCallback, cancel: threading.Event
    ) -> tuple[Estimate, list[Calibration], list[str]]:
        began = time.perf_counter()
        fitted: list[Calibration] = []
        notices: list[str] = []
        options = wanted
        if asked.calibrate is not None:
            progress(Progress(0.0, "calibrating"))
            schedulers = (asked.scheduler,) if asked.scheduler else SCHEDULERS
            fitted, notices = calibrate(
                asked.calibrate,
                offered,
                settings,
                schedulers,
                closed=asked.harness == "closed",
                stop=cancel.is_set,
            )
            notices = [
                *notices,
                *(
                    ONE_PROMPT.format(one.llm)
                    for one in fitted
                    if one.fit.harness.scheduler == "single" != asked.scheduler
                ),
            ]
            options = [_calibrated(wish, {one.llm: one for one in fitted}) for wish in wanted]

        def told(done: int) -> None:
            progress(
                Progress(time.perf_counter() - began, f"{done} of {len(options)} options simulated")
            )

        return estimate_table(options, asked.jobs, told, cancel), fitted, notices

    return with_progress(work, interrupt, show=not asked.quiet)


def _calibrated(wish: EstimateRequest, known: Mapping[str, Calibration]) -> EstimateRequest:
    """The wish with its LLM's factors, and the scheduler that its measurements show."""
    one = known.get(wish.llm.llm)
    if one is None:
        return wish
    offered = replace(wish.offered, scheduler=one.fit.harness.scheduler)
    return replace(wish, factors=tuple(map(float, one.fit.factors)), offered=offered)


def _hand_out(
    asked: Asked, found: Estimate, calibrations: Sequence[Calibration], seconds: float
) -> int:
    """Write and print; 0, or BAD_INPUT when nothing can be written or nothing fits."""
    frame = pd.DataFrame(found.rows, columns=list(COLUMNS))
    console = plain_console(stderr=asked.out == "-")
    if not asked.quiet:
        _print_calibrations(console, calibrations)
        if found.left_out:
            lines = [
                f"{o.llm} {o.gpu} tp{o.tp_degree} {o.mps_share_pct:g} %: {o.reason}"
                for o in found.left_out
            ]
            more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
            print_lines(console, "Left out", lines[:SHOWN] + more)
    if frame.empty:
        warn(["No option fits on its GPUs; nothing was written."])
        return BAD_INPUT
    if code := put(asked.out, lambda: _write(asked, frame, found)):
        return code
    if not asked.quiet and asked.out != "-":
        _print_options(console, frame, found)
    options = len(frame) // asked.rates
    print_line(
        console,
        f"{options} options, {len(frame)} rows in {seconds:.1f} s"
        + ("" if asked.out == "-" else f", written to {asked.out}"),
    )
    return 0


def _write(asked: Asked, frame: pd.DataFrame, found: Estimate) -> None:
    """Write the table and, where asked for, the half widths."""
    if asked.out == "-":
        sys.stdout.write(csv_text(frame))
    else:
        write_csv(frame, Path(asked.out))
    if asked.intervals is not None:
        keys = frame[list(COLUMNS[:5])]
        write_csv(pd.concat([keys, pd.DataFrame(found.half_widths)], axis=1), Path(asked.intervals))


def _print_calibrations(console: Console, calibrations: Sequence[Calibration]) -> None:
    """Print what every fit is worth on points left out."""
    for one in calibrations:
        errors = 100 * np.abs(one.errors)
        parts = []
        for k, metric in enumerate(("TTFT", "TPOT", "E2E")):
            column = errors[~np.isnan(errors[:, k]), k]
            if column.size:
                parts.append(f"{metric} {np.median(column):.0f} / {np.quantile(column, 0.9):.0f} %")
        harness = one.fit.harness
        jitter = (
            "fixed lengths" if harness.low == 1 else f"lengths from {100 * harness.low:.0f} % up"
        )
        line = (
            f"{one.llm}: {one.fit.points} of {one.points} points; left out (median / 90th"
            f" percentile): {', '.join(parts)}"
        )
        print_line(console, f"{line}; measured like {harness.scheduler} batching, {jitter}")


def _print_options(console: Console, frame: pd.DataFrame, found: Estimate) -> None:
    """Print one line an option: its highest certain rate, and latencies there with their
    intervals.
    """
    loads = pd.DataFrame(found.half_widths)
    frame = frame.assign(
        load=loads["load"], ttft_width=loads["ttft_p99_ms"], tpot_width=loads["tpot_mean_ms"]
    )
    certain = frame[frame["load"] <= UNCERTAIN_LOAD + 1e-3]
    last = certain.groupby(list(COLUMNS[:4]), sort=False).tail(1)
    columns: list[Column] = [
        *(
            ("llm", "LLM", str),
            ("gpu", "GPU", str),
            ("tp_degree", "tp\n(GPUs)", str),
            ("mps_share_pct", "share\n(%)", lambda v: f"{v:g}"),
        ),
        *(
            ("rate_rps", "rate\n(req/s)", lambda v: f"{v:,.3g}"),
            ("load", "load\n(%)", lambda v: f"{100 * v:.0f}"),
        ),
        *(
            ("ttft_mean_ms", "TTFT\nmean (ms)", _ms),
            ("ttft_p99_ms", "\np99 (ms)", _ms),
            ("ttft_width", "\n+- (ms)", _ms),
        ),
        *(
            ("tpot_mean_ms", "TPOT\nmean (ms)", _ms),
            ("tpot_width", "\n+- (ms)", _ms),
            ("provenance", "curve", str),
        ),
    ]
    print_table(
        console,
        "Each option at its highest rate within 90 % of its capacity",
        last.head(SHOWN),
        columns,
    )
    if len(last) > SHOWN:
        print_line(console, f"and {len(last) - SHOWN} more options", indent=2)


def _ms(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:,.1f}"
