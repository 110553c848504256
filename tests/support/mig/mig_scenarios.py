"""A scenario whose best plan has MIG instances beside a whole GPU."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from planner.plans.plan_and_scenario import PlanAndScenario
from tests.support.plans.export_cases import planned

__all__ = ["mig_source", "write_mig_scenario"]

ROWS = (
    ("qwen2.5-14b", "", "3g.40gb", 4.0, 150, 34),
    ("qwen2.5-14b", "", "4g.40gb", 5.0, 130, 34),
    ("llama-3.1-8b", "", "3g.40gb", 7.0, 90, 30),
    ("qwen2.5-14b", 100, "", 8.0, 80, 60),
)
HEAD = "llm,gpu,tp_degree,mps_share_pct,mig_profile,rate_rps,ttft_mean_ms,memory_gib_per_gpu"
SCENARIO = """version: 1
name: divided
pools: [{name: h100, gpu: H100-SXM-80GB, nodes: 1, gpus_per_node: 3, price_usd_per_gpu_h: 4}]
llms: [{name: llama-3.1-8b}, {name: qwen2.5-14b, max_replicas: 2}]
profiles: profiles.csv
scores: scores.csv
arrival_rate_rps: 14
slo: [{metric: ttft, statistic: mean, limit_ms: 250}]
objective: {maximize: quality}
"""


def write_mig_scenario(folder: Path, scenario: str = SCENARIO) -> Path:
    """The scenario's file in a folder, its tables beside it."""
    points = [
        f"{llm},H100-SXM-80GB,1,{share},{mig},{top * part:g},{base * slow:g},{memory}"
        for llm, share, mig, top, base, memory in ROWS
        for part, slow in ((0.1, 1.0), (1.0, 2.0))
    ]
    scores = [f"p{k},{0.3 + k / 50},{0.35 + (k % 7) / 12}" for k in range(20)]
    (folder / "profiles.csv").write_text("\n".join([HEAD, *points, ""]), encoding="utf-8")
    head = "prompt_id,llama-3.1-8b,qwen2.5-14b"
    (folder / "scores.csv").write_text("\n".join([head, *scores, ""]), encoding="utf-8")
    path = folder / "scenario.yaml"
    path.write_text(scenario, encoding="utf-8")
    return path


@cache
def mig_source() -> PlanAndScenario:
    """The scenario and its plan."""
    return planned(write_mig_scenario(Path(mkdtemp())))
