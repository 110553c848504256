"""inference-perf `stage_N_lifecycle_metrics.json`: one load point per file; every time in seconds.

    rate        successes.throughput.requests_per_sec (answered), load_summary.requested_rate
                (offered)
    latency     successes.latency.{time_to_first_token, time_per_output_token, request_latency}
    counts      successes.count, failures.count; prompt_len and output_len are mean lengths
    model       in config.yaml next to the stages (`server.model_name`)

The summary of all stages has no requested rate; it mixes load points and is not one.
"""

import math
from collections.abc import Mapping
from typing import Any

from profiles.importers.formats.fields import (
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

__all__ = ["TOOL", "is_inference_perf", "is_summary", "read_inference_perf"]

TOOL = "inference-perf"
BLOCKS = (
    ("ttft", "time_to_first_token"),
    ("tpot", "time_per_output_token"),
    ("e2e", "request_latency"),
)
LIMITS = ("concurrency", "concurrency_level", "max_concurrency")


def is_inference_perf(tree: Mapping[str, Any]) -> bool:
    """Whether a tree looks like a report of this tool."""
    return isinstance(tree.get("load_summary"), Mapping) and "successes" in tree


def is_summary(tree: Mapping[str, Any]) -> bool:
    """Whether a report sums up all stages."""
    load = tree["load_summary"]
    return not any(key in load for key in ("requested_rate", "achieved_rate", *LIMITS))


def read_inference_perf(tree: Mapping[str, Any], file: str, place: str) -> list[Run]:
    """The one run of a stage."""
    load, good = field_at(tree, "load_summary"), field_at(tree, "successes")
    limit = next((stated for key in LIMITS if (stated := positive(field_at(load, key)))), None)
    offered = number_field(field_at(load, "requested_rate"))
    return [
        Run(
            tool=TOOL,
            version="",
            file=file,
            place=place,
            model=text(field_at(tree, "model_name")),
            gpu=text(named_field(tree, "gpu")),
            tp=whole(named_field(tree, "tp")),
            share_pct=positive(named_field(tree, "share")),
            offered_rps=math.inf if offered is None and limit else offered,
            achieved_rps=finite(field_at(good, "throughput", "requests_per_sec")),
            max_concurrency=limit,
            latency_ms=_inference_perf_latency(field_at(good, "latency")),
            input_tokens=positive(field_at(good, "prompt_len", "mean")),
            output_tokens=positive(field_at(good, "output_len", "mean")),
            ok=finite(field_at(good, "count")),
            errors=finite(field_at(tree, "failures", "count")),
            duration_s=positive(field_at(load, "send_duration")),
        )
    ]


def _inference_perf_latency(blocks: Any) -> dict[Column, float]:
    latency: dict[Column, float] = {}
    for metric, name in BLOCKS:
        latency.update(statistics_fields_ms(field_at(blocks, name), metric, 1e3))
    return latency
