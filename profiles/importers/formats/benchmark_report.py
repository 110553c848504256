"""llm-d Benchmark Report 0.2 and 0.2.1 (JSON or YAML): one load point per file, with a
description of the server.

    rate        results.request_performance.aggregate.throughput.request_rate.mean (answered);
                scenario.load.standardized.rate_qps (offered)
    latency     ...aggregate.latency.{time_to_first_token, time_per_output_token, request_latency},
                each with its `units`
    counts      ...aggregate.requests.{total, failures, input_length, output_length}
    server      scenario.stack[].standardized of kind inference_engine: model, accelerator (model,
                parallelism), replicas, role

Reports that were made from GuideLLM's output carry its idea of time_per_output_token; there
inter_token_latency is TPOT (see `guidellm`).
"""

import math
from collections.abc import Mapping
from typing import Any

from profiles.importers.formats.fields import (
    day_field,
    field_at,
    finite,
    number_field,
    positive,
    statistics_fields_ms,
    text,
    unit_field_ms,
    whole,
)
from profiles.importers.formats.guidellm import TPOT_NOTICE
from profiles.importers.formats.record import Run
from profiles.records import Column

__all__ = ["is_benchmark_report", "is_foreign_report_version", "read_benchmark_report"]

TOOL = "llm-d Benchmark Report"
PREFIX = (
    "the prompts share prefixes: where the server caches them, the time to first token looks"
    " shorter than it is for others"
)


def is_benchmark_report(tree: Mapping[str, Any]) -> bool:
    """Whether a tree looks like a report of this kind, of any version."""
    return (
        "scenario" in tree
        and ("results" in tree or field_at(tree, "scenario", "stack") is not None)
        and "version" in tree
    )


def is_foreign_report_version(tree: Mapping[str, Any]) -> str:
    """Version of a report that is not of the 0.2 line, else ""."""
    version = str(tree.get("version"))
    return (
        ""
        if version.startswith("0.2")
        and isinstance(field_at(tree, "results", "request_performance"), Mapping)
        else version
    )


def read_benchmark_report(tree: Mapping[str, Any], file: str, place: str) -> list[Run]:
    """The one run of the report."""
    load = field_at(tree, "scenario", "load", "standardized")
    aggregate = field_at(tree, "results", "request_performance", "aggregate")
    requests = field_at(aggregate, "requests")
    total, failures = (
        finite(field_at(requests, "total")),
        finite(field_at(requests, "failures")),
    )
    tool = text(field_at(load, "tool"))
    limit = positive(field_at(load, "concurrency"))
    offered = number_field(field_at(load, "rate_qps"))
    latency, notices = _benchmark_report_latency(
        field_at(aggregate, "latency"), of_guidellm="guidellm" in tool.casefold()
    )
    engine, refused = _benchmark_report_engine(field_at(tree, "scenario", "stack"))
    return [
        Run(
            tool=f"{TOOL} of {tool}" if tool else TOOL,
            version=str(field_at(tree, "version")),
            file=file,
            place=place,
            offered_rps=math.inf if offered is None and limit else offered,
            achieved_rps=finite(field_at(aggregate, "throughput", "request_rate", "mean")),
            max_concurrency=limit,
            latency_ms=latency,
            input_tokens=positive(field_at(requests, "input_length", "mean"))
            or positive(field_at(load, "input_seq_len", "value")),
            output_tokens=positive(field_at(requests, "output_length", "mean"))
            or positive(field_at(load, "output_seq_len", "value")),
            ok=None if total is None else total - (failures or 0.0),
            errors=failures,
            when=day_field(field_at(tree, "run", "time", "start"))
            or day_field(field_at(tree, "run", "time", "end"))
            or day_field(field_at(tree, "run", "start_time")),
            notices=notices + ((PREFIX,) if field_at(load, "prefix") else ()),
            refused=refused,
            **engine,
        )
    ]


def _benchmark_report_latency(
    blocks: Any, *, of_guidellm: bool
) -> tuple[dict[Column, float], tuple[str, ...]]:
    names = {
        "ttft": "time_to_first_token",
        "tpot": "time_per_output_token",
        "e2e": "request_latency",
    }
    notices = []
    if of_guidellm and field_at(blocks, "inter_token_latency") is not None:
        names["tpot"] = "inter_token_latency"
        notices.append(TPOT_NOTICE)
    latency: dict[Column, float] = {}
    for metric, name in names.items():
        block = field_at(blocks, name)
        if block is None:
            continue
        factor = unit_field_ms(field_at(block, "units"))
        if factor is None:
            stated = text(field_at(block, "units"))
            notices.append(
                f"{name} has {f'the unknown unit {stated!r}' if stated else 'no units'} and was"
                " left out"
            )
        else:
            latency.update(statistics_fields_ms(block, metric, factor))
    return latency, tuple(notices)


def _benchmark_report_engine(stack: Any) -> tuple[dict[str, Any], str]:
    """What the report says about the servers, as fields of `Run`, and why they are no option of the
    planner ("" = they are).
    """
    parts = [field_at(part, "standardized") for part in stack] if isinstance(stack, list) else []
    engines = [part for part in parts if text(field_at(part, "kind")) == "inference_engine"]
    if not engines:
        return {}, ""
    roles = {text(field_at(engine, "role")) for engine in engines}
    if {"prefill", "decode"} <= roles:
        return (
            {},
            "prefill and decode ran on separate servers, which no option of the planner does",
        )
    kinds = {
        (
            text(field_at(e, "model", "name")),
            text(field_at(e, "accelerator", "model")),
            _degree(e, "tp"),
        )
        for e in engines
    }
    if len(kinds) > 1:
        return (
            {},
            (
                "the stack mixes servers of different kinds, and the report does not say which"
                " answered what"
            ),
        )
    model, gpu, tp = kinds.pop()
    stages = _degree(engines[0], "pp") or 1
    if stages > 1:
        return {}, f"the server ran {stages} pipeline stages, which no option of the planner does"
    replicas = sum(
        (whole(field_at(engine, "replicas")) or 1) * (_degree(engine, "dp") or 1)
        for engine in engines
    )
    arguments = field_at(stack, 0, "native", "args")
    quantization = text(field_at(arguments, "--quantization")) or text(
        field_at(arguments, "quantization")
    )
    return {
        "model": model,
        "gpu": gpu,
        "tp": tp,
        "replicas": replicas,
        "quantization": quantization,
    }, ""


def _degree(engine: Any, kind: str) -> int | None:
    return whole(field_at(engine, "accelerator", "parallelism", kind))
