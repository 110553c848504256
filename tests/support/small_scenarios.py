"""Small scenarios with their tables, written into a folder."""

from pathlib import Path

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
