"""Days on the benchmark's fleets as files: a sinusoid of rates over the cases, a second class with
scores of its own and a limit three times as long, the loss of a node, a setup for each case.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.instances import make
from profiles.io.yaml_text import parse_yaml

__all__ = ["DAYS", "Day", "make_day"]

BUSY, SWING = 0.65, 0.35
"""Rates are these parts of the fleet's own rate: mean, and swing around it."""


@dataclass(frozen=True)
class Day:
    """size: of bench.instances. rel_gap: to which it is searched. target_s: CPU seconds to reach.
    small: one LLM of two on an eighth of the nodes. scheduled: a setup for each case, half of what
    all GPUs cost to spend.
    """

    size: str
    cases: int
    classes: int
    rel_gap: float
    target_s: float
    lost: int = 0
    small: bool = False
    scheduled: bool = False


DAYS = {
    "paper4x8-8": Day("paper4x8", 8, 1, 1e-3, 4),
    "paper4x8-24": Day("paper4x8", 24, 1, 1e-3, 9),
    "fleet12x256-8": Day("fleet12x256", 8, 1, 1e-3, 15),
    "paper4x8-2-classes-8": Day("paper4x8", 8, 2, 2e-3, 15),
    "fleet12x256-2-classes": Day("fleet12x256", 1, 2, 1e-3, 5),
    "lost-node": Day("fleet12x256", 2, 1, 3e-2, 10, lost=1, small=True),
    "scheduled-4": Day("fleet12x256", 4, 1, 1e-2, 20, small=True, scheduled=True),
}
START_USD = 0.5
"""For each GPU that a replica starts on."""


def make_day(name: str, seed: int, folder: Path) -> tuple[Path, str]:
    """The scenario file of a day, made unless it is there, and who made the fleet."""
    day = DAYS[name]
    base, maker = make(day.size, seed, 0.0, folder)
    target = folder / f"day-{name}-seed{seed}-{maker}"
    scenario = target / "scenario.yaml"
    if not scenario.exists():
        target.mkdir(parents=True, exist_ok=True)
        content = parse_yaml(base.read_text(encoding="utf-8"), str(base), [])
        for key in ("profiles", "scores"):
            content[key] = f"../{base.parent.name}/{content[key]}"
        _state_day(content, day, base.parent, target)
        # What is JSON is YAML.
        scenario.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return scenario, maker


def _state_day(content: dict[str, Any], day: Day, source: Path, target: Path) -> None:
    """Put classes and cases in place of the rate."""
    rate = float(content.pop("arrival_rate_rps"))
    content["solver"] = {**content.get("solver", {}), "rel_gap": day.rel_gap}
    if day.small:
        rate /= 10
        content["llms"] = content["llms"][::2]
        for pool, nodes in zip(content["pools"], (2, 1, 1), strict=False):
            pool["nodes"] = nodes
    parts = {"all": 1.0}
    if day.classes == 2:
        parts = {"chat": 0.6, "batch": 0.4}
        limit = content["slo"][0]
        content["slo"] = []
        _write_scores(source / Path(content["scores"]).name, target / "batch.parquet")
        content["classes"] = [
            {"name": "chat", "slo": [limit]},
            {
                "name": "batch",
                "scores": "batch.parquet",
                "slo": [{**limit, "limit_ms": 3 * limit["limit_ms"]}],
            },
        ]
    else:
        content["classes"] = [{"name": "all"}]
    content["cases"] = []
    for t in range(day.cases):
        part = BUSY + SWING * math.sin(2 * math.pi * t / day.cases) if day.cases > 1 else 1.0
        rates = {name: round(rate * part * share, 6) for name, share in parts.items()}
        case = {"name": f"case-{t}", "hours": 24 / day.cases, "arrival_rate_rps": rates}
        content["cases"].append(case)
    if day.scheduled:
        content["fleet"] = {"mode": "scheduled", "start_usd_per_gpu": START_USD}
        dear = sum(
            pool["price_usd_per_gpu_h"] * pool["nodes"] * pool["gpus_per_node"]
            for pool in content["pools"]
        )
        content["objective"] = {
            "maximize": "quality",
            "cost_at_most_usd_per_h": round(dear / 2, 2),
        }
    if day.lost:
        content["cases"].append(
            {
                "name": "node-lost",
                "hours": 0,
                "arrival_rate_rps": {name: 0.7 * rate * share for name, share in parts.items()},
                "lost_nodes": {content["pools"][0]["name"]: day.lost},
                "slo_factor": 1.5,
            }
        )


def _write_scores(source: Path, target: Path) -> None:
    """Scores of other requests: those of the source, dealt anew and drawn together."""
    table = pd.read_parquet(source)
    names = [name for name in table.columns if name not in ("prompt_id", "weight")]
    order = np.random.default_rng(5).permutation(len(table))
    values = table[names].to_numpy(dtype=float)[order]
    table[names] = np.clip(0.8 * values + 0.1, 0.0, 1.0)
    table.to_parquet(target, index=False)
