"""Curves of options that were not measured: step time from the catalogues, inside a simulation of
continuous batching.

    option   (LLM, GPU, tp degree W, MPS share s); its step time: `models.serving.step_time`, its
             batching: `models.serving.batching`
    cache    of one GPU: min(0.9 memory - weights / W - 2 GiB, half the memory * s, sequences * mean
             length * bytes of a token)
    capacity rate at which responses end while the queue is never empty: arrivals at 1.2 times what
    an instant backlog drains at
    rates    N of them at loads 0.05 + (H - 0.05) sin(pi/2 k/(N-1)) of the capacity, up to the
             highest load H = 0.97, or less by option. Beside busy neighbours a share takes its part
             of the whole GPU's rates, as far as its own capacity goes, and no latency below the
             whole GPU's (`models.serving.gpu_sharing`, (1))
    row      mean and p50/p90/p95/p99 of TTFT, TPOT, E2E over all seeds, each seed's first 15 % and
             last 5 % of the requests left out
    +-       half width of a 95 % interval from the spread between seeds (Student's t)

All rates and all options take the same gaps, lengths and times of the front end (common random
numbers). Requests longer than the cache are cut to it. Options are left out whose heads do not
divide, or whose cache holds fewer than 8 requests of mean length. Same input, same bytes.

Imports are light on purpose: worker processes start with this module.
"""

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from models.serving.batching import Limits
from models.serving.gpu_sharing import lift_to_whole_gpu, shared_gpu_rates
from models.serving.step_time import (
    RUNTIME_GIB,
    StepSettings,
    step_fits_shards,
    step_kv_token_gib,
    step_room_gib,
    step_time,
    weights_gib,
)
from planner.process_pool import spread_over_processes
from planner.profiling.known_errors import known_error_of_estimates
from planner.profiling.simulated_load import (
    UNCERTAIN_LOAD,
    LoadDraw,
    OfferedLoad,
    cut_load_to_cache,
    draw_simulated_load,
    simulated_capacity_rps,
    simulated_curve_loads,
    simulated_latencies_at,
)
from profiles.catalogue import CatalogueGpu, CatalogueLlm

__all__ = [
    "COLUMNS",
    "LATENCIES",
    "Estimate",
    "EstimateRequest",
    "LeftOut",
    "estimate_requests",
    "estimate_table",
]

OPTION = ("llm", "gpu", "tp_degree", "mps_share_pct", "rate_rps")
LATENCIES = tuple(
    f"{metric}_{statistic}_ms"
    for metric in ("ttft", "tpot", "e2e")
    for statistic in ("mean", "p50", "p90", "p95", "p99")
)
COLUMNS = (
    *OPTION,
    *LATENCIES,
    "memory_gib_per_gpu",
    "concurrency",
    "input_tokens",
    "output_tokens",
    "neighbours",
    "provenance",
    "source",
)
"""Of the profile table, in this order."""

FEWEST_REQUESTS = 8


