"""Text of /metrics."""

import pytest

from profiles.io.faults import Fault
from profiles.live_metrics.exposition import is_exposition, series_of_exposition
from profiles.live_metrics.record import MetricSeries

LINE = 'vllm:request_success_total{model_name="a \\"b\\"",finished_reason="stop"}'


def read(text: str) -> list[MetricSeries]:
    faults: list[Fault] = []
    series = series_of_exposition(text, "x", 50.0, faults)
    assert not faults
    return series


def test_a_sample_without_a_time_gets_that_of_the_file():
    (one,) = read(f"# TYPE vllm:request_success counter\n{LINE} 3.0\nother_total 1\n")
    assert (one.times.tolist(), one.values.tolist()) == ([50.0], [3.0])
    assert one.labels == {"model_name": 'a "b"', "finished_reason": "stop"}


def test_samples_with_times_are_one_series_in_order():
    """Milliseconds in Prometheus's format, seconds in that of OpenMetrics."""
    (one,) = read(f"{LINE} 5 1795500060000\n{LINE} 3 1795500000000\n")
    (other,) = read(
        f'{LINE} 5 1795500060 # {{trace="x"}} 1 1795500060\n{LINE} 6 1795500061.5\n# EOF\n'
    )
    assert one.times.tolist() == [1795500000.0, 1795500060.0]
    assert one.values.tolist() == [3.0, 5.0]
    assert other.times.tolist() == [1795500060.0, 1795500061.5]


def test_what_breaks_the_format_is_a_fault():
    faults: list[Fault] = []
    assert series_of_exposition('vllm:num_preemptions_total{a="b} x', "x", 0.0, faults) == []
    (fault,) = faults
    assert "breaks the format" in fault.problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# HELP vllm:x What.\n", True),
        ("\n# TYPE a counter\n", True),
        ('a_total{b="c,d"} 1\n', True),
        ("up 1 1795500000000", True),
        ("llm,gpu,rate_rps\na,b,1\n", False),
        ("version: 1\n", False),
        ("", False),
        ("# A heading of a document\n", False),
    ],
)
def test_it_is_known_by_its_first_line(text: str, expected: bool):
    assert is_exposition(text) is expected
