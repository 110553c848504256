"""Small scenarios with their tables, written into a folder."""

from pathlib import Path

import numpy as np

LLMS = ("alpha", "beta")


def write_scenario(
    folder: Path, *, prompts: int = 20, rate: float = 10.0, limit_ms: float = 500.0
) -> Path:
    """Two LLMs, tp 1, whole GPUs, one node of two; prompt k is best answered by LLM k mod 2."""
    rows = ["llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,memory_gib_per_gpu"]
    rows += [f"{llm},GPU-X,1,100,{r},{50 + 2 * r},20" for llm in LLMS for r in (0, 10, 40)]
    (folder / "profiles.csv").write_text("\n".join(rows) + "\n")
    scores = ["prompt_id,alpha,beta"] + [
        f"p{k},{0.9 if k % 2 == 0 else 0.5},{0.9 if k % 2 else 0.5}" for k in range(prompts)
    ]
    (folder / "scores.csv").write_text("\n".join(scores) + "\n")
    path = folder / "scenario.yaml"
    path.write_text(f"""version: 1
name: two
pools:
  - {{name: p, gpu: GPU-X, nodes: 1, gpus_per_node: 2, memory_gib: 80, price_usd_per_gpu_h: 2.0}}
llms: [{{name: alpha}}, {{name: beta}}]
profiles: profiles.csv
scores: scores.csv
arrival_rate_rps: {rate}
slo: [{{metric: ttft, statistic: mean, limit_ms: {limit_ms}}}]
objective: {{maximize: quality}}
""")
    return path


def write_hard_scenario(folder: Path) -> Path:
    """Eight LLMs on twelve nodes of eight GPUs in shares of 10 %, noisy curves, replicas free, gap
    0: about ten seconds of search.
    """
    rng = np.random.default_rng(5)
    names = "abcdefgh"
    rows = ["llm,gpu,tp_degree,mps_share_pct,rate_rps,ttft_mean_ms,memory_gib_per_gpu"]
    for llm, size in zip(names, np.geomspace(7, 34, len(names)), strict=True):
        for tp in (1, 2, 4):
            for share in range(10, 101, 10):
                top = tp**0.85 * share / 100 * 420 / size
                base = 20 + 4 * size / (tp**0.7 * (share / 100) ** 0.6)
                for load in np.linspace(0, 0.97, 12):
                    latency = (
                        base * (1 + 0.6 * load / (1 - load)) * (1 + 0.05 * rng.standard_normal())
                    )
                    memory = size * 1.87 / tp + 6
                    point = f"{load * top:.6f},{latency:.4f},{memory:.2f}"
                    rows.append(f"{llm},GPU-X,{tp},{share},{point}")
    (folder / "profiles.csv").write_text("\n".join(rows) + "\n")
    spread, prompts = np.linspace(0.35, 0.75, len(names)), 4000
    scores = (
        spread
        + 0.5 * (0.5 - rng.beta(2, 2, prompts))[:, None]
        + rng.normal(0, 0.15, (prompts, len(names)))
    )
    lines = [",".join(["prompt_id", *names])] + [
        f"p{k}," + ",".join(f"{s:.6f}" for s in row) for k, row in enumerate(scores)
    ]
    (folder / "scores.csv").write_text("\n".join(lines) + "\n")
    llms = ", ".join(f"{{name: {llm}}}" for llm in names)
    path = folder / "scenario.yaml"
    path.write_text(f"""version: 1
name: hard
pools: [{{name: p, gpu: GPU-X, nodes: 12, gpus_per_node: 8, memory_gib: 80}}]
llms: [{llms}]
profiles: profiles.csv
scores: scores.csv
arrival_rate_rps: 1400
slo: [{{metric: ttft, statistic: mean, limit_ms: 250}}]
objective: {{maximize: quality}}
solver: {{rel_gap: 0, time_limit_s: 300}}
""")
    return path
