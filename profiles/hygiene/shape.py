"""The shape of a curve: where latency falls, spikes, gaps between points, and convexity.

Convexity is that of the budget D(r) = r L(r), in requests under way, over [0, highest rate], L flat
below the lowest rate. With H the lower convex hull of D, (1 + c) H is the closest convex curve that
nowhere lies below D; c = max D / H - 1 is what planning with convex curves would cost, as a part of
the latency. (The planner keeps the curve as it is; what it pays is time.)
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from profiles.hygiene.curve_rows import MEANS, CurveRows, Finding, Severity, curve_rows_finding

__all__ = [
    "check_shape",
    "check_shape_span",
    "check_shape_spikes",
    "convex_shape_cost",
    "falls_in_shape",
]


NOISE, NOISE_P99 = 0.02, 0.06
"""A fall by less than this part is noise; a 99th percentile rests on a hundredth of the requests.
"""

FINEST = 1e-9
"""A cost of convexity up to this is rounding."""

LEAST_PART = 1e-100
"""A smaller part of the highest rate or latency is none."""

SPIKE = 1.3
"""A point this many times above both its neighbours is a spike."""

GAP_SPAN, GAP_RISE = 0.25, 1.5
"""A gap between points: this share of the range of rates, over which latency rises by this
factor.
"""


FLAT_BEGINNING = 0.3
"""The lowest rate as a share of the highest, above which the curve does not show idle latency."""


GRID = 32
"""Rates looked at between two points."""


def falls_in_shape(curve: CurveRows, name: str) -> list[int]:
    """Points whose latency is clearly below that of the point before."""
    column, least = curve.values[name], 1 - (NOISE_P99 if "_p99_" in name else NOISE)
    return [
        i
        for i in range(1, len(column))
        if column[i] < least * column[i - 1] and curve.rates[i] > curve.rates[i - 1]
    ]


def check_shape(curve: CurveRows) -> Iterator[Finding]:
    """Where latency falls with the rate, and what convexity would cost."""
    for name in curve.columns():
        down = falls_in_shape(curve, name)
        if down:
            drop = max(1 - curve.values[name][i] / curve.values[name][i - 1] for i in down)
            yield curve_rows_finding(
                curve,
                Severity.ODD,
                down,
                f"{name} falls although the rate rises, by up to {100 * drop:.0f} %: noise, or runs"
                " too short",
                drop,
            )
    for name in curve.columns(MEANS):
        cost = convex_shape_cost(curve.rates, curve.values[name])
        if cost > NOISE:
            text = (
                f"{name} is not convex: a convex curve that is nowhere below it lies up to"
                f" {100 * cost:.1f} % of the latency above it"
            )
            yield curve_rows_finding(curve, Severity.NOTE, range(len(curve.rows)), text, cost)


def convex_shape_cost(rates: np.ndarray, latency: np.ndarray) -> float:
    """c of the module's docstring: 0 for a convex budget.

    rates: (K,) req/s rising; latency: (K,) > 0.
    """
    rates, first = np.unique(rates, return_index=True)
    latency = latency[first]
    if not rates[-1] > 0 or not latency.min() > LEAST_PART * latency.max():
        return 0.0
    # The cost is relative, and products of parts are numbers.
    latency, rates = latency / latency.max(), rates / rates[-1]
    edges = np.union1d(rates[rates > LEAST_PART], [0.0])
    grid = np.unique(np.concatenate([np.linspace(a, b, GRID + 1) for a, b in pairwise(edges)]))[1:]
    budget = grid * np.interp(grid, rates, latency)
    hull_r, hull_d = [0.0], [0.0]
    for r, d in zip(grid, budget, strict=True):
        while len(hull_r) > 1 and (hull_d[-1] - hull_d[-2]) * (r - hull_r[-1]) >= (
            d - hull_d[-1]
        ) * (hull_r[-1] - hull_r[-2]):
            hull_r.pop()
            hull_d.pop()
        hull_r.append(float(r))
        hull_d.append(float(d))
    cost = float(np.max(budget / np.interp(grid, hull_r, hull_d)) - 1)
    return cost if cost > FINEST else 0.0


def check_shape_spikes(curve: CurveRows) -> Iterator[Finding]:
    """A point far above both neighbours."""
    for name in curve.columns():
        column = curve.values[name]
        for i in range(1, len(column) - 1):
            higher = max(column[i - 1], column[i + 1])
            if column[i] > SPIKE * higher:
                around = f"{column[i - 1]:,.4g} and {column[i + 1]:,.4g} ms"
                text = (
                    f"{name} is {column[i]:,.4g} ms, but {around} at the neighbouring rates: an"
                    " outlier?"
                )
                yield curve_rows_finding(curve, Severity.ODD, (i,), text, column[i] / higher - 1)


def check_shape_span(curve: CurveRows) -> Iterator[Finding]:
    """Number of points, flat beginning, wide intervals in which the latency changes much."""
    count, top = len(np.unique(curve.rates)), float(curve.rates[-1])
    if count < 3:
        text = (
            "1 point: the latency is taken as flat up to its rate"
            if count == 1
            else "2 points: a straight line between them"
        )
        yield curve_rows_finding(curve, Severity.NOTE, range(len(curve.rows)), text)
    elif curve.rates[0] > FLAT_BEGINNING * top:
        text = (
            f"nothing was measured below {curve.rates[0]:.4g} req/s"
            f" ({100 * curve.rates[0] / top:.0f} % of the highest rate): flat there"
        )
        yield curve_rows_finding(curve, Severity.NOTE, (0,), text, curve.rates[0] / top)
    for i in range(1, len(curve.rows)):
        if count < 3 or not curve.rates[i] - curve.rates[i - 1] > GAP_SPAN * top:
            continue
        rises = {
            name: curve.values[name][i] / curve.values[name][i - 1]
            for name in curve.columns(MEANS)
            if curve.values[name][i - 1] > 0
        }
        name = max(rises, key=lambda n: rises[n], default="")
        if name and rises[name] > GAP_RISE:
            middle = (curve.rates[i] + curve.rates[i - 1]) / 2
            ends = f"{curve.rates[i - 1]:.4g} and {curve.rates[i]:.4g} req/s"
            text = f"{name} grows {rises[name]:.1f}-fold between {ends} without a point between"
            yield curve_rows_finding(
                curve,
                Severity.ODD,
                (i - 1, i),
                f"{text}: measure at about {middle:.3g} req/s",
                rises[name] - 1,
            )
