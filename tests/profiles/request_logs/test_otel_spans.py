"""OpenTelemetry spans in three forms; spans that are no request to an LLM are left out."""

import json
from pathlib import Path

from profiles.request_logs.otel_spans import NO_CALL, has_otel_spans, is_otel_row, read_otel_spans
from profiles.request_logs.record import LoggedRequest, LogLabel, SkippedRow
from tests.support.scenarios.grade_files import write_lines
from tests.support.scenarios.log_files import INPUT, MODELS, OUTPUT, START, otlp_line, span


def test_one_object_and_lines_hold_the_same_requests(tmp_path: Path) -> None:
    whole = tmp_path / "a.json"
    whole.write_text(json.dumps({"spans": [span(k) for k in range(4)]}, indent=1))
    lines = write_lines(tmp_path / "b.jsonl", [span(k) for k in range(4)])
    assert has_otel_spans(whole, [])
    assert is_otel_row(span(0))
    expected = [
        LoggedRequest(START + 10 * k + 0.5, MODELS[k], float(INPUT[k]), float(OUTPUT[k]), k)
        for k in range(4)
    ]
    assert list(read_otel_spans(whole, LogLabel.MODEL, lines=False)) == expected
    assert list(read_otel_spans(lines, LogLabel.MODEL, lines=True)) == expected
    unnamed = list(read_otel_spans(lines, LogLabel.CLASS, lines=True))
    assert unnamed == [row._replace(label=None) for row in expected]


def test_the_collectors_lines_are_read(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [otlp_line(k) for k in range(4)])
    assert is_otel_row(otlp_line(0))
    assert list(read_otel_spans(path, LogLabel.MODEL, lines=True)) == [
        LoggedRequest(START + 10 * k, MODELS[k], float(INPUT[k]), float(OUTPUT[k]))
        for k in range(4)
    ]


def test_ids_are_read_where_they_are_ids(tmp_path: Path) -> None:
    sdk = span(1) | {"context": {"span_id": "0x00000000000000ff"}, "parent_id": "0xA"}
    del sdk["span_id"]
    odd = span(2) | {"span_id": "z" * 16, "parent_span_id": 7}
    otlp = otlp_line(3)
    ids = {"spanId": "b" * 16, "parentSpanId": ""}
    otlp["resourceSpans"][0]["scopeSpans"][0]["spans"][0] |= ids
    path = write_lines(tmp_path / "a.jsonl", [sdk, odd, otlp])
    rows = list(read_otel_spans(path, LogLabel.NONE, lines=True))
    assert [row[4:] for row in rows if isinstance(row, LoggedRequest)] == [
        (255, 10),
        (0, 0),
        (0xBBBBBBBBBBBBBBBB, 0),
    ]


def test_other_spans_are_left_out(tmp_path: Path) -> None:
    agent, embedding, tool = (
        span(0, **{"gen_ai.operation.name": name})
        for name in ("invoke_agent", "embeddings", "execute_tool")
    )
    http = {"start_time": "2023-11-16T18:00:00Z", "attributes": {"http.route": "/"}}
    path = write_lines(tmp_path / "a.jsonl", [agent, embedding, tool, http, span(1)])
    *others, last = read_otel_spans(path, LogLabel.NONE, lines=True)
    assert others == [SkippedRow(NO_CALL)] * 4
    assert isinstance(last, LoggedRequest)


def test_strange_shapes_are_no_requests(tmp_path: Path) -> None:
    rows = [
        {"resourceSpans": 3},
        {"resourceSpans": [{"scopeSpans": [4, {"spans": [{"attributes": [5]}]}]}]},
        {"attributes": "x", "start_time": 1},
    ]
    path = write_lines(tmp_path / "a.jsonl", rows)
    assert list(read_otel_spans(path, LogLabel.MODEL, lines=True)) == [SkippedRow(NO_CALL)] * 2
    broken = tmp_path / "b.json"
    broken.write_text('{"spans": [{"start_time": 3, "attributes": {"gen_ai.usage.input_tokens": 4')
    (fault,) = read_otel_spans(broken, LogLabel.MODEL, lines=False)
    assert "ends in the middle" in str(fault)
