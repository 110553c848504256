"""What vLLM and SGLang call what is needed here.

Read in vLLM's `vllm/v1/metrics/loggers.py`, `stats.py` and `buckets.py` and in SGLang's
`sglang/srt/observability/metrics_collector.py` (November 2026). All times are in seconds.

quantity    vLLM (`vllm:`)                        SGLang (`sglang:`, --enable-metrics)
requests    request_success_total                 num_requests_total
failed      ... finished_reason abort, error      num_aborted_requests_total
preempted   num_preemptions_total                 num_retracted_requests_total
TTFT        time_to_first_token_seconds           time_to_first_token_seconds
TPOT        request_time_per_output_token_seconds (none)
E2E         e2e_request_latency_seconds           e2e_request_latency_seconds
lengths     request_prompt_tokens,                prompt_tokens_total,
            request_generation_tokens             generation_tokens_total
under way   num_requests_running, _waiting        num_running_reqs, num_queue_reqs
cached      prefix_cache_hits_total               cached_tokens_total

`inter_token_latency_seconds`, and `time_per_output_token_seconds` as older servers call it, are of
single gaps between tokens: an answer of 500 tokens counts 499 times in them. That is no TPOT, and
nothing is put in its place. A prefix before the engine's (`kserve_vllm:`) and an underscore in
place of the colon (some collectors allow no other sign) are accepted.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

__all__ = [
    "COUNTERS",
    "GAUGES",
    "NAME_PATTERNS",
    "SAMPLED",
    "TARGET_ONLY",
    "Engine",
    "MetricName",
    "Part",
    "Quantity",
    "identifying_metric_labels",
    "metric_name_parts",
]


class Engine(StrEnum):
    """Whose server it is."""

    VLLM = "vLLM"
    SGLANG = "SGLang"


class Quantity(StrEnum):
    """What is counted or observed."""

    REQUESTS = "requests"
    FAILED = "failed"
    PREEMPTED = "preempted"
    INPUT_TOKENS = "input tokens"
    OUTPUT_TOKENS = "output tokens"
    CACHED_TOKENS = "cached tokens"
    LOOKED_UP_TOKENS = "looked-up tokens"
    RUNNING = "running"
    WAITING = "waiting"
    STARTED = "started"
    TTFT = "ttft"
    TPOT = "tpot"
    E2E = "e2e"
    GAP = "gap between tokens"


class Part(StrEnum):
    """What a series holds of its quantity."""

    VALUE = ""
    BUCKET = "_bucket"
    SUM = "_sum"
    COUNT = "_count"


class MetricName(NamedTuple):
    """A name, taken apart. engine: None of what every process has."""

    engine: Engine | None
    quantity: Quantity
    part: Part


COUNTERS = frozenset(
    {
        *(Quantity.REQUESTS, Quantity.FAILED, Quantity.PREEMPTED, Quantity.INPUT_TOKENS),
        *(Quantity.OUTPUT_TOKENS, Quantity.CACHED_TOKENS, Quantity.LOOKED_UP_TOKENS),
    }
)
GAUGES = frozenset({Quantity.RUNNING, Quantity.WAITING, Quantity.STARTED})
SAMPLED = (Quantity.TTFT, Quantity.TPOT, Quantity.E2E)
"""Histograms that become latencies, by the names of the profile table's metrics."""

