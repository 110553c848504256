"""The options of `profile estimate`, parsed and checked: every fault at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from models.serving.batching import SCHEDULERS
from models.serving.gpu_sharing import MOST_LOST_PCT, SHARING_LOSS
from models.serving.step_time import StepSettings
from models.serving.workload import Lengths, fixed, lognormal_workload, workload_from_trace
from planner.errors import DataError
from planner.profiling.estimate import (
    EstimateRequest,
    estimate_requests,
)
from planner.profiling.known_errors import why_not_estimated
from planner.profiling.simulated_load import HIGHEST_LOAD, LOWEST_LOAD, OfferedLoad
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from profiles.io.faults import Fault, fault_spelling_guess
from profiles.trace import load_trace

__all__ = ["EstimateOptions", "read_estimate_options", "whole_number_options"]

MOST = 1_000_000
"""Requests of a rate, tokens of a request or of a step: more are taken for mistakes."""
FEWEST_REQUESTS = 100
SIMULATED_NEIGHBOURS = ("busy", "idle")

Entry = TypeVar("Entry")


@dataclass(frozen=True, kw_only=True)
class EstimateOptions:
    """The command's options as they were typed; None where a default is chosen later."""

    llms: Sequence[str]
    gpus: Sequence[str]
    tp_degrees: str = "1,2,4,8"
    shares: str = "100"
    input_tokens: int = 1000
    output_tokens: int = 250
    cached_tokens: int = 0
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
    neighbours: str = "busy"
    sharing_loss_pct: float = 100 * SHARING_LOSS
    highest_load_pct: float = 100 * HIGHEST_LOAD
    calibrate: Path | None = None
    harness: str = "closed"
    out: str = "-"
    intervals: str | None = None
    jobs: int = 0
    quiet: bool = False


def whole_number_options(text: str) -> list[int]:
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


def read_estimate_options(
    options: EstimateOptions,
) -> tuple[OfferedLoad, StepSettings, list[EstimateRequest]]:
    """Return what to estimate; DataError with all faults."""
    faults: list[Fault] = []
    llms = _estimate_option_from_catalogue(
        options.llms, load_catalogue_llms(), "--llm", "LLM", faults
    )
    gpus = _estimate_option_from_catalogue(
        options.gpus, load_catalogue_gpus(), "--gpu", "GPU", faults
    )
    degrees = _number_list_option(options.tp_degrees, "--tp", 1, 1024, faults)
    shares = _number_list_option(options.shares, "--share", 1, 100, faults)
    lengths = _estimate_lengths_option(options, faults)
    checks = (
        (
            "--cached-tokens",
            options.cached_tokens,
            0 <= options.cached_tokens < lengths.input_tokens,
            f"0 or more, and fewer than the {lengths.input_tokens:,.0f} tokens of a prompt",
        ),
        ("--cv", options.cv, 0 <= options.cv <= 20, "0 to 20"),
        ("--rates", options.rates, 1 <= options.rates <= 100, "1 to 100"),
        ("--seeds", options.seeds, 1 <= options.seeds <= 100, "1 to 100"),
        (
            "--requests",
            options.requests,
            FEWEST_REQUESTS * max(options.seeds, 1) <= options.requests <= MOST,
            f"{FEWEST_REQUESTS} for every seed at least, and at most {MOST:,}",
        ),
        ("--weight-bits", options.weight_bits, options.weight_bits in (16, 8, 4), "16, 8 or 4"),
        ("--kv-bits", options.kv_bits, options.kv_bits in (16, 8), "16 or 8"),
        (
            "--neighbours",
            options.neighbours,
            options.neighbours in SIMULATED_NEIGHBOURS,
            "busy or idle",
        ),
        (
            "--sharing-loss",
            options.sharing_loss_pct,
            0 <= options.sharing_loss_pct <= MOST_LOST_PCT,
            f"0 to {MOST_LOST_PCT:g}, in per cent of the GPU",
        ),
        (
            "--highest-load",
            options.highest_load_pct,
            100 * LOWEST_LOAD < options.highest_load_pct <= 100 * HIGHEST_LOAD,
            (
                f"more than {100 * LOWEST_LOAD:g} and at most {100 * HIGHEST_LOAD:g}, in per cent"
                " of the capacity"
            ),
        ),
        (
            "--max-sequences",
            options.sequences,
            1 <= options.sequences < options.step_tokens,
            "1 or more, and fewer than --step-tokens",
        ),
        ("--step-tokens", options.step_tokens, options.step_tokens <= MOST, f"{MOST:,} or less"),
        (
            "--scheduler",
            options.scheduler,
            options.scheduler in (None, *SCHEDULERS),
            f"one of {', '.join(SCHEDULERS)}",
        ),
        ("--harness", options.harness, options.harness in ("closed", "open"), "closed or open"),
    )
    faults += [
        Fault(option, "", str(value), "this value is not possible", f"write {fix}")
        for option, value, good, fix in checks
        if not good
    ]
    faults += [
        Fault("--gpu", "", gpu.gpu, reason, "measure some points and give them to --calibrate")
        for gpu in gpus
        if options.calibrate is None and (reason := why_not_estimated(gpu))
    ]
    if faults:
        raise DataError(faults)
    settings = StepSettings(
        weight_bits=options.weight_bits,
        kv_bits=options.kv_bits,
        idle_neighbours=options.neighbours == "idle",
        sharing_loss=options.sharing_loss_pct / 100,
    )
    offered = OfferedLoad(
        lengths=lengths,
        cached_tokens=options.cached_tokens,
        cv=options.cv,
        rates=options.rates,
        requests=options.requests,
        seeds=options.seeds,
        scheduler=options.scheduler or SCHEDULERS[0],
        sequences=options.sequences,
        step_tokens=options.step_tokens,
        highest_load=options.highest_load_pct / 100,
    )
    return offered, settings, estimate_requests(llms, gpus, degrees, shares, offered, settings)


def _estimate_option_from_catalogue(
    names: Sequence[str],
    catalogue: Mapping[str, Entry],
    option: str,
    words: str,
    faults: list[Fault],
) -> list[Entry]:
    entries = []
    for name in dict.fromkeys(part.strip() for text in names for part in text.split(",")):
        if name in catalogue:
            entries.append(catalogue[name])
        else:
            fix = (
                fault_spelling_guess(name, catalogue)
                + "see profiles/llms.csv and profiles/gpus.csv, or add a row"
            )
            faults.append(Fault(option, "", name, f"this {words} is not in the catalogue", fix))
    return entries


def _number_list_option(
    text: str, option: str, low: int, high: int, faults: list[Fault]
) -> list[int]:
    try:
        numbers = whole_number_options(text)
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


def _estimate_lengths_option(options: EstimateOptions, faults: list[Fault]) -> Lengths:
    """Fixed, lognormal, or those of a trace."""
    means = (options.input_tokens, options.output_tokens)
    if not all(1 <= number <= MOST for number in means):
        given = f"{options.input_tokens} and {options.output_tokens}"
        faults.append(
            Fault(
                "--input-tokens, --output-tokens",
                "",
                given,
                "this is no length of a request",
                f"write 1 to {MOST:,}",
            )
        )
    if options.lengths == "fixed":
        return fixed(options.input_tokens, options.output_tokens)
    if options.lengths == "lognormal":
        return lognormal_workload(options.input_tokens, options.output_tokens)
    try:
        tokens = load_trace(Path(options.lengths), with_lengths=True).tokens
    except DataError as error:
        faults.extend(error.faults)
        return fixed(1, 1)
    return workload_from_trace(tokens["input_tokens"], tokens["output_tokens"])
