"""`vllm bench serve` and `vllm bench sweep`: one flat JSON object a run (also of
benchmark_serving.py and of its InferenceX variant).

rate        request_throughput (answered), request_rate (offered; the text "inf" = all at once),
            max_concurrency
latency     {mean, median, p90, ...}_{ttft, tpot, e2el}_ms; the same keys without `_ms` are seconds
            (InferenceX trims its files so)
counts      completed, failed or num_prompts, total_input_tokens, total_output_tokens
per request `ttfts`, `latencies`, `output_lens` in seconds and tokens: statistics that the summary
lacks are computed from them
metadata    what the user gave by --metadata, and every key of a sweep: tensor_parallel_size,
            gpu_type, mps_share, replicas
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from profiles.importers.formats.fields import (
    day_field,
    field_at,
    finite,
    named_field,
    number_field,
    positive,
    states_rate,
    text,
    whole,
)
from profiles.importers.formats.record import Run
from profiles.records import STATISTICS, Column

__all__ = ["is_vllm", "read_vllm"]

TOOL = "vLLM bench serve"
METRICS = {"ttft": "ttft", "tpot": "tpot", "e2e": "e2el"}
SPELT = {
    "mean": ("mean",),
    "p50": ("median", "p50"),
    "p90": ("p90",),
    "p95": ("p95",),
    "p99": ("p99",),
}
SECONDS = "latency keys without a unit in their name were read as seconds"
RECOMPUTED = "statistics that the summary lacks were computed from the file's own list of requests"


def is_vllm(tree: Mapping[str, Any]) -> bool:
    """Whether a tree looks like one run of this tool."""
    latency = any(
        key.startswith(("mean_", "median_", "p99_"))
        and key.removesuffix("_ms").endswith(("ttft", "tpot", "e2el"))
        for key in tree
    )
    return states_rate(tree) and (
        latency or "total_token_throughput" in tree or "tokenizer_id" in tree
    )


def read_vllm(tree: Mapping[str, Any], file: str, place: str) -> list[Run]:
    """The one run of the object."""
    ok = finite(field_at(tree, "completed"))
    failed = finite(field_at(tree, "failed"))
    prompts = finite(field_at(tree, "num_prompts"))
    if failed is None and prompts is not None and ok is not None:
        failed = max(0.0, prompts - ok)
    latency, notices = _vllm_latency(tree, ok)
    pipeline = whole(named_field(tree, "pp")) or 1
    return [
        Run(
            tool=TOOL,
            version=text(field_at(tree, "vllm_version")),
            file=file,
            place=place,
            model=text(field_at(tree, "model_id")) or text(field_at(tree, "model")),
            quantization=text(named_field(tree, "quantization")),
            gpu=text(named_field(tree, "gpu")),
            tp=whole(named_field(tree, "tp")),
            share_pct=positive(named_field(tree, "share")),
            replicas=(whole(named_field(tree, "replicas")) or 1)
            * (whole(named_field(tree, "dp")) or 1),
            offered_rps=number_field(field_at(tree, "request_rate")),
            achieved_rps=finite(field_at(tree, "request_throughput")),
            max_concurrency=positive(field_at(tree, "max_concurrency")),
            latency_ms=latency,
            input_tokens=_mean_length(tree, "total_input_tokens", ok),
            output_tokens=_mean_length(tree, "total_output_tokens", ok),
            ok=ok,
            errors=failed,
            duration_s=positive(field_at(tree, "duration")),
            when=day_field(field_at(tree, "date")),
            notices=notices,
            refused=(
                f"the server ran {pipeline} pipeline stages, which no option of the planner does"
                if pipeline > 1
                else ""
            ),
        )
    ]


def _mean_length(tree: Mapping[str, Any], key: str, ok: float | None) -> float | None:
    total = positive(field_at(tree, key))
    return total / ok if total and ok else None


def _vllm_latency(
    tree: Mapping[str, Any], ok: float | None
) -> tuple[dict[Column, float], tuple[str, ...]]:
    """(column, ms) of the summary, completed from the list of requests; notices."""
    latency: dict[Column, float] = {}
    notices: list[str] = []
    for metric, word in METRICS.items():
        for statistic in STATISTICS:
            for spelt in SPELT[statistic]:
                for key, factor in ((f"{spelt}_{word}_ms", 1.0), (f"{spelt}_{word}", 1e3)):
                    value = positive(field_at(tree, key))
                    if value is not None and (metric, statistic) not in latency:
                        latency[metric, statistic] = value * factor
                        notices += [SECONDS] if factor != 1.0 else []
    computed = {
        column: value
        for column, value in _vllm_request_latencies(tree, ok).items()
        if column not in latency
    }
    if computed:
        notices.append(RECOMPUTED)
    return {**latency, **computed}, tuple(dict.fromkeys(notices))


def _vllm_request_latencies(tree: Mapping[str, Any], ok: float | None) -> dict[Column, float]:
    """Statistics over the requests that were answered, as numpy's (and vLLM's) percentiles; {}
    unless all answered ones are listed.
    """
    first, whole_time, lengths = (
        _vllm_numbers(field_at(tree, key)) for key in ("ttfts", "latencies", "output_lens")
    )
    latency: dict[Column, float] = {}
    if ok and whole_time is not None:
        answered = whole_time > 0
        if answered.sum() == ok:
            latency |= _vllm_statistics("e2e", 1e3 * whole_time[answered])
    if ok and first is not None:
        answered = first > 0
        if answered.sum() == ok:
            latency |= _vllm_statistics("ttft", 1e3 * first[answered])
            if (
                whole_time is not None
                and lengths is not None
                and len(first) == len(whole_time) == len(lengths)
            ):
                several = answered & (lengths > 1)
                if several.any():
                    latency |= _vllm_statistics(
                        "tpot", 1e3 * (whole_time - first)[several] / (lengths[several] - 1)
                    )
    return latency


def _vllm_numbers(values: Any) -> np.ndarray | None:
    if (
        not isinstance(values, list)
        or not values
        or not all(isinstance(value, int | float) for value in values)
    ):
        return None
    return np.array(values, dtype=float)


def _vllm_statistics(metric: str, values: np.ndarray) -> dict[Column, float]:
    percents = np.percentile(values, [float(statistic[1:]) for statistic in STATISTICS[1:]])
    return {
        (metric, statistic): float(value)
        for statistic, value in zip(STATISTICS, [values.mean(), *percents], strict=True)
        if value > 0
    }
