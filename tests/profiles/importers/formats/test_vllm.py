"""vLLM: what the summary lacks is computed from the requests."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.scenarios.benchmark_files import vllm
from tests.support.scenarios.imports import imported, lines_of_import, write


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
    assert "computed from the file's own list" in lines_of_import(found)
