"""GuideLLM `benchmarks.json`, schemas none (0.2, 0.3), 1 (0.4 to 0.6) and 2 (0.7 on): a list of
benchmarks, one load point each.

rate        metrics.requests_per_second.successful.mean (answered); strategy.rate (offered) of
            constant and poisson runs
concurrency metrics.request_concurrency; strategy.streams (limit) of concurrent runs, 1 of
synchronous ones
latency     metrics.{time_to_first_token_ms (ms), request_latency (seconds)}.successful
TPOT        metrics.inter_token_latency_ms: GuideLLM means by it (end - first token) / (output
            tokens - 1) of a request, which is TPOT as we define it. Its own
            time_per_output_token_ms divides by all output tokens (and from 0.3 on counts the time
            to the first token in), so it is not taken.
counts      metrics.request_totals, else request_totals, else run_stats.requests_made
"""

import math
from collections.abc import Mapping
from typing import Any

from profiles.importers.formats.fields import (
    day_field,
    field_at,
    finite,
    named_field,
    number_field,
    positive,
    statistics_fields_ms,
    text,
    whole,
)
from profiles.importers.formats.record import Run
from profiles.records import Column

__all__ = ["is_guidellm", "read_guidellm"]

TOOL = "GuideLLM"
BLOCKS = (
    ("ttft", "time_to_first_token_ms", 1.0),
    ("tpot", "inter_token_latency_ms", 1.0),
    ("e2e", "request_latency", 1e3),
)
TPOT_NOTICE = (
    "GuideLLM's inter_token_latency_ms is what we call TPOT; its time_per_output_token_ms is not"
)
PREFIX = (
    "the prompts share prefixes: where the server caches them, the time to first token looks"
    " shorter than it is for others"
)


def is_guidellm(tree: Mapping[str, Any]) -> bool:
    """Whether a tree looks like a report of this tool."""
    benchmarks = tree.get("benchmarks")
    return isinstance(benchmarks, list) and any(
        isinstance(field_at(b, "metrics", "requests_per_second"), Mapping) for b in benchmarks
    )


def read_guidellm(tree: Mapping[str, Any], file: str, place: str) -> list[Run]:
    """One run for each benchmark of the report."""
    version = text(field_at(tree, "metadata", "guidellm_version"))
    schema = number_field(field_at(tree, "metadata", "version"))
    stated = (
        f"{version} (schema {schema:.0f})"
        if version and schema
        else version or "0.2 or 0.3 (no schema)"
    )
    inside = f"{place}, " if place else ""
    benchmarks = tree.get("benchmarks") or []
    return [
        _guidellm_run(tree, b, stated, file, f"{inside}benchmarks.{k}")
        for k, b in enumerate(benchmarks)
        if isinstance(b, Mapping)
    ]


def _guidellm_run(
    tree: Mapping[str, Any], benchmark: Mapping[str, Any], version: str, file: str, place: str
) -> Run:
    metrics = field_at(benchmark, "metrics")
    strategy = (
        field_at(benchmark, "config", "strategy")
        or field_at(benchmark, "args", "strategy")
        or field_at(benchmark, "scheduler", "strategy")
    )
    offered, limit = _guidellm_load(strategy)
    counts = next((c for c in _guidellm_counts(benchmark) if isinstance(c, Mapping)), {})
    labels = field_at(tree, "config", "metadata", "labels")
    return Run(
        tool=TOOL,
        version=version,
        file=file,
        place=place,
        model=_guidellm_model(tree, benchmark),
        gpu=text(named_field(labels, "gpu")),
        tp=whole(named_field(labels, "tp")),
        share_pct=positive(named_field(labels, "share")),
        replicas=whole(named_field(labels, "replicas")) or 1,
        offered_rps=offered,
        achieved_rps=finite(_mean(metrics, "requests_per_second")),
        concurrency=positive(_mean(metrics, "request_concurrency")),
        max_concurrency=limit,
        latency_ms=_guidellm_latency(metrics),
        input_tokens=positive(_mean(metrics, "prompt_token_count")),
        output_tokens=positive(_mean(metrics, "output_token_count")),
        ok=finite(field_at(counts, "successful")),
        errors=finite(field_at(counts, "errored")),
        duration_s=positive(field_at(benchmark, "duration")),
        when=day_field(field_at(benchmark, "start_time")),
        notices=_guidellm_notices(tree, benchmark, metrics),
    )


def _mean(metrics: Any, name: str) -> Any:
    return field_at(metrics, name, "successful", "mean")


def _guidellm_counts(benchmark: Mapping[str, Any]) -> list[Any]:
    return [
        field_at(benchmark, "metrics", "request_totals"),
        field_at(benchmark, "request_totals"),
        field_at(benchmark, "run_stats", "requests_made"),
        field_at(benchmark, "scheduler_metrics", "requests_made"),
    ]


def _guidellm_load(strategy: Any) -> tuple[float | None, float | None]:
    """(offered req/s, limit of concurrency) of a strategy; infinite = as fast as the limit
    allows.
    """
    kind = (
        text(field_at(strategy, "type_"))
        or text(field_at(strategy, "type"))
        or text(field_at(strategy, "kind"))
    )
    if kind == "synchronous":
        return math.inf, 1.0
    if kind == "concurrent":
        return math.inf, positive(field_at(strategy, "streams")) or positive(
            field_at(strategy, "max_concurrency")
        )
    if kind == "throughput":
        return math.inf, positive(field_at(strategy, "max_concurrency"))
    return positive(field_at(strategy, "rate")), None


def _guidellm_model(tree: Mapping[str, Any], benchmark: Mapping[str, Any]) -> str:
    paths: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (benchmark, ("config", "backend", "model")),
        (tree, ("args", "model")),
        (tree, ("config", "spec", "backend", "model")),
        (benchmark, ("worker", "backend_model")),
        (benchmark, ("benchmarker", "backend", "model")),
    )
    return next((name for part, path in paths if (name := text(field_at(part, *path)))), "")


def _guidellm_latency(metrics: Any) -> dict[Column, float]:
    latency: dict[Column, float] = {}
    for metric, name, factor in BLOCKS:
        block = field_at(metrics, name, "successful")
        if number_field(field_at(block, "count")) != 0:
            latency.update(statistics_fields_ms(block, metric, factor))
    return latency


def _guidellm_notices(
    tree: Mapping[str, Any], benchmark: Mapping[str, Any], metrics: Any
) -> tuple[str, ...]:
    notices = []
    if (
        field_at(metrics, "time_per_output_token_ms") is not None
        and field_at(metrics, "inter_token_latency_ms") is not None
    ):
        notices.append(TPOT_NOTICE)
    warnings = field_at(benchmark, "warnings")
    if isinstance(warnings, list):
        notices += [
            f"GuideLLM warned: {message.rstrip('.')}"
            for w in warnings
            if (message := text(field_at(w, "message")))
        ]
    data = field_at(tree, "config", "spec", "data")
    if isinstance(data, list) and any(field_at(part, "prefix_buckets") for part in data):
        notices.append(PREFIX)
    return tuple(notices)
