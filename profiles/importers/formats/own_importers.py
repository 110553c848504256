"""Our own entry points of `llm_planner.importers`."""

from profiles.importers.formats import (
    aiperf,
    benchmark_report,
    guidellm,
    inference_perf,
    sglang,
    vllm,
)
from profiles.importers.formats.importer_protocol import BenchmarkFormat

__all__ = ["AIPERF", "BENCHMARK_REPORT", "GUIDELLM", "INFERENCE_PERF", "SGLANG", "VLLM"]

SGLANG = BenchmarkFormat(sglang.is_sglang, sglang.read_sglang)
"""Asked before vLLM: its files began as a copy of vLLM's."""
VLLM = BenchmarkFormat(vllm.is_vllm, vllm.read_vllm)
GUIDELLM = BenchmarkFormat(guidellm.is_guidellm, guidellm.read_guidellm)
INFERENCE_PERF = BenchmarkFormat(
    inference_perf.is_inference_perf, inference_perf.read_inference_perf
)
AIPERF = BenchmarkFormat(aiperf.is_aiperf_export, aiperf.read_aiperf)
BENCHMARK_REPORT = BenchmarkFormat(
    benchmark_report.is_benchmark_report, benchmark_report.read_benchmark_report
)
