"""A scenario in memory that plans within a tenth of a second: two LLMs on one node of two GPUs,
prompt k best answered by LLM k mod 2.
"""

from typing import Any

import pandas as pd

__all__ = ["small_content"]


def small_content(**values: Any) -> dict[str, Any]:
    """The scenario as a mapping with DataFrames. values: keys at the top in place of these."""
    points = [(llm, rate) for llm in ("alpha", "beta") for rate in (0, 10, 40)]
    profiles = pd.DataFrame(
        {
            "llm": [llm for llm, _ in points],
            "gpu": "GPU-X",
            "tp_degree": 1,
            "mps_share_pct": 100,
            "rate_rps": [rate for _, rate in points],
            "ttft_mean_ms": [50 + 2 * rate for _, rate in points],
            "memory_gib_per_gpu": 20.0,
        }
    )
    prompts = pd.Index([f"p{k}" for k in range(20)], name="prompt_id")
    scores = pd.DataFrame({"alpha": [0.9, 0.5] * 10, "beta": [0.5, 0.9] * 10}, index=prompts)
    pool = {"name": "p", "gpu": "GPU-X", "nodes": 1, "gpus_per_node": 2, "memory_gib": 80}
    return {
        "version": 1,
        "name": "two",
        "pools": [{**pool, "price_usd_per_gpu_h": 2.0}],
        "llms": [{"name": "alpha"}, {"name": "beta"}],
        "profiles": profiles,
        "scores": scores,
        "arrival_rate_rps": 10,
        "slo": [{"metric": "ttft", "statistic": "mean", "limit_ms": 500}],
        "objective": {"maximize": "quality"},
        **values,
    }
