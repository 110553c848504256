"""Load offered to a simulated replica: its draws, its capacity, and latencies at one rate.

All rates and all options take the same gaps, lengths and times of the front end (common random
numbers), so that differences between them are differences of the options.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from models.serving.batching import BatchedRequests, BatchExtras, Limits, serve_batches
from models.serving.step_time import StepTime
from models.serving.workload import (
    Lengths,
    draw_front_ends,
    draw_workload_lengths,
    fixed,
    workload_unit_arrivals,
)

__all__ = [
    "HIGHEST_LOAD",
    "LOWEST_LOAD",
    "UNCERTAIN_LOAD",
    "LoadDraw",
    "OfferedLoad",
    "cached_prompt_tokens",
    "cut_load_to_cache",
    "draw_simulated_load",
    "simulated_capacity_rps",
    "simulated_curve_loads",
    "simulated_latencies_at",
]


UNCERTAIN_LOAD = 0.9
"""Share of the capacity above which a simulation says little about a real server: there a stage
measured at 52 ms was predicted at 27 s.
"""

LOWEST_LOAD, HIGHEST_LOAD = 0.05, 0.97
"""Ends of a curve, shares of the capacity."""

BACKLOG = 1.2
"""Arrivals at this multiple of the rate at which a backlog drains keep the queue from emptying."""

WARM_UP, TAIL = 0.15, 0.05
"""Shares of the requests left out: the server fills up first and empties last."""

STUDENT_975 = (math.nan, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)
"""By degrees of freedom from 0; 2 beyond."""


@dataclass(frozen=True, kw_only=True)
class OfferedLoad:
    """What is offered, and how it is simulated.

    cached_tokens: of a prompt that are in the prefix cache, in the mean; every prompt has the same
    share cached.

    requests: of one rate, over all seeds; cv: of the gaps between arrivals.

    sequences, step_tokens: of the server (`models.serving.batching.Limits`); highest_load: at which
    curves end, a share of the capacity.
    """

    lengths: Lengths = field(default_factory=lambda: fixed(1000, 250))
    cached_tokens: float = 0.0
    cv: float = 1.0
    rates: int = 8
    requests: int = 5000
    seeds: int = 4
    scheduler: str = "chunked"
    sequences: int = 256
    step_tokens: int = 8192
    highest_load: float = HIGHEST_LOAD


class LoadDraw(NamedTuple):
    """Of one seed, (R,) each: arrivals at one per second, prompt and output tokens, times of the
    front end in units of its mean.
    """

    arrivals: np.ndarray
    prompts: np.ndarray
    outputs: np.ndarray
    front_ends: np.ndarray


def cached_prompt_tokens(offered: OfferedLoad, prompts: np.ndarray) -> np.ndarray | None:
    """Cached tokens of prompts, (R,) whole numbers below theirs; None where nothing is cached."""
    if not offered.cached_tokens:
        return None
    return np.asarray(
        np.floor(offered.cached_tokens / offered.lengths.input_tokens * prompts), dtype=np.int64
    )


@lru_cache(maxsize=2)
def draw_simulated_load(offered: OfferedLoad) -> tuple[LoadDraw, ...]:
    """The load of every seed."""
    each = max(offered.requests // offered.seeds, 20)
    drawn = []
    for seed in range(offered.seeds):
        random = np.random.RandomState(seed)
        arrivals = workload_unit_arrivals(each, offered.cv, random)
        lengths = draw_workload_lengths(offered.lengths, each, random)
        drawn.append(LoadDraw(arrivals, *lengths, draw_front_ends(each, random)))
    return tuple(drawn)


def cut_load_to_cache(draw: LoadDraw, limits: Limits) -> LoadDraw:
    """Shorten what the cache cannot hold, the prompt first."""
    outputs = np.minimum(draw.outputs, int(limits.kv_tokens) - 1)
    prompts = np.minimum(draw.prompts, int(limits.kv_tokens) - outputs)
    return draw._replace(prompts=prompts, outputs=outputs)


def simulated_capacity_rps(
    step: StepTime,
    limits: Limits,
    offered: OfferedLoad,
    draw: LoadDraw,
) -> float:
    """Requests per second that leave while others always wait."""
    times = max(1, -(-6 * limits.sequences // len(draw.prompts)))
    prompts, outputs = np.tile(draw.prompts, times), np.tile(draw.outputs, times)
    arrivals = np.concatenate([draw.arrivals + k * len(draw.arrivals) for k in range(times)])
    extras = BatchExtras(cached_tokens=cached_prompt_tokens(offered, prompts))

    def throughput(at: np.ndarray) -> float:
        return _simulated_throughput(
            serve_batches(step, at, prompts, outputs, limits, offered.scheduler, extras)
        )

    at_once = throughput(np.zeros(len(prompts)))
    return min(at_once, throughput(arrivals / (BACKLOG * at_once)))


def _simulated_throughput(served: BatchedRequests) -> float:
    """Responses per second in the middle of a run, while there still are arrivals or a queue."""
    ends = np.sort(served.finish)
    first, last = int(0.3 * len(ends)), int(0.85 * len(ends)) - 1
    return float((last - first) / (ends[last] - ends[first]))


def simulated_curve_loads(rates: int, highest: float) -> Iterator[float]:
    """Shares of the capacity, closer together near the top."""
    if rates == 1:
        yield min(UNCERTAIN_LOAD, highest)
        return
    for k in range(rates):
        yield LOWEST_LOAD + (highest - LOWEST_LOAD) * math.sin(math.pi / 2 * k / (rates - 1))


def simulated_latencies_at(
    step: StepTime,
    limits: Limits,
    offered: OfferedLoad,
    draws: Sequence[LoadDraw],
    rate: float,
) -> tuple[dict[str, float], dict[str, float]]:
    """Latencies in ms and their half widths at one rate."""
    samples: list[list[np.ndarray]] = []
    for arrivals, prompts, outputs, front_ends in draws:
        extras = BatchExtras(
            cached_tokens=cached_prompt_tokens(offered, prompts),
            front_ends=step.front_end * front_ends,
        )
        served = serve_batches(
            step, arrivals / rate, prompts, outputs, limits, offered.scheduler, extras
        )
        kept = slice(int(WARM_UP * len(arrivals)), len(arrivals) - int(TAIL * len(arrivals)))
        tpot = served.tpot(outputs)[kept]
        samples.append(
            [served.ttft[kept], tpot[~np.isnan(tpot)], (served.finish - served.arrival)[kept]]
        )
    latencies: dict[str, float] = {}
    half: dict[str, float] = {}
    for k, metric in enumerate(("ttft", "tpot", "e2e")):
        pooled = _simulated_statistics(np.concatenate([sample[k] for sample in samples]))
        single = np.array([_simulated_statistics(sample[k]) for sample in samples])
        width = (
            _student(len(samples)) * single.std(axis=0, ddof=1) / math.sqrt(len(samples))
            if len(samples) > 1
            else np.full(5, np.nan)
        )
        for name, value, wide in zip(
            ("mean", "p50", "p90", "p95", "p99"), pooled, width, strict=True
        ):
            latencies[f"{metric}_{name}_ms"] = round(
                1e3 * float(value), 2 if metric == "tpot" else 1
            )
            half[f"{metric}_{name}_ms"] = 1e3 * float(wide)
    return latencies, half


def _simulated_statistics(values: np.ndarray) -> np.ndarray:
    """Mean, p50, p90, p95, p99."""
    if not values.size:
        return np.full(5, np.nan)
    return np.concatenate([[values.mean()], np.quantile(values, (0.5, 0.9, 0.95, 0.99))])


def _student(seeds: int) -> float:
    return STUDENT_975[seeds - 1] if seeds <= len(STUDENT_975) else 2.0
