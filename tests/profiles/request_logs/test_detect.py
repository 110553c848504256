"""Formats of logs are known by content."""

import gzip
import json
from pathlib import Path

import pytest

from profiles.io.faults import Fault
from profiles.request_logs.detect import detect_log_format
from profiles.request_logs.record import LogFormat
from tests.support.scenarios.log_files import span, write_every_log

KINDS = {
    "azure.csv": LogFormat.AZURE,
    "burst.csv": LogFormat.BURST_GPT,
    "mooncake.jsonl": LogFormat.MOONCAKE,
    "otlp.jsonl": LogFormat.OTEL,
    "plain.csv": LogFormat.PLAIN,
    "rates.csv": LogFormat.RATES,
    "router.jsonl": LogFormat.SEMANTIC_ROUTER,
    "spans.json": LogFormat.OTEL,
}


@pytest.mark.parametrize("packed", [False, True])
def test_names_do_not_matter(tmp_path: Path, packed: bool) -> None:
    for name, path in write_every_log(tmp_path / "logs").items():
        content = path.read_bytes()
        place = tmp_path / "x"
        place.write_bytes(gzip.compress(content) if packed else content)
        found = detect_log_format(place)
        assert not isinstance(found, Fault), name
        assert found[0] == KINDS[name]
        assert found[1] == (["spans"] if name == "spans.json" else found[1])


def test_spans_on_one_line_are_one_object(tmp_path: Path) -> None:
    (tmp_path / "x").write_text(json.dumps({"name": "t", "spans": [span(0)]}))
    assert detect_log_format(tmp_path / "x") == (LogFormat.OTEL, ["spans"])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"prompt_id,a\n1,2\n", "no column tells the time"),
        (b"time,time\n1,2\n", "appears twice"),
        (b"time;class\n1;a\n", "not separated by commas"),
        (b"PK\x03\x04", "the file is packed"),
        (b"PAR1", "Parquet logs are not read"),
        (b"a\0b", "not text"),
        (b'{"a": 1}\n', "no log of requests that is known"),
        (b'{"spans": [{"name": "x"}]}', "no log of requests that is known"),
        (b'{\n"spans": [{"name": 1', "ends in the middle"),
        (b"[1, 2]", "no log of requests that is known"),
    ],
)
def test_what_is_not_read_has_a_reason(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "x").write_bytes(content)
    assert why in str(detect_log_format(tmp_path / "x"))
