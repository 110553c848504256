"""The four benchmark instances as files: by ../shared/bench/make_instance.py where it is, else by a
similar generator.

Both write scenario.yaml, profiles.csv and scores.parquet. The numbers of the two differ, so the
table says which one made them.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

SHARED = Path(__file__).resolve().parents[2] / "shared" / "bench" / "make_instance.py"

SIZES = ("paper3x4", "paper4x8", "fleet12x256", "fleet20x1024")

PAPER, FLEET = (1, 2, 4), (1, 2, 4, 8)
TENTHS, HALVES = tuple(range(10, 101, 10)), (50, 100)
PROMPTS = 36_000
LIMIT_MS = 350

# name: (LLMs, req/s, tp degrees, shares in per cent, most replicas of an LLM, nodes of the three
# GPU types)
OWN = {
    "paper3x4": (3, 60, PAPER, TENTHS, 1, (1, 0, 0), 4),
    "paper4x8": (4, 110, PAPER, TENTHS, 1, (1, 0, 0), 8),
    "fleet12x256": (12, 8_000, FLEET, HALVES, None, (16, 8, 8), 8),
    "fleet20x1024": (20, 40_000, FLEET, HALVES, None, (64, 32, 32), 8),
}
GPUS = (
    ("a100", "A100-SXM-80GB", 80, 1.8, 1.0),
    ("h100", "H100-SXM-80GB", 80, 3.0, 2.2),
    ("l40s", "L40S-48GB", 48, 0.9, 0.5),
)
"""Pool, GPU, GiB, USD/h, speed."""


def make(size: str, seed: int, noise: float, folder: Path) -> tuple[Path, str]:
    """The instance's scenario file, made unless it is there, and who made it ("shared" or "own").

    noise: per cent on the latencies.
    """
    maker = "shared" if SHARED.exists() else "own"
    target = folder / f"{size}-seed{seed}-noise{noise:g}-{maker}"
    scenario = target / "scenario.yaml"
    if scenario.exists():
        return scenario, maker
    target.mkdir(parents=True, exist_ok=True)
    if maker == "shared":
        command = [
            sys.executable,
            str(SHARED),
            size,
            str(target),
            "--seed",
            str(seed),
            "--noise",
            str(noise),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    else:
        write_own(size, seed, noise, target)
    return scenario, maker


def write_own(size: str, seed: int, noise: float, target: Path) -> None:
    """Curves of a queue that shares its server, scores with a skill per LLM and a difficulty per
    prompt; scenario.yaml is written last.
    """
    count, rate, degrees, shares, most, nodes, per_node = OWN[size]
    rng = np.random.default_rng(seed)
    llms = [f"llm-{i:02d}" for i in range(count)]
    billions = np.geomspace(7, 34 if count <= 4 else 120, count)
    difficulty = rng.beta(2, 2, PROMPTS)
    skill = np.linspace(0.35, 0.75, count)
    values = np.clip(
        skill + 0.5 * (0.5 - difficulty)[:, None] + rng.normal(0, 0.15, (PROMPTS, count)), 0, 1
    )
    table = pd.DataFrame(values.astype("float32"), columns=llms)
    table.insert(0, "prompt_id", [f"p{x}" for x in range(PROMPTS)])
    table.to_parquet(target / "scores.parquet", index=False)
    pools = [(gpu, n) for gpu, n in zip(GPUS, nodes, strict=True) if n]
    curves = [
        _curve(rng, llm, billion, gpu, tp, share, noise)
        for gpu, _ in pools
        for llm, billion in zip(llms, billions.tolist(), strict=True)
        for tp in degrees
        for share in shares
        if billion * 1.87 / tp + 6.0 <= 0.9 * gpu[2]
    ]
    pd.concat(curves).to_csv(target / "profiles.csv", index=False)
    lines = ["version: 1", f"name: {target.name}", "pools:"]
    lines += [
        f"  - {{name: {name}, gpu: {gpu}, nodes: {n}, gpus_per_node: {per_node}, memory_gib: {gib},"
        f" price_usd_per_gpu_h: {price}}}"
        for (name, gpu, gib, price, _), n in pools
    ]
    limit = f", max_replicas: {most}" if most else ""
    lines += [
        "llms:",
        *(
            f"  - {{name: {llm}, weights_gib: {b * 1.87:.2f}{limit}}}"
            for llm, b in zip(llms, billions, strict=True)
        ),
    ]
    lines += [
        "profiles: profiles.csv",
        "scores: scores.parquet",
        f"arrival_rate_rps: {rate}",
        "slo:",
    ]
    lines += [
        f"  - {{metric: ttft, statistic: mean, limit_ms: {LIMIT_MS}}}",
        "objective: {maximize: quality}",
    ]
    lines += [f"solver: {{rel_gap: {'1.0e-4' if count <= 4 else '1.0e-3'}, threads: 1}}"]
    (target / "scenario.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _curve(
    rng: np.random.Generator,
    llm: str,
    billion: float,
    gpu: tuple[str, str, int, float, float],
    tp: int,
    share: int,
    noise: float,
) -> pd.DataFrame:
    """Twenty points up to 97 % of the option's capacity."""
    part, speed = share / 100, gpu[4]
    rho = np.linspace(0.0, 0.97, 20)
    capacity = speed * tp**0.85 * (part if share == 100 else 0.97 * part) * 420 / billion
    base = (20 + 4 * billion / (tp**0.7 * part**0.6)) / speed**0.5
    mean = (
        base
        * (1 + 0.6 * rho / (1 - rho) + 0.3 * rho)
        * np.clip(1 + rng.normal(0, noise / 100, rho.size), 0.2, None)
    )
    fixed = {
        "llm": llm,
        "gpu": gpu[1],
        "tp_degree": tp,
        "mps_share_pct": share,
        "memory_gib_per_gpu": round(billion * 1.87 / tp + 6, 3),
    }
    return pd.DataFrame(
        {
            **fixed,
            "rate_rps": np.round(rho * capacity, 5),
            "ttft_mean_ms": np.round(mean, 4),
            "provenance": "estimated",
        }
    )
