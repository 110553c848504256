"""Points pooled: repeats averaged, copies once, saturated runs left out, gaps blanked."""

from pathlib import Path

import pytest

from tests.support.scenarios.benchmark_files import vllm
from tests.support.scenarios.imports import imported, lines_of_import, write


def test_repeats_are_averaged_and_copies_count_once(tmp_path: Path):
    runs = [
        vllm(run_number=k, tensor_parallel_size=2, mean_ttft_ms=40.0 + 10 * k, duration=500.0 + k)
        for k in range(3)
    ]
    for k, run in enumerate(runs):
        write(tmp_path, f"sweep/run={k}.json", run)
    write(tmp_path, "sweep/summary.json", runs)
    write(
        tmp_path,
        "sweep/run=0.pytorch.json",
        [{"benchmark": {"name": "x"}, "model": {}, "metric": {"name": "y"}}],
    )
    found = imported(tmp_path / "sweep", given={"gpu": "H100-SXM-80GB", "share": 100.0})
    assert len(found.frame) == 1
    assert found.frame["ttft_mean_ms"].iloc[0] == pytest.approx(50.0)
    assert (
        "3 runs of 4 req/s were averaged, weighted by requests, percentiles averaged too"
        in lines_of_import(found)
    )
    assert lines_of_import(found).count("the same run is in") == 3
    assert "PyTorch" in lines_of_import(found)


def test_closed_loop_runs_beyond_the_knee_are_left_out(tmp_path: Path):
    loads = [(4, 2.0), (8, 3.5), (16, 3.4), (32, 3.6)]
    files = [
        write(
            tmp_path,
            f"c{limit}.json",
            vllm(
                request_rate="inf", max_concurrency=limit, request_throughput=rate, duration=limit
            ),
        )
        for limit, rate in loads
    ]
    found = imported(*files)
    assert found.frame["rate_rps"].tolist() == [2.0, 3.5, 3.6]
    assert "16 requests at once reached 3.4 req/s, no more than 8 did" in lines_of_import(found)


def test_a_column_that_one_point_lacks_is_blank_on_all(tmp_path: Path):
    many = write(tmp_path, "many.json", vllm())
    few = write(
        tmp_path,
        "few.json",
        vllm(request_rate=1.0, request_throughput=1.0, completed=150, num_prompts=150),
    )
    found = imported(many, few)
    assert len(found.frame) == 2
    assert "ttft_p99_ms" not in found.frame
    assert "ttft_p90_ms" in found.frame
    assert "left blank on all its points, because these lack it" in lines_of_import(found)


def test_points_without_a_common_column(tmp_path: Path):
    files = [
        write(tmp_path, f"{k}.json", vllm(request_rate=1.0 + k, request_throughput=1.0 + k))
        for k in range(2)
    ]
    odd = {
        key: value
        for key, value in vllm(request_rate=9.0, request_throughput=9.0).items()
        if not key.startswith(("mean", "median", "p9"))
    }
    found = imported(*files, write(tmp_path, "odd.json", {**odd, "mean_e2el_ms": 500.0}))
    assert len(found.frame) == 3
    assert found.frame["e2e_mean_ms"].notna().all()


def test_mixed_workloads_are_reported(tmp_path: Path):
    a, b = (
        write(tmp_path, "a.json", vllm()),
        write(
            tmp_path, "b.json", vllm(request_rate=2, request_throughput=2, total_input_tokens=10**7)
        ),
    )
    assert "mix workloads" in lines_of_import(imported(a, b))
