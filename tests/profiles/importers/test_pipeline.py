"""`profile import`: every tool by a small file of its kind written here, units, what is left out,
what is asked for, and broken files.

The samples of real tools lie beside the checkout and are read where they are there.
"""

import gzip
import json
import math
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.cli.commands.profile_import import Wanted, run_profile_import
from profiles.curves import load_profiles
from profiles.importers.discover import read_files
from profiles.importers.formats.names import gpu_key, is_quantised, llm_name
from profiles.importers.formats.record import Run
from profiles.importers.formats.rules import judge
from profiles.importers.formats.stream import read_json, sniff
from profiles.importers.identify import Given
from profiles.importers.pipeline import Imported, import_profiles, lines_of
from profiles.io.faults import DataError, Fault
from tests.support.paths import HOME

SAMPLES = HOME.parent / "shared/cases/tool-outputs"
OPTION = {"gpu": "H100-SXM-80GB", "tp": 1, "share": 100.0}


# ---------------------------------------------------------------- small files of every tool


def vllm(**changes: Any) -> dict[str, Any]:
    """One run at 4 req/s: 64 prompt and 33 output tokens, TTFT 50 ms, TPOT 10 ms, E2E 370 ms, 2,000
    requests.
    """
    run = {
        "date": "20261124-065234",
        "backend": "vllm",
        "endpoint_type": "vllm",
        "model_id": "Qwen/Qwen3-8B",
        "tokenizer_id": "Qwen/Qwen3-8B",
        "num_prompts": 2000,
        "request_rate": 4.0,
        "burstiness": 1.0,
        "max_concurrency": None,
        "duration": 500.0,
        "completed": 2000,
        "failed": 0,
        "total_input_tokens": 128000,
        "total_output_tokens": 66000,
        "request_throughput": 3.98,
        "total_token_throughput": 1.0,
    }
    for metric, mean in (("ttft", 50.0), ("tpot", 10.0), ("e2el", 370.0), ("itl", 9.0)):
        run |= {f"mean_{metric}_ms": mean, f"median_{metric}_ms": 0.9 * mean}
        run |= {f"p{p}_{metric}_ms": (1 + p / 100) * mean for p in (90, 95, 99)}
    return {key: value for key, value in {**run, **changes}.items() if value != "absent"}


def sglang(**changes: Any) -> dict[str, Any]:
    run = {
        key: value
        for key, value in vllm().items()
        if key not in ("model_id", "tokenizer_id", "failed", "num_prompts", "date")
    }
    run = {key.replace("e2el", "e2e_latency"): value for key, value in run.items()}
    server = {
        "model_path": "Qwen/Qwen3-8B",
        "tp_size": 2,
        "version": "0.5.23",
        "disable_radix_cache": False,
        "launch_command": "...",
    }
    return {
        **run,
        "server_info": server,
        "concurrency": 1.5,
        "accept_length": None,
        "itls": [[0.01] * 5],
        **changes,
    }


def stats(mean: float, count: int = 2000) -> dict[str, Any]:
    percentiles = {
        "p001": mean / 4,
        "p01": mean / 3,
        "p50": 0.9 * mean,
        "p90": 1.9 * mean,
        "p95": 1.95 * mean,
        "p99": 1.99 * mean,
    }
    empty = {"mean": 0.0, "median": 0.0, "count": 0, "percentiles": dict.fromkeys(percentiles, 0.0)}
    return {
        "successful": {
            "mean": mean,
            "median": 0.9 * mean,
            "count": count,
            "percentiles": percentiles,
        },
        "errored": empty,
    }


def guidellm_benchmark(
    schema: int, rate: float = 4.0, ok: int = 2000, errored: int = 0
) -> dict[str, Any]:
    metrics = {
        "requests_per_second": stats(0.995 * rate),
        "request_concurrency": stats(1.47),
        "request_latency": stats(0.37),
        "time_to_first_token_ms": stats(50.0),
        "time_per_output_token_ms": stats(11.2),
        "inter_token_latency_ms": stats(10.0),
        "prompt_token_count": stats(64.0),
        "output_token_count": stats(33.0),
    }
    totals = {"successful": ok, "errored": errored, "incomplete": 3, "total": ok + errored + 3}
    bulk = {
        "successful": [{"request_id": "a", "output": "NaN, Infinity", "t": [math.nan]}] * 3,
        "incomplete": [],
        "errored": [],
    }
    strategy = {"type_": "constant", "rate": rate}
    if schema == 0:
        worker = {"backend_model": "Qwen/Qwen3-8B"}
        return {
            "args": {"strategy": strategy},
            "worker": worker,
            "metrics": metrics,
            "request_totals": totals,
            "requests": bulk,
        }
    backend = {"model": "Qwen/Qwen3-8B"} if schema == 2 else {}
    metrics["request_totals"] = totals
    return {
        "config": {"strategy": strategy, "backend": backend},
        "metrics": metrics,
        "requests": bulk,
        "start_time": 1795502823.9,
    }


