"""An importer: the summaries of a load generator of one's own.

{"load_log": 1, "model": "...", "gpu": "...", "tp": 1, "share_pct": 100,
 "loads": [{"rps": 2.0, "requests": 1200, "seconds": 600, "ttft_ms": 92, "tpot_ms": 14}]}
"""

from collections.abc import Mapping
from typing import Any

from planner.api.plugins import BenchmarkFormat, Run


def is_load_log(tree: Mapping[str, Any]) -> bool:
    """Whether the load generator wrote it."""
    return tree.get("load_log") == 1


def read_load_log(tree: Mapping[str, Any], file: str, place: str) -> list[Run]:
    """One record for each load."""
    return [
        Run(
            tool="load-log",
            version="1",
            file=file,
            place=f"{place} loads.{k}".strip(),
            model=tree["model"],
            gpu=tree["gpu"],
            tp=tree["tp"],
            share_pct=tree["share_pct"],
            offered_rps=load["rps"],
            achieved_rps=load["requests"] / load["seconds"],
            latency_ms={
                ("ttft", "mean"): load["ttft_ms"],
                ("tpot", "mean"): load["tpot_ms"],
            },
            ok=load["requests"],
            duration_s=load["seconds"],
        )
        for k, load in enumerate(tree["loads"])
    ]


LOAD_LOG = BenchmarkFormat(is_load_log, read_load_log)
