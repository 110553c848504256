"""SGLang `bench_serving`: JSON lines, one object per run, appended.

rate        request_throughput (answered), request_rate (offered; Infinity = all at once, or
            "trace"), max_concurrency, concurrency
latency     {mean, median, p90, p95, p99}_{ttft, tpot, e2e_latency}_ms
counts      completed, total_input_tokens, total_output_tokens; failures are not recorded
server      server_info: model_path, tp_size, dp_size, quantization (null when the server did not
            answer, missing in old files)
"""

from collections.abc import Mapping
from typing import Any

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

__all__ = ["is_sglang", "read_sglang"]

TOOL = "SGLang bench_serving"
METRICS = {"ttft": "ttft", "tpot": "tpot", "e2e": "e2e_latency"}
SPELT = {"mean": "mean", "p50": "median", "p90": "p90", "p95": "p95", "p99": "p99"}
CACHED = (
    "the server kept prefixes (radix cache on): prompts that repeat make the time to first token"
    " look shorter than it is for others"
)


def is_sglang(tree: Mapping[str, Any]) -> bool:
    """Whether a tree looks like one run of this tool."""
    ours = "server_info" in tree or any(key.endswith("_e2e_latency_ms") for key in tree)
    return ours and states_rate(tree)


def read_sglang(tree: Mapping[str, Any], file: str, place: str) -> list[Run]:
    """The one run of the object."""
    server = field_at(tree, "server_info")
    server = server if isinstance(server, Mapping) else {}
    ok = finite(field_at(tree, "completed"))
    totals = [
        positive(field_at(tree, key)) for key in ("total_input_tokens", "total_output_tokens")
    ]
    lengths = [total / ok if total and ok else None for total in totals]
    pipeline = whole(named_field(server, "pp")) or 1
    return [
        Run(
            tool=TOOL,
            version=text(field_at(server, "version")),
            file=file,
            place=place,
            model=text(field_at(server, "model_path"))
            or text(field_at(tree, "model_id"))
            or text(field_at(tree, "model")),
            quantization=text(field_at(server, "quantization")),
            gpu=text(named_field(tree, "gpu")),
            tp=whole(named_field(server, "tp")) or whole(named_field(tree, "tp")),
            share_pct=positive(named_field(tree, "share")),
            replicas=whole(named_field(server, "dp")) or 1,
            offered_rps=number_field(field_at(tree, "request_rate")),
            achieved_rps=finite(field_at(tree, "request_throughput")),
            concurrency=positive(field_at(tree, "concurrency")),
            max_concurrency=positive(field_at(tree, "max_concurrency")),
            latency_ms=_sglang_latency(tree),
            input_tokens=lengths[0],
            output_tokens=lengths[1],
            ok=ok,
            errors=finite(field_at(tree, "failed")),
            duration_s=positive(field_at(tree, "duration")),
            when=day_field(field_at(tree, "date")),
            notices=(CACHED,) if field_at(server, "disable_radix_cache") is False else (),
            refused=(
                f"the server ran {pipeline} pipeline stages, which no option of the planner does"
                if pipeline > 1
                else ""
            ),
        )
    ]


def _sglang_latency(tree: Mapping[str, Any]) -> dict[Column, float]:
    latency: dict[Column, float] = {}
    for metric, word in METRICS.items():
        for statistic in STATISTICS:
            value = positive(field_at(tree, f"{SPELT[statistic]}_{word}_ms"))
            if value is not None:
                latency[metric, statistic] = value
    return latency
