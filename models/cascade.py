"""Cheapest-first cascades: what a policy of thresholds costs in visits and gives in quality, and
the best mix of policies.

A *policy* is a chain of LLMs, cheapest first, with a threshold before each further one. Every
prompt visits the first LLM; while the best score of the answers it has is below the next threshold,
it visits the next LLM too; it keeps the best of its answers.

    visits[j, i]  weight of the prompts that policy j sends to LLM i
    quality[j]    mean score of the answers kept

A *mix* draws a policy j for every prompt with probability mu_j. With f the visits as fractions of
`most` visits a prompt (and the rest at an idle LLM, the last one), the best mix and its dual are

    Q(f) = max { sum_j mu_j quality_j : mu >= 0, sum_j mu_j = 1, sum_j mu_j visits_j = most * f }
         = min over alpha of  g(alpha) + alpha . f
    g(alpha) = max_j (quality_j - alpha . visits_j / most)

so any alpha gives a cut, as in `models.quality`, and `CascadeQuality` replaces `Quality` in
the joint program. WASTE policies (visits that answer nothing, at a quality far below all) make
every f possible; a plan that uses them is invalid.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from models.openings.opening_cuts import no_opening_cuts
from models.quality import UNROUTED, QualityCutPool, Settled
from profiles.records import Scores

__all__ = [
    "CascadeMix",
    "CascadePolicy",
    "CascadeQuality",
    "cascade_answer_shares",
    "cascade_policies",
]

WASTE = -10.0
"""Quality (0..1 scale) of visits that answer nothing."""


@dataclass(frozen=True)
class CascadePolicy:
    """A chain of LLMs with thresholds between them.

    chain: LLMs in the order of the visits. thresholds: score below which the next one is visited,
    one fewer than LLMs. visits: (M,) mean visits of a prompt to each LLM. quality: mean score of
    the answers kept.
    """

    chain: tuple[int, ...]
    thresholds: tuple[float, ...]
    visits: np.ndarray
    quality: float


@dataclass(frozen=True)
class CascadeMix:
    """Policies with the part of the prompts that each gets (sums to 1)."""

    policies: tuple[CascadePolicy, ...]
    parts: tuple[float, ...]

    @property
    def visits(self) -> np.ndarray:
        """(M,) mean visits of a prompt to each LLM."""
        return np.sum(
            [part * policy.visits for part, policy in zip(self.parts, self.policies, strict=True)],
            axis=0,
        )

    @property
    def quality(self) -> float:
        """Mean score of the answers kept."""
        return float(
            sum(
                part * policy.quality
                for part, policy in zip(self.parts, self.policies, strict=True)
            )
        )


def cascade_policies(scores: Scores, chain: Sequence[int], steps: int) -> Iterator[CascadePolicy]:
    """Every policy of the chain whose thresholds let about 1/steps, 2/steps .. of the prompts go on
    that have come so far; equal scores stay together.

    chain: positions of LLMs. A chain of one LLM has one policy.
    """
    values, weights = scores.values, scores.weights

    def extend_cascade(
        at: int,
        here: np.ndarray,
        best: np.ndarray,
        thresholds: tuple[float, ...],
        visits: np.ndarray,
        kept: float,
    ) -> Iterator[CascadePolicy]:
        visits = visits.copy()
        visits[chain[at]] = weights[here].sum()
        best = np.maximum(best, values[chain[at], here])
        if at + 1 == len(chain):
            yield CascadePolicy(
                tuple(chain), thresholds, visits, kept + float(weights[here] @ best)
            )
            return
        for threshold, below in _cascade_splits(best, weights[here], steps):
            done = kept + float(weights[here][~below] @ best[~below])
            yield from extend_cascade(
                at + 1, here[below], best[below], (*thresholds, threshold), visits, done
            )

    every = np.arange(weights.size)
    yield from extend_cascade(
        0, every, np.full(weights.size, -np.inf), (), np.zeros(values.shape[0]), 0.0
    )


def cascade_answer_shares(mix: CascadeMix, values: np.ndarray) -> np.ndarray:
    """(M, N) share of every prompt whose answer by an LLM is kept, for scores (M, N)."""
    at = np.arange(values.shape[1])
    shares = np.zeros(values.shape)
    for part, policy in zip(mix.parts, mix.policies, strict=True):
        kept = np.full(at.size, policy.chain[0])
        best, going = values[policy.chain[0]], np.ones(at.size, dtype=bool)
        for llm, threshold in zip(policy.chain[1:], policy.thresholds, strict=True):
            going = going & (best < threshold)
            kept = np.where(going & (values[llm] > best), llm, kept)
            best = np.where(going, np.maximum(best, values[llm]), best)
        shares[kept, at] += part
    return shares


def _cascade_splits(
    best: np.ndarray, weights: np.ndarray, steps: int
) -> Iterator[tuple[float, np.ndarray]]:
    """Thresholds below which about k/steps of the weight lies, k = 1 ..

    steps, each once, with who is below.
    """
    order = np.argsort(best, kind="stable")
    ranked, reached = best[order], np.cumsum(weights[order])
    seen = set()
    for k in range(1, steps + 1):
        place = int(np.searchsorted(reached, reached[-1] * k / steps * (1 - 1e-12)))
        above = int(np.searchsorted(ranked, ranked[min(place, ranked.size - 1)], side="right"))
        if above in seen:
            continue
        seen.add(above)
        threshold = float(ranked[above]) if above < ranked.size else np.inf
        yield threshold, best < threshold


class CascadeQuality:
    """Q(f) of mixes of policies, with its cuts; f (M + 1,): visits to every LLM as parts of `most`,
    the idle LLM last.
    """

    moves_prompts = False
    """Whether prompts have scores, of which a move from one LLM to another is known."""

    def __init__(self, known: Sequence[CascadePolicy], scores: Scores) -> None:
        self.policies = tuple(known)
        self.offset = float(scores.values.min())
        self.scale = float(np.ptp(scores.values)) or 1.0
        self.most = float(max(len(policy.chain) for policy in known))
        self.llms = scores.values.shape[0] + 1
        visits = np.array([policy.visits for policy in known]) / self.most
        value = (np.array([policy.quality for policy in known]) - self.offset) / self.scale
        self._visits = np.concatenate([visits, np.eye(self.llms - 1), np.zeros((1, self.llms - 1))])
        self._value = np.concatenate([value, np.full(self.llms, WASTE)])
        self.cuts = QualityCutPool(self.llms)
        self.openings = no_opening_cuts(self.llms)
        self._cut(np.zeros(self.llms - 1))

    @property
    def cuts_made(self) -> int:
        """Cuts; there are none over open LLMs."""
        return len(self.cuts)

    def to_score(self, value: float) -> float:
        """From the 0..1 scale to score units."""
        return self.offset + self.scale * value

    def from_score(self, value: float) -> float:
        """From score units to the 0..1 scale."""
        return (value - self.offset) / self.scale

    def _cut(self, alpha: np.ndarray) -> float:
        base = float((self._value - self._visits @ alpha).max())
        self.cuts.add(np.append(alpha, 0.0), base)
        return base

    def price(
        self, fractions: np.ndarray, start: np.ndarray | None = None, *, full: bool = True
    ) -> tuple[np.ndarray, float]:
        """Best prices at f and Q(f), 0..1 scale; the cut is added to the pool."""
        alpha, _ = self._best(fractions)
        return np.append(alpha, 0.0), self._cut(alpha) + float(alpha @ fractions[:-1])

    def price_openings(
        self,
        fractions: np.ndarray,
        opened: np.ndarray,
        loads: np.ndarray,
        start: np.ndarray | None = None,
        *,
        full: bool = True,
    ) -> tuple[np.ndarray, float]:
        """The same as `price`: a cut that holds whatever is open."""
        del opened, loads
        return self.price(fractions, start, full=full)

    def settle(self, fractions: np.ndarray, stop: Callable[[], bool] | None = None) -> Settled:
        """Q(f) by its best mix (value) and by its prices (upper). stop: of `Quality.settle`; one
        small program is not stopped.
        """
        del stop
        alpha, mu = self._best(fractions)
        value = float(mu @ self._value)
        upper = max(self._cut(alpha) + float(alpha @ fractions[:-1]), value)
        prices = np.where(fractions > UNROUTED, np.append(alpha, 0.0) * self.scale, np.nan)
        return Settled(self.to_score(value), self.to_score(upper), prices, (), 0.0)

    def mix(self, fractions: np.ndarray, least: float = 1e-6) -> CascadeMix | None:
        """The best mix for f, parts below `least` left out; None where visits would be wasted."""
        _, mu = self._best(fractions)
        if mu[len(self.policies) :].sum() > least:
            return None
        used = np.flatnonzero(mu[: len(self.policies)] > least)
        parts = mu[used] / mu[used].sum()
        return CascadeMix(tuple(self.policies[j] for j in used), tuple(parts.tolist()))

    def _best(self, fractions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Prices alpha (M,) and the mix mu (J,)."""
        rows = np.concatenate([self._visits.T, np.ones((1, self._value.size))])
        answer = linprog(
            -self._value,
            A_eq=rows,
            b_eq=np.append(fractions[:-1], 1.0),
            bounds=(0, None),
            method="highs",
        )
        if answer.status != 0:
            raise ArithmeticError(f"no mix of policies has the visits {fractions.tolist()}")
        return -answer.eqlin.marginals[:-1], np.maximum(answer.x, 0.0)
