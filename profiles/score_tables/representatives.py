"""Weighted prompts that stand for all prompts of a score table, in one pass over it.

    g(alpha) = mean_x max_i (s_i(x) - alpha_i)                                                   (1)

is all that planning knows of a table (models.quality), and every mean is the same where prompts
with equal scores are one prompt of their weights' sum. Where few rows differ, as of grades 0 and 1,
that is exact and all. Else prompts are drawn in strata: those of a batch are ordered so that
neighbours are alike, cut into strata of equal weight, and one prompt of each, drawn by weight,
stands for it with its weight. So (1) over the representatives is unbiased for every alpha, and its
error is that of the differences within strata alone: at most the spread of a best score over the
square root of the number of representatives. Last the weights of those drawn are changed a little,
so that the mean of every LLM's scores and that of the best scores are those of the table (a
calibration estimator; Deville and Saerndal, J. Am. Stat. Assoc. 87, 1992): the error of (1) halves,
of grades it falls to a quarter. How large it is in fact, a second pass finds out
(models.scores.all_prompts).

Neighbours: by the first directions in which scores vary most (principal components of the first
batch), each cut into as many slices as it varies, and gone through forth and back. Arrays: M LLMs,
B prompts of a batch.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Representatives", "StandingPrompts"]

DIRECTIONS = 3
"""Directions that neighbours are alike in. With 20 LLMs whose scores share two causes beside noise,
more cost a sort each and take nothing more off the error.
"""

ALIKE = 0.5
"""Part of the prompts of a batch that differ, up to which equal ones are made one."""

LEAST_SPREAD = 1e-12
"""Of scores along a direction in which those of a batch do not differ."""

LEAST_FACTOR = 0.1
"""Of a weight that is changed: with less it is better left alone."""

SEED = 0


@dataclass(frozen=True)
class StandingPrompts:
    """Prompts that stand for others.

    prompt_ids: (K,) text. values: (M, K). weights: (K,) in the unit of the table. exact: whether
    they are all prompts of the table, only equal ones made one.
    """

    prompt_ids: np.ndarray
    values: np.ndarray
    weights: np.ndarray
    exact: bool


class Representatives:
    """Takes a table batch by batch.

    most: about as many representatives are drawn. prompts: in the table.
    """

    def __init__(self, most: int, prompts: int) -> None:
        self._most, self._prompts = most, prompts
        self._parts: list[StandingPrompts] = []
        self._merged: bool | None = None
        self._directions = np.zeros((0, 0))
        self._rng = np.random.default_rng(SEED)
        self._sums = np.zeros(0)

    def add(self, prompt_ids: np.ndarray, values: np.ndarray, weights: np.ndarray) -> None:
        """Take the prompts of a batch: text (B,), scores (M, B), weights (B,)."""
        weighing = weights > 0
        if not weighing.all():
            prompt_ids, values = prompt_ids[weighing], values[:, weighing]
            weights = weights[weighing]
        if not weights.size:
            return
        known = _known_of_prompts(values) @ weights
        self._sums = known if not self._sums.size else self._sums + known
        part = StandingPrompts(prompt_ids, values, weights, exact=True)
        if self._merged is None:
            self._merged = one_prompt_of_equal(part).weights.size <= ALIKE * weights.size
            self._directions = _directions_of_scores(values, weights)
        if self._merged:
            self._parts.append(one_prompt_of_equal(part))
            self._merge()
        else:
            self._parts.append(self._drawn(part))

    def standing(self) -> StandingPrompts:
        """The representatives of all that was taken."""
        if self._merged and len(self._parts) > 1:
            self._parts = [one_prompt_of_equal(_joined(self._parts))]
        own = [part for part in self._parts if part.exact]
        drawn = [part for part in self._parts if not part.exact]
        if not drawn:
            return _joined(own)
        sums = self._sums - sum(_known_of_prompts(part.values) @ part.weights for part in own)
        return _joined([*own, _calibrated(_joined(drawn), sums)])

    def _merge(self) -> None:
        """Make one prompt of equal ones; where too many are left, draw from the next batch on."""
        if sum(part.weights.size for part in self._parts) <= 2 * self._most:
            return
        self._parts = [one_prompt_of_equal(_joined(self._parts))]
        self._merged = self._parts[0].weights.size <= self._most

    def _drawn(self, part: StandingPrompts) -> StandingPrompts:
        """One prompt of every stratum of a batch, with the weight of the stratum."""
        strata = -(-self._most * part.weights.size // self._prompts)
        if strata >= part.weights.size:
            return part
        order = self._neighbours(part.values, strata)
        ends = np.cumsum(part.weights[order])
        step = ends[-1] / strata
        at = np.searchsorted(ends, (np.arange(strata) + self._rng.random(strata)) * step)
        drawn, times = np.unique(order[np.minimum(at, order.size - 1)], return_counts=True)
        return StandingPrompts(
            part.prompt_ids[drawn], part.values[:, drawn], times * step, exact=False
        )

    def _neighbours(self, values: np.ndarray, strata: int) -> np.ndarray:
        """An order (B,) of prompts, scores (M, B), in which neighbours are alike."""
        along = self._directions @ values
        spread = along.std(axis=1)
        # In proportion to the spread, and together as many cells as strata.
        share = spread / max(float(np.exp(np.log(np.maximum(spread, LEAST_SPREAD)).mean())), 1e-300)
        slices = np.clip(share * strata ** (1 / spread.size), 1, strata)
        order, cells = np.argsort(along[0]), 1.0
        for before, one in zip(slices[:-1], along[1:], strict=True):
            cells = min(cells * before, strata)
            cell = np.empty(order.size, dtype=np.int64)
            cell[order] = np.arange(order.size) * int(cells) // order.size
            order = np.lexsort((np.where(cell % 2, -one, one), cell))
        return order


def one_prompt_of_equal(part: StandingPrompts) -> StandingPrompts:
    """The same with prompts of equal scores made one, under the id of one of them."""
    # One sort of a sum in place of one sort an LLM; where two different rows have one sum by
    # chance, an equal pair between which one of them lies stays two prompts, which changes nothing.
    key = np.zeros(part.weights.size)
    for i, row in enumerate(part.values):
        key += np.sqrt(i + 2.0) * (1 + 0.1 * i) * row
    order = np.argsort(key, kind="stable")
    first = np.ones(order.size, dtype=bool)
    first[1:] = False
    for row in part.values:
        ordered = row[order]
        first[1:] |= ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(first)
    kept = order[starts]
    return StandingPrompts(
        part.prompt_ids[kept],
        np.ascontiguousarray(part.values[:, kept]),
        np.add.reduceat(part.weights[order], starts),
        part.exact,
    )


def _joined(parts: list[StandingPrompts]) -> StandingPrompts:
    if len(parts) == 1:
        return parts[0]
    return StandingPrompts(
        np.concatenate([part.prompt_ids for part in parts]),
        np.concatenate([part.values for part in parts], axis=1),
        np.concatenate([part.weights for part in parts]),
        all(part.exact for part in parts),
    )


def _directions_of_scores(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(D, M) directions in which scores (M, B) vary most, that of the largest spread first."""
    apart = values - (values @ weights / weights.sum())[:, None]
    _, vectors = np.linalg.eigh((apart * weights) @ apart.T)
    return np.asarray(vectors[:, ::-1][:, :DIRECTIONS].T)


def _known_of_prompts(values: np.ndarray) -> np.ndarray:
    """(M + 2, B) what is summed up over all prompts: 1, the scores (M, B), the best of them."""
    return np.vstack([np.ones(values.shape[1]), values, values.max(axis=0)])


def _calibrated(part: StandingPrompts, sums: np.ndarray) -> StandingPrompts:
    """The same with weights as near to its own as they can be, by least squares, with which its
    scores have some sums (M + 2,).
    """
    # Counted from their means and in their spread, scores of any size keep their digits.
    known, centre = _known_of_prompts(part.values), sums / sums[0]
    centre[0] = 0.0
    known -= centre[:, None]
    spread = np.maximum(known.std(axis=1), LEAST_SPREAD)
    spread[0] = 1.0
    known /= spread[:, None]
    off = (sums - centre * sums[0]) / spread - known @ part.weights
    slopes = np.linalg.lstsq((known * part.weights) @ known.T, off, rcond=None)[0]
    factors = 1.0 + slopes @ known
    if factors.min() < LEAST_FACTOR:
        return part
    return StandingPrompts(part.prompt_ids, part.values, part.weights * factors, part.exact)
