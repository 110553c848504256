"""What a plan and its bound are on all prompts of a table, found on representatives of them.

Let S be all prompts and R those that stand for them. A search on R proves  quality <= bound  from
nothing but cuts, each true of R at every f:

    q <= base_R(alpha) + alpha . f  (+ gain_R . o)              (models.quality, models.openings)

On S the same prices give the same cut with a base of its own. So with

    shift = max over the cuts of   base_S - base_R  (+ sum_i (gain_S,i - gain_R,i)^+),   0 <= o <= 1

every step of the search holds on S once its bound is raised by the shift: no plan has a quality on
S above  bound + max(shift, 0), nor above the most that one of the cuts allows on S.

What the plan gives on S: the router sends every prompt by the plan's prices, phi_i of them to LLM
i. The limits of latency were planned for f, so the prompts that are too many at an LLM go on to
those that have too few, whichever they are:

    value_S >= sum_b T_bb - sum_bj m_bj (T_bb - T_bj) / phi_b
    m_bj = (phi_b - f_b)^+ (f_j - phi_j)^+ / D

with T_bj the sum of the scores of LLM j over the prompts sent to b and D the sum of what is too
much. That is a routing of S with the fractions f, of which a better one may exist.

One pass over S in batches. Arrays: M LLMs, B prompts of a batch, C cuts; scores on the 0..1 scale
of the representatives (scores of S may lie beyond it).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from models.openings.capped_prices import capped_levels
from models.openings.opening_cuts import OpeningCuts
from models.scores.prompt_blocks import BLOCK

__all__ = ["PlannedRouter", "WholeTableTotals", "planned_router"]

ROUNDING = 1e-9
"""What sums over 100 million prompts may be off by."""


@dataclass(frozen=True)
class PlannedRouter:
    """How a plan sends prompts.

    prices: (M,) on the 0..1 scale, inf where not routed to. tie: scale units within which LLMs tie.
    splits: of tied LLMs (their positions, ascending) the share of each of all LLMs (M,).
    """

    prices: np.ndarray
    tie: float
    splits: dict[tuple[int, ...], np.ndarray]

    def shares(self, scores: np.ndarray) -> np.ndarray:
        """(M, B) share of each prompt that goes to each LLM, scores (M, B)."""
        margin = scores - self.prices[:, None]
        near = margin >= margin.max(axis=0) - self.tie
        shares = near.astype(float)
        tied = np.flatnonzero(near.sum(axis=0) > 1)
        codes = (1 << np.arange(len(near))) @ near[:, tied]
        for code in np.unique(codes).tolist():
            at = tied[codes == code]
            llms = tuple(np.flatnonzero(near[:, at[0]]).tolist())
            shares[:, at] = self._split(llms)[:, None]
        return shares

    def _split(self, llms: tuple[int, ...]) -> np.ndarray:
        """The shares (M,) of prompts whose best LLMs are these: a tie that the plan does not know
        goes to the first.
        """
        known = self.splits.get(llms)
        return np.eye(self.prices.size)[llms[0]] if known is None else known


class WholeTableTotals:
    """Sums over all prompts, batch by batch.

    prices: (C, M) of ordinary cuts. openings: cuts over open LLMs, with the caps that each was made
    at.
    """

    def __init__(self, prices: np.ndarray, openings: OpeningCuts, router: PlannedRouter) -> None:
        self._prices, self._openings, self._router = prices, openings, router
        self.weight, self.prompts = 0.0, 0
        self.sums = np.zeros(prices.shape[1])
        self._best = np.zeros(len(prices))
        self._levels = np.zeros(len(openings))
        self._gains = np.zeros(openings.gains.shape)
        self._sent = np.zeros(prices.shape[1])
        self._scores = np.zeros((prices.shape[1], prices.shape[1]))

    def add(self, scores: np.ndarray, weights: np.ndarray) -> None:
        """Take prompts: scores (M, B) on the 0..1 scale, weights (B,) in any unit."""
        self.prompts += weights.size
        self.weight += float(weights.sum())
        self.sums += scores @ weights
        size = max(BLOCK // len(scores), 1)
        for first in range(0, weights.size, size):
            at = slice(first, first + size)
            block, weight = np.ascontiguousarray(scores[:, at]), weights[at]
            self._add_cuts(block, weight)
            self._add_openings(block, weight)
            sent = self._router.shares(block) * weight
            self._sent += sent.sum(axis=1)
            self._scores += sent @ block.T

    def _add_cuts(self, block: np.ndarray, weights: np.ndarray) -> None:
        best, margin = np.empty(weights.size), np.empty(weights.size)
        for c, prices in enumerate(self._prices.tolist()):
            np.subtract(block[0], prices[0], out=best)
            for row, price in zip(block[1:], prices[1:], strict=True):
                np.subtract(row, price, out=margin)
                np.maximum(best, margin, out=best)
            self._best[c] += best @ weights

    def _add_openings(self, block: np.ndarray, weights: np.ndarray) -> None:
        cuts = self._openings
        for c in range(len(cuts)):
            routed = np.flatnonzero(cuts.caps[c] > 0)
            levels = capped_levels(block[routed], cuts.prices[c][routed], cuts.caps[c][routed])
            self._levels[c] += levels @ weights
            spare = block - cuts.prices[c][:, None] - levels
            self._gains[c] += np.maximum(spare, 0.0, out=spare) @ weights

    def shift(self, base: np.ndarray) -> float:
        """By how much a bound that was proved with these cuts, bases (C,), rises; 0..1 scale."""
        cuts = self._openings
        shifts = self._best / self.weight - base
        gains = np.maximum(self._gains / self.weight - cuts.gains, 0.0).sum(axis=1)
        opened = self._levels / self.weight - cuts.base + gains
        return max(float(shifts.max()), float(opened.max(initial=0.0)), 0.0) + ROUNDING

    def ceiling(self) -> float:
        """The most that some cut allows on all prompts, whatever the fractions; 0..1 scale."""
        return float((self._best / self.weight + self._prices.max(axis=1)).min()) + ROUNDING

    @property
    def sent(self) -> np.ndarray:
        """(M,) part of all prompts that the router sends to each LLM."""
        return self._sent / self.weight

    def value(self, fractions: np.ndarray) -> float:
        """Quality of some routing of all prompts with these fractions (M,); 0..1 scale."""
        sent, scores = self.sent, self._scores / self.weight
        over, under = np.maximum(sent - fractions, 0.0), np.maximum(fractions - sent, 0.0)
        own = np.diag(scores)
        moved = over[:, None] * under / max(under.sum(), 1e-300)
        lost = moved * (own[:, None] - scores) / np.maximum(sent, 1e-300)[:, None]
        return float(own.sum() - lost.sum()) - ROUNDING


def planned_router(
    prices: np.ndarray,
    tie: float,
    ties: Iterable[tuple[Sequence[int], Sequence[float]]],
    scale: float,
) -> PlannedRouter:
    """The router of a plan. prices: (M,) score units, NaN where not routed to; tie: score units;
    ties: LLMs and split of each group; scale: score units of the 0..1 scale.
    """
    splits = {}
    for llms, split in ties:
        whole = np.zeros(prices.size)
        whole[list(llms)] = split
        splits[tuple(sorted(llms))] = whole
    scaled = np.where(np.isnan(prices), np.inf, prices / scale)
    return PlannedRouter(scaled, tie / scale, splits)
