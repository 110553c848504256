"""What a run must have: percentiles, units, arithmetic; runs that are no load points."""

from pathlib import Path

import pytest

from tests.support.scenarios.benchmark_files import (
    aiperf,
    benchmark_report,
    inference_perf,
    sglang,
    vllm,
)
from tests.support.scenarios.imports import OPTION, faults_of, imported, lines_of_import, write


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"request_throughput": 3.7}, "saturated: 3.7 of 4 req/s"),
        ({"completed": 1900, "failed": 100}, "100 of 2,000 requests failed (5.0 %"),
        ({"completed": 1900, "failed": "absent"}, "100 of 2,000 requests failed"),
        ({"completed": 0, "failed": 2000}, "no request was answered"),
        ({"completed": 4, "num_prompts": 4}, "too few"),
        ({"request_throughput": 8.0}, "a burst"),
        ({"request_throughput": 0.0}, "does not state the achieved request rate"),
        ({"pipeline_parallel_size": "2"}, "pipeline stages"),
    ],
)
def test_runs_that_are_no_load_points(changes: dict, reason: str, tmp_path: Path):
    good, bad = (
        write(tmp_path, "good.json", vllm(request_rate=2.0, request_throughput=2.0)),
        write(tmp_path, "bad.json", vllm(**changes)),
    )
    found = imported(good, bad)
    assert found.frame["rate_rps"].tolist() == [2.0]
    assert reason in lines_of_import(found)
    assert "no point is left to write" in faults_of(bad)
    assert reason in faults_of(bad)


@pytest.mark.parametrize(
    ("ok", "there"),
    [(150, ["p50", "p90"]), (999, ["p50", "p90", "p95"]), (1000, ["p50", "p90", "p95", "p99"])],
)
def test_percentiles_need_requests(ok: int, there: list[str], tmp_path: Path):
    frame = imported(write(tmp_path, "a.json", vllm(completed=ok, num_prompts=ok))).frame
    assert [name for name in ("p50", "p90", "p95", "p99") if f"ttft_{name}_ms" in frame] == there


def test_an_absent_percentile_is_not_substituted(tmp_path: Path):
    run = vllm(p95_ttft_ms="absent", p90_ttft_ms="absent", mean_e2el_ms="absent")
    frame = imported(write(tmp_path, "a.json", run)).frame
    assert not {"ttft_p95_ms", "ttft_p90_ms"} & set(frame.columns)
    assert frame["e2e_mean_ms"].isna().all()
    assert "ttft_p99_ms" in frame


def test_tpot_that_contradicts_the_rest_stays_empty(tmp_path: Path):
    found = imported(
        write(tmp_path, "a.json", inference_perf(tpot=0.005)), given={**OPTION, "llm": "x"}
    )
    assert found.frame["tpot_mean_ms"].isna().all()
    assert "10 ms follow" in lines_of_import(found)


def test_percentiles_out_of_order_are_dropped(tmp_path: Path):
    found = imported(write(tmp_path, "a.json", vllm(p90_ttft_ms=500.0)))
    assert "ttft_p99_ms" not in found.frame
    assert "do not rise" in lines_of_import(found)


def test_cancelled_and_incomplete_runs(tmp_path: Path):
    assert "cancelled" in faults_of(write(tmp_path, "a.json", aiperf(was_cancelled=True)))
    assert "not complete" in faults_of(write(tmp_path, "b.json", aiperf(is_complete=False)))


def test_an_unknown_unit_is_left_out(tmp_path: Path):
    report = aiperf()
    report["request_latency"]["unit"] = "fortnights"
    found = imported(write(tmp_path, "a.json", report))
    assert found.frame["e2e_mean_ms"].isna().all()
    assert "unknown unit 'fortnights'" in lines_of_import(found)
    report = benchmark_report()
    del report["results"]["request_performance"]["aggregate"]["latency"]["request_latency"]["units"]
    assert "request_latency has no units" in lines_of_import(
        imported(write(tmp_path, "b.json", report), given={"share": 50.0})
    )


def test_only_a_closed_loop_keeps_its_limit_full(tmp_path: Path):
    frame = imported(write(tmp_path, "a.json", vllm(max_concurrency=256))).frame
    assert "concurrency" not in frame
    frame = imported(write(tmp_path, "b.json", vllm(request_rate="inf", max_concurrency=2))).frame
    assert frame["concurrency"].tolist() == [2]


def test_a_burst_without_limit_is_no_load_point_but_bounds_the_capacity(tmp_path: Path):
    reported = faults_of(write(tmp_path, "a.json", vllm(request_rate="inf")))
    assert "a burst: all requests were sent at once" in reported
    assert "3.98 req/s bound what the replicas can answer" in reported


def slow_answers(**changes: object) -> dict:
    """300 requests at 1 req/s; the answer to each takes 20 s, the last one after all were sent."""
    return vllm(
        **{
            **{"request_rate": 1.0, "completed": 300, "num_prompts": 300, "duration": 320.0},
            **{"request_throughput": 300 / 320, "mean_ttft_ms": 100.0, "mean_e2el_ms": 20_100.0},
            **{"mean_tpot_ms": 20_000.0 / (vllm()["total_output_tokens"] / 2000 - 1)},
            **changes,
        }
    )


def test_the_last_answers_make_no_run_saturated(tmp_path: Path):
    """The rate is that of the time in which requests were sent."""
    found = imported(write(tmp_path, "a.json", slow_answers()))
    assert found.frame["rate_rps"].tolist() == [1.0]
    assert "counted over the 300 s in which requests were sent" in lines_of_import(found)


def test_a_queue_that_grows_is_saturated_all_the_same(tmp_path: Path):
    """Here the last answers are late because they waited, which their TTFT shows."""
    waited = slow_answers(mean_ttft_ms=10_000.0, mean_e2el_ms=11_000.0, mean_tpot_ms=8.0)
    assert "saturated: 0.9375 of 1 req/s" in faults_of(write(tmp_path, "a.json", waited))


def test_a_rate_that_is_not_stated_is_counted(tmp_path: Path):
    found = imported(
        write(tmp_path, "a.json", slow_answers(request_throughput=None, request_rate=None))
    )
    assert found.frame["rate_rps"].tolist() == [1.0]
    assert "the file states no rate: 300 requests in 300 s are 1 req/s" in lines_of_import(found)


def test_sglang_without_a_rate_is_counted_too(tmp_path: Path):
    run = sglang(request_throughput=None, request_rate=None, completed=2000, duration=500.0)
    found = imported(write(tmp_path, "a.json", run))
    assert found.frame["rate_rps"].iloc[0] == pytest.approx(4.0, rel=0.05)
    assert "the file states no rate" in lines_of_import(found)
