"""Hard instances by name, as files: by ../shared/bench/cliffs.py where it is, else by a similar
generator with the same names. The numbers of the two differ, so the table says which one made them.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SHARED = Path(__file__).resolve().parents[3] / "shared" / "bench" / "cliffs.py"

A100 = ("a100", "A100-SXM-80GB", 80, 1.8, 1.0)
H100 = ("h100", "H100-SXM-80GB", 80, 3.0, 2.2)
H200 = ("h200", "H200-SXM-141GB", 141, 4.0, 2.6)
L40S = ("l40s", "L40S-48GB", 48, 0.9, 0.5)
L4 = ("l4", "L4-24GB", 24, 0.4, 0.22)
"""Pool, GPU, GiB, USD/h, speed."""

Gpu = tuple[str, str, int, float, float]
Pools = tuple[tuple[Gpu, int, int], ...]
"""GPU, nodes, GPUs per node."""

TENTHS = tuple(range(10, 101, 10))
EIGHT = (1, 2, 4, 8)
SMALL: Pools = ((A100, 4, 8), (H100, 2, 8))
MIDDLE: Pools = ((A100, 8, 8), (H100, 4, 8))
FLEET: Pools = ((A100, 16, 8), (H100, 8, 8), (L40S, 8, 8))
BIG_FLEET: Pools = ((A100, 64, 8), (H100, 32, 8), (L40S, 32, 8))
CITY: Pools = ((A100, 625, 8), (H100, 313, 8), (L40S, 312, 8))
TTFT = (("ttft", "mean", 350.0, "all"),)


@dataclass(frozen=True, kw_only=True)
class Cliff:
    """load: share of what the cluster can answer where every GPU runs the option of most req/s per
    GPU within the first mean limit; rate: req/s in its place. floor: of quality, from the worst
    LLM's (0) to that of the best answers (1), where cost is minimised. kv: GiB of KV cache a shard.
    noise: per cent on the latencies. big: billions of parameters of the largest LLM.
    """

    llms: int = 4
    prompts: int = 4_000
    pools: Pools = ((A100, 2, 4),)
    degrees: tuple[int, ...] = (1, 2, 4)
    shares: tuple[int, ...] = (50, 100)
    load: float = 0.5
    rate: float | None = None
    slos: tuple[tuple[str, str, float, str], ...] = TTFT
    most: int | None = None
    least: int = 0
    floor: float | None = None
    scores: str = "continuous"
    noise: float = 0.0
    kv: float = 6.0
    big: float | None = None
    gap: float = 1e-3
    points: int = 20
    utilisation: int = 0


def _fleet(llms: int, pools: Pools, prompts: int = 36_000, **more: Any) -> Cliff:
    return Cliff(llms=llms, prompts=prompts, pools=pools, degrees=EIGHT, **more)


def _eight(pools: Pools = SMALL, **more: Any) -> Cliff:
    return _fleet(8, pools, 8_000, **more)


def _grid(llms: int, pools: Pools, **more: Any) -> Cliff:
    return Cliff(llms=llms, prompts=8_000, pools=pools, **{"shares": TENTHS, **more})


CASES: dict[str, Cliff] = {
    # light to heavy load
    **{f"fleet12-r{r}": _fleet(12, FLEET, rate=r) for r in (300, 1000, 2000, 4000, 8000, 14000)},
    **{f"fleet20-r{r}": _fleet(20, BIG_FLEET, rate=r) for r in (1000, 3000, 10000, 40000, 60000)},
    **{f"mid8-l{percent}": _eight(load=percent / 100) for percent in (5, 20, 90, 99)},
    # scale
    "m40-small": _fleet(40, ((H100, 4, 8),), 10_000, load=0.3),
    "m60-1k": _fleet(60, ((A100, 64, 8), (H100, 64, 8)), 20_000, load=0.3),
    "m50-10k": _fleet(50, CITY),
    "m50-10k-light": _fleet(50, CITY, load=0.05),
    "m2-10k": _fleet(2, ((A100, 625, 8), (H100, 625, 8)), 20_000),
    "m100-100k": _fleet(100, ((A100, 6250, 8), (H100, 3125, 8), (L40S, 3125, 8))),
    "five-pools": _fleet(12, (*MIDDLE, (L40S, 8, 8), (L4, 8, 4), (H200, 4, 8)), 10_000, load=0.3),
    # shares, degrees, memory
    "tight6x16": _grid(6, ((A100, 4, 4),), load=0.6, kv=14),
    "loose6x16": _grid(6, ((H200, 4, 4),), load=0.6, kv=2, big=34),
    "mem-only": _fleet(10, ((H100, 4, 8),), 8_000, shares=(10, 20, 100), load=0.2, kv=25, big=34),
    "six-gpu-nodes": _grid(6, ((A100, 6, 6),), shares=(30, 40, 60, 70, 100), kv=10, big=70),
    "maxrep3-grid": _grid(8, ((A100, 2, 8),), degrees=EIGHT, load=0.4, most=3, big=70),
    "minrep1-40": _fleet(40, ((A100, 8, 8),), 8_000, load=0.2, least=1, big=34),
    # cost
    "cost-fleet12": _fleet(12, FLEET, rate=3000, floor=0.7),
    "cost-fleet12-hi": _fleet(12, FLEET, rate=1000, floor=0.97),
    "cost-fleet20": _fleet(20, BIG_FLEET, rate=10000, floor=0.7),
    "cost-small-grid": _grid(5, ((A100, 2, 8), (L40S, 2, 8)), load=0.3, floor=0.7, big=34),
    # SLOs, curves, scores
    "tight-slo": _eight(rate=100, slos=(("ttft", "mean", 45.0, "all"),)),
    "each-8": _eight(
        load=0.4, slos=(("ttft", "mean", 500.0, "each_llm"), ("ttft", "p95", 1000.0, "all"))
    ),
    "noise5-8": _eight(load=0.4, noise=5),
    "sc-graded01": _eight(load=0.4, scores="graded01"),
    "sc-01-m20": _fleet(20, BIG_FLEET, 100_000, rate=20000, scores="graded01"),
    "n1m": _fleet(12, FLEET, 1_000_000, rate=8000),
    # infeasible
    "inf-rate": _eight(load=1.3),
    "inf-grid": _grid(4, ((A100, 1, 8),), load=1.15, big=34),
    "inf-pack": _grid(9, ((A100, 1, 8),), degrees=(1,), shares=(60, 100), rate=10, least=1, big=34),
    "inf-minrep": _fleet(60, ((A100, 8, 8),), 8_000, load=0.2, least=1, big=120),
    "inf-cost": _eight(MIDDLE, floor=0.999),
    "inf-fleet12": _fleet(12, FLEET, load=1.2),
    "inf-fleet20": _fleet(20, BIG_FLEET, load=1.2),
}


def make_cliff(name: str, seed: int, folder: Path) -> tuple[Path, str]:
    """The instance's scenario file, made unless it is there, and its maker ("shared" or "own")."""
    maker = "shared" if SHARED.exists() else "own"
    target = folder / f"{name}-seed{seed}-{maker}"
    scenario = target / "scenario.yaml"
    if not scenario.exists():
        target.mkdir(parents=True, exist_ok=True)
        if maker == "shared":
            command = [sys.executable, str(SHARED), name, str(target), "--seed", str(seed)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        else:
            write_cliff(name, seed, target)
    return scenario, maker


def write_cliff(name: str, seed: int, target: Path) -> None:
    """Curves of a queue that shares its server, scores with a skill per LLM and a difficulty per
    prompt; scenario.yaml is written last.
    """
    case = CASES[name]
    rng = np.random.default_rng([seed, list(CASES).index(name)])
    billions = np.geomspace(7, case.big or (34 if case.llms <= 4 else 120), case.llms)
    llms = [f"llm-{i:02d}" for i in range(case.llms)]
    values = _scores(case, rng)
    table = pd.DataFrame(values.astype("float32"), columns=llms)
    table.insert(0, "prompt_id", [f"p{x}" for x in range(case.prompts)])
    table.to_parquet(target / "scores.parquet", index=False)
    curves, capacity = [], 0.0
    for gpu, nodes, per_node in case.pools:
        best = 0.0
        for llm, billion in zip(llms, billions.tolist(), strict=True):
            for tp in (one for one in case.degrees if one <= per_node):
                if billion * 1.87 / tp + case.kv > 0.9 * gpu[2]:
                    continue
                for share in case.shares:
                    curve, within = _curve(case, rng, llm, billion, gpu, tp, share)
                    best = max(best, within / (tp * share / 100))
                    curves.append(curve)
        capacity += best * nodes * per_node
    pd.concat(curves).drop_duplicates(
        ["llm", "gpu", "tp_degree", "mps_share_pct", "rate_rps"]
    ).to_csv(target / "profiles.csv", index=False)
    rate = case.rate or float(f"{case.load * capacity:.4g}")
    text = _scenario(case, target.name, rate, llms, billions, values)
    (target / "scenario.yaml").write_text(text, encoding="utf-8")


def _scores(case: Cliff, rng: np.random.Generator) -> np.ndarray:
    """(prompts, LLMs) scores in 0..1."""
    difficulty = rng.beta(2, 2, case.prompts)
    skill = np.linspace(0.35, 0.75, case.llms)
    noise = rng.normal(0, 0.15, (case.prompts, case.llms))
    values = np.clip(skill + 0.5 * (0.5 - difficulty)[:, None] + noise, 0, 1)
    if case.scores == "graded01":
        return (rng.random(values.shape) < values).astype(float)
    return values


def _curve(
    case: Cliff,
    rng: np.random.Generator,
    llm: str,
    billion: float,
    gpu: Gpu,
    tp: int,
    share: int,
) -> tuple[pd.DataFrame, float]:
    """Points up to 97 % of an option's capacity, and the last rate within the first mean limit."""
    part, speed = share / 100, gpu[4]
    busy = np.linspace(0.0, 0.97, case.points)
    capacity = speed * tp**0.85 * (part if share == 100 else 0.97 * part) * 420 / billion
    base = (20 + 4 * billion / (tp**0.7 * part**0.6)) / speed**0.5
    mean = base * (1 + 0.6 * busy / (1 - busy) + 0.3 * busy)
    mean = mean * np.clip(1 + rng.normal(0, case.noise / 100, busy.size), 0.2, None)
    tpot = 100 * base / (250 + base) * (1 + 0.8 * busy)
    e2e = mean + 200 * tpot
    limits = [limit for metric, of, limit, _ in case.slos if (metric, of) == ("ttft", "mean")]
    within = np.flatnonzero(mean <= (limits[0] if limits else 350.0))
    columns = {"mean": 1.0, "p50": 0.8, "p90": 1.9, "p95": 2.6, "p99": 4.2}
    frame = pd.DataFrame(
        {
            "llm": llm,
            "gpu": gpu[1],
            "tp_degree": tp,
            "mps_share_pct": share,
            "memory_gib_per_gpu": round(billion * 1.87 / tp + case.kv, 3),
            "rate_rps": np.round(busy * capacity, 5),
            **{f"ttft_{of}_ms": np.round(times * mean, 4) for of, times in columns.items()},
            "tpot_mean_ms": np.round(tpot, 4),
            "e2e_mean_ms": np.round(e2e, 4),
            "e2e_p90_ms": np.round(1.3 * e2e, 4),
        }
    )
    return frame, float(busy[within[-1]] * capacity) if within.size else 0.0


def _scenario(
    case: Cliff,
    name: str,
    rate: float,
    llms: list[str],
    billions: np.ndarray,
    values: np.ndarray,
) -> str:
    """scenario.yaml."""
    limits = (f", max_replicas: {case.most}" if case.most else "") + (
        f", min_replicas: {case.least}" if case.least else ""
    )
    worst, best = values.mean(axis=0).min(), values.max(axis=1).mean()
    goal = (
        "{maximize: quality}"
        if case.floor is None
        else f"{{minimize: cost, quality_at_least: {worst + case.floor * (best - worst):.6f}}}"
    )
    return "\n".join(
        [
            "version: 1",
            f"name: {name}",
            "pools:",
            *(
                f"  - {{name: {pool}, gpu: {gpu}, nodes: {nodes}, gpus_per_node: {per_node},"
                f" memory_gib: {gib}, price_usd_per_gpu_h: {price}}}"
                for (pool, gpu, gib, price, _), nodes, per_node in case.pools
            ),
            "llms:",
            *(
                f"  - {{name: {llm}, weights_gib: {b * 1.87:.2f}{limits}}}"
                for llm, b in zip(llms, billions.tolist(), strict=True)
            ),
            "profiles: profiles.csv",
            "scores: scores.parquet",
            f"arrival_rate_rps: {rate}",
            "slo:",
            *(
                f"  - {{metric: {metric}, statistic: {of}, limit_ms: {limit:g}, scope: {scope}}}"
                for metric, of, limit, scope in case.slos
            ),
            f"objective: {goal}",
            f"solver: {{rel_gap: {case.gap:.1e}, threads: 1}}",
            "",
        ]
    )
