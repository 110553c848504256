"""Plans to export: examples, and a scenario whose names are attacks on every language that a bundle
is written in.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pandas as pd
import pytest

from planner.cli.commands.plan import run_plan_on_scenario
from planner.cli.terminal.interrupt import Interrupt
from planner.plans.plan_and_scenario import PlanAndScenario
from profiles.io import table_files
from profiles.io.yaml_text import yaml_text
from tests.support.paths import EXAMPLES, SHARED

SILICON = SHARED / "cases" / "h100-silicon" / "scenario.yaml"
ON = date(2026, 11, 24)
TWO_POOLS = [
    {"name": "lab", "gpu": "TestGPU", "nodes": 2, "gpus_per_node": 2, "memory_gib": 80},
    {"name": "edge", "gpu": "EdgeGPU", "nodes": 1, "gpus_per_node": 1, "memory_gib": 48},
]
HOSTILE = {
    "small": "'; touch PWNED; echo '\"$(touch PWNED)`touch PWNED`",
    "large": "--model=${HOME}$HOME {{x}} %s \\ <b>|*yes*|</b>\u2028touch PWNED # a: [b",
    "lab": "-rf \N{GREEK CAPITAL LETTER OMEGA}\N{RIGHT-TO-LEFT OVERRIDE}$(touch PWNED)",
    "scenario": "on: \"$(touch PWNED)\"\x85- 'no' ${VLLM_TAG:?} `touch PWNED` <script>",
}
"""Names for what a scenario names; none has a character that the schema refuses."""


def planned(scenario: Path, *overrides: str) -> PlanAndScenario:
    return run_plan_on_scenario(scenario, overrides, Interrupt(), quiet=True)


def case(
    options: list[tuple[str, str, int, int, float, float]],
    pools: list[dict[str, Any]],
    rate: float,
    names: Mapping[str, str] | None = None,
    **more: Any,
) -> PlanAndScenario:
    """Plan a scenario of two LLMs.

    options: (llm, gpu, degree, share, highest rate, memory); names: what small, large ... are
    called.
    """
    called = {
        name: (names or {}).get(name, name)
        for name in ("small", "large", "lab", "edge", "scenario")
    }
    folder = Path(mkdtemp(prefix="export"))
    rows = [
        {
            **{
                "llm": called[llm],
                "gpu": gpu,
                "tp_degree": tp,
                "mps_share_pct": share,
                "rate_rps": at,
                "ttft_mean_ms": 20.0 + at,
            },
            "memory_gib_per_gpu": memory,
        }
        for llm, gpu, tp, share, most, memory in options
        for at in (0.5, most)
    ]
    pd.DataFrame(rows).to_csv(folder / "profiles.csv", index=False)
    prompts = range(400)
    scores = {
        "prompt_id": [f"p{k}" for k in prompts],
        called["small"]: [0.2 + 0.001 * k for k in prompts],
        called["large"]: [0.7] * 400,
    }
    pd.DataFrame(scores).to_csv(folder / "scores.csv", index=False)
    scenario = {
        **{
            "version": 1,
            "name": called["scenario"],
            "pools": [{**pool, "name": called[pool["name"]]} for pool in pools],
        },
        **{
            "llms": [{"name": called["small"]}, {"name": called["large"]}],
            "profiles": "profiles.csv",
            "scores": "scores.csv",
        },
        **{
            "arrival_rate_rps": rate,
            "slo": [{"metric": "ttft", "statistic": "mean", "limit_ms": 300}],
            "objective": {"maximize": "quality"},
        },
        **more,
    }
    (folder / "scenario.yaml").write_text(yaml_text([scenario]), encoding="utf-8")
    return planned(folder / "scenario.yaml")


SHARED_OPTIONS = [
    ("small", "TestGPU", 1, 40, 10.0, 20.0),
    ("large", "TestGPU", 2, 60, 6.0, 40.0),
    ("small", "EdgeGPU", 1, 100, 14.0, 20.0),
]


@cache
def shared(*, hostile: bool = False) -> PlanAndScenario:
    """Two pools, three nodes, replicas, unequal shares, one LLM of two options."""
    return case(SHARED_OPTIONS, TWO_POOLS, 54.0, HOSTILE if hostile else None)


@cache
def halves() -> PlanAndScenario:
    """Every GPU of two nodes in equal halves, degree 1: what Kubernetes can hold."""
    options = [("small", "TestGPU", 1, 50, 10.0, 30.0), ("large", "TestGPU", 1, 50, 5.0, 34.0)]
    return case(options, TWO_POOLS[:1], 52.0)


@cache
def whole(*, hostile: bool = False) -> PlanAndScenario:
    """Whole GPUs alone."""
    options = [("small", "TestGPU", 1, 100, 30.0, 30.0), ("large", "TestGPU", 2, 100, 11.0, 60.0)]
    return case(options, TWO_POOLS[:1], 60.0, HOSTILE if hostile else None)


@cache
def two_options() -> PlanAndScenario:
    """Whole GPUs of two pools, one LLM of two options."""
    options = [
        ("small", "TestGPU", 1, 100, 10.0, 20.0),
        ("large", "TestGPU", 2, 100, 11.0, 60.0),
        ("small", "EdgeGPU", 1, 100, 14.0, 20.0),
    ]
    return case(options, TWO_POOLS, 42.0)


@cache
def idle(least: int) -> PlanAndScenario:
    """All requests go to one LLM; so many servers of the other are required anyway."""
    options = [("small", "TestGPU", 1, 40, 10.0, 20.0), ("large", "TestGPU", 1, 60, 40.0, 40.0)]
    return case(
        options,
        TWO_POOLS[:1],
        20.0,
        llms=[{"name": "small", "min_replicas": least}, {"name": "large"}],
    )


def count_reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """From now on, how often each CSV file is read, by its name."""
    counts: Counter[str] = Counter()
    read = table_files._read_csv_table_file

    def counting(path: Path, *rest: Any) -> Any:
        counts[path.name] += 1
        return read(path, *rest)

    monkeypatch.setattr(table_files, "_read_csv_table_file", counting)
    return counts


@cache
def trio() -> PlanAndScenario:
    return planned(EXAMPLES / "paper-trio" / "scenario.yaml")
