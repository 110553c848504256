"""What a plan and its bound are on all prompts of a table, found on representatives of them.

Let S be all prompts and R those that stand for them. A search on R proves  quality <= bound  from
nothing but cuts, each true of R at every f:

    q <= base_R(alpha) + alpha . f  (+ gain_R . o)              (models.quality, models.openings)

On S the same prices give the same cut with a base of its own. So with

    shift = max over the cuts of   base_S - base_R  (+ sum_i (gain_S,i - gain_R,i)^+),   0 <= o <= 1

every step of the search holds on S once its bound is raised by the shift: no plan has a quality on
S above  bound + max(shift, 0), nor above the most that one of the cuts allows on S.

What the plan gives on S: every prompt goes to its best LLM after the plan's prices, phi_i of them
to LLM i. The limits of latency were planned for f, so some go on to another LLM, of those that
regret it least. Let b be a prompt's best LLM, regret_j = (s_b - alpha_b) - (s_j - alpha_j), and let
the prompts of b be sorted by their regrets at j into classes k, with mass_bjk prompts and a mean
regret of r_bjk. Sending a share p_bjk of a class from b to j moves z_bjk = p_bjk mass_bjk prompts,
whatever the shares for other LLMs are, as long as no prompt is sent away more than once:

    value_S >= value at phi + alpha . (f - phi) - min sum_bjk r_bjk z_bjk
    sum_j max_k p_bjk <= 1 for every b,    phi_i - sum_jk z_ijk + sum_bk z_bik = f_i for every i

a linear program. Tied prompts are a class without regret. What a solver leaves of f counts as lost
by the largest difference of two scores. So the value is that of a routing of S with the fractions
f, of which a better one may exist.

One pass over S in batches. Arrays: M LLMs, B prompts of a batch, C cuts; scores on the 0..1 scale
of the representatives (scores of S may lie beyond it).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from models.openings.capped_prices import capped_levels
from models.openings.opening_cuts import OpeningCuts
from models.scores.prompt_blocks import BLOCK

__all__ = ["PlannedRouter", "WholeTableTotals", "least_regret_moves", "planned_router"]

ROUNDING = 1e-9
"""What sums over 100 million prompts may be off by."""

LEAST_FRACTION = 1e-12
"""Of an LLM in a tie that the plan does not know; where all have none they share it evenly."""

FITTING, FITTED, TIED = 100, 1e-5, 1e-6
"""Rounds of proportional fitting, the error that ends it, and the part of prompts in ties from
which on it pays.
"""

LEAST_EVEN = 1e-9
"""Of a weight: far smaller numbers take single precision a hundred times as long."""

OVERSHOT = 1.7
"""Power of each round's factors: with 1 five times as many rounds come as near."""

MOST_BITS = 62
"""LLMs whose sets are whole numbers of 64 bits; of more no tie is known."""

REGRETS = np.array([1e-9, 1e-4, 1e-3, 1e-2, 1e-1])
"""Upper edges of all classes of regrets but the last, 0..1 scale; the first is that of ties."""