_VALUES: Mapping[Engine, Mapping[str, Quantity]] = {
    Engine.VLLM: {
        "request_success_total": Quantity.REQUESTS,
        "request_success_created": Quantity.STARTED,
        "num_preemptions_total": Quantity.PREEMPTED,
        "prefix_cache_hits_total": Quantity.CACHED_TOKENS,
        "prefix_cache_queries_total": Quantity.LOOKED_UP_TOKENS,
        "num_requests_running": Quantity.RUNNING,
        "num_requests_waiting": Quantity.WAITING,
    },
    Engine.SGLANG: {
        "num_requests_total": Quantity.REQUESTS,
        "num_requests_created": Quantity.STARTED,
        "num_aborted_requests_total": Quantity.FAILED,
        "num_retracted_requests_total": Quantity.PREEMPTED,
        "prompt_tokens_total": Quantity.INPUT_TOKENS,
        "generation_tokens_total": Quantity.OUTPUT_TOKENS,
        "cached_tokens_total": Quantity.CACHED_TOKENS,
        "num_running_reqs": Quantity.RUNNING,
        "num_queue_reqs": Quantity.WAITING,
    },
}
_HISTOGRAMS: Mapping[Engine, Mapping[str, Quantity]] = {
    Engine.VLLM: {
        "time_to_first_token_seconds": Quantity.TTFT,
        "request_time_per_output_token_seconds": Quantity.TPOT,
        "e2e_request_latency_seconds": Quantity.E2E,
        "request_prompt_tokens": Quantity.INPUT_TOKENS,
        "request_generation_tokens": Quantity.OUTPUT_TOKENS,
        "inter_token_latency_seconds": Quantity.GAP,
        "time_per_output_token_seconds": Quantity.GAP,
    },
    Engine.SGLANG: {
        "time_to_first_token_seconds": Quantity.TTFT,
        "e2e_request_latency_seconds": Quantity.E2E,
        "inter_token_latency_seconds": Quantity.GAP,
        "time_per_output_token_seconds": Quantity.GAP,
    },
}
_PREFIX = re.compile(r"(?:[a-z]+_)?(vllm|sglang)[:_](.+)")
_PROCESS_START = "process_start_time_seconds"

TARGET_ONLY = frozenset({_PROCESS_START})
"""Names of what a process has once, whatever it serves."""

_OWN_LABELS = frozenset(
    {
        *("le", "quantile", "finished_reason", "pid", "stage", "priority", "is_streaming"),
        *("engine_type", "tp_rank", "pp_rank", "dp_rank", "moe_ep_rank", "cache_source"),
    }
)
"""Labels that tell apart series of one server; all others, `instance` and `engine` among them,
name the server.
"""


def _name_pattern(names: Mapping[Engine, Mapping[str, Quantity]], ending: str) -> str:
    """A regular expression of Prometheus's kind for the names of both engines."""
    one = "|".join(
        f"([a-z]+_)?{engine.lower()}[:_]({'|'.join(of_engine)}){ending}"
        for engine, of_engine in names.items()
    )
    return one


NAME_PATTERNS = (
    f"{_name_pattern(_VALUES, '')}|{_PROCESS_START}",
    _name_pattern(_HISTOGRAMS, "_(sum|count)"),
    _name_pattern(
        {
            engine: {
                name: quantity
                for name, quantity in names.items()
                # Lengths are needed for the answers of one token alone, gaps for nothing.
                if quantity in (*SAMPLED, Quantity.OUTPUT_TOKENS)
            }
            for engine, names in _HISTOGRAMS.items()
        },
        "_bucket",
    ),
)
"""What to ask a Prometheus for: numbers, sums and counts of histograms, their buckets."""


def metric_name_parts(name: str, labels: Mapping[str, str]) -> MetricName | None:
    """What a series holds; None where nothing here needs it."""
    if name == _PROCESS_START:
        return MetricName(None, Quantity.STARTED, Part.VALUE)
    match = _PREFIX.fullmatch(name)
    if match is None:
        return None
    engine = Engine.VLLM if match[1] == "vllm" else Engine.SGLANG
    quantity = _VALUES[engine].get(match[2])
    if quantity is not None:
        failed = labels.get("finished_reason") in ("abort", "error")
        if quantity == Quantity.REQUESTS and failed:
            quantity = Quantity.FAILED
        return MetricName(engine, quantity, Part.VALUE)
    for part in (Part.BUCKET, Part.SUM, Part.COUNT):
        quantity = _HISTOGRAMS[engine].get(match[2].removesuffix(part))
        if match[2].endswith(part) and quantity is not None:
            return MetricName(engine, quantity, part)
    return None


def identifying_metric_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that name the server, sorted."""
    return {name: labels[name] for name in sorted(labels) if name not in _OWN_LABELS}
