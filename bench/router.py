"""Times the router: microseconds a decision, prompts per second in batches; best of several runs,
time of the processor.

    python -m bench.router

decided: continuous scores, hardly a tie. tied: 0/1 grades at equal prices, nearly every prompt ties
and takes the hash. corrected: with prices moved by load.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from models.router import Router

LLMS = (2, 5, 11, 20)
SINGLE, BATCH = 4_000, 500_000
RUNS = 5


def policy(llms: int) -> dict[str, Any]:
    """Equal prices and weights, no stated tie."""
    names = [f"llm-{k}" for k in range(llms)]
    return {
        "version": 1,
        "rule": "argmax(score - alpha)",
        "alpha": dict.fromkeys(names, 0.0),
        "tie_eps": 1e-9,
        "ties": [],
        "fallback_weights": dict.fromkeys(names, 1 / llms),
        "valid_for": {"arrival_rate_rps": 1.0},
        "correction": {"ramp": 0.02, "gain": 0.02, "limit": 0.25},
        "price_table": None,
    }


def seconds(work: Callable[[], object]) -> float:
    """Least of RUNS."""
    taken = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def row(llms: int, kind: str, *, corrected: bool) -> tuple[float, float]:
    """(microseconds a decision, million prompts per second)."""
    rng = np.random.default_rng(llms)
    values = (
        rng.uniform(size=(llms, BATCH))
        if kind == "decided"
        else rng.integers(0, 2, (llms, BATCH)).astype(float)
    )
    ids = [f"request-{k}" for k in range(BATCH)]
    router = Router(policy(llms))
    if corrected:
        router.correct({router.llms[0]: 1.0})
    given = [dict(zip(router.llms, values[:, k].tolist(), strict=True)) for k in range(SINGLE)]
    one = (
        seconds(lambda: [router.choose(scores, ids[k]) for k, scores in enumerate(given)]) / SINGLE
    )
    columns = dict(zip(router.llms, values, strict=True))
    many = seconds(lambda: router.choose_many(columns, ids))
    return 1e6 * one, BATCH / many / 1e6


def main() -> int:
    """Measure and print."""
    table = Table(
        title="Router", title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for head in ("LLMs", "prompts", "µs a decision", "million prompts per second"):
        table.add_column(head, justify="left" if head == "prompts" else "right")
    for llms in LLMS:
        for kind in ("decided", "tied"):
            for corrected in (False, True):
                one, many = row(llms, kind, corrected=corrected)
                table.add_row(
                    str(llms),
                    kind + (", corrected" if corrected else ""),
                    f"{one:.1f}",
                    f"{many:.1f}",
                )
    Console(width=100).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
