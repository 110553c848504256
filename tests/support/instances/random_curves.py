"""Random latency curves, SLOs on them, and an oracle that reads the contract literally."""

from collections.abc import Sequence

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from models.instance import Slo
from models.latency import LatencyPieces, latency_budget_pieces
from profiles.records import Curve
from tests.support.instances.tail_rule import REMAINDER, share_late_by_rule
from tests.support.walls import wall_size

SHAPES = ("rising", "falling first", "noisy", "concave", "one point", "flat")

ABOVE_MEAN = {"mean": 1.0, "p50": 0.85, "p90": 1.7, "p95": 2.2, "p99": 3.5}

ROUND = 1e-9
"""Relative float noise of a few additions."""


def latency(curve: Curve, statistic: str, rate: float) -> float:
    """Linear between points, flat below the lowest (the contract)."""
    return float(np.interp(rate, curve.rates, curve.latency["ttft", statistic]))


def share_late(curve: Curve, limit: float, rate: float) -> float:
    """Read the share above the limit off the percentiles that are present, at the rate."""
    columns = {p: latency(curve, p, rate) for p in REMAINDER if ("ttft", p) in curve.latency}
    return share_late_by_rule(columns, limit)


def spent(curve: Curve, slo: Slo, rate: float) -> float:
    """What one replica spends of a budget over all requests."""
    return rate * (
        latency(curve, "mean", rate)
        if slo.statistic == "mean"
        else share_late(curve, slo.limit, rate)
    )


def allowed(curve: Curve, slos: Sequence[Slo], rate: float, slack: float = 0.0) -> bool:
    private = [slo for slo in slos if slo.scope == "each_llm"]
    return rate <= curve.max_rate and all(
        latency(curve, slo.statistic, rate) <= slo.limit * (1 + slack) for slo in private
    )


def shared(slos: Sequence[Slo]) -> list[Slo]:
    return [slo for slo in slos if slo.scope == "all"]


def random_curve(rng: np.random.Generator, shape: str, *, from_zero: bool = False) -> Curve:
    points = 1 if shape == "one point" else int(rng.integers(2, 8))
    rates = np.cumsum(rng.uniform(0.3, 3.0, points))
    if from_zero and points > 1:
        rates[0] = 0.0
    u = rates / rates[-1]
    mean = {
        "rising": 0.2 + 0.8 * u**3,
        "falling first": 0.3 + (u - 0.45) ** 2 * 2.0,
        "noisy": (0.2 + u**2) * np.exp(rng.normal(0, 0.4, points)),
        "concave": 0.1 + 0.9 * u**0.3,
        "one point": np.array([0.3]),
        "flat": np.full(points, 0.25),
    }[shape] * rng.uniform(0.5, 2.0)
    columns = {("ttft", "mean"): mean}
    present = [p for p in REMAINDER if rng.random() < 0.75] or ["p95"]
    below = np.zeros(points)
    for p in present:
        below = np.maximum(below * 1.05, mean * ABOVE_MEAN[p] * rng.uniform(0.8, 1.25, points))
        columns["ttft", p] = below
    return Curve(rates, columns, ("measured",) * points)


def random_slos(rng: np.random.Generator, curve: Curve) -> list[Slo]:
    """One to three: mean or percentile over all requests, or each LLM; limits cross the curve as a
    rule.
    """
    statistics = [s for _, s in curve.latency]
    slos = []
    for _ in range(int(rng.integers(1, 4))):
        kind = rng.random()
        statistic = str(rng.choice(statistics)) if kind < 0.75 else "mean"
        column = curve.latency["ttft", statistic]
        limit = float(rng.uniform(0.8 * column.min(), 1.1 * column.max()))
        slos.append(Slo("ttft", statistic, limit, "each_llm" if 0.5 < kind < 0.75 else "all"))
    return slos


def random_case(seed: int) -> tuple[Curve, list[Slo], LatencyPieces | None, np.random.Generator]:
    rng = np.random.default_rng(seed)
    curve = random_curve(rng, SHAPES[seed % len(SHAPES)], from_zero=rng.random() < 0.3)
    slos = random_slos(rng, curve)
    return curve, slos, latency_budget_pieces(curve, slos), rng


def domain(pieces: LatencyPieces, dense: int = 25) -> np.ndarray:
    """Rates all over the allowed intervals, their ends included."""
    return np.unique(
        np.concatenate(
            [np.linspace(a, b, dense) for a, b in zip(pieces.low, pieces.high, strict=True)]
        )
    )


def at(pieces: LatencyPieces, rate: float) -> np.ndarray:
    return pieces.spend(float(rate))


seeds = st.integers(0, 10**6)

many = settings(max_examples=wall_size(15, 40), deadline=None, derandomize=True)