def guidellm(schema: int, *benchmarks: dict[str, Any]) -> dict[str, Any]:
    report: dict[str, Any] = {"benchmarks": list(benchmarks or [guidellm_benchmark(schema)])}
    if schema:
        report["metadata"] = {
            "version": schema,
            "guidellm_version": {1: "0.5.4", 2: "0.8.1"}[schema],
        }
    if schema == 1:
        report["args"] = {"model": "Qwen/Qwen3-8B"}
    return report


def inference_perf(tpot: float = 0.010, **load: Any) -> dict[str, Any]:
    def block(mean: float) -> dict[str, float]:
        return {
            "mean": mean,
            "median": 0.9 * mean,
            "p90": 1.9 * mean,
            "p95": 1.95 * mean,
            "p99": 1.99 * mean,
        }

    latency = {
        "request_latency": block(0.37),
        "time_to_first_token": block(0.05),
        "time_per_output_token": block(tpot),
    }
    good = {
        "count": 2000,
        "latency": latency,
        "throughput": {"requests_per_sec": 3.98},
        "prompt_len": block(64),
        "output_len": block(33),
    }
    summary = {
        "count": 2000,
        "send_duration": 500.0,
        "requested_rate": 4.0,
        "achieved_rate": 4.0,
        **load,
    }
    return {"load_summary": summary, "successes": good, "failures": {"count": 0}}


def aiperf(unit: str = "ms", genai: bool = False, **changes: Any) -> dict[str, Any]:
    factor = {"ms": 1.0, "s": 1e-3, "us": 1e3}[unit]

    def block(mean: float) -> dict[str, Any]:
        f = factor * mean
        return {
            "unit": unit,
            "avg": f,
            "p50": 0.9 * f,
            "p90": 1.9 * f,
            "p95": 1.95 * f,
            "p99": 1.99 * f,
            "p1": f / 9,
            "std": f / 3,
        }

    report = {
        "request_throughput": {"unit": "requests/sec", "avg": 3.98},
        "request_latency": block(370.0),
        "time_to_first_token": block(50.0),
        "inter_token_latency": block(10.0),
        "input_sequence_length": {"unit": "tokens", "avg": 64.0},
        "output_sequence_length": {"unit": "tokens", "avg": 33.0},
        "request_count": {"unit": "requests", "avg": 2000.0},
    }
    if genai:
        return {
            **report,
            "input_config": {
                "model_names": ["Qwen/Qwen3-8B"],
                "perf_analyzer": {"stimulus": {"request_rate": 4}},
            },
            **changes,
        }
    gpus = {
        "gpu_0": {"gpu_name": "NVIDIA H100 80GB HBM3"},
        "gpu_1": {"gpu_name": "NVIDIA H100 80GB HBM3"},
    }
    return {
        **report,
        "schema_version": "1.4",
        "aiperf_version": "0.13.0",
        "input_config": {
            "models": {"items": [{"name": "Qwen/Qwen3-8B"}]},
            "phases": [{"kind": "profiling", "type": "constant", "rate": 4.0}],
        },
        "telemetry_data": {"endpoints": {"host": {"gpus": gpus}}},
        "was_cancelled": False,
        "is_complete": True,
        "start_time": "2026-11-24T06:50:29.275066",
        **changes,
    }


def benchmark_report(
    tool: str = "vllm-benchmark", replicas: int = 1, units: str = "ms", **engine: Any
) -> dict[str, Any]:
    f = {"ms": 1.0, "s": 1e-3}[units]

    def block(mean: float, per: str = "") -> dict[str, Any]:
        m = f * mean
        return {
            "units": units + per,
            "mean": m,
            "p50": 0.9 * m,
            "p90": 1.9 * m,
            "p95": 1.95 * m,
            "p99": 1.99 * m,
        }

    latency = {
        "time_to_first_token": block(50.0),
        "request_latency": block(370.0),
        "inter_token_latency": block(10.0, "/token"),
    }
    latency["time_per_output_token"] = block(11.2 if tool == "guidellm" else 10.0, "/token")
    requests = {
        "total": 2000,
        "failures": 0,
        "input_length": {"mean": 64},
        "output_length": {"mean": 33},
    }
    server = {
        "kind": "inference_engine",
        "model": {"name": "Qwen/Qwen3-8B"},
        "accelerator": {
            "model": "NVIDIA-H100-80GB-HBM3",
            "count": 2,
            "parallelism": {"tp": 2, "dp": 1, "pp": 1},
        },
        "replicas": replicas,
        "role": "replica",
        **engine,
    }
    aggregate = {
        "latency": latency,
        "requests": requests,
        "throughput": {"request_rate": {"units": "queries/s", "mean": 3.98 * replicas}},
    }
    load = {
        "standardized": {
            "tool": tool,
            "tool_version": "1",
            "rate_qps": 4.0 * replicas,
            "concurrency": None,
        }
    }
    return {
        "version": "0.2.1",
        "run": {"time": {"start": "2026-11-24T18:00:42Z"}},
        "scenario": {
            "load": load,
            "stack": [{"standardized": server}, {"standardized": {"kind": "generic"}}],
        },
        "results": {"request_performance": {"aggregate": aggregate}},
    }


