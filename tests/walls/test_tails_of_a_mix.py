"""The percentiles of a mix, read off the percentiles of its options, against all its requests
pooled in the same simulation.

Each option is simulated at its rate as `profile estimate` does, once: its p50, p90, p95 and p99
make its curve, its requests go into the pool, weighted by the option's rate.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from models.instance import Slo
from models.serving.batching import BatchExtras, Limits, serve_batches
from models.serving.step_time import StepSettings, step_kv_token_gib, step_room_gib, step_time
from models.serving.workload import fixed
from planner.plans.latencies import OperatingPoint, achieved_latency
from planner.profiling.simulated_load import (
    TAIL,
    WARM_UP,
    OfferedLoad,
    cut_load_to_cache,
    draw_simulated_load,
    simulated_capacity_rps,
)
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms
from profiles.records import Curve

ACCURACY = 0.05
"""Relative, of a percentile of the mix."""


@dataclass(frozen=True)
class Part:
    """One option of a mix, load: share of its capacity."""

    llm: str
    gpu: str
    tp_degree: int
    load: float


MIXES = {
    "percentile-slo": (
        fixed(1000, 250),
        (
            Part("qwen2.5-7b", "H100-SXM-80GB", 1, 0.9),
            Part("qwen2.5-14b", "H100-SXM-80GB", 2, 0.8),
            Part("qwen2.5-32b", "H100-SXM-80GB", 4, 0.6),
        ),
    ),
    "two-gpu-types": (
        fixed(600, 150),
        (
            Part("llama-3.2-3b", "L40S-48GB", 1, 0.8),
            Part("llama-3.1-8b", "A100-PCIe-80GB", 1, 0.7),
            Part("qwen2.5-14b", "A100-PCIe-80GB", 2, 0.5),
        ),
    ),
}


def simulated_part(part: Part, offered: OfferedLoad) -> tuple[float, dict[str, np.ndarray]]:
    """Rate (req/s) and the requests' TTFT, TPOT and E2E (s)."""
    llm, gpu = load_catalogue_llms()[part.llm], load_catalogue_gpus()[part.gpu]
    settings = StepSettings()
    room = step_room_gib(llm, gpu, part.tp_degree, settings)
    cache = min(room, 0.5 * gpu.memory_gib) / step_kv_token_gib(llm, part.tp_degree, settings)
    limits = Limits(cache, offered.sequences, offered.step_tokens)
    step = step_time(llm, gpu, part.tp_degree, 1.0, settings)
    draws = [cut_load_to_cache(draw, limits) for draw in draw_simulated_load(offered)]
    rate = part.load * simulated_capacity_rps(step, limits, offered, draws[0])
    samples: dict[str, list[np.ndarray]] = {"ttft": [], "tpot": [], "e2e": []}
    for arrivals, prompts, outputs, front_ends in draws:
        extras = BatchExtras(front_ends=step.front_end * front_ends)
        served = serve_batches(
            step, arrivals / rate, prompts, outputs, limits, offered.scheduler, extras
        )
        kept = slice(int(WARM_UP * len(arrivals)), len(arrivals) - int(TAIL * len(arrivals)))
        samples["ttft"].append(served.ttft[kept])
        samples["tpot"].append(served.tpot(outputs)[kept])
        samples["e2e"].append((served.finish - served.arrival)[kept])
    return rate, {metric: np.concatenate(values) for metric, values in samples.items()}


def pooled_percentile(parts: list[tuple[float, np.ndarray]], share_above: float) -> float:
    values = np.concatenate([value for _, value in parts])
    weights = np.concatenate([np.full(value.size, rate / value.size) for rate, value in parts])
    order = np.argsort(values)
    within = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(within, 1.0 - share_above)])


def point_of_percentiles(rate: float, metric: str, values: np.ndarray) -> OperatingPoint:
    columns = {
        (metric, f"p{level}"): np.array([np.quantile(values, level / 100)])
        for level in (50, 90, 95, 99)
    }
    return OperatingPoint(Curve(np.array([rate]), columns, ("estimated",)), rate, rate)


@pytest.mark.slow
@pytest.mark.parametrize("name", MIXES)
def test_percentiles_of_a_mix_are_those_of_its_pooled_requests(name: str) -> None:
    lengths, parts = MIXES[name]
    offered = OfferedLoad(lengths=lengths, requests=20_000)
    simulated = [simulated_part(part, offered) for part in parts]
    for metric in ("ttft", "tpot", "e2e"):
        mix = [(rate, samples[metric]) for rate, samples in simulated]
        points = [point_of_percentiles(rate, metric, values) for rate, values in mix]
        for statistic, share in (("p90", 0.1), ("p95", 0.05), ("p99", 0.01)):
            read = achieved_latency(points, Slo(metric, statistic, 1.0))
            pooled = pooled_percentile(mix, share)
            assert read == pytest.approx(pooled, rel=ACCURACY), (metric, statistic)
