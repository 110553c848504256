"""The joint plan and its baselines by grades that none of them has seen.

Every plan answers the graded prompts by the rule it was made with, for their scores: plans by their
prices (`models.router`), the cascade by its thresholds. w_x are the weights (sum 1), y_i(x) the
share of prompt x that LLM i answers, s_i(x) its score, t_i(x) its grade:

    promised    sum_x w_x sum_i y_i(x) s_i(x)
    realised    sum_x w_x sum_i y_i(x) t_i(x)
    gain        the joint plan's less the baseline's, of either

The joint plan is chosen for the highest promise, so that its promised gain is too high under noisy
scores. The interval of the realised gain is that of the paired bootstrap: prompts are drawn with
replacement, the same for all plans, and the middle 95 % of the gains are given. It covers the
choice of the prompts, not how setups and prices would differ for other ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from models.cascade import cascade_answer_shares
from models.router import Router
from planner.operation.prompt_routing import prompt_shares_routed
from planner.operation.router_policy import build_routing_policy
from planner.operation.samples import Sample
from planner.plans.schema import SolvedContent
from planner.studies.baselines.comparison import JOINT, BaselineComparison
from planner.studies.baselines.solver import BaselineResult
from profiles.records import Scores

__all__ = ["GradedBaselines", "GradedGain", "GradedRow", "grade_baselines"]

RESAMPLES = 2000
MOST_DRAWS = 100_000_000
"""Prompts drawn in all: with very many prompts, fewer resamples say as much."""
CHUNK = 50


@dataclass(frozen=True)
class GradedGain:
    """promised, realised: what the joint plan gains over a baseline; low, high: 95 % interval."""

    promised: float
    realised: float
    low: float
    high: float


@dataclass(frozen=True)
class GradedRow:
    """One plan: promised and realised mean; gain: None for the joint plan itself."""

    name: str
    promised: float
    realised: float
    gain: GradedGain | None


@dataclass(frozen=True)
class GradedBaselines:
    """rows: the joint plan first, then every baseline with a plan; prompts: that were graded."""

    rows: tuple[GradedRow, ...]
    prompts: int

    def row(self, name: str) -> GradedRow | None:
        """The row of a plan, None where it has none."""
        return next((row for row in self.rows if row.name == name), None)


def grade_baselines(
    comparison: BaselineComparison, rate: float, sample: Sample, seed: int = 0
) -> GradedBaselines:
    """Grade the joint plan and all baselines that have a plan.

    rate: req/s of the scenario. sample: graded prompts (`read_sample`); seed: of the bootstrap.
    """
    plans: dict[str, np.ndarray] = {
        JOINT: _shares_by_prices(comparison.plan.content, rate, sample.scores)
    }
    for attempt in comparison.attempts:
        if attempt.content is not None:
            plans[attempt.name] = _shares_of_baseline(attempt, rate, sample.scores)
    weights, truth = sample.scores.weights, sample.truth.values
    promised = {
        name: float((shares * sample.scores.values).sum(axis=0) @ weights)
        for name, shares in plans.items()
    }
    of_prompt = {name: (shares * truth).sum(axis=0) for name, shares in plans.items()}
    realised = {name: float(values @ weights) for name, values in of_prompt.items()}
    others = [name for name in plans if name != JOINT]
    differences = np.array([of_prompt[JOINT] - of_prompt[name] for name in others])
    ends = _bootstrap_of_graded_gains(differences, weights, seed) if others else np.zeros((0, 2))
    gains = {
        name: GradedGain(
            *(round(of[JOINT] - of[name], 12) + 0.0 for of in (promised, realised)),
            *ends[k].tolist(),
        )
        for k, name in enumerate(others)
    }
    rows = [GradedRow(name, promised[name], realised[name], gains.get(name)) for name in plans]
    return GradedBaselines(tuple(rows), sample.prompts)


def _shares_by_prices(content: Mapping[str, Any], rate: float, scores: Scores) -> np.ndarray:
    """(M, N) of the prompts that each LLM answers by the prices of a plan, ties in expectation."""
    policy = build_routing_policy(cast(SolvedContent, content), rate)
    return prompt_shares_routed(Router(policy), scores)


def _shares_of_baseline(attempt: BaselineResult, rate: float, scores: Scores) -> np.ndarray:
    if attempt.mix is not None:
        return cascade_answer_shares(attempt.mix, scores.values)
    return _shares_by_prices(attempt.content or {}, rate, scores)


def _bootstrap_of_graded_gains(
    differences: np.ndarray, weights: np.ndarray, seed: int
) -> np.ndarray:
    """(R, 2) 2.5 % and 97.5 % of the weighted means of differences (R, N) over resamples of the
    prompts that weigh anything.
    """
    used = weights > 0
    differences, weights = differences[:, used], weights[used]
    n = weights.size
    rng = np.random.default_rng(seed)
    resamples = int(np.clip(MOST_DRAWS // n, 200, RESAMPLES))
    means: list[np.ndarray] = []
    for start in range(0, resamples, CHUNK):
        counts = rng.multinomial(n, np.full(n, 1 / n), size=min(CHUNK, resamples - start))
        drawn = counts * weights
        means.append(drawn @ differences.T / drawn.sum(axis=1, keepdims=True))
    # Sums in another order differ by rounding: 0.0 rather than -1e-17.
    return np.round(np.quantile(np.concatenate(means), (0.025, 0.975), axis=0).T, 12) + 0.0
