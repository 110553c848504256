"""Many plans in one process through the Python API, for `python -m bench.soak`:
python -m bench.soak_api SOLVES prints the process's memory (MiB) after every EVERY plans.

Each plan is of its own rate, limit, objective and scores, so that nothing is answered from a cache.
"""

import sys
from typing import Any

import numpy as np
import pandas as pd
import psutil

import planner

__all__ = ["EVERY", "content"]

EVERY = 20
MIB = 2**20
CURVES = {"small": ((2, 60), (20, 180), (30, 400)), "large": ((1, 150), (6, 500), (9, 1400))}
"""LLM -> points of (req/s, ms)."""


def content(rng: np.random.Generator) -> dict[str, Any]:
    """A tiny scenario: two LLMs, two to four GPUs, five to thirty prompts."""
    rows = [
        {
            "llm": llm,
            "gpu": "A100-PCIe-80GB",
            "tp_degree": 1,
            "mps_share_pct": 100,
            "rate_rps": rate,
            "ttft_mean_ms": limit * rng.uniform(0.9, 1.1),
            "memory_gib_per_gpu": 20,
            "provenance": "estimated",
        }
        for llm, points in CURVES.items()
        for rate, limit in points
    ]
    prompts = int(rng.integers(5, 30))
    scores = pd.DataFrame({"prompt_id": [f"p{k}" for k in range(prompts)]})
    scores["small"], scores["large"] = rng.uniform(0.2, 0.8, prompts), rng.uniform(0.3, 1, prompts)
    quality = {"maximize": "quality"}
    cost = {"minimize": "cost", "quality_at_least": 0.3}
    pool = {"name": "a100", "gpu": "A100-PCIe-80GB", "nodes": 1, "price_usd_per_gpu_h": 1.8}
    return {
        "version": 1,
        "name": "soak",
        "pools": [{**pool, "gpus_per_node": int(rng.integers(2, 5))}],
        "llms": [{"name": llm} for llm in CURVES],
        "profiles": pd.DataFrame(rows),
        "scores": scores,
        "arrival_rate_rps": float(rng.uniform(5, 40)),
        "slo": [{"metric": "ttft", "statistic": "mean", "limit_ms": float(rng.uniform(150, 700))}],
        "objective": cost if rng.random() < 0.3 else quality,
    }


def main() -> int:
    """Plan again and again; a plan or a proof that there is none, anything else is raised."""
    rng, process = np.random.default_rng(0), psutil.Process()
    for k in range(int(sys.argv[1])):
        status = planner.plan(planner.load(content(rng))).status
        if status not in ("optimal", "infeasible"):
            raise RuntimeError(f"plan {k}: {status}")
        if k % EVERY == EVERY - 1:
            print(f"{process.memory_info().rss / MIB:.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
