"""OpenTelemetry spans with GenAI attributes.

Three forms are read:

    {"spans": [...]}          one JSON object, streamed: `start_time` (ISO 8601), `attributes` as a
                              mapping
    a span a line             the same spans as JSON lines
    {"resourceSpans": [...]}  JSON lines as the collector's file exporter writes them:
                              `startTimeUnixNano`, `attributes` as a list of keys and typed values

A request is a span that counts tokens or names a requested model, and calls an LLM: agents and
tools repeat what their calls used, embeddings are served elsewhere. Messages in attributes are
passed over.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from profiles.importers.formats.stream import stream_list_items
from profiles.io.faults import Fault
from profiles.io.json_lines import read_json_lines
from profiles.request_logs.json_rows import JsonLogKeys, request_of_json
from profiles.request_logs.record import LoggedRequest, LogLabel, LogRow, SkippedRow

__all__ = ["has_otel_spans", "is_otel_row", "read_otel_spans"]

MODEL, OPERATION = "gen_ai.request.model", "gen_ai.operation.name"
INPUT = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
OUTPUT = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
CALLS = frozenset(("chat", "text_completion", "completion", "generate_content"))
"""Operations that are requests to an LLM."""
ATTRIBUTES = (MODEL, OPERATION, *INPUT, *OUTPUT)
START, START_NANO = "start_time", "startTimeUnixNano"
SPAN, PARENT = ("span_id", "spanId"), ("parent_span_id", "parentSpanId", "parent_id")
WANTED = (START, START_NANO, *SPAN, *PARENT, *(f"attributes.{name}" for name in ATTRIBUTES))
SPAN_ID = re.compile(r"(0x)?[0-9a-fA-F]{1,16}")
NO_CALL = "no request to an LLM"
MOST_SPANS = 1_000_000
"""Spans of one line."""


def is_otel_row(row: Mapping[str, Any]) -> bool:
    """Whether a JSON line is of this format."""
    return "resourceSpans" in row or ("attributes" in row and (START in row or START_NANO in row))


def has_otel_spans(path: Path, faults: list[Fault]) -> bool:
    """Whether a file is one JSON object with spans."""
    items = stream_list_items(path, "spans", WANTED, faults, ("attributes",))
    return any(START in item or START_NANO in item for item in islice(items, 10))


def read_otel_spans(path: Path, label: LogLabel, *, lines: bool) -> Iterator[LogRow]:
    """Requests of one file; lines: of JSON lines."""
    if lines:
        for item in read_json_lines(path):
            if isinstance(item, Fault):
                yield item
            else:
                yield from _requests_of_line(path, *item, label)
        return
    faults: list[Fault] = []
    for at, span in enumerate(
        stream_list_items(path, "spans", WANTED, faults, ("attributes",)), start=1
    ):
        yield _request_of_span(path, f"span {at}", span, label)
    yield from faults


def _requests_of_line(
    path: Path, place: str, row: Mapping[str, Any], label: LogLabel
) -> Iterator[LogRow]:
    if "resourceSpans" not in row:
        yield _request_of_span(path, place, _flat_span(row), label)
        return
    spans = (
        span
        for resource in _mappings(row, "resourceSpans")
        for scope in _mappings(resource, "scopeSpans")
        for span in _mappings(scope, "spans")
    )
    for at, span in enumerate(islice(spans, MOST_SPANS), start=1):
        yield _request_of_span(path, f"{place}, span {at}", _flat_span(span), label)


def _request_of_span(path: Path, place: str, span: Mapping[str, Any], label: LogLabel) -> LogRow:
    """span: flat, attributes by `attributes.NAME`."""
    named = {name: span.get(f"attributes.{name}") for name in ATTRIBUTES}
    counts = any(named[name] is not None for name in (MODEL, *INPUT, *OUTPUT))
    operation = named[OPERATION]
    if not counts or (operation is not None and operation not in CALLS):
        return SkippedRow(NO_CALL)
    nano = span.get(START) is None and span.get(START_NANO) is not None
    keys = JsonLogKeys(
        (START_NANO if nano else START,),
        (f"attributes.{MODEL}",) if label == LogLabel.MODEL else (),
        tuple(f"attributes.{name}" for name in INPUT),
        tuple(f"attributes.{name}" for name in OUTPUT),
        1e-9 if nano else 1.0,
    )
    request = request_of_json(path, place, span, keys)
    if not isinstance(request, LoggedRequest):
        return request
    return request._replace(span=_span_number(span, SPAN), parent=_span_number(span, PARENT))


def _span_number(span: Mapping[str, Any], keys: Sequence[str]) -> int:
    """The id under the first of these keys, 16 hexadecimal digits; 0 where it is none."""
    text = next((span[key] for key in keys if span.get(key)), "")
    if not isinstance(text, str) or not SPAN_ID.fullmatch(text):
        return 0
    return int(text, 16)


def _flat_span(span: Mapping[str, Any]) -> dict[str, Any]:
    """Times and the attributes that are read."""
    attributes = span.get("attributes")
    if isinstance(attributes, list):
        attributes = {
            entry["key"]: _typed_value(entry.get("value"))
            for entry in attributes
            if isinstance(entry, dict) and entry.get("key") in ATTRIBUTES
        }
    found = attributes if isinstance(attributes, dict) else {}
    flat = {f"attributes.{name}": found.get(name) for name in ATTRIBUTES}
    context = span.get("context")
    ids = {**context, **span} if isinstance(context, dict) else span
    return flat | {key: ids.get(key) for key in (START, START_NANO, *SPAN, *PARENT)}


def _typed_value(value: Any) -> Any:
    """The value of {"intValue": "12"} and its kin; whole numbers are text there."""
    if not isinstance(value, dict):
        return value
    return next(
        (value[kind] for kind in ("intValue", "doubleValue", "stringValue") if kind in value), None
    )


def _mappings(row: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    values = row.get(key)
    yield from (
        (value for value in values if isinstance(value, dict)) if isinstance(values, list) else ()
    )
