"""The rule of a percentile over all requests at one rate, read word by word: plain Python, for
tests of everything that has it by itself.
"""

import math
from collections.abc import Mapping
from itertools import pairwise

__all__ = ["REMAINDER", "TAIL_GRID", "share_late_by_rule", "tail_points_by_rule"]

REMAINDER = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}

TAIL_GRID = (0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001)


def tail_points_by_rule(columns: Mapping[str, float]) -> list[tuple[float, float]]:
    """(latency, share above it) of the percentiles present at one rate; of percentiles that cross
    the higher one is raised to the lower.
    """
    known: list[tuple[float, float]] = []
    for name, share in REMAINDER.items():
        if name in columns:
            known.append((max([columns[name]] + [latency for latency, _ in known]), share))
    if len(known) == 1:
        return known
    points = []
    for share in TAIL_GRID:
        if share > known[0][1]:
            continue  # above the largest column's share there is no point
        exact = [latency for latency, own in known if own == share]
        if exact:
            points.append((exact[0], share))
            continue
        around = [pair for pair in pairwise(known) if pair[0][1] > share > pair[1][1]]
        (a, more), (b, fewer) = around[0] if around else (known[-2], known[-1])
        part = math.log(share / more) / math.log(fewer / more)
        points.append((a + part * (b - a), share))
    return points


def share_late_by_rule(columns: Mapping[str, float], limit: float) -> float:
    """Share of the requests above the limit, in the unit of the columns."""
    points = tail_points_by_rule(columns)
    if limit < points[0][0]:
        return 1.0
    # "limit >= a point has reached it"; "of equal latencies the smallest share counts".
    share = min(own for latency, own in points if latency <= limit)
    for (left, more), (right, fewer) in pairwise(points):
        if left <= limit < right:
            return more + (fewer - more) * (limit - left) / (right - left)
    return share
