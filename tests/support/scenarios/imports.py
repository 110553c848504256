"""Importing small benchmark files: the option they are given, what the import says."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from profiles.importers.identify import Given
from profiles.importers.pipeline import Imported, pipeline_lines, run_import_pipeline
from profiles.io.faults import DataError
from tests.support.scenarios.benchmark_files import (
    aiperf,
    benchmark_report,
    guidellm,
    inference_perf,
    sglang,
    vllm,
)

OPTION = {"gpu": "H100-SXM-80GB", "tp": 1, "share": 100.0}


def write(folder: Path, name: str, *contents: Any) -> Path:
    """One JSON value, or several as JSON lines."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(content) for content in contents), encoding="utf-8")
    return path


def imported(*paths: Path, given: Mapping[str, Any] = OPTION) -> Imported:
    return run_import_pipeline(list(paths), Given(given))


def lines_of_import(found: Imported) -> str:
    return "\n".join(
        [*(line for account in found.files for line in pipeline_lines(account)), *found.notices]
    )


def faults_of(*paths: Path, given: Mapping[str, Any] = OPTION) -> str:
    with pytest.raises(DataError) as error:
        imported(*paths, given=given)
    return "\n".join([*map(str, error.value.faults), *error.value.notices])


def check_the_standard_point(frame: pd.DataFrame, tp: int = 1) -> None:
    """The run that every small file here records."""
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
