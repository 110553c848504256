"""Curves compared with their neighbours: more of a GPU, or more GPUs, should not be slower at the
same rate, nor end at a lower one.

Compared are options that differ only in the MPS share, or only in the tensor-parallel degree,
next to each other, at the rates of either that lie within both curves. A higher degree may
really be slower (small LLMs, GPUs without a fast link), so its tolerance is wider.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

import numpy as np

from profiles.hygiene.curve_rows import MEANS, CurveRows, Finding, Severity

__all__ = ["check_neighbours"]

SHARE_SLOWER, DEGREE_SLOWER = 1.05, 1.15
LOWER_END = 0.9
IN_TIMES = 10.0
"""From this ratio on the text says how many times as high, not by how many per cent."""


def check_neighbours(curves: Sequence[CurveRows]) -> list[Finding]:
    """Findings for every pair of neighbours, at the larger option."""
    # Instances are not compared with shares: these have the whole memory bandwidth between them.
    shares = sorted(
        curves, key=lambda c: (c.llm, c.gpu, c.tp_degree, bool(c.mig_profile), c.mps_share_pct)
    )
    degrees = sorted(curves, key=lambda c: (c.llm, c.gpu, c.mps_share_pct, c.tp_degree))
    findings: list[Finding] = []
    for _, group in groupby(shares, key=lambda c: (c.llm, c.gpu, c.tp_degree, bool(c.mig_profile))):
        findings += _neighbours_along(
            list(group),
            "more of each GPU (share {:g} % instead of {:g} %)",
            "mps_share_pct",
            SHARE_SLOWER,
        )
    for _, group in groupby(degrees, key=lambda c: (c.llm, c.gpu, c.mps_share_pct)):
        findings += _neighbours_along(
            list(group), "more GPUs (tp {:g} instead of {:g})", "tp_degree", DEGREE_SLOWER
        )
    return findings


def _neighbours_along(
    curves: Sequence[CurveRows], words: str, key: str, slower: float
) -> Iterator[Finding]:
    for small, large in pairwise(curves):
        than = words.format(getattr(large, key), getattr(small, key))
        for name in large.columns(MEANS):
            if name in small.columns(MEANS) and (
                finding := _slower_neighbours(small, large, name, than, slower)
            ):
                yield finding
        low, high = float(small.rates[-1]), float(large.rates[-1])
        if high < LOWER_END * low:
            text = (
                f"{than} ends at {high:.4g} req/s, the smaller option at {low:.4g} (row"
                f" {small.rows[-1]})"
            )
            yield Finding(
                Severity.ODD,
                large.words,
                (int(large.rows[-1]),),
                text,
                low / high - 1 if high > 0 else 1.0,
            )


def _slower_neighbours(
    small: CurveRows, large: CurveRows, name: str, than: str, slower: float
) -> Finding | None:
    """The rate at which the larger option is slower by most, when that is more than the
    tolerance.
    """
    low, high = max(small.rates[0], large.rates[0]), min(small.rates[-1], large.rates[-1])
    if high < low or not ((small.values[name] > 0).all() and (large.values[name] > 0).all()):
        return None
    rates = np.union1d(small.rates, large.rates)
    rates = rates[(rates >= low) & (rates <= high)]
    slow = np.interp(rates, large.rates, large.values[name])
    # Numbers at both ends of what a cell may hold: infinite is what their ratio is.
    with np.errstate(over="ignore"):
        ratio = slow / np.interp(rates, small.rates, small.values[name])
    worst = int(np.argmax(ratio))
    if not ratio[worst] > slower:
        return None
    near = [int(c.rows[np.argmin(np.abs(c.rates - rates[worst]))]) for c in (large, small)]
    higher = (
        f"{100 * (ratio[worst] - 1):.0f} % higher"
        if ratio[worst] < IN_TIMES
        else f"{ratio[worst]:.4g} times as high"
    )
    text = f"{than} is slower: {name} {higher} at {rates[worst]:.4g} req/s"
    return Finding(Severity.ODD, large.words, tuple(near), text, float(ratio[worst] - 1))
