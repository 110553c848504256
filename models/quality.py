"""Quality: the best mean score that given routing fractions allow, its dual prices and its cuts.

    Q(f) = max { mean_x sum_i s_i(x) y_i(x) : y >= 0, sum_i y_i(x) = 1, mean_x y_i(x) = f_i }
         = min over alpha of  g(alpha) + alpha . f,     g(alpha) = mean_x max_i (s_i(x) - alpha_i)
                                                                                              (1)

Means are weighted by the prompts' weights. Any alpha gives a valid cut  q <= g(alpha) + alpha . f;
the minimiser (the dual prices, RouterWise's alpha) gives one that is tight at f.

There are two ways to the minimiser. `price` smooths g and runs Newton's method
(models.newton_prices): milliseconds, error of order T^2 on continuous scores. Any result
is a valid cut. `settle` is exact: only prompts whose two best LLMs are nearly tied at those prices
are undecided; they form a small transport problem (models.exact_assignment) whose optimum is the
exact assignment, whose multipliers are exact prices, and g certifies both.

Inside, scores are mapped to 0..1 (`scale`, `offset`), prompts are sorted by their scores, so that
the order of a table's rows changes no sum, and equal score rows (0/1 grades) are merged into one
prompt. Scores are kept once, in double precision; Newton's method sees a copy in single precision,
of a large table that of a part of the prompts; all other passes go by blocks of prompts. Arrays: M
LLMs, N prompts, C cuts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.exact_assignment import Assignment, assign_exactly_within_window
from models.newton_prices import balanced_prices, newton_smoothed_prices
from models.openings.capped_prices import capped_levels, capped_newton_prices
from models.openings.opening_cuts import no_opening_cuts
from models.scores.prompt_blocks import (
    ScaledRow,
    ScoreRows,
    best_margin_blocks,
    mean_best_margin,
    prompt_blocks,
)
from models.tie_groups import Tie, assignment_tie_groups, tie_threshold
from profiles.records import Scores

UNROUTED = 1e-9
"""Fractions below this count as zero: the LLM is not routed to."""

CERTIFIED = 1e-9
"""Largest difference between the two sides of (1) that counts as exact, on the 0..1 scale."""

COLD, WARM, FINE = (0.3, 0.1, 0.03, 0.01), (0.03, 0.01), (3e-3, 1e-3, 3e-4)
"""Temperatures of Newton's method: from anywhere, from prices of a near f, and for prices to settle
from.
"""

CLOSED = 1e-3
"""An LLM that is open by no more counts as closed where a cut is made."""

NO_COEFFICIENT = 1e-9
"""HiGHS refuses rows with smaller coefficients."""

SMALL_TABLE = 40_000
"""Up to this many scores everything is cheap: double precision and fine temperatures throughout."""

LARGE_TABLE = 4_000_000
"""From so many scores on memory counts."""

FIRST_SCORES, MOST_VALUES = 2048, 64
"""Prompts that show whether scores are discrete; values an LLM that they then take at most."""

SAMPLE = 4096
"""Prompts on which prices are first sought when there are many."""

LARGE_SAMPLE = 1 << 17
"""Most prompts on which prices are sought at all. What a sample makes a cut lose is of the order of
1 / its prompts, here 1e-5: of 1 million prompts the cuts are as good, at an eighth of the time.
"""

FIRST_WINDOW, WIDER, ALL_OPEN, LAST_WINDOW = 1e-3, 4.0, 4.0, 64.0
"""Windows of undecided prompts, 0..1 scale: the first, the factor, where every prompt is open (a
range of scores of 1 and prices within it), and the last.
"""


class SettleStoppedError(Exception):
    """The exact quality was not worked out, as a stop was requested."""


@dataclass(frozen=True)
class Settled:
    """Exact answer at f.

    value: Q(f) in score units, realised by the router; upper: the dual side. prices: (M,) score
    units, NaN where not routed to. tie_eps: score units within which LLMs tie.
    """

    value: float
    upper: float
    prices: np.ndarray
    ties: tuple[Tie, ...]
    tie_eps: float


class QualityCutPool:
    """Cuts q <= base_c + prices_c . f on the 0..1 scale. Never shrinks; equal prices enter once.

    They depend on the scores alone, so the pool outlives a solve.

    prices: (C, M). base: (C,).
    """

    def __init__(self, llms: int) -> None:
        self.prices = np.zeros((0, llms))
        self.base = np.zeros(0)

    def add(self, prices: np.ndarray, base: float) -> bool:
        """Take a cut, prices (M,); False when an equal one is there."""
        if self.base.size and np.any(np.abs(self.prices - prices).max(axis=1) < 1e-9):
            return False
        self.prices = np.vstack([self.prices, prices])
        self.base = np.append(self.base, base)
        return True

    def at(self, fractions: np.ndarray) -> float:
        """The cuts' estimate of Q at fractions (M,), never below it."""
        return float((self.base + self.prices @ fractions).min())

    def tightest(
        self, fractions: np.ndarray, keep: int, among: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        """Positions, in `among`, of the `keep` smallest cuts at fractions (M,)."""
        value = self.base[among] + self.prices[among] @ fractions
        return np.sort(np.argsort(value, kind="stable")[:keep])

    def __len__(self) -> int:
        return self.base.size


class Quality:
    """Q(f) of one score table, with its pool of cuts.

    weights: (N,) of the prompts, sum 1. Score = offset + scale * value.
    openings: cuts over fractions and open LLMs (models.openings), as lasting as the others.
    """

    moves_prompts = True
    """Whether prompts have scores, of which a move from one LLM to another is known. Where prompts
    stand for others a move is no bound: what it loses of all of them was not looked at.
    """

    def __init__(self, scores: Scores) -> None:
        self.moves_prompts = scores.whole is None
        values = np.asarray(scores.values, dtype=float)
        weights = np.asarray(scores.weights, dtype=float)
        used = weights > 0
        if not used.all():
            values, weights = values[:, used], weights[used]
        self.offset = float(values.min())
        spread = float(values.max()) - self.offset
        self.scale = spread if spread > 0 else 1.0
        order = _quality_order_of_prompts(values, weights, self.offset, self.scale)
        self._table, self.weights = self._sorted_rows(values, weights, order)
        self.llms, self.prompts = len(self._table), self.weights.size
        self.cuts = QualityCutPool(self.llms)
        self.openings = no_opening_cuts(self.llms)
        self._single, self._single_weights = self._single_precision()
        self._sample = _quality_sample(self._single_weights.size)
        # Cuts to begin with: the mean of the best scores, and of each LLM with an advantage of 1,
        # which caps what it can give alone: no score is higher then than its own. A program without
        # any would be unbounded.
        self.cut(np.zeros(self.llms))
        for i, row in enumerate(self._table):
            prices = np.where(np.arange(self.llms) == i, -1.0, 0.0)
            self.cuts.add(prices, 1.0 + float(row[:] @ self.weights))

    @property
    def values(self) -> np.ndarray:
        """(M, N) scores on the 0..1 scale; a copy where they are kept in single precision."""
        whole = isinstance(self._table, np.ndarray)
        return np.asarray(self._table if whole else [row[:] for row in self._table])

    def weighted_blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Scores (M, B) on the 0..1 scale and weights (B,) of some prompts, until all came."""
        for at, block in prompt_blocks(self._table):
            yield block, self.weights[at]

    @property
    def cuts_made(self) -> int:
        """Cuts of both kinds."""
        return len(self.cuts) + len(self.openings)

    def best_answers(self) -> np.ndarray:
        """(M,) fractions where every prompt gets its best score; a tied one goes to the first."""
        fractions = np.zeros(self.llms)
        for at, block in prompt_blocks(self._table):
            best = block.argmax(axis=0)
            fractions += np.bincount(best, weights=self.weights[at], minlength=self.llms)
        return fractions

    def g(self, prices: np.ndarray) -> float:
        """g(alpha) of (1) on the 0..1 scale; prices (M,)."""
        return mean_best_margin(self._table, self.weights, prices)

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
        """Near-optimal prices (M,) at fractions (M,) and the upper estimate g(alpha) + alpha . f of
        Q(f), 0..1 scale. The cut is added to the pool.

        start: prices (M,) to begin with, else those of the tightest cut. full=False looks at a
        sample of the prompts only (the cut is still exact, a little less tight).
        """
        routed = np.flatnonzero(fractions > UNROUTED)
        prices = self._near_quality(fractions, routed) if start is None else start.copy()
        if routed.size > 1:
            target = fractions[routed] / fractions[routed].sum()
            schedule = (COLD if start is None else WARM) + (FINE if self.small else ())
            prices[routed] = self._newton_quality(
                target, routed, prices[routed], schedule, full=full
            )
        prices, base = self._complete_quality_prices(prices, routed)
        return prices, base + float(prices @ fractions)

    def price_openings(
        self,
        fractions: np.ndarray,
        opened: np.ndarray,
        loads: np.ndarray,
        start: np.ndarray | None = None,
        *,
        full: bool = True,
    ) -> tuple[np.ndarray, float]:
        """Near-optimal prices (M,) where LLMs are open by parts opened (M,), and the upper estimate
        of Q(f, o) of models.openings.opening_cuts, 0..1 scale. The cut is added to `openings`.

        opened: in 0..1, none below its fraction (M,). loads: (M,) share of the requests that one
        replica of each LLM may answer: what opening one that is closed gains is read at that load.
        start, full: as in `price`.
        """
        routed = np.flatnonzero(fractions > UNROUTED)
        prices = self._near_quality(fractions, routed) if start is None else start.copy()
        target = fractions[routed] / fractions[routed].sum()
        caps = np.maximum(opened[routed], target)
        if routed.size > 1:
            # A step on all prompts costs several times one of `price`: most are done on a sample.
            schedule = [(t, False) for t in (COLD if start is None else WARM)]
            if full and self._sample is not None:
                schedule.append((WARM[-1], True))
            for temperature, all_prompts in schedule:
                values, weights = self._newton_table(routed, full=all_prompts)
                prices[routed] = capped_newton_prices(
                    values, weights, target, caps, prices[routed], temperature
                )
        prices[routed] -= prices[routed].min()
        part = (block.astype(np.float32) for _, block in prompt_blocks(self._rows(routed)))
        levels = np.concatenate([capped_levels(block, prices[routed], caps) for block in part])
        # Of an LLM that is closed the cut says what it would gain in its whole, at the load of one
        # replica; of one that is open and idle, that it gains nothing there.
        for i in np.setdiff1d(np.arange(self.llms), routed):
            spare = self._table[i][:] - levels
            share = loads[i] if opened[i] <= CLOSED else 0.0
            prices[i] = float(np.quantile(spare, 1 - share))
        prices[np.abs(prices) < NO_COEFFICIENT] = 0.0
        gains = np.zeros(self.llms)
        for i in range(self.llms):
            gains[i] = np.maximum(self._table[i][:] - prices[i] - levels, 0.0) @ self.weights
        # A gain that would be no coefficient is given to all.
        none = gains < NO_COEFFICIENT
        base = float(levels @ self.weights + gains[none].sum())
        gains[none] = 0.0
        chosen = self._scatter(caps, routed)
        self.openings = self.openings.with_opening_cut(prices, base, gains, chosen)
        return prices, base + float(prices @ fractions + gains @ opened)

    def settle(self, fractions: np.ndarray, stop: Callable[[], bool] = lambda: False) -> Settled:
        """Exact Q(f) with prices and tie rule; fractions (M,) >= 0 sum to 1.

        Raises ArithmeticError when no assignment realises the fractions, SettleStoppedError when
        `stop`, which is called now and then, says so.
        """
        routed = np.flatnonzero(fractions > UNROUTED)
        target = fractions[routed] / fractions[routed].sum()
        prices, _ = self.price(fractions)
        if routed.size > 1:
            near = self._newton_quality(target, routed, prices[routed], schedule=FINE)
            prices[routed] = balanced_prices(self._rows(routed), self.weights, target, near)
        values, first = self._rows(routed), prices
        window = FIRST_WINDOW
        while True:
            if stop():
                raise SettleStoppedError
            # Few prompts are undecided in a narrow window, and both sides of (1) show whether it
            # was wide enough; else it is widened until the transport problem holds all prompts.
            assignment = assign_exactly_within_window(
                values, self.weights, target, prices[routed], window
            )
            if assignment is None and prices is not first:
                # Multipliers of a window that was too narrow may be farther off than the prices it
                # was opened at: around those a wider one holds an assignment as well.
                prices = first
                assignment = assign_exactly_within_window(
                    values, self.weights, target, prices[routed], window
                )
            if assignment is not None:
                prices, base = self._complete_quality_prices(
                    self._scatter(assignment.prices, routed), routed
                )
                upper = base + float(prices[routed] @ target)
                if upper - assignment.value <= CERTIFIED or window > ALL_OPEN:
                    break
            window *= WIDER
            if window > LAST_WINDOW:
                raise ArithmeticError(f"no assignment realises the fractions {fractions.tolist()}")
        if stop():
            raise SettleStoppedError
        return self._settled_quality(assignment, prices, upper, routed)

    def _settled_quality(
        self, assignment: Assignment, prices: np.ndarray, upper: float, routed: np.ndarray
    ) -> Settled:
        """The answer in score units; prices count from the smallest of a routed LLM."""
        own = np.full(self.llms, np.nan)
        own[routed] = (prices[routed] - prices[routed].min()) * self.scale
        values = self._rows(routed)
        # Scores of 1000 to 1001 keep 1e-13 of their range, scores of 0 to 1 keep 1e-16.
        noise = np.spacing(max(abs(self.offset), abs(self.to_score(1.0)))) / self.scale
        threshold = tie_threshold(values, assignment.prices, float(noise))
        return Settled(
            self.to_score(assignment.value),
            self.to_score(max(upper, assignment.value)),
            own,
            assignment_tie_groups(values, self.weights, assignment, routed, threshold),
            threshold * self.scale,
        )

    def _scatter(self, part: np.ndarray, at: np.ndarray) -> np.ndarray:
        whole = np.zeros(self.llms)
        whole[at] = part
        return whole

    def _near_quality(self, fractions: np.ndarray, routed: np.ndarray) -> np.ndarray:
        """Prices of the tightest cut at f, shifted so that the routed ones start near zero."""
        cuts = self.cuts
        prices = cuts.prices[int(np.argmin(cuts.base + cuts.prices @ fractions))].copy()
        return prices - prices[routed].mean()

    def _complete_quality_prices(
        self, prices: np.ndarray, routed: np.ndarray
    ) -> tuple[np.ndarray, float]:
        """Prices (M,) with those of unrouted LLMs set to the least at which no prompt prefers them,
        and g there; the cut is added to the pool.
        """
        idle = np.setdiff1d(np.arange(self.llms), routed)
        base, least = 0.0, np.full(idle.size, -np.inf)
        for at, best in best_margin_blocks(self._rows(routed), prices[routed], self.llms):
            base += float(best @ self.weights[at])
            for k, i in enumerate(idle.tolist()):
                least[k] = max(least[k], float((self._table[i][at] - best).max()))
        prices = prices.copy()
        prices[idle] = least
        self.cuts.add(prices, base)
        return prices, base

    @property
    def small(self) -> bool:
        """Whether everything is cheap on this table."""
        return self.llms * self.prompts <= SMALL_TABLE

    def _rows(self, routed: np.ndarray) -> ScoreRows:
        """Scores of some LLMs (positions), not copied."""
        return [self._table[i] for i in routed.tolist()]

    def _sorted_rows(
        self, values: np.ndarray, weights: np.ndarray, order: np.ndarray
    ) -> tuple[ScoreRows, np.ndarray]:
        """Scores (M, N) in an order (N,) of the prompts, and weights (N,) that sum to 1.

        A large table of single precision, as predictors write them, is kept in that.
        """
        weights = weights[order]
        weights = weights / weights.sum()
        if values.size > LARGE_TABLE and _in_single_precision(values):
            single = [row.astype(np.float32)[order] for row in values]
            if not _discrete(np.array([row[:FIRST_SCORES] for row in single])):
                return [ScaledRow(row, self.offset, self.scale) for row in single], weights
        values = values - self.offset
        values /= self.scale
        for row in values:
            row[:] = row[order]
        return _merge_equal_quality_rows(values, weights)

    def _single_precision(self) -> tuple[np.ndarray, np.ndarray]:
        """Scores (M, K) and weights (K,) in single precision, of all prompts or a large sample.

        The sample takes prompts in even steps of weight, in the order of their scores, so that it
        is spread over all kinds of them and a heavy prompt stays as heavy as it is.
        """
        if self.prompts <= LARGE_SAMPLE:
            single = np.array([row[:].astype(np.float32) for row in self._table])
            return single, self.weights.astype(np.float32)
        steps = (np.arange(LARGE_SAMPLE) + 0.5) / LARGE_SAMPLE
        drawn = np.searchsorted(np.cumsum(self.weights), steps)
        drawn, counts = np.unique(np.minimum(drawn, self.prompts - 1), return_counts=True)
        single = np.array([row[drawn].astype(np.float32) for row in self._table])
        return single, (counts / LARGE_SAMPLE).astype(np.float32)

    def _newton_quality(
        self,
        target: np.ndarray,
        routed: np.ndarray,
        prices: np.ndarray,
        schedule: Sequence[float],
        *,
        full: bool = True,
    ) -> np.ndarray:
        """Newton on the smoothed g at falling temperatures; prices (R,) of the routed LLMs."""
        values, weights = self._newton_table(routed, full=full)
        for temperature in schedule:
            prices = newton_smoothed_prices(values, weights, target, prices, temperature)
        return prices - prices.min()

    def _newton_table(self, routed: np.ndarray, *, full: bool) -> tuple[np.ndarray, np.ndarray]:
        """Scores (R, N) and weights (N,) that Newton's method goes through.

        Single precision halves the memory that every step goes through; its error of 1e-7 is below
        that of the temperature, and the cut's base is computed in double, on all prompts.
        """
        if self.small:
            return np.array([self._table[i][:] for i in routed.tolist()]), self.weights
        if self._sample is None or full:
            return self._single[routed], self._single_weights
        weights = self._single_weights[self._sample]
        return self._single[np.ix_(routed, self._sample)], weights / weights.sum()


def _quality_order_of_prompts(
    values: np.ndarray, weights: np.ndarray, offset: float, scale: float
) -> np.ndarray:
    """An order (N,) of the prompts that hangs on their scores (M, N) and weights (N,) alone."""
    # One sort of a sum, in place of one sort per LLM. Its factors are square roots, of which no
    # whole multiples of scores of few digits cancel each other: only equal prompts have equal sums.
    key = weights * weights.size
    for i, row in enumerate(values):
        key += np.sqrt(i + 2.0) * (1 + 0.1 * i) * ((row - offset) / scale)
    return np.argsort(key, kind="stable")


def _in_single_precision(values: np.ndarray) -> bool:
    """Whether single precision holds all scores (M, N) as they are."""
    return all(np.array_equal(row.astype(np.float32), row) for row in values)


def _discrete(first: np.ndarray) -> bool:
    """Whether some scores (M, K) take so few values that prompts may be equal."""
    return first.shape[1] >= 2 and np.unique(first).size <= MOST_VALUES * first.shape[0]


def _merge_equal_quality_rows(
    values: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Merge prompts with equal scores when scores are discrete; else as given."""
    if not _discrete(values[:, :FIRST_SCORES]):
        return values, weights
    distinct, where = np.unique(values, axis=1, return_inverse=True)
    if distinct.shape[1] > 0.7 * values.shape[1]:
        return values, weights
    return np.ascontiguousarray(distinct), np.bincount(
        where.ravel(), weights=weights, minlength=distinct.shape[1]
    )


def _quality_sample(prompts: int) -> np.ndarray | None:
    """A fixed sample of prompts, None when the table is small anyway."""
    if prompts <= 3 * SAMPLE:
        return None
    return np.sort(np.random.default_rng(0).choice(prompts, SAMPLE, replace=False))