# ---------------------------------------------------------------- how the tests import


def write(folder: Path, name: str, *contents: Any) -> Path:
    """One JSON value, or several as JSON lines."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(content) for content in contents), encoding="utf-8")
    return path


def imported(*paths: Path, given: Mapping[str, Any] = OPTION) -> Imported:
    return import_profiles(list(paths), Given(given))


def said(found: Imported) -> str:
    return "\n".join([*(line for told in found.files for line in lines_of(told)), *found.notices])


def faults_of(*paths: Path, given: Mapping[str, Any] = OPTION) -> str:
    with pytest.raises(DataError) as error:
        imported(*paths, given=given)
    return "\n".join([*map(str, error.value.faults), *error.value.notices])


def check_the_standard_point(frame: pd.DataFrame, tp: int = 1) -> None:
    """The run that every small file here tells."""
    assert len(frame) == 1
    row = frame.iloc[0]
    assert (row["llm"], row["gpu"], row["tp_degree"], row["mps_share_pct"]) == (
        "qwen3-8b",
        "H100-SXM-80GB",
        tp,
        100,
    )
    assert row["rate_rps"] == pytest.approx(3.98)
    for metric, mean in (("ttft", 50.0), ("tpot", 10.0), ("e2e", 370.0)):
        assert row[f"{metric}_mean_ms"] == pytest.approx(mean)
        assert row[f"{metric}_p50_ms"] == pytest.approx(0.9 * mean)
        assert row[f"{metric}_p99_ms"] == pytest.approx(1.99 * mean)
    assert (row["input_tokens"], row["output_tokens"]) == pytest.approx((64, 33))
    assert row["provenance"] == "measured"


STANDARD = {
    "vllm": (vllm, 1),
    "vllm-inf-text": (lambda: vllm(request_rate="inf", max_concurrency=8), 1),
    "sglang": (sglang, 2),
    "guidellm-none": (lambda: guidellm(0), 1),
    "guidellm-1": (lambda: guidellm(1), 1),
    "guidellm-2": (lambda: guidellm(2), 1),
    "inference-perf": (lambda: {**inference_perf(), "model_name": "Qwen/Qwen3-8B"}, 1),
    "aiperf-ms": (aiperf, 1),
    "aiperf-s": (lambda: aiperf("s"), 1),
    "aiperf-us": (lambda: aiperf("us"), 1),
    "genai-perf": (lambda: aiperf(genai=True), 1),
    "report-ms": (benchmark_report, 2),
    "report-s": (lambda: benchmark_report(units="s"), 2),
    "report-of-guidellm": (lambda: benchmark_report("guidellm"), 2),
    "report-of-4-replicas": (lambda: benchmark_report(replicas=4), 2),
}


@pytest.mark.parametrize("kind", STANDARD)
def test_every_tool_tells_the_same_run(kind: str, tmp_path: Path):
    content, tp = STANDARD[kind]
    given = {key: value for key, value in OPTION.items() if not (key == "tp" and tp == 2)}
    found = imported(write(tmp_path, "any-name.dat", content()), given=given)
    check_the_standard_point(found.frame, tp)
    assert found.files[0].taken == 1


def test_keys_come_from_the_file_where_it_has_them(tmp_path: Path):
    run = vllm(tensor_parallel_size="2", gpu_type="NVIDIA H100 80GB HBM3", mps_share="50")
    alone = imported(write(tmp_path, "a.json", run), given={}).frame.iloc[0]
    assert (alone["gpu"], alone["tp_degree"], alone["mps_share_pct"]) == ("H100-SXM-80GB", 2, 50)
    assert "as given, although the file says 2" in said(
        imported(tmp_path / "a.json", given={"tp": 1})
    )


# ---------------------------------------------------------------- samples of the real tools


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples lie beside the checkout")
class TestSamples:
    def rows(self, pattern: str, **given: Any) -> pd.DataFrame:
        return imported(*sorted(SAMPLES.glob(pattern)), given={**OPTION, **given}).frame

    def test_every_sample_imports_or_says_why_not(self):
        for path in sorted(SAMPLES.glob("*/*")):
            faults: list[Fault] = []
            read = read_files([path], faults)
            assert read.runs
            assert not faults
            assert all(
                judge(run).run is not None or len(judge(run).reason) > 20 for run in read.runs
            ), path

    def test_vllm_milliseconds_and_seconds(self):
        frame = self.rows("vllm-bench/*mock-server*")
        assert frame["ttft_mean_ms"].tolist() == pytest.approx([68.9299, 64.8628], abs=1e-3)
        frame = self.rows("vllm-bench/*glm5*conc16.json")
        assert frame["ttft_p50_ms"].tolist() == pytest.approx([291.399], abs=1e-3)
        assert "ttft_p99_ms" not in frame
        assert frame["llm"].tolist() == ["zai-org/GLM-5-FP8"]

    def test_guidellm_tpot_is_its_inter_token_latency(self):
        for version, count in (("0.2.1", 1), ("0.5.4", 2), ("0.8.1", 3)):
            frame = self.rows(f"guidellm/v{version}*")
            assert len(frame) == count
            parts = frame["ttft_mean_ms"] + (frame["output_tokens"] - 1) * frame["tpot_mean_ms"]
            assert parts.tolist() == pytest.approx(frame["e2e_mean_ms"].tolist(), rel=0.02)
            assert frame["e2e_mean_ms"].between(300, 400).all()

    def test_inference_perf_stages(self):
        frame = self.rows("inference-perf/*vllm__*", llm="llama")
        assert frame["rate_rps"].tolist() == pytest.approx(
            [1.0172, 31.1559, 61.2419, 91.3573], abs=1e-3
        )
        assert frame["ttft_mean_ms"].tolist() == pytest.approx(
            [31.127, 29.837, 34.943, 50.549], abs=1e-3
        )
        assert frame["tpot_mean_ms"].isna().all()
        found = imported(
            *sorted(SAMPLES.glob("inference-perf/*vllm__*")), given={**OPTION, "llm": "llama"}
        )
        assert "saturated: 101.2 of 122.6 req/s" in said(found)
        assert "so TPOT stays empty" in said(found)

    def test_aiperf(self):
        frame = self.rows("aiperf/*")
        assert frame["rate_rps"].tolist() == pytest.approx([2.8, 11.09, 43.6], rel=0.05)
        assert frame["tpot_mean_ms"].iloc[1] == pytest.approx(16.272, abs=1e-3)


# ------------------------------------------------------- what is left out, and what stays empty


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
    assert reason in said(found)
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


def test_what_the_summary_lacks_is_computed_from_the_files_own_requests(tmp_path: Path):
    draw = np.random.default_rng(1)
    ttft, lengths = draw.uniform(0.02, 0.08, 2000), draw.integers(10, 50, 2000)
    latency = ttft + (lengths - 1) * 0.01
    listed = {
        "ttfts": [*ttft, 0.0],
        "latencies": [*latency, 0.0],
        "output_lens": [*map(int, lengths), 0],
        "itls": [[0.1, 0.2]] * 3,
    }
    run = {
        key: value
        for key, value in vllm(num_prompts=2001, failed=1).items()
        if "e2el" not in key and key not in ("p90_ttft_ms",)
    }
    found = imported(write(tmp_path, "a.json", {**run, **listed}))
    row = found.frame.iloc[0]
    assert row["e2e_p95_ms"] == pytest.approx(1e3 * np.percentile(latency, 95))
    assert row["ttft_mean_ms"] == 50.0
    assert "computed from the file's own list" in said(found)


def test_tpot_that_contradicts_the_rest_stays_empty(tmp_path: Path):
    found = imported(
        write(tmp_path, "a.json", inference_perf(tpot=0.005)), given={**OPTION, "llm": "x"}
    )
    assert found.frame["tpot_mean_ms"].isna().all()
    assert "10 ms follow" in said(found)


def test_percentiles_out_of_order_are_dropped(tmp_path: Path):
    found = imported(write(tmp_path, "a.json", vllm(p90_ttft_ms=500.0)))
    assert "ttft_p99_ms" not in found.frame
    assert "do not rise" in said(found)


def test_cancelled_and_incomplete_runs(tmp_path: Path):
    assert "cancelled" in faults_of(write(tmp_path, "a.json", aiperf(was_cancelled=True)))
    assert "not complete" in faults_of(write(tmp_path, "b.json", aiperf(is_complete=False)))


def test_an_unknown_unit_is_left_out(tmp_path: Path):
    report = aiperf()
    report["request_latency"]["unit"] = "fortnights"
    found = imported(write(tmp_path, "a.json", report))
    assert found.frame["e2e_mean_ms"].isna().all()
    assert "unknown unit 'fortnights'" in said(found)
    report = benchmark_report()
    del report["results"]["request_performance"]["aggregate"]["latency"]["request_latency"]["units"]
    assert "request_latency has no units" in said(
        imported(write(tmp_path, "b.json", report), given={"share": 50.0})
    )


def test_a_report_of_several_replicas_is_of_one(tmp_path: Path):
    found = imported(
        write(tmp_path, "a.json", benchmark_report(replicas=4)), given={"share": 100.0}
    )
    assert "divided by 4 replicas" in said(found)
    found = imported(
        write(tmp_path, "b.json", vllm(request_rate=8.0, request_throughput=7.96)),
        given={**OPTION, "replicas": 2},
    )
    assert found.frame["rate_rps"].tolist() == [3.98]


def test_split_and_pipelined_servers_are_refused(tmp_path: Path):
    report = benchmark_report(role="decode")
    prefill = {**report["scenario"]["stack"][0]["standardized"], "role": "prefill"}
    report["scenario"]["stack"].append({"standardized": prefill})
    assert "prefill and decode" in faults_of(write(tmp_path, "a.json", report))


def test_only_a_closed_loop_keeps_its_limit_full(tmp_path: Path):
    frame = imported(write(tmp_path, "a.json", vllm(max_concurrency=256))).frame
    assert "concurrency" not in frame
    frame = imported(write(tmp_path, "b.json", vllm(request_rate="inf", max_concurrency=2))).frame
    assert frame["concurrency"].tolist() == [2]


def test_a_burst_without_limit_is_told(tmp_path: Path):
    assert "sent at once" in said(imported(write(tmp_path, "a.json", vllm(request_rate="inf"))))


# ---------------------------------------------------------------- repeats, copies, saturation, gaps


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
        in said(found)
    )
    assert said(found).count("the same run stands in") == 3
    assert "PyTorch" in said(found)


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
    assert "16 requests at once reached 3.4 req/s, no more than 8 did" in said(found)


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
    assert "left blank on all its points, because these lack it" in said(found)


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


def test_mixed_workloads_are_told(tmp_path: Path):
    a, b = (
        write(tmp_path, "a.json", vllm()),
        write(
            tmp_path, "b.json", vllm(request_rate=2, request_throughput=2, total_input_tokens=10**7)
        ),
    )
    assert "mix workloads" in said(imported(a, b))


# ---------------------------------------------------------------- names


def test_names_are_mapped_where_there_is_no_doubt():
    assert (
        gpu_key("NVIDIA H100 80GB HBM3")
        == gpu_key("NVIDIA-H100-80GB-HBM3")
        == gpu_key("h100-sxm-80gb")
        == "H100-SXM-80GB"
    )
    assert gpu_key("NVIDIA A100-SXM4-80GB") == "A100-SXM-80GB"
    assert gpu_key("AMD Instinct MI300X") == "MI300X-192GB"
    assert gpu_key("Tesla T4") == "T4-16GB"
    assert gpu_key("H100") is gpu_key("NVIDIA A10G") is gpu_key("") is None


@pytest.mark.parametrize(
    "model",
    [
        "Qwen/Qwen3-8B-FP8",
        "RedHatAI/Qwen3-8B-quantized.w4a16",
        "TheBloke/Mistral-7B-GPTQ",
        "x/y-AWQ",
        "x/y-Q4_K_M",
        "x/y-bnb-4bit",
        "a/b-NVFP4",
    ],
)
def test_quantised_models_keep_their_own_name(model: str):
    assert is_quantised(model)
    name, notice = llm_name(model)
    assert name == model
    assert "quantised" in notice


def test_models_that_are_not_quantised():
    assert not any(
        is_quantised(m)
        for m in (
            "Qwen/Qwen3-8B",
            "mistralai/Mixtral-8x7B-Instruct-v0.1",
            "openai/gpt-oss-20b",
            "a/int-8-model",
        )
    )
    assert llm_name("qwen/qwen3-8b")[0] == "qwen3-8b"
    name, notice = llm_name("Qwen/Qwen3-8B", "fp8")
    assert name == "Qwen/Qwen3-8B@fp8"
    assert "quantised" in notice
    assert llm_name("someone/unknown")[0] == "someone/unknown"


def test_a_server_that_quantises_is_not_the_catalogued_llm(tmp_path: Path):
    server = {**sglang()["server_info"], "quantization": "fp8"}
    frame = imported(write(tmp_path, "a.jsonl", sglang(server_info=server))).frame
    assert frame["llm"].tolist() == ["Qwen/Qwen3-8B@fp8"]


# ---------------------------------------------------------------- what is asked for


def test_missing_keys_are_one_fault(tmp_path: Path):
    text = faults_of(
        write(tmp_path, "a.json", vllm()), write(tmp_path, "b.json", benchmark_report()), given={}
    )
    assert text.count("\n") == 0
    assert "gpu, tp, share of" in text
    assert "nor the share of" in text
    assert "--gpu NAME --tp N --share PCT" in text
    assert "--llm" not in text


def test_doubtful_names_are_asked_for(tmp_path: Path):
    text = faults_of(write(tmp_path, "a.json", vllm(gpu="H100", mps_share="0.5")), given={"tp": 1})
    assert "H100-PCIe-80GB, H100-SXM-80GB, H100-NVL-94GB" in text
    assert "0.5 looks like a fraction" in text


def test_runs_that_are_left_out_ask_for_nothing(tmp_path: Path):
    text = faults_of(write(tmp_path, "a.json", vllm(request_throughput=1.0)), given={})
    assert "--gpu" not in text


def map_file(folder: Path, text: str) -> Path:
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_mapping_file(tmp_path: Path, capsys: pytest.CaptureFixture):
    files = [
        write(tmp_path, f"r/tp{tp}/run.json", vllm(model_id="Qwen/Qwen3-8B-FP8", gpu="H100"))
        for tp in (1, 2)
    ]
    mapping = map_file(
        tmp_path,
        "defaults: {share: 100}\nllms: {Qwen/Qwen3-8B-FP8: qwen3-8b-fp8}\ngpus: {H100:"
        ' H100-SXM-80GB}\nfiles: [{match: "tp1/*", tp: 1}, {match: "*tp2*", tp: 2, replicas: 2}]\n',
    )
    assert run_profile_import(files, Wanted(mapping=mapping)) == 0
    rows = [line.split(",")[:5] for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows == [
        ["qwen3-8b-fp8", "H100-SXM-80GB", "1", "100", "3.98"],
        ["qwen3-8b-fp8", "H100-SXM-80GB", "2", "100", "1.99"],
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("defaults: {tp: 0}", "no whole number"),
        ("defaults: {share: 0.5}", "looks like a fraction"),
        ("default: {tp: 1}", "did you mean defaults?"),
        ("files: [{tp: 1}]", "does not say which files"),
        ("files: [{match: x, ttp: 1}]", "no such key"),
        ("llms: [a]", "map names to names"),
        ("- a", "no mapping"),
        ("a: [", "not sound YAML"),
    ],
)
def test_faults_of_the_mapping_file(
    text: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture
):
    assert (
        run_profile_import(
            [write(tmp_path, "a.json", vllm())], Wanted(mapping=map_file(tmp_path, text))
        )
        == 2
    )
    assert problem in capsys.readouterr().err


def test_the_model_of_inference_perf_stands_beside_its_stages(tmp_path: Path):
    write(tmp_path, "stage_0_lifecycle_metrics.json", inference_perf())
    summary = inference_perf()
    summary["load_summary"] = {"count": 9}
    write(tmp_path, "summary_lifecycle_metrics.json", summary)
    (tmp_path / "config.yaml").write_text(
        "server: {type: vllm, model_name: Qwen/Qwen3-8B}\nload: {type: constant}\n"
    )
    found = imported(tmp_path)
    check_the_standard_point(found.frame)
    assert "mixes all stages" in said(found)
    assert len(found.passed) == 1


# ---------------------------------------------------------------- shapes of files


def test_json_lines_lists_and_lists_of_lists(tmp_path: Path):
    runs = [vllm(request_rate=float(k), request_throughput=float(k)) for k in (1, 2, 3)]
    lines = write(tmp_path, "a.jsonl", *runs)
    nested = write(tmp_path, "b.json", [[runs[0]], [runs[1], [runs[2]]]])
    assert (
        imported(lines).frame["rate_rps"].tolist()
        == imported(nested).frame["rate_rps"].tolist()
        == [1, 2, 3]
    )


def test_numbers_as_text_and_constants_that_are_not_json(tmp_path: Path):
    text = json.dumps(
        vllm(
            request_rate="4.0",
            request_throughput="3.98",
            completed="2000",
            request_goodput=math.nan,
            x=[math.inf, -math.inf],
        )
    )
    assert "NaN" in text
    assert "-Infinity" in text
    path = tmp_path / "a.json"
    path.write_text(text)
    check_the_standard_point(imported(path).frame)
    run = sglang(request_rate=math.inf, max_concurrency=2)
    assert "Infinity" in json.dumps(run)
    check_the_standard_point(
        imported(
            write(tmp_path, "b.jsonl", run), given={"gpu": "H100-SXM-80GB", "share": 100.0}
        ).frame,
        tp=2,
    )


def test_constants_are_found_across_chunks_and_left_alone_in_words(tmp_path: Path):
    path = tmp_path / "a.json"
    for shift in range(131040, 131080):
        content = (
            '{"a": "'
            + "x" * shift
            + '", "b": NaN, "c": -Infinity, "d": [Infinity,NaN], "e": "NaNny, Infinity"}'
        )
        path.write_text(content)
        faults: list[Fault] = []
        tree = read_json(path, faults)[0][1]
        assert not faults
        assert tree["b"] is None
        assert tree["c"] < -1e300 < 1e300 < tree["d"][0]
        assert tree["d"][1] is None


def test_gzip_byte_order_mark_and_yaml(tmp_path: Path):
    content = json.dumps(vllm())
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(content.encode()))
    (tmp_path / "b.json").write_bytes(b"\xef\xbb\xbf" + content.encode())
    check_the_standard_point(imported(tmp_path / "a.json.gz").frame)
    check_the_standard_point(imported(tmp_path / "b.json").frame)
    yaml = "\n".join(
        [
            "version: 0.2.1",
            *(
                f"{key}: {json.dumps(value)}"
                for key, value in benchmark_report().items()
                if key != "version"
            ),
        ]
    )
    (tmp_path / "report.yaml").write_text(yaml)
    check_the_standard_point(imported(tmp_path / "report.yaml", given={"share": 100.0}).frame, tp=2)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "the file is empty"),
        (b"  \n ", "the file is empty"),
        (json.dumps(vllm()).encode()[:-40], "ends in the middle"),
        (gzip.compress(json.dumps(vllm()).encode())[:-30], "cannot be read"),
        (json.dumps(vllm(model_id="é"), ensure_ascii=False).encode("latin-1"), "not UTF-8"),
        (json.dumps(vllm()).encode("utf-16"), "UTF-16"),
        (bytes(range(256)), "neither text nor Parquet"),
        (b"PK\x03\x04rest", "packed"),
        (b"PAR1 no parquet", "neither .csv nor .parquet"),
        (b"{'a': 1}", "not sound JSON"),
        (b'{"a": 1} trailing', "not sound JSON"),
        (b"[" * 5000, "nested deeper"),
        (b"[]", "the list is empty"),
        (b"{}", "the object is empty"),
        (b"[1, 2]", "no benchmark result"),
        (b'{"hello": 1}', "no known tool writes such a file"),
        (b'{"mean_ttft_ms": 3.0}', "request_throughput) is missing"),
        (b'{"benchmarks": []}', "none has metrics"),
        (b'{"benchmarks": [{"metrics": 5}]}', "none has metrics"),
        (b'{"experiments": [{"requests": [1]}]}', "single requests"),
        (b"just: text\n", "no known tool"),
        (b"a,b,c,d,e\n1,2,3,4,5\n", "not a profile table"),
        (b"# A heading\nsome: [words\n", "neither JSON nor YAML"),
    ],
)
def test_files_that_are_none(raw: bytes, problem: str, tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(raw)
    assert problem in faults_of(path)


def test_odd_kinds_in_known_files_are_no_bugs(tmp_path: Path):
    """A value of a small file replaced by one of an odd kind: a table or a fault, never another
    exception.

    (All 3,000 passed.)
    """
    contents = (vllm(), sglang(), inference_perf(), aiperf(), guidellm(2), benchmark_report())
    odd = (None, [], {}, "word", -1, 1e300, True, [[1]], {"mean": "x"})
    cases = [
        (content, path, value) for content in contents for path in _paths(content) for value in odd
    ]
    for content, path, value in random.Random(1).sample(cases, 300):  # noqa: S311
        file = write(tmp_path, "a.json", _changed(content, path, value))
        with suppress(DataError):
            imported(file, given={**OPTION, "llm": "x"})


def _paths(tree: Any, depth: int = 3) -> list[tuple]:
    if not isinstance(tree, dict) or depth == 0:
        return [()]
    return [(), *((key, *rest) for key, value in tree.items() for rest in _paths(value, depth - 1))]


def _changed(tree: Any, path: tuple, value: Any) -> Any:
    return value if not path else {**tree, path[0]: _changed(tree[path[0]], path[1:], value)}


def test_a_folder_passes_over_what_is_none_and_a_named_file_does_not(tmp_path: Path):
    write(tmp_path, "a.json", vllm())
    (tmp_path / "notes.txt").write_text("nothing here")
    (tmp_path / ".hidden.json").write_text("{")
    found = imported(tmp_path)
    assert len(found.frame) == len(found.passed) == 1
    assert "neither JSON" in faults_of(tmp_path / "notes.txt")
    assert "there are no files" in faults_of(_folder(tmp_path / "empty"))


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_all_faults_at_once(tmp_path: Path):
    (tmp_path / "bad.json").write_text("{")
    text = faults_of(
        tmp_path / "nothere.json",
        tmp_path / "bad.json",
        write(tmp_path, "a.json", vllm()),
        given={},
    )
    assert "there is no such file" in text
    assert "ends in the middle" in text
    assert "--gpu NAME" in text


# ---------------------------------------------------------------- our own table, writing, appending


TABLE = (
    "llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,memory_gib_per_gpu,provenance\n"
    "mine,GPU-X,1,100,2,70,20,estimated\n"
)


def test_our_own_table_passes_through_and_mixes_with_others(tmp_path: Path):
    (tmp_path / "own.csv").write_text(TABLE)
    frame = imported(tmp_path / "own.csv", write(tmp_path, "a.json", vllm())).frame
    assert frame["provenance"].tolist() == ["estimated", "measured"]
    assert frame["memory_gib_per_gpu"].tolist()[0] == 20
    short = "rate_rps,ttft_mean_ms\n2,70\n3,80\n"
    (tmp_path / "short.csv").write_text(short)
    (tmp_path / "named.otherwise").write_text(short)
    frame = imported(tmp_path / "named.otherwise", given={**OPTION, "llm": "mine"}).frame
    assert frame["llm"].tolist() == ["mine", "mine"]
    assert "column llm: the column is missing" in faults_of(tmp_path / "short.csv")


def test_append_and_contradictions(tmp_path: Path, capsys: pytest.CaptureFixture):
    out = tmp_path / "profiles.csv"
    wanted = Wanted(gpu="H100-SXM-80GB", tp=1, share=100.0, out=out)
    first = write(tmp_path, "a.json", vllm())
    assert run_profile_import([first], wanted) == 0
    before = out.read_bytes()
    again = Wanted(gpu="H100-SXM-80GB", tp=1, share=100.0, out=out, append=True)
    assert run_profile_import([first], again) == 0
    assert len(load_profiles(out).options[0].rates) == 1
    assert "stood twice" in capsys.readouterr().err
    assert (
        run_profile_import(
            [write(tmp_path, "b.json", vllm(request_rate=2.0, request_throughput=2.0))], again
        )
        == 0
    )
    assert load_profiles(out).options[0].rates.tolist() == [2.0, 3.98]
    kept = out.read_bytes()
    assert run_profile_import([write(tmp_path, "c.json", vllm(mean_ttft_ms=60.0))], again) == 2
    assert out.read_bytes() == kept != before
    assert "have this rate and differ" in capsys.readouterr().err
    assert run_profile_import([first], wanted) == 0
    assert "in place of the file that was there" in capsys.readouterr().err


def test_the_command_line(tmp_path: Path):
    runner = CliRunner()
    file = str(write(tmp_path, "a.json", vllm()))
    done = runner.invoke(
        app,
        [
            "profile",
            "import",
            file,
            "--gpu",
            "NVIDIA H100 80GB HBM3",
            "--tp",
            "1",
            "--share",
            "100",
        ],
    )
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].startswith(
        "llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms"
    )
    assert "1 point taken" in done.stderr
    done = runner.invoke(app, ["profile", "import", file, "--tp", "0", "--append"])
    assert done.exit_code == 2
    assert "no whole number" in done.stderr
    assert "no table to append to" in done.stderr
    done = runner.invoke(
        app,
        [
            "profile",
            "import",
            file,
            "--gpu",
            "G",
            "--tp",
            "1",
            "--share",
            "50",
            "--out",
            str(tmp_path / "no/x.csv"),
        ],
    )
    assert done.exit_code == 2


def test_what_is_imported_is_a_table_the_planner_takes(tmp_path: Path):
    out = tmp_path / "p.csv"
    files = [write(tmp_path, f"{k}.json", content()) for k, (content, _) in STANDARD.items()]
    assert (
        run_profile_import(
            files, Wanted(llm="=evil", gpu="H100-SXM-80GB", tp=2, share=100.0, out=out, quiet=True)
        )
        == 0
    )
    assert load_profiles(out).options[0].llm == "'=evil"


# ---------------------------------------------------------------- large files


def test_large_reports_are_streamed(tmp_path: Path):
    """20 MB of requests: read in seconds, and in hardly more memory than a small file takes."""
    request = {
        "id": "x" * 30,
        "text": 'say "x", [1] {2}\\' * 20,
        "times": [1795502823.9 + k for k in range(30)],
        "nan": math.nan,
    }
    benchmark = guidellm_benchmark(1)
    benchmark["requests"] = {"successful": [request] * 24000, "incomplete": [], "errored": []}
    big, small = (
        write(tmp_path, "big.json", guidellm(1, benchmark)),
        write(tmp_path, "small.json", guidellm(1)),
    )
    assert big.stat().st_size > 2e7
    assert sniff(big) == "json"
    peaks = []
    for path in (small, big):
        code = (
            "import sys; from profiles.importers.discover import *; from pathlib import Path; r ="
            f" read_files([Path({str(path)!r})], []); "
        )
        code += (
            "import resource; print(len(r.runs),"
            " resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=HOME,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout.split()[0] == "1"
        peaks.append(int(done.stdout.split()[1]) / 1024)
        assert time.perf_counter() - start < 20
    assert peaks[1] - peaks[0] < 30


def test_a_large_file_of_something_else_is_refused_in_bounded_memory(tmp_path: Path):
    path = write(tmp_path, "a.json", {"records": [[k] for k in range(1_100_000)]})
    assert "more than 2,000,000 values" in faults_of(path)


def test_a_run_is_read_only_once_in_overlapping_arguments(tmp_path: Path):
    path = write(tmp_path, "a.json", vllm())
    assert len(read_files([tmp_path, path], []).runs) == 1
    assert isinstance(read_files([path], []).runs[0], Run)
