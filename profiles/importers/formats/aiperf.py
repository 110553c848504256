"""aiperf `profile_export_aiperf.json` and genai-perf `profile_export_genai_perf.json`: one load
point per file, a unit with every value.

rate        request_throughput.avg (answered); input_config: rate or concurrency of the profiling
            phase
latency     time_to_first_token, request_latency and inter_token_latency, the last being (end -
            first token) / (output tokens - 1) of a request, which is TPOT as we define it
counts      request_count, error_request_count, input_sequence_length, output_sequence_length
GPU         telemetry_data: gpu_name, when telemetry was on and all GPUs are identical
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from profiles.importers.formats.fields import (
    day_field,
    field_at,
    finite,
    named_field,
    positive,
    statistics_fields_ms,
    text,
    unit_field_ms,
    whole,
)
from profiles.importers.formats.record import Run
from profiles.records import Column

__all__ = ["is_aiperf_export", "is_sweep", "read_aiperf"]

BLOCKS = (
    ("ttft", "time_to_first_token"),
    ("tpot", "inter_token_latency"),
    ("e2e", "request_latency"),
)
TPOT_NOTICE = (
    "inter_token_latency of aiperf and genai-perf is a mean of each request and is what we call"
    " TPOT"
)


def is_aiperf_export(tree: Mapping[str, Any]) -> bool:
    """Whether a tree looks like a report of these tools."""
    return any(
        _is_block(field_at(_metrics(tree), name))
        for name in ("request_throughput", "request_latency")
    )


def is_sweep(tree: Mapping[str, Any]) -> bool:
    """Whether a tree sums up a sweep of runs."""
    return "per_combination_metrics" in tree or "best_configurations" in tree


def _is_block(block: Any) -> bool:
    return isinstance(block, Mapping) and "avg" in block and "unit" in block


def _metrics(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metrics: at the top, in early versions of aiperf under `records`."""
    records = tree.get("records")
    return records if isinstance(records, Mapping) and "request_throughput" in records else tree


def read_aiperf(tree: Mapping[str, Any], file: str, place: str) -> list[Run]:
    """The one run of the report."""
    metrics, config = _metrics(tree), field_at(tree, "input_config")
    is_aiperf = (
        "aiperf_version" in tree
        or "schema_version" in tree
        or isinstance(field_at(config, "phases"), list)
    )
    latency, notices = _aiperf_latency(metrics)
    offered, limit = _aiperf_load(config)
    return [
        Run(
            tool="aiperf" if is_aiperf else "genai-perf",
            version=text(field_at(tree, "aiperf_version"))
            or text(field_at(tree, "genai_perf_version")),
            file=file,
            place=place,
            model=_aiperf_model(config),
            gpu=_aiperf_gpu(field_at(tree, "telemetry_data", "endpoints")),
            tp=whole(named_field(field_at(tree, "run_info", "variation_values"), "tp")),
            share_pct=positive(
                named_field(field_at(tree, "run_info", "variation_values"), "share")
            ),
            offered_rps=offered,
            achieved_rps=_aiperf_rate(field_at(metrics, "request_throughput")),
            concurrency=positive(field_at(metrics, "effective_concurrency", "avg")),
            max_concurrency=limit,
            latency_ms=latency,
            input_tokens=positive(field_at(metrics, "input_sequence_length", "avg")),
            output_tokens=positive(field_at(metrics, "output_sequence_length", "avg")),
            ok=_ok(metrics),
            errors=finite(field_at(metrics, "error_request_count", "avg")),
            duration_s=_duration(field_at(metrics, "benchmark_duration")),
            when=day_field(field_at(tree, "start_time")),
            notices=notices,
            refused=_refused(tree),
        )
    ]


def _ok(metrics: Mapping[str, Any]) -> float | None:
    count = finite(field_at(metrics, "request_count", "avg"))
    return count if count is not None else finite(field_at(metrics, "request_latency", "count"))


def _refused(tree: Mapping[str, Any]) -> str:
    if field_at(tree, "was_cancelled") is True:
        return "the run was cancelled"
    return "the run is not complete" if field_at(tree, "is_complete") is False else ""


def _aiperf_rate(block: Any) -> float | None:
    """Requests per second; None when the unit is another one."""
    unit = text(field_at(block, "unit")).casefold().replace(" ", "")
    known = unit in (
        "requests/sec",
        "requests/s",
        "request/sec",
        "req/s",
        "req/sec",
        "requests/second",
        "rps",
    )
    return finite(field_at(block, "avg")) if known else None


def _duration(block: Any) -> float | None:
    value, factor = (
        positive(field_at(block, "avg")),
        unit_field_ms(field_at(block, "unit")),
    )
    return value * factor / 1e3 if value and factor else None


def _aiperf_latency(metrics: Mapping[str, Any]) -> tuple[dict[Column, float], tuple[str, ...]]:
    latency: dict[Column, float] = {}
    notices = []
    for metric, name in BLOCKS:
        block = field_at(metrics, name)
        if not isinstance(block, Mapping):
            continue
        factor = unit_field_ms(field_at(block, "unit"))
        if factor is None:
            notices.append(
                f"{name} has the unknown unit {text(field_at(block, 'unit'))!r} and was left out"
            )
            continue
        latency.update(statistics_fields_ms(block, metric, factor))
        notices += [TPOT_NOTICE] if metric == "tpot" else []
    return latency, tuple(notices)


def _aiperf_model(config: Any) -> str:
    """The one LLM that was called; "" when there are several."""
    lists = (
        field_at(config, "models", "items"),
        field_at(config, "models"),
        field_at(config, "model_names"),
        field_at(config, "endpoint", "model_names"),
    )
    for items in lists:
        if isinstance(items, list) and len(items) == 1:
            return text(items[0]) or text(field_at(items[0], "name"))
    return text(field_at(config, "model")) or text(field_at(config, "models"))


def _aiperf_phases(config: Any) -> Iterator[Any]:
    phases = field_at(config, "phases")
    if isinstance(phases, list):
        yield from (
            phase
            for phase in phases
            if text(field_at(phase, "kind")) != "warmup"
            and text(field_at(phase, "name")) != "warmup"
        )
    yield from (
        field_at(config, "profiling"),
        field_at(config, "loadgen"),
        field_at(config, "perf_analyzer", "stimulus"),
        field_at(config, "stimulus"),
        config,
    )


def _aiperf_load(config: Any) -> tuple[float | None, float | None]:
    """(offered req/s, limit of concurrency); infinite = as fast as the limit allows."""
    for phase in _aiperf_phases(config):
        rate = positive(field_at(phase, "rate")) or positive(field_at(phase, "request_rate"))
        limit = positive(field_at(phase, "concurrency"))
        if rate is not None:
            return rate, limit
        if limit is not None:
            return math.inf, limit
    return None, None


def _aiperf_gpu(endpoints: Any) -> str:
    """The name that all GPUs of all endpoints share, else ""."""
    names = set()
    for endpoint in endpoints.values() if isinstance(endpoints, Mapping) else []:
        gpus = field_at(endpoint, "gpus")
        each = (
            gpus.values() if isinstance(gpus, Mapping) else gpus if isinstance(gpus, list) else []
        )
        names |= {text(field_at(gpu, "gpu_name")) for gpu in each}
    return names.pop() if len(names) == 1 else ""
