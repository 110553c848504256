"""Quality in the decomposition: what a vector of dual prices makes of all prompts. numpy only.

    alpha_i                      dual price of LLM i, score units per request
    policy of alpha              prompt x goes to argmax_i s_i(x) - alpha_i
    f(alpha), Q(alpha)           fractions and mean score of that policy
    g(alpha) = Q(alpha) - alpha . f(alpha) = mean_x max_i (s_i(x) - alpha_i)

For every alpha and every routing with fractions f its mean score is at most g(alpha) + alpha . f; a
mix of policies in shares theta has fractions sum theta_c f_c and mean score sum theta_c Q_c
exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from profiles.records import Scores

__all__ = ["Policy", "Prompts"]

ROUNDING = 4e-7
"""Part of the largest score by which single precision may be wrong in a mean; added to every g."""


@dataclass(frozen=True)
class Policy:
    """What the router of some dual prices does.

    fractions: (I,) of the LLMs that take part; quality: mean score; base: g, never too low.
    """

    fractions: np.ndarray
    quality: float
    base: float


class Prompts:
    """All prompts, equal ones merged.

    means: (M,) of each LLM; most: quality of the best LLM on every prompt; span: range of scores;
    evaluations: how often all were looked at.
    """

    def __init__(self, scores: Scores) -> None:
        values: np.ndarray = scores.values
        weights: np.ndarray = scores.weights
        merged, where = np.unique(values[:, weights > 0].T, axis=0, return_inverse=True)
        if len(merged) < 0.5 * weights.size:
            values, weights = merged.T, np.bincount(where.ravel(), weights=weights[weights > 0])
        self.values = np.ascontiguousarray(values, dtype=np.float32)
        self.weights = np.ascontiguousarray(weights)
        self.even = bool(np.ptp(self.weights) <= 1e-15)
        self.means = scores.values @ scores.weights
        self.span = float(np.ptp(scores.values)) or 1.0
        self.rounding = ROUNDING * float(np.abs(scores.values).max())
        self.most = scores.best_mean
        self.evaluations = 0

    def policy(self, llms: Sequence[int], alpha: np.ndarray) -> Policy:
        """The policy of prices (I,) among LLMs (I,); of equal candidates the first one takes the
        prompt.
        """
        self.evaluations += 1
        best = self.values[llms[0]] - np.float32(alpha[0])
        winner = np.zeros(best.size, dtype=np.uint8)
        for k in range(1, len(llms)):
            candidate = self.values[llms[k]] - np.float32(alpha[k])
            # As numbers: masked writes take twenty times as long (numpy 2.4).
            wins = (candidate > best).view(np.uint8)
            np.maximum(winner, wins * np.uint8(k), out=winner)
            np.maximum(best, candidate, out=best)
        if self.even:
            counts: np.ndarray = np.array(
                [np.count_nonzero(winner == k) for k in range(1, len(llms))], dtype=float
            )
            rest: np.ndarray = counts / winner.size
            base = float(best.sum(dtype=float)) / best.size
        else:
            rest = np.bincount(winner, weights=self.weights, minlength=len(llms))[1:]
            base = float(best @ self.weights)
        fractions = np.concatenate([[1.0 - rest.sum()], rest])
        return Policy(
            fractions, base + float(alpha @ fractions) - self.rounding, base + self.rounding
        )
