"""An instance written back as a scenario with its tables, the rows in any order."""

import csv
import json
from pathlib import Path

import numpy as np

from models.instance import Instance

__all__ = ["write_tables"]


def write_tables(instance: Instance, folder: Path, order: np.random.Generator | None) -> Path:
    """Write scenario.yaml, profiles.csv and scores.csv; returns the scenario's path.

    order: shuffles LLMs, pools, profile rows, and rows and columns of the scores; None keeps them.
    """

    def shuffled(rows: list) -> list:
        return rows if order is None else [rows[k] for k in order.permutation(len(rows))]

    _write(folder / "profiles.csv", shuffled(_profile_rows(instance)))
    names = shuffled([llm.name for llm in instance.llms])
    _write(folder / "scores.csv", shuffled(_score_rows(instance, names)))
    pools = [
        {
            "name": pool.name,
            "gpu": pool.gpu,
            "nodes": pool.nodes,
            "gpus_per_node": pool.gpus_per_node,
            "memory_gib": pool.memory,
            "price_usd_per_gpu_h": pool.price,
        }
        for pool in instance.pools
    ]
    llms = [
        {"name": llm.name, "min_replicas": llm.min_replicas}
        | ({} if llm.max_replicas is None else {"max_replicas": llm.max_replicas})
        for llm in instance.llms
    ]
    scenario = {
        "version": 1,
        "name": "tiny",
        "pools": shuffled(pools),
        "llms": shuffled(llms),
        "profiles": "profiles.csv",
        "scores": "scores.csv",
        "arrival_rate_rps": instance.arrival_rate,
        "slo": [
            {
                "metric": slo.metric,
                "statistic": slo.statistic,
                "scope": slo.scope,
                "limit_ms": 1e3 * slo.limit,
            }
            for slo in instance.slos
        ],
        "objective": {"maximize": "quality"}
        if instance.objective == "quality"
        else {"minimize": "cost", "quality_at_least": instance.quality_floor},
        "setups": {
            "memory_headroom_pct": 100 * instance.memory_headroom,
            "min_gpu_utilization_pct": 100 * instance.min_utilization,
        },
    }
    path = folder / "scenario.yaml"
    path.write_text(json.dumps(scenario, indent=1), encoding="utf-8")
    return path


def _profile_rows(instance: Instance) -> list[dict[str, object]]:
    return [
        {
            "llm": instance.llms[option.llm].name,
            "gpu": instance.pools[option.pool].gpu,
            "tp_degree": option.tp_degree,
            "mps_share_pct": round(100 * option.mps_share, 6),
            "rate_rps": rate,
            "memory_gib_per_gpu": option.memory,
            "provenance": "measured",
            "source": "random",
        }
        | {
            f"{metric}_{statistic}_ms": 1e3 * values[k]
            for (metric, statistic), values in option.curve.latency.items()
        }
        for option in instance.options
        for k, rate in enumerate(option.curve.rates)
    ]


def _score_rows(instance: Instance, names: list[str]) -> list[dict[str, object]]:
    of = dict(zip(instance.scores.llms, instance.scores.values, strict=True))
    return [
        {"prompt_id": prompt, "weight": instance.scores.weights[x]}
        | {name: of[name][x] for name in names}
        for x, prompt in enumerate(instance.scores.prompt_ids)
    ]


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
