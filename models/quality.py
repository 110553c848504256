"""Quality: the best mean score that given routing fractions allow, its dual prices and its cuts.

    Q(f) = max { mean_x sum_i s_i(x) y_i(x) : y >= 0, sum_i y_i(x) = 1, mean_x y_i(x) = f_i }
         = min over alpha of  g(alpha) + alpha . f,      g(alpha) = mean_x max_i (s_i(x) - alpha_i)
                                                         (1)

Means are weighted by the prompts' weights. Any alpha gives a valid cut  q <= g(alpha) + alpha . f;
the minimiser (the dual prices, RouterWise's alpha) gives one that is tight at f. Cuts depend on the
scores alone: `CutPool` outlives a solve.

Two roads to the minimiser:
`price` smooths g by log-sum-exp at a temperature T and runs Newton's method: milliseconds, error of
order T^2 on continuous scores. Whatever it returns is a valid cut. `settle` is exact: only prompts
whose two best LLMs are nearly tied at those prices are undecided; they form a small transport
problem whose optimum is the exact assignment, whose multipliers are exact prices, and g certifies
both.

Inside, scores are mapped to 0..1 (`scale`, `offset`), and equal score rows (0/1 grades) are merged
into one prompt. Arrays: M LLMs, N prompts, C cuts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from profiles.records import Scores

UNROUTED = 1e-9
"""Fractions below this count as zero: the LLM is not routed to."""

TIE_EPS = 1e-9
"""Prompts whose best LLMs lie this close after prices are tied, in score units of the 0..1 scale.
"""

CERTIFIED = 1e-9
"""Largest difference between the two sides of (1) that counts as exact, on the 0..1 scale."""

COLD, WARM, FINE = (0.3, 0.1, 0.03, 0.01), (0.03, 0.01), (3e-3, 1e-3, 3e-4)
"""Temperatures of Newton's method: from anywhere, from prices of a near f, and for prices to settle
from.
"""

SMALL_TABLE = 40_000
"""Up to so many scores everything is cheap: double precision and fine temperatures throughout."""

NEAR_ENOUGH = 3e-4
"""Newton stops when every fraction is met this closely: the cut's error is of second order in it.
"""

SAMPLE = 4096
"""Prompts on which prices are first sought when there are many."""


@dataclass(frozen=True)
class Tie:
    """Prompts whose best LLMs after prices are exactly `llms`; share: their weight; split: how they
    are divided, sums to 1.
    """

    llms: tuple[int, ...]
    share: float
    split: tuple[float, ...]


@dataclass(frozen=True)
class Settled:
    """Exact answer at f.

    value: Q(f) in score units, realised by the router; prices: (M,) score units, NaN where not
    routed to.
    """

    value: float
    upper: float
    prices: np.ndarray
    ties: tuple[Tie, ...]


class CutPool:
    """Cuts q <= base_c + prices_c . f on the 0..1 scale. Never shrinks; equal prices enter once."""

    def __init__(self, llms: int) -> None:
        self.prices = np.zeros((0, llms))
        self.base = np.zeros(0)

    def add(self, prices: np.ndarray, base: float) -> bool:
        """Take a cut; False when its like is there."""
        if self.base.size and np.any(np.abs(self.prices - prices).max(axis=1) < 1e-9):
            return False
        self.prices = np.vstack([self.prices, prices])
        self.base = np.append(self.base, base)
        return True

    def at(self, fractions: np.ndarray) -> float:
        """The cuts' estimate of Q at f, never below it."""
        return float((self.base + self.prices @ fractions).min())

    def tightest(self, fractions: np.ndarray, keep: int) -> np.ndarray:
        """Positions of the `keep` smallest cuts at f."""
        value = self.base + self.prices @ fractions
        return np.sort(np.argsort(value, kind="stable")[:keep])

    def __len__(self) -> int:
        return self.base.size


