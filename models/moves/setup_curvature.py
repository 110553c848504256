"""What a setup's quality is, to second order around the relaxation: thousands of setups at once, to
find good ones. It is an estimate, and bounds nothing.

With replicas n fixed the best routing is a concave program, and its dual has one price alpha_i an
LLM and one m_s a budget (prices of quality; symbols of docs/formulation.md):

    Q(n) = min over alpha, m >= 0 of  g(alpha) + sum_s m_s lambda A_s + sum_o n_o h_o(alpha_i, m)
    h_o(a, m) = max over rates r of a replica of  a r / lambda - sum_s m_s B_so(r)              (1)

All of it is linear in n but the minimum. Around the prices of the relaxation g and h_o are replaced
by their second-order expansions, with r_o the best rate there and r_o' how it grows with a:

    h_o ~ value_o + push_o . d + r_o' / (2 lambda) (turn_o . d)^2      d: by how much prices change
    push_o = (r_o / lambda, -m_s B_so),  turn_o = (1, -lambda m_s dB_so/dr)                      (2)

(prices of budgets are counted in parts of themselves), and the minimum over d is that of a
quadratic with a matrix of M + S rows:

    Q(n) ~ c(n) - b(n)' H(n)^-1 b(n) / 2        c, b, H linear in n                              (3)

Why. A linear program of one setup takes 3 to 5 ms, (3) takes 9 microseconds in a batch, and errs by
3e-5 of quality near the relaxation of 12 LLMs on 256 GPUs (a hundredth of 1 % of the cost costs
6e-6 there). Where scores are discrete the expansion of g is that of a smoothed one and may be off.

Arrays: M LLMs, S budgets whose price is not zero, K options, J setups; quality on the 0..1 scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.latency import LatencyPieces
from models.moves.quality_curvature import quality_hessian

POINTS = 12
"""Rates of each piece of a curve at which its slope is looked at."""

APART = 0.06
"""Part of a price by which it is changed, up and down, to see how far the best rate moves: curves
are measured at some twenty rates, and bend at these.
"""

RIDGE = 1e-9
"""Added to the matrix of (3): LLMs that no prompt is near have no curvature."""


@dataclass(frozen=True, kw_only=True)
class SetupCurvature:
    """(3): constant and (K,) parts of c; (M + S,) and (K, M + S) of b; (M + S, M + S) and
    (K, M + S, M + S) of H.
    """

    base: float
    value: np.ndarray
    offset: np.ndarray
    push: np.ndarray
    curved: np.ndarray
    bend: np.ndarray

    def at(self, replicas: np.ndarray) -> np.ndarray:
        """(J,) estimates of the quality of setups, replicas (J, K)."""
        rows, size = replicas.shape[0], self.offset.size
        slope = self.offset + replicas @ self.push
        matrix = self.curved + (replicas @ self.bend.reshape(-1, size**2)).reshape(rows, size, size)
        step = np.linalg.solve(matrix, slope[:, :, None])[:, :, 0]
        best = self.base + replicas @ self.value - 0.5 * np.einsum("ja,ja->j", slope, step)
        return np.asarray(best)


@dataclass(frozen=True, kw_only=True)
class SetupPrices:
    """Prices to expand around: of LLMs (M,), of budgets (S,), in quality for all requests, and for
    one unit of a budget. budgets: (S,) their sides lambda A_s. rate: lambda, req/s.
    """

    llms: np.ndarray
    budgets: np.ndarray
    sides: np.ndarray
    rate: float


def setup_curvature(
    values: np.ndarray,
    weights: np.ndarray,
    prices: SetupPrices,
    pieces: Sequence[LatencyPieces],
    llm: np.ndarray,
) -> SetupCurvature:
    """(3) of scores values (M, N), weights (N,) with the sum 1, for K options: their curves
    (pieces), and llm (K,) that they run.
    """
    llms, spent = prices.llms.size, np.flatnonzero(prices.budgets > 0)
    margin = values - prices.llms[:, None]
    chosen, best = margin.argmax(axis=0), margin.max(axis=0)
    shares = np.bincount(chosen, weights=weights, minlength=llms)
    at = prices.budgets[spent]
    size, count = llms + spent.size, len(pieces)
    curved = RIDGE * np.eye(size)
    curved[:llms, :llms] += quality_hessian(values, weights, prices.llms)
    value, push, bend = np.zeros(count), np.zeros((count, size)), np.zeros((count, size, size))
    for k, one in enumerate(pieces):
        price = float(prices.llms[llm[k]])
        rate, grows, budgets, slopes = _best_setup_rate(one, price, prices, spent)
        push[k, llm[k]], push[k, llms:] = rate / prices.rate, -at * budgets
        value[k] = price * push[k, llm[k]] + push[k, llms:].sum()
        turn = np.zeros(size)
        turn[llm[k]], turn[llms:] = 1.0, -prices.rate * at * slopes
        bend[k] = grows / prices.rate * np.outer(turn, turn)
    sides = at * prices.sides[spent]
    return SetupCurvature(
        base=float(best @ weights + sides.sum()),
        value=value,
        offset=np.concatenate([-shares, sides]),
        push=push,
        curved=curved,
        bend=bend,
    )


def _best_setup_rate(
    pieces: LatencyPieces, price: float, prices: SetupPrices, spent: np.ndarray
) -> tuple[float, float, np.ndarray, np.ndarray]:
    """r_o of (2), how it grows with the LLM's price, and the budgets (S,) there with their slopes.

    Where budgets are not convex slopes are taken as if they did not fall.
    """
    part = np.linspace(0.0, 1.0, POINTS)
    rates = pieces.low[:, None] + part * (pieces.high - pieces.low)[:, None]
    piece = np.repeat(np.arange(pieces.low.size), POINTS)
    rates = rates.ravel()
    budgets = np.array([pieces.at(s, piece, rates) for s in spent]).reshape(spent.size, rates.size)
    slopes = np.array([pieces.slope(s, piece, rates) for s in spent]).reshape(
        spent.size, rates.size
    )
    marginal = np.maximum.accumulate(prices.rate * (prices.budgets[spent] @ slopes))

    def best_rate(at: float) -> float:
        return float(np.interp(at, marginal, rates))

    rate = best_rate(price)
    wide = 2 * APART * price
    grows = (best_rate(price * (1 + APART)) - best_rate(price * (1 - APART))) / wide if wide else 0
    if wide and rate == rates[-1]:
        # Room at the end of a curve is worth nothing: its price falls to 0 and no further.
        grows = rate / price
    return (
        rate,
        float(grows),
        np.array([np.interp(rate, rates, one) for one in budgets]),
        np.array([np.interp(rate, rates, one) for one in slopes]),
    )
