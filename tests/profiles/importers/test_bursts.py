"""What a burst says about the end of a curve."""

from pathlib import Path

import pytest

from tests.support.scenarios.benchmark_files import vllm
from tests.support.scenarios.imports import imported, write


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        (9.0, "ends at 4 req/s: a replica can answer more than was measured"),
        (4.2, "ends at 4 req/s: it reaches what a replica can answer"),
        (3.0, "but its curve goes on to 4 req/s: check that both ran"),
    ],
)
def test_a_burst_is_compared_with_the_end_of_the_curve(answered: float, said: str, tmp_path: Path):
    for rate in (2.0, 4.0):
        write(tmp_path, f"{rate}.json", vllm(request_rate=rate, request_throughput=rate))
    for part in (0.5, 1.0):  # the highest of several counts
        run = vllm(request_rate="inf", request_throughput=part * answered)
        write(tmp_path, f"burst{part}.json", run)
    found = imported(tmp_path)
    assert found.frame["rate_rps"].tolist() == [2.0, 4.0]
    (notice,) = [one for one in found.notices if "sent at once" in one]
    assert f"{answered:g} req/s were answered" in notice
    assert said in notice


def test_another_load_is_not_compared(tmp_path: Path):
    write(tmp_path, "a.json", vllm(request_rate=2.0, request_throughput=2.0))
    longer = vllm(request_rate="inf", total_output_tokens=10 * vllm()["total_output_tokens"])
    write(tmp_path, "b.json", longer)
    (notice,) = [one for one in imported(tmp_path).notices if "sent at once" in one]
    assert "no curve of this load" in notice


def test_a_burst_counts_for_one_replica(tmp_path: Path):
    write(tmp_path, "a.json", vllm(request_rate=2.0, request_throughput=2.0))
    write(tmp_path, "b.json", vllm(request_rate="inf", request_throughput=8.0))
    given = {"llm": "small", "gpu": "H100-SXM-80GB", "tp": 1, "share": 100, "replicas": 2}
    (notice,) = [one for one in imported(tmp_path, given=given).notices if "sent at once" in one]
    assert "4 req/s were answered" in notice
    assert "ends at 1 req/s" in notice