class Quality:
    """Q(f) of one score table, with its pool of cuts."""

    def __init__(self, scores: Scores) -> None:
        values = np.asarray(scores.values, dtype=float)
        weights = np.asarray(scores.weights, dtype=float)
        used = weights > 0
        if not used.all():
            values, weights = values[:, used], weights[used]
        self.offset = float(values.min())
        spread = float(values.max()) - self.offset
        self.scale = spread if spread > 0 else 1.0
        values = np.ascontiguousarray((values - self.offset) / self.scale)
        self.values, self.weights = _merge_equal_rows(values, weights)
        self.llms, self.prompts = self.values.shape
        self.cuts = CutPool(self.llms)
        self._single = self.values.astype(np.float32)
        self._single_weights = self.weights.astype(np.float32)
        self._sample = _sample(self.prompts)
        self.cut(np.zeros(self.llms))
        for i in range(self.llms):
            self.cut(np.where(np.arange(self.llms) == i, -1.0, 0.0))

    def g(self, prices: np.ndarray) -> float:
        """g(alpha) of (1) on the 0..1 scale."""
        best = self.values[0] - prices[0]
        for i in range(1, self.llms):
            np.maximum(best, self.values[i] - prices[i], out=best)
        return float(best @ self.weights)

    def cut(self, prices: np.ndarray) -> float:
        """Add the cut at any prices; returns g."""
        base = self.g(prices)
        self.cuts.add(prices, base)
        return base

    def to_score(self, value: float) -> float:
        """From the 0..1 scale to score units."""
        return self.offset + self.scale * value

    def from_score(self, value: float) -> float:
        """From score units to the 0..1 scale."""
        return (value - self.offset) / self.scale

    def price(
        self, fractions: np.ndarray, start: np.ndarray | None = None, *, full: bool = True
    ) -> tuple[np.ndarray, float]:
        """Near-optimal prices at f and the upper estimate g(alpha) + alpha . f of Q(f), 0..1 scale.

        The cut is added to the pool.

        full=False looks at a sample of the prompts only (the cut is still exact, a little less
        tight).
        """
        routed = np.flatnonzero(fractions > UNROUTED)
        prices = self._near(fractions, routed) if start is None else start.copy()
        if routed.size > 1:
            target = fractions[routed] / fractions[routed].sum()
            schedule = (COLD if start is None else WARM) + (
                FINE if self.values.size <= SMALL_TABLE else ()
            )
            prices[routed] = self._newton(target, routed, prices[routed], schedule, full=full)
        prices = self._complete(prices, routed)
        return prices, self.cut(prices) + float(prices @ fractions)

    def settle(self, fractions: np.ndarray) -> Settled:
        """Exact Q(f) with prices and tie rule. f >= 0 sums to 1."""
        routed = np.flatnonzero(fractions > UNROUTED)
        target = fractions[routed] / fractions[routed].sum()
        prices, _ = self.price(fractions)
        if routed.size > 1:
            prices[routed] = self._newton(target, routed, prices[routed], schedule=FINE)
        window = 1e-3
        while True:
            outcome = self._transport(target, routed, prices[routed], window)
            if outcome is not None:
                exact, chosen, assignment, value = outcome
                prices = self._complete(self._scatter(exact, routed), routed)
                upper = self.cut(prices) + float(prices[routed] @ target)
                if upper - value <= CERTIFIED or window > 4.0:
                    break
            window = window * 4 if window < 4.0 else 8.0
            if window > 64.0:
                raise ArithmeticError(f"no assignment realises the fractions {fractions.tolist()}")
        told = np.full(self.llms, np.nan)
        told[routed] = (prices[routed] - prices[routed].min()) * self.scale
        ties = _ties(self.values[routed], self.weights, exact, chosen, assignment, routed)
        return Settled(self.to_score(value), self.to_score(max(upper, value)), told, ties)

    def _scatter(self, part: np.ndarray, at: np.ndarray) -> np.ndarray:
        whole = np.zeros(self.llms)
        whole[at] = part
        return whole

    def _near(self, fractions: np.ndarray, routed: np.ndarray) -> np.ndarray:
        """Prices of the tightest cut at f, shifted so that the routed ones start near zero."""
        cuts = self.cuts
        prices = cuts.prices[int(np.argmin(cuts.base + cuts.prices @ fractions))].copy()
        return prices - prices[routed].mean()

    def _complete(self, prices: np.ndarray, routed: np.ndarray) -> np.ndarray:
        """Set the prices of unrouted LLMs to the least at which no prompt prefers them."""
        if routed.size == self.llms:
            return prices
        best = (self.values[routed] - prices[routed, None]).max(axis=0)
        prices = prices.copy()
        for i in np.setdiff1d(np.arange(self.llms), routed):
            prices[i] = float((self.values[i] - best).max())
        return prices

    def _newton(
        self,
        target: np.ndarray,
        routed: np.ndarray,
        prices: np.ndarray,
        schedule: Sequence[float],
        *,
        full: bool = True,
    ) -> np.ndarray:
        """Newton on the log-sum-exp of g at falling temperatures."""
        if full or self._sample is None:
            values, weights = self._single[routed], self._single_weights
        else:
            values, weights = (
                self._single[np.ix_(routed, self._sample)],
                self._single_weights[self._sample],
            )
            weights = weights / weights.sum()
        if self.values.size <= SMALL_TABLE:
            values, weights = self.values[routed], self.weights
        for temperature in schedule:
            prices = _newton_minimum(values, weights, target, prices, temperature)
        return prices - prices.min()

    def _transport(
        self, target: np.ndarray, routed: np.ndarray, prices: np.ndarray, window: float
    ) -> tuple[np.ndarray, np.ndarray, dict[int, np.ndarray], float] | None:
        """Exact assignment of the prompts that are undecided within the window; None when the
        fractions cannot be met within it.

        Returns prices (R,), the LLM of every decided prompt (N,), the shares per LLM of the
        undecided ones {prompt: (R,)}, and the value (0..1 scale).
        """
        margin = self.values[routed] - prices[:, None]
        best = margin.argmax(axis=0)
        margin = margin.max(axis=0) - margin
        open_edge = margin <= window
        undecided = np.flatnonzero(open_edge.sum(axis=0) > 1)
        decided = np.ones(self.prompts, dtype=bool)
        decided[undecided] = False
        fixed = np.bincount(best[decided], weights=self.weights[decided], minlength=routed.size)
        value = float(
            self.values[routed[best[decided]], np.flatnonzero(decided)] @ self.weights[decided]
        )
        if undecided.size == 0:
            return (prices, best, {}, value) if np.abs(fixed - target).max() < 1e-12 else None
        llm, column = np.nonzero(open_edge[:, undecided])
        unit = 1.0 / self.weights[undecided].mean()
        demand = (target - fixed) * unit
        if demand.min() < -1e-9:
            return None
        last = routed.size - 1
        kept = llm != last
        rows = np.concatenate([column, undecided.size + llm[kept]])
        cols = np.concatenate([np.arange(llm.size), np.flatnonzero(kept)])
        matrix = csr_matrix(
            (np.ones(rows.size), (rows, cols)), shape=(undecided.size + last, llm.size)
        )
        right = np.concatenate([self.weights[undecided] * unit, demand[:last]])
        gain = self.values[routed[llm], undecided[column]]
        answer = linprog(-gain, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs")
        if answer.status != 0:
            return None
        multipliers = np.append(-answer.eqlin.marginals[undecided.size :], 0.0)
        flow = np.maximum(answer.x, 0) / unit
        value += float(gain @ flow)
        assignment = {int(x): np.zeros(routed.size) for x in undecided}
        for i, x, y in zip(llm.tolist(), undecided[column].tolist(), flow.tolist(), strict=True):
            assignment[x][i] = y
        return multipliers - multipliers.min(), best, assignment, value


def _newton_minimum(
    values: np.ndarray,
    weights: np.ndarray,
    target: np.ndarray,
    prices: np.ndarray,
    temperature: float,
) -> np.ndarray:
    """Damped Newton on T mean log sum exp((s - alpha)/T) + alpha . f until every fraction is met to
    NEAR_ENOUGH.
    """
    value, chosen, soft = _smoothed(values, weights, target, prices, temperature)
    for _ in range(12):
        slope = target - chosen
        if np.abs(slope).max() < NEAR_ENOUGH:
            return prices
        hessian = (np.diag(chosen) - ((soft * weights) @ soft.T).astype(float)) / temperature
        hessian += np.eye(prices.size) * (1e-7 / temperature) + 1.0 / prices.size
        step = -np.linalg.solve(hessian, slope)
        step -= step.mean()
        step *= min(1.0, 0.5 / max(float(np.abs(step).max()), 1e-300))
        decrease = float(slope @ step)
        length = 1.0
        while True:
            trial = prices + length * step
            after = _smoothed(values, weights, target, trial, temperature)
            if after[0] <= value + 1e-4 * length * decrease + 1e-7:
                break
            length *= 0.35
            if length < 1e-3:
                return prices
        prices, (value, chosen, soft) = trial, after
    return prices


def _smoothed(
    values: np.ndarray,
    weights: np.ndarray,
    target: np.ndarray,
    prices: np.ndarray,
    temperature: float,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Smoothed objective, chosen fractions (R,), and the soft assignment (R, N)."""
    soft = values - prices[:, None].astype(values.dtype)
    top = soft.max(axis=0)
    soft -= top
    soft *= values.dtype.type(1.0 / temperature)
    np.exp(soft, out=soft)
    total = soft.sum(axis=0)
    soft /= total
    value = (
        float(weights @ top) + temperature * float(weights @ np.log(total)) + float(prices @ target)
    )
    return value, (soft @ weights).astype(float), soft


def _ties(
    values: np.ndarray,
    weights: np.ndarray,
    prices: np.ndarray,
    chosen: np.ndarray,
    assignment: dict[int, np.ndarray],
    routed: np.ndarray,
) -> tuple[Tie, ...]:
    """Tie groups at the prices and how the exact assignment (of decided and undecided prompts)
    divides them.
    """
    margin = values - prices[:, None]
    tied = margin >= margin.max(axis=0) - TIE_EPS
    groups: dict[tuple[int, ...], np.ndarray] = {}
    for x in np.flatnonzero(tied.sum(axis=0) > 1).tolist():
        members = tuple(np.flatnonzero(tied[:, x]).tolist())
        flow = assignment.get(x)
        if flow is None:
            flow = np.where(np.arange(routed.size) == chosen[x], weights[x], 0.0)
        groups[members] = groups.get(members, 0.0) + flow
    told = []
    for members in sorted(groups):
        part = groups[members][list(members)]
        if part.sum() > 0:
            told.append(
                Tie(
                    tuple(int(routed[i]) for i in members),
                    float(part.sum()),
                    tuple((part / part.sum()).tolist()),
                )
            )
    return tuple(told)


def _merge_equal_rows(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Merge prompts with equal scores when scores are discrete; else as given with normalised
    weights.
    """
    weights = weights / weights.sum()
    if (
        values.shape[1] < 2
        or np.unique(values[:, : min(2048, values.shape[1])]).size > 64 * values.shape[0]
    ):
        return values, weights
    distinct, where = np.unique(values, axis=1, return_inverse=True)
    if distinct.shape[1] > 0.7 * values.shape[1]:
        return values, weights
    return np.ascontiguousarray(distinct), np.bincount(
        where.ravel(), weights=weights, minlength=distinct.shape[1]
    )


def _sample(prompts: int) -> np.ndarray | None:
    """A fixed sample of prompts, None when the table is small anyway."""
    if prompts <= 3 * SAMPLE:
        return None
    return np.sort(np.random.default_rng(0).choice(prompts, SAMPLE, replace=False))
