"""What is read, and from when."""

from pathlib import Path

import pytest

from profiles.io.faults import DataError
from profiles.live_metrics.sources import MetricsChoice, metric_time, read_metric_sources


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1795608000", 1795608000.0),
        ("2026-11-25T12:00Z", 1795608000.0),
        ("2026-11-25T12:00", 1795608000.0),
        ("2026-11-25T13:00+01:00", 1795608000.0),
        ("2026-11-25", 1795564800.0),
        ("yesterday", None),
        ("-5", None),
        ("nan", None),
        ("1795608000000", None),
        ("", None),
    ],
)
def test_a_time(text: str, expected: float | None):
    assert metric_time(text) == expected


def test_labels_and_times_choose(tmp_path: Path):
    lines = [
        f'vllm:num_requests_running{{job="{job}"}} {value} {1795500000000 + 1000 * second}'
        for job, value in (("a", 1), ("b", 2))
        for second in (0, 60, 120)
    ]
    path = tmp_path / "x.txt"
    path.write_text("\n".join([*lines, "process_start_time_seconds 5"]), encoding="utf-8")
    choice = MetricsChoice(labels={"job": "b"}, start=1795500060.0, end=1795500060.0)
    (one,) = read_metric_sources([str(path)], choice, [])
    assert (one.times.tolist(), one.values.tolist()) == ([1795500060.0], [2.0])
    # A process has no such label, and is of every server.
    found = read_metric_sources([str(path)], MetricsChoice(labels={"job": "b"}), [])
    assert [series.name for series in found] == [
        *("vllm:num_requests_running", "process_start_time_seconds")
    ]


def test_a_prometheus_is_asked_for_a_month_at_most():
    choice = MetricsChoice(start=0.0, end=40 * 86400.0)
    with pytest.raises(DataError, match="40 days; ask for at most 31 days"):
        read_metric_sources(["http://127.0.0.1:9"], choice, [])
