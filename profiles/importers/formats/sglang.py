"""SGLang `bench_serving`: JSON lines, one object a run, appended.

rate        request_throughput (answered), request_rate (offered; Infinity = all at once, or
            "trace"), max_concurrency, concurrency
latency     {mean, median, p90, p95, p99}_{ttft, tpot, e2e_latency}_ms
counts      completed, total_input_tokens, total_output_tokens; failures are not recorded
server      server_info: model_path, tp_size, dp_size, quantization (null when the server did not
            answer, missing in old files)
"""

from collections.abc import Mapping
from typing import Any

from profiles.importers.formats.fields import at, day, finite, named, number, positive, text, whole
from profiles.importers.formats.record import Run
from profiles.records import STATISTICS, Column

__all__ = ["matches", "read"]

TOOL = "SGLang bench_serving"
METRICS = {"ttft": "ttft", "tpot": "tpot", "e2e": "e2e_latency"}
SPELT = {"mean": "mean", "p50": "median", "p90": "p90", "p95": "p95", "p99": "p99"}
CACHED = (
    "the server kept prefixes (radix cache on): prompts that repeat make the time to first token"
    " look shorter than it is for others"
)


def matches(tree: Mapping[str, Any]) -> bool:
    """Whether a tree looks like one run of this tool."""
    ours = "server_info" in tree or any(key.endswith("_e2e_latency_ms") for key in tree)
    return ours and number(tree.get("request_throughput")) is not None


def read(tree: Mapping[str, Any], file: str, place: str) -> list[Run]:
    """The one run of the object."""
    server = at(tree, "server_info")
    server = server if isinstance(server, Mapping) else {}
    ok = finite(at(tree, "completed"))
    totals = [positive(at(tree, key)) for key in ("total_input_tokens", "total_output_tokens")]
    lengths = [total / ok if total and ok else None for total in totals]
    pipeline = whole(named(server, "pp")) or 1
    return [
        Run(
            tool=TOOL,
            version=text(at(server, "version")),
            file=file,
            place=place,
            model=text(at(server, "model_path"))
            or text(at(tree, "model_id"))
            or text(at(tree, "model")),
            quantization=text(at(server, "quantization")),
            gpu=text(named(tree, "gpu")),
            tp=whole(named(server, "tp")) or whole(named(tree, "tp")),
            share_pct=positive(named(tree, "share")),
            replicas=whole(named(server, "dp")) or 1,
            offered_rps=number(at(tree, "request_rate")),
            achieved_rps=finite(at(tree, "request_throughput")),
            concurrency=positive(at(tree, "concurrency")),
            max_concurrency=positive(at(tree, "max_concurrency")),
            latency_ms=_latency(tree),
            input_tokens=lengths[0],
            output_tokens=lengths[1],
            ok=ok,
            errors=finite(at(tree, "failed")),
            duration_s=positive(at(tree, "duration")),
            when=day(at(tree, "date")),
            notices=(CACHED,) if at(server, "disable_radix_cache") is False else (),
            refused=(
                f"the server ran {pipeline} pipeline stages, which no option of the planner does"
                if pipeline > 1
                else ""
            ),
        )
    ]


def _latency(tree: Mapping[str, Any]) -> dict[Column, float]:
    latency: dict[Column, float] = {}
    for metric, word in METRICS.items():
        for statistic in STATISTICS:
            value = positive(at(tree, f"{SPELT[statistic]}_{word}_ms"))
            if value is not None:
                latency[metric, statistic] = value
    return latency
