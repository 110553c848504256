"""How far estimates lie from open-loop stages that inference-perf measured: percentiles of TTFT,
mean TPOT, and the rate that a saturated server still served.

The stages are those of a public demonstration (kubernetes-sigs/inference-perf, kubecon-na-2025,
`vllm`): an 8B LLM of the Llama 3 shape, prompts of 204 tokens, responses of 62, Poisson arrivals.
Not in the files, and inferred: one H100 SXM (a token a response takes 7.2 ms alone, which is what
reading its weights takes there), 128 sequences at most (what runs at saturation). The tool counts
every streamed chunk twice, so TPOT is (E2E - TTFT) / (tokens - 1) of its means. The second
demonstration, with quantised weights, is left out: it does not say how they are quantised, and it
is as slow as the first one with nobody to wait for.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models.serving.batching import Limits
from models.serving.step_time import StepTime, step_time
from models.serving.workload import Lengths, workload_from_trace
from planner.profiling.simulated_load import (
    OfferedLoad,
    cut_load_to_cache,
    draw_simulated_load,
    simulated_capacity_rps,
    simulated_latencies_at,
)
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms

__all__ = ["open_loop_table"]

STAGES = "kubecon-na-2025_vllm__stage_*_lifecycle_metrics.json"
LLM, GPU, SEQUENCES = "llama-3.1-8b", "H100-SXM-80GB", 128
LIMITS = Limits(350_000, SEQUENCES)
QUANTILES = (
    *(("min", 0.0), ("p1", 0.01), ("p5", 0.05), ("p10", 0.1), ("p25", 0.25), ("median", 0.5)),
    *(("p75", 0.75), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)),
)
DRAWN, RUNS = 4001, 4


def open_loop_table(folder: Path) -> list[str]:
    """Lines of Markdown; none without stages."""
    stages = [json.loads(path.read_text()) for path in sorted(folder.glob(STAGES))]
    step = step_time(load_catalogue_llms()[LLM], load_catalogue_gpus()[GPU], 1)
    lines = [
        "| rate (req/s) | load (%) | TTFT mean | p50 | p95 | p99 | TPOT mean |",
        "|---" * 7 + "|",
    ]
    for stage in stages:
        offered = float(stage["load_summary"]["achieved_rate"])
        served = float(stage["successes"]["throughput"]["requests_per_sec"])
        capacity = _open_loop_capacity(step, stage)
        if served < 0.97 * offered:
            lines += [
                "",
                f"Saturated at {offered:.0f} req/s offered, the server served {served:.0f} req/s;"
                f" the capacity of the estimate is {capacity:.0f} req/s"
                f" ({100 * (capacity / served - 1):+.0f} %).",
            ]
            continue
        cells = [f"{100 * offered / capacity:.0f}"]
        cells += [f"{value:+.0f}" for value in _open_loop_errors(step, stage, offered)]
        lines.append(f"| {offered:.0f} | {' | '.join(cells)} |")
    return lines if stages else []


def _open_loop_errors(step: StepTime, stage: Mapping[str, Any], rate: float) -> list[float]:
    """Signed errors in per cent: TTFT mean, p50, p95, p99, TPOT mean."""
    # As many requests a run as the stage had: near saturation a queue needs its time to build up.
    load = OfferedLoad(
        lengths=_open_loop_lengths(stage),
        requests=RUNS * max(stage["load_summary"]["count"], 1000),
        seeds=RUNS,
        sequences=SEQUENCES,
    )
    latencies, _ = simulated_latencies_at(step, LIMITS, load, draw_simulated_load(load), rate)
    success = stage["successes"]
    first, whole = (success["latency"][name] for name in ("time_to_first_token", "request_latency"))
    tokens = success["output_len"]["mean"]
    measured = {
        f"ttft_{ours}_ms": 1e3 * first[theirs]
        for ours, theirs in (("mean", "mean"), ("p50", "median"), ("p95", "p95"), ("p99", "p99"))
    }
    measured["tpot_mean_ms"] = 1e3 * (whole["mean"] - first["mean"]) / (tokens - 1)
    return [100 * (latencies[name] / value - 1) for name, value in measured.items()]


def _open_loop_capacity(step: StepTime, stage: Mapping[str, Any]) -> float:
    load = OfferedLoad(lengths=_open_loop_lengths(stage), sequences=SEQUENCES)
    draw = cut_load_to_cache(draw_simulated_load(load)[0], LIMITS)
    return simulated_capacity_rps(step, LIMITS, load, draw)


def _open_loop_lengths(stage: Mapping[str, Any]) -> Lengths:
    """Lengths of the measured quantiles, prompt and response apart."""
    shares = (np.arange(DRAWN) + 0.5) / DRAWN
    columns = [
        np.rint(
            np.interp(
                shares,
                [share for _, share in QUANTILES],
                [stage["successes"][name][quantile] for quantile, _ in QUANTILES],
            )
        )
        for name in ("prompt_len", "output_len")
    ]
    # Long prompts do not go with long responses here: the order of one of them is drawn.
    order = np.random.RandomState(0).permutation(DRAWN)
    return workload_from_trace(columns[0][order], columns[1])
