"""Small files of every benchmark tool: one run each, the same for all."""

import math
from typing import Any


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