@dataclass(frozen=True, kw_only=True)
class EstimateRequest:
    """One option to estimate.

    share_pct: MPS share in per cent; factors: of a calibration, () for none.
    """

    llm: CatalogueLlm
    gpu: CatalogueGpu
    tp_degree: int
    share_pct: float
    offered: OfferedLoad
    settings: StepSettings
    factors: tuple[float, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """An option without a curve, and why."""

    llm: str
    gpu: str
    tp_degree: int
    mps_share_pct: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """rows: of the profile table, by COLUMNS; half_widths: per row a mapping LATENCIES -> ms (NaN
    with one seed), with `load` (0..1).

    complete: nothing was left because of an interrupt.
    """

    rows: list[dict[str, object]]
    half_widths: list[dict[str, float]]
    left_out: list[LeftOut]
    complete: bool


def estimate_requests(
    llms: Sequence[CatalogueLlm],
    gpus: Sequence[CatalogueGpu],
    tp_degrees: Sequence[int],
    shares_pct: Sequence[float],
    offered: OfferedLoad,
    settings: StepSettings | None = None,
    factors: Mapping[str, Sequence[float]] | None = None,
) -> list[EstimateRequest]:
    """All combinations, LLM by LLM. factors: by the LLM's name."""
    own, known = settings or StepSettings(), factors or {}
    return [
        EstimateRequest(
            llm=llm,
            gpu=gpu,
            tp_degree=tp_degree,
            share_pct=share,
            offered=offered,
            settings=own,
            factors=tuple(map(float, known.get(llm.llm, ()))),
        )
        for llm in llms
        for gpu in gpus
        for tp_degree in tp_degrees
        for share in shares_pct
    ]


def estimate_table(
    requests: Sequence[EstimateRequest],
    jobs: int = 1,
    progress: Callable[[int], None] | None = None,
    cancel: threading.Event | None = None,
) -> Estimate:
    """Estimate the curves of options.

    jobs: processes, 0 = one per core; progress: called with the number of options done.
    """
    estimate = Estimate(rows=[], half_widths=[], left_out=[], complete=True)
    done = 0
    for curves in spread_over_processes(
        _estimate_shares, _estimates_by_gpu(requests), jobs, cancel
    ):
        for curve in curves:
            done += 1
            if isinstance(curve, LeftOut):
                estimate.left_out.append(curve)
            else:
                estimate.rows.extend(curve.rows)
                estimate.half_widths.extend(curve.half_widths)
            if progress is not None:
                progress(done)
    return Estimate(
        rows=estimate.rows,
        half_widths=estimate.half_widths,
        left_out=estimate.left_out,
        complete=done == len(requests),
    )


def _estimates_by_gpu(requests: Sequence[EstimateRequest]) -> list[list[EstimateRequest]]:
    """Requests in their order, those that follow each other and differ only in the share
    together.
    """

    def but_for_share(request: EstimateRequest) -> tuple[object, ...]:
        return (
            *(request.llm.llm, request.gpu.gpu, request.tp_degree),
            *(id(request.offered), request.settings, request.factors),
        )

    return [list(group) for _, group in groupby(requests, key=but_for_share)]


@dataclass(frozen=True)
class _EstimatedCurve:
    rows: list[dict[str, object]]
    half_widths: list[dict[str, float]]

    @property
    def rates(self) -> list[float]:
        return [float(str(row["rate_rps"])) for row in self.rows]

    @property
    def latencies(self) -> np.ndarray:
        """(K, C), ms."""
        return np.array([[row[name] for name in LATENCIES] for row in self.rows], dtype=float)


def _estimate_shares(requests: Sequence[EstimateRequest]) -> list[_EstimatedCurve | LeftOut]:
    """Curves of requests that differ only in the share."""
    curves: list[_EstimatedCurve | LeftOut] = []
    whole: _EstimatedCurve | LeftOut | None = None
    for request in requests:
        if request.share_pct == 100 and whole is not None:
            curves.append(whole)
            continue
        beside = request.share_pct != 100 and not request.settings.idle_neighbours
        if whole is None and beside:
            whole = _estimate_curve(replace(request, share_pct=100), None)
        alone = None if not beside or isinstance(whole, LeftOut) else whole
        curves.append(_estimate_curve(request, alone))
        if request.share_pct == 100:
            whole = curves[-1]
    return curves


def _estimate_curve(
    request: EstimateRequest, whole: _EstimatedCurve | None
) -> _EstimatedCurve | LeftOut:
    """The curve of one option.

    whole: that of the whole GPU, for a share beside busy neighbours.
    """
    cache = _estimate_cache_gib(request)
    if isinstance(cache, str):
        return LeftOut(
            request.llm.llm, request.gpu.gpu, request.tp_degree, request.share_pct, cache
        )
    offered, share = request.offered, request.share_pct / 100
    step = step_time(request.llm, request.gpu, request.tp_degree, share, request.settings)
    if request.factors:
        step = step.scaled(request.factors)
    limits = Limits(
        cache / step_kv_token_gib(request.llm, request.tp_degree, request.settings),
        offered.sequences,
        offered.step_tokens,
    )
    draws = [cut_load_to_cache(draw, limits) for draw in draw_simulated_load(offered)]
    capacity = simulated_capacity_rps(step, limits, offered, draws[0])
    loads = simulated_curve_loads(offered.rates, offered.highest_load)
    rates = [float(f"{load * capacity:.4g}") for load in loads]
    if whole is not None:
        rates = [float(f"{rate:.10g}") for rate in shared_gpu_rates(whole.rates, share, rates)]
    simulated = [simulated_latencies_at(step, limits, offered, draws, rate) for rate in rates]
    latencies = np.array([[point[name] for name in LATENCIES] for point, _ in simulated])
    if whole is not None:
        latencies = lift_to_whole_gpu(latencies, rates, share, whole.rates, whole.latencies)
    same = _estimate_same_in_rows(request, cache, draws, capacity)
    rows = [
        _estimate_row(same, rate, dict(zip(LATENCIES, map(float, point), strict=True)))
        for rate, point in zip(rates, latencies, strict=True)
    ]
    widths = [
        {"load": rate / capacity, **half} for rate, (_, half) in zip(rates, simulated, strict=True)
    ]
    return _EstimatedCurve(rows, widths)


def _estimate_same_in_rows(
    request: EstimateRequest,
    cache: float,
    draws: Sequence[LoadDraw],
    capacity: float,
) -> dict[str, object]:
    """The columns that all rows of an option share."""
    memory = weights_gib(request.llm, request.settings) / request.tp_degree + cache + RUNTIME_GIB
    beside = "idle" if request.settings.idle_neighbours else "busy"
    return {
        "llm": request.llm.llm,
        "gpu": request.gpu.gpu,
        "tp_degree": request.tp_degree,
        "mps_share_pct": request.share_pct,
        # Not up: a KV cache that fills the GPU must still fit.
        "memory_gib_per_gpu": math.floor(10 * memory) / 10,
        "input_tokens": _whole(np.concatenate([draw.prompts for draw in draws]).mean()),
        "output_tokens": _whole(np.concatenate([draw.outputs for draw in draws]).mean()),
        "neighbours": "" if request.share_pct == 100 else beside,
        "provenance": "calibrated" if request.factors else "estimated",
        "source": _estimate_source(request, capacity),
    }


def _estimate_row(
    same: Mapping[str, object], rate: float, latencies: Mapping[str, float]
) -> dict[str, object]:
    concurrency = round(rate * latencies["e2e_mean_ms"] / 1000, 2)
    row = {**same, "rate_rps": rate, **latencies, "concurrency": concurrency}
    return {name: row[name] for name in COLUMNS}


def _estimate_cache_gib(request: EstimateRequest) -> float | str:
    """Cache of one GPU, or why there is none."""
    if not step_fits_shards(request.llm, request.tp_degree):
        return (
            f"its {request.llm.heads} heads ({request.llm.kv_heads} of keys and values) cannot be"
            f" split over {request.tp_degree} GPUs"
        )
    room = step_room_gib(request.llm, request.gpu, request.tp_degree, request.settings)
    mean = (
        request.offered.lengths.input_tokens + request.offered.lengths.output_tokens
    ) * step_kv_token_gib(request.llm, request.tp_degree, request.settings)
    cache = min(
        room,
        0.5 * request.share_pct / 100 * request.gpu.memory_gib,
        request.offered.sequences * mean,
    )
    if cache < mean:
        return "its weights leave no room for a request"
    if cache < FEWEST_REQUESTS * mean:
        return (
            f"after its weights there is room for {cache / mean:.1f} requests,"
            f" at least {FEWEST_REQUESTS} are needed"
        )
    return cache


def _whole(mean: float) -> int:
    return int(np.rint(mean))


def _estimate_source(request: EstimateRequest, capacity: float) -> str:
    """What the plan repeats: how the curve was made, and from where on it is uncertain."""
    made = (
        "step time calibrated on measurements"
        if request.factors
        else "step time from the catalogues"
    )
    shared = (
        ""
        if request.share_pct == 100
        else ", neighbours idle"
        if request.settings.idle_neighbours
        else f", beside busy neighbours ({100 * request.settings.sharing_loss:g} % lost)"
    )
    most = (
        ""
        if request.offered.sequences == Limits.sequences
        else f", at most {request.offered.sequences} sequences"
    )
    cached = (
        f", {request.offered.cached_tokens:g} tokens of a prompt cached"
        if request.offered.cached_tokens
        else ""
    )
    # 16 bits go without saying in a source; Confidence and a bundle's README say them.
    precision = "".join(
        f", {what} of {bits} bits"
        for what, bits in (
            ("weights", request.settings.weight_bits),
            ("cache", request.settings.kv_bits),
        )
        if bits != 16
    )
    error = "" if request.factors else known_error_of_estimates(request.llm, request.gpu)
    known = f", {error}" if error else ""
    return (
        f"{request.llm.llm} {request.gpu.gpu} tp{request.tp_degree} {request.share_pct:g} %:"
        f" {made}, {request.offered.scheduler} batching simulated, {request.offered.lengths.kind}"
        f" lengths{cached}{most}{shared}{precision}{known}; uncertain above"
        f" {UNCERTAIN_LOAD * capacity:.3g} req/s (90 % of capacity)"
    )
