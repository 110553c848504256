"""What charts and sheets both draw, read off the named tables of a report: the GPUs and their bars,
the curves of the options.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from reports.content import Report

__all__ = [
    "CELLS",
    "RATE",
    "bar_series",
    "gpu_series",
    "routing_series_text",
    "share_series_text",
    "span_series",
]


CELLS = 10
"""Cells of a GPU's bar, each 10 % of its compute."""


def gpu_series(report: Report) -> Iterator[tuple[int, str, int, int, list[int]]]:
    """Every GPU of every pool in order: position and name of its pool, node, GPU, and its rows of
    the table gpu_map.
    """
    frame, pools = report["tables"]["gpu_map"], report["tables"]["pools"]
    rows: dict[tuple[str, int, int], list[int]] = defaultdict(list)
    for k, key in enumerate(zip(frame["Pool"], frame["Node"], frame["GPU"], strict=True)):
        rows[key].append(k)
    for p, (name, nodes, per_node) in enumerate(
        zip(pools["Pool"], pools["Nodes"], pools["GPUs per node"], strict=True)
    ):
        for node in range(nodes):
            for gpu in range(per_node):
                yield p, name, node, gpu, rows.get((name, node, gpu), [])


def bar_series(shares: Sequence[tuple[str, float]]) -> list[str | None]:
    """LLM of each of a GPU's cells; None = free. shares: (LLM, per cent) one after the other."""
    bar: list[str | None] = []
    filled = 0.0
    for llm, share in shares:
        filled += share
        bar += [llm] * (round(filled * CELLS / 100) - len(bar))
    return [*bar, *[None] * (CELLS - len(bar))][:CELLS]


def share_series_text(row: Any) -> str:
    """What of a GPU an option runs on, from a row of a table: `50 %`, or its MIG profile."""
    return row.get("MIG profile", "") or f"{row['MPS share (%)']:g} %"


RATE = "Rate of one replica (req/s)"


def span_series(report: Report) -> list[tuple[int, int]]:
    """First row and the row after the last of every deployed option in `points`, in the order of
    `setup`.
    """
    points, spans, start = report["tables"]["points"], [], 0
    keys = list(zip(points["LLM"], points["Option"], strict=True))
    for k in range(1, len(keys) + 1):
        if k == len(keys) or keys[k] != keys[start]:
            spans.append((start, k))
            start = k
    return spans


def routing_series_text(report: Report) -> str:
    """The routing in words, for those who do not see its chart."""
    frame = report["tables"]["routing"]
    pairs = zip(frame["LLM"], frame["Fraction (%)"], strict=True)
    return f"Bar chart of the requests by LLM: {', '.join(f'{llm} {p:.1f} %' for llm, p in pairs)}"
