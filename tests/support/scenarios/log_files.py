"""Logs of requests in every format: the same four requests, 10 s apart, and a secret in every place
where a log may hold a message.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.scenarios.grade_files import write_lines

__all__ = [
    "CLASSES",
    "INPUT",
    "ISO",
    "MESSAGE",
    "MODELS",
    "OUTPUT",
    "START",
    "azure_csv_text",
    "burst_gpt_text",
    "hourly_csv_text",
    "mooncake_rows",
    "otlp_line",
    "plain_csv_text",
    "rate_table_text",
    "semantic_router_log_rows",
    "span",
    "write_every_log",
]

START = 1_700_157_600.0
"""2023-11-16 18:00:00 UTC."""
ISO = [f"2023-11-16T18:00:{10 * k:02d}.5000000Z" for k in range(4)]
INPUT, OUTPUT = (100, 200, 300, 400), (10, 20, 30, 40)
CLASSES, MODELS = ("chat", "code", "chat", "chat"), ("a", "a", "b", "b")
MESSAGE = "the-text-of-a-message"


def azure_csv_text() -> str:
    rows = [
        f"{ISO[k].replace('T', ' ').removesuffix('Z')},{INPUT[k]},{OUTPUT[k]}" for k in range(4)
    ]
    return "\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows]) + "\n"


def burst_gpt_text() -> str:
    head = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type"
    rows = [
        f"{10 * k},{MODELS[k]},{INPUT[k]},{OUTPUT[k]},{INPUT[k] + OUTPUT[k]},{CLASSES[k]}"
        for k in range(4)
    ]
    return "\n".join([head, *rows]) + "\n"


def plain_csv_text() -> str:
    rows = [
        f'{10 * k},{CLASSES[k]},{MODELS[k]},{INPUT[k]},{OUTPUT[k]},"{MESSAGE}, and\nmore"'
        for k in range(4)
    ]
    head = "arrival_s,class,model,input_tokens,output_tokens,prompt"
    return "\n".join([head, *rows]) + "\n"


def mooncake_rows() -> list[dict[str, Any]]:
    return [
        {
            "timestamp": 10_000 * k,
            "input_length": INPUT[k],
            "output_length": OUTPUT[k],
            "hash_ids": [k, k + 1],
        }
        for k in range(4)
    ]


def semantic_router_log_rows() -> list[dict[str, Any]]:
    return [
        {
            "timestamp": START + 10 * k,
            "prompt_tokens": INPUT[k],
            "generated_tokens": OUTPUT[k],
            "selected_model": MODELS[k],
            "category": CLASSES[k],
            "query": MESSAGE,
        }
        for k in range(4)
    ]


def span(k: int, **attributes: Any) -> dict[str, Any]:
    """A span as inference-perf reads them."""
    return {
        "span_id": f"{k:016x}",
        "trace_id": f"{k:032x}",
        "name": "chat",
        "start_time": ISO[k],
        "end_time": ISO[k],
        "attributes": {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": MODELS[k],
            "gen_ai.usage.input_tokens": INPUT[k],
            "gen_ai.usage.output_tokens": OUTPUT[k],
            "gen_ai.input.messages": [{"role": "user", "content": MESSAGE}],
            "gen_ai.output.messages": MESSAGE,
            **attributes,
        },
    }


def otlp_line(k: int) -> dict[str, Any]:
    """A line as the collector's file exporter writes it: one span."""
    attributes = [
        {"key": "gen_ai.request.model", "value": {"stringValue": MODELS[k]}},
        {"key": "gen_ai.usage.prompt_tokens", "value": {"intValue": str(INPUT[k])}},
        {"key": "gen_ai.usage.completion_tokens", "value": {"intValue": OUTPUT[k]}},
        {"key": "gen_ai.prompt", "value": {"stringValue": MESSAGE}},
    ]
    nano = int((START + 10 * k) * 1e9)
    spans = [{"startTimeUnixNano": str(nano), "attributes": attributes}]
    return {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}


def rate_table_text(hours: int = 48, classes: Mapping[str, float] | None = None) -> str:
    """Windows of half an hour: a class's rate times 1 in the first half of the day, else 2."""
    rows = ["category,window_start_s,rate_req_per_s,mean_input_tokens,mean_output_tokens"]
    for name, rate in (classes or {"chat": 4.0, "code": 1.0}).items():
        for k in range(2 * hours):
            factor = 1 + (k % 48) // 24
            rows.append(f"{name},{1800 * k},{rate * factor:g},{100 * factor},10")
    return "\n".join(rows) + "\n"


def hourly_csv_text(per_hour: Mapping[str, tuple[int, ...]], start: float = START) -> str:
    """A plain log: so many requests of each class in every hour, evenly spread, with tokens; one
    more at the very start and at the end, of class `chat`.
    """
    hours = max(map(len, per_hour.values()))
    rows = [(0.0, "chat", 100), (3600.0 * hours, "chat", 100)]
    for name, counts in per_hour.items():
        for hour, count in enumerate(counts):
            rows += [
                (3600 * hour + 3600 * (k + 0.5) / count, name, 100 + k % 7) for k in range(count)
            ]
    lines = [f"{start + time:.3f},{name},{tokens},20" for time, name, tokens in sorted(rows)]
    return "\n".join(["time_s,class,input_tokens,output_tokens", *lines]) + "\n"


def write_every_log(folder: Path) -> dict[str, Path]:
    """Format -> a file of it."""
    folder.mkdir(exist_ok=True)
    texts = {
        "azure.csv": azure_csv_text(),
        "burst.csv": burst_gpt_text(),
        "plain.csv": plain_csv_text(),
        "rates.csv": rate_table_text(),
        "spans.json": json.dumps({"spans": [span(k) for k in range(4)]}, indent=1),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    write_lines(folder / "mooncake.jsonl", mooncake_rows())
    write_lines(folder / "router.jsonl", semantic_router_log_rows())
    write_lines(folder / "otlp.jsonl", [otlp_line(k) for k in range(4)])
    return {path.name: path for path in sorted(folder.iterdir())}