@dataclass(frozen=True)
class PlannedRouter:
    """How a plan sends prompts.

    prices: (M,) on the 0..1 scale, inf where not routed to. tie: scale units within which LLMs tie.
    codes: (G,) ascending, sets of tied LLMs as bits; splits: (G, M) how each is divided. fractions:
    (M,) by which other sets are, as models.router does. even: (M,) weights by which all sets are
    divided where another routing is looked for (`even_tie_weights`).
    """

    prices: np.ndarray
    tie: float
    codes: np.ndarray
    splits: np.ndarray
    fractions: np.ndarray
    even: np.ndarray

    def shares(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(M, B) share of each prompt that goes to each LLM, scores (M, B): by the plan, and by
        even weights.
        """
        margin = scores - self.prices[:, None]
        near = margin >= margin.max(axis=0) - self.tie
        shares = near.astype(float)
        tied = np.flatnonzero(near.sum(axis=0) > 1)
        even = shares.copy()
        for part, weights in ((shares, self.fractions), (even, self.even)):
            parts = part[:, tied] * np.maximum(weights, LEAST_FRACTION)[:, None]
            part[:, tied] = parts / parts.sum(axis=0)
        if self.codes.size:
            codes = (1 << np.arange(len(near))) @ near[:, tied]
            at = np.minimum(np.searchsorted(self.codes, codes), self.codes.size - 1)
            known = self.codes[at] == codes
            shares[:, tied[known]] = self.splits[at[known]].T
        return shares, even


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
        self._routed = np.flatnonzero(np.isfinite(router.prices))
        classes = (self._routed.size, self._routed.size, REGRETS.size + 1)
        self._mass, self._lost = np.zeros(classes), np.zeros(classes)
        self._first, self._value = np.zeros(self._routed.size), 0.0
        self._lowest, self._highest = np.inf, -np.inf
        self._rng = np.random.default_rng(0)

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
            shares, even = self._router.shares(block)
            self._sent += shares @ weight
            self._add_regrets(block, weight, even[self._routed])

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

    def _add_regrets(self, block: np.ndarray, weights: np.ndarray, shares: np.ndarray) -> None:
        """An LLM for each prompt, of tied ones drawn by their shares (R, B), and what others would
        lose, by classes.
        """
        rows, llms = block[self._routed], self._routed.size
        regret = rows - self._router.prices[self._routed][:, None]
        drawn = self._rng.random(weights.size)
        best = np.minimum((np.cumsum(shares, axis=0) <= drawn).sum(axis=0), llms - 1)
        np.subtract(regret[best, np.arange(best.size)], regret, out=regret)
        kinds = np.searchsorted(REGRETS, regret)
        place = (best * llms + np.arange(llms)[:, None]) * (REGRETS.size + 1) + kinds
        each = np.broadcast_to(weights, regret.shape)
        for total, what in ((self._mass, each), (self._lost, each * regret)):
            counted = np.bincount(place.ravel(), what.ravel(), minlength=total.size)
            total += counted.reshape(total.shape)
        self._first += np.bincount(best, weights, minlength=llms)
        self._value += float(rows[best, np.arange(best.size)] @ weights)
        self._lowest = min(self._lowest, float(rows.min()))
        self._highest = max(self._highest, float(rows.max()))

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
        wanted = fractions[self._routed] / fractions[self._routed].sum()
        mass, first = self._mass / self.weight, self._first / self.weight
        regret = self._lost / np.maximum(self._mass, 1e-300)
        moved = least_regret_moves(mass, regret, wanted - first)
        reached = first - moved.sum(axis=(1, 2)) + moved.sum(axis=(0, 2))
        value = self._value / self.weight - float((regret * moved).sum())
        value += float(self._router.prices[self._routed] @ (reached - first))
        unmet = float(np.abs(wanted - reached).sum() / 2)
        return value - unmet * (self._highest - self._lowest) - ROUNDING


def least_regret_moves(mass: np.ndarray, regret: np.ndarray, change: np.ndarray) -> np.ndarray:
    """(R, R, K) prompts of each class that move from one LLM to another, at the least regret, so
    that fractions change by `change` (R,); as near to that as was found. No prompt moves twice.

    mass, regret: (R, R, K) prompts and mean regret of the classes.
    """
    llms, moved, unit = change.size, np.zeros(mass.shape), float(np.abs(change).max())
    b, j, k = np.nonzero((mass > 0) & ~np.eye(llms, dtype=bool)[:, :, None])
    if not b.size or unit <= 0:
        return moved
    # Columns: the share of each class that moves, then the largest of each pair of LLMs.
    count, pairs, at = b.size, llms * llms, np.arange(b.size)
    own = mass[b, j, k] / unit
    meets = coo_matrix(
        (np.concatenate([-own, own]), (np.concatenate([b, j]), np.tile(at, 2))),
        (llms, count + pairs),
    )
    every = np.arange(pairs)
    below = coo_matrix(
        (
            np.repeat([1.0, -1.0, 1.0], [count, count, pairs]),
            (
                np.concatenate([at, at, count + every // llms]),
                np.concatenate([at, count + b * llms + j, count + every]),
            ),
        ),
        (count + llms, count + pairs),
    )
    limit = np.repeat([0.0, 1.0], [count, llms])
    cost = np.concatenate([regret[b, j, k] * own, np.zeros(pairs)])
    answer = linprog(cost, below.tocsr(), limit, meets.tocsr(), change / unit, (0.0, 1.0))
    if answer.x is None:
        return moved
    shares = np.zeros(mass.shape)
    shares[b, j, k] = np.clip(answer.x[:count], 0.0, 1.0)
    sent_away = shares.max(axis=2).sum(axis=1)
    return shares / np.maximum(sent_away, 1.0)[:, None, None] * mass


def planned_router(
    prices: np.ndarray,
    tie: float,
    ties: Iterable[tuple[Sequence[int], Sequence[float]]],
    fractions: np.ndarray,
    scale: float,
    even: np.ndarray | None = None,
) -> PlannedRouter:
    """The router of a plan. prices: (M,) score units, NaN where not routed to; tie: score units;
    ties: LLMs and split of each group; fractions: (M,); scale: score units of the 0..1 scale; even:
    (M,) of `even_tie_weights`.
    """
    splits: dict[int, np.ndarray] = {}
    for llms, split in ties if prices.size <= MOST_BITS else ():
        whole = np.zeros(prices.size)
        whole[list(llms)] = split
        splits[sum(1 << llm for llm in llms)] = whole
    codes = np.array(sorted(splits), dtype=np.int64)
    known = np.array([splits[code] for code in codes.tolist()]).reshape(-1, prices.size)
    scaled = np.where(np.isnan(prices), np.inf, prices / scale)
    even = fractions if even is None else even
    return PlannedRouter(scaled, tie / scale, codes, known, fractions, even)


def even_tie_weights(
    blocks: Iterable[tuple[np.ndarray, np.ndarray]], router: PlannedRouter
) -> np.ndarray:
    """(M,) weights such that tied prompts, shared among their LLMs in proportion, meet the planned
    fractions: by proportional fitting, as near as some rounds come. Where whole sets of ties have
    one LLM each, which the program of a plan prefers, few of an LLM's prompts tie with a given
    other one; shared like this, many do.

    blocks: scores (M, B) on the 0..1 scale and weights (B,) of prompts.
    """
    sets, weights, alone = [], [], np.zeros(router.prices.size)
    for scores, weight in blocks:
        margin = scores - router.prices[:, None]
        near = margin >= margin.max(axis=0) - router.tie
        tied = near.sum(axis=0) > 1
        alone += near[:, ~tied] @ weight[~tied]
        sets.append(near[:, tied].astype(np.float32))
        weights.append(weight[tied])
    near, weight = np.concatenate(sets, axis=1), np.concatenate(weights)
    even = np.maximum(router.fractions, LEAST_FRACTION)
    wanted = np.maximum(router.fractions - alone, LEAST_FRACTION)
    for _ in range(FITTING if weight.sum() > TIED else 0):
        parts = near * even[:, None].astype(np.float32)
        parts /= parts.sum(axis=0)
        given = parts @ weight
        if np.abs(given - wanted).max() < FITTED:
            break
        factor = np.clip(wanted / np.maximum(given, LEAST_FRACTION), 0.1, 10.0)
        even = even * factor**OVERSHOT
        even = np.maximum(even / even.max(), LEAST_EVEN)
    return even
