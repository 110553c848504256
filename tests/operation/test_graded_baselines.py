"""Baselines by grades: the rule of each plan, paired differences, and the cascade's answers."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.cascade import CascadeMix, cascade_policies
from planner.operation.graded_baselines import GradedBaselines, grade_baselines
from planner.operation.samples import Sample
from planner.studies.baselines.comparison import BaselineComparison
from planner.studies.baselines.solver import BaselineResult
from profiles.records import Scores

LLMS = ("a", "b")


def plan(prices: Mapping[str, float | None], routing: tuple[float, float]) -> dict[str, Any]:
    return {
        "dual_prices": dict(prices),
        "routing": dict(zip(LLMS, routing, strict=True)),
        "router": {"tie_eps": 1e-9, "ties": []},
        "objective": {"of": "quality"},
    }


def sampled(n: int = 400, noise: float = 0.0, seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)
    truth = rng.random((2, n))
    ids = np.array([f"p{k}" for k in range(n)], dtype=object)
    weights = rng.random(n) + 0.5
    weights /= weights.sum()
    scores = Scores(ids, LLMS, truth + rng.normal(0, noise, (2, n)), weights)
    return Sample(scores=scores, truth=Scores(ids, LLMS, truth, weights), graded=True, own=True)


BY_SCORE = plan({"a": 0.0, "b": 0.0}, (0.5, 0.5))
ALONE = plan({"a": 0.0, "b": None}, (1.0, 0.0))


def graded(sample: Sample, *attempts: BaselineResult) -> GradedBaselines:
    joint: Any = SimpleNamespace(content=BY_SCORE)
    return grade_baselines(BaselineComparison(joint, attempts, 1e-4, 1.0), 10.0, sample)


def test_every_plan_answers_by_its_own_prices() -> None:
    sample = sampled(noise=0.3)
    found = graded(
        sample,
        BaselineResult(name="alone", variant="", content=ALONE),
        BaselineResult(name="none", variant="", reason="no plan"),
    )
    scores, truth, weights = sample.scores.values, sample.truth.values, sample.scores.weights
    best = scores.argmax(axis=0)
    joint, alone = found.rows
    assert (joint.name, joint.gain, alone.name) == ("joint plan", None, "alone")
    assert joint.promised == pytest.approx(scores.max(axis=0) @ weights)
    assert joint.realised == pytest.approx(truth[best, np.arange(400)] @ weights)
    assert alone.realised == pytest.approx(truth[0] @ weights)
    assert alone.gain is not None
    assert alone.gain.promised > alone.gain.realised > 0
    assert alone.gain.low < alone.gain.realised < alone.gain.high
    assert found.row("none") is None


def test_the_interval_is_that_of_the_paired_differences() -> None:
    """With equal weights the bootstrap of a mean is normal: 1.96 standard errors either way."""
    sample = sampled(2000, noise=0.3)
    equal = np.full(2000, 1 / 2000)
    sample = Sample(
        scores=Scores(sample.scores.prompt_ids, LLMS, sample.scores.values, equal),
        truth=Scores(sample.scores.prompt_ids, LLMS, sample.truth.values, equal),
        graded=True,
        own=True,
    )
    gain = graded(sample, BaselineResult(name="alone", variant="", content=ALONE)).rows[1].gain
    assert gain is not None
    best = sample.scores.values.argmax(axis=0)
    off = sample.truth.values[best, np.arange(2000)] - sample.truth.values[0]
    half = 1.96 * off.std(ddof=1) / np.sqrt(2000)
    assert gain.low == pytest.approx(gain.realised - half, abs=0.1 * half)
    assert gain.high == pytest.approx(gain.realised + half, abs=0.1 * half)


def test_the_same_plan_gains_nothing_whatever_the_prompts() -> None:
    twin = BaselineResult(name="twin", variant="", content=BY_SCORE)
    gain = graded(sampled(), twin).rows[1].gain
    assert gain is not None
    assert (gain.promised, gain.realised, gain.low, gain.high) == (0.0, 0.0, 0.0, 0.0)


def test_a_cascade_answers_by_its_thresholds() -> None:
    sample = sampled(noise=0.2)
    policies = list(cascade_policies(sample.scores, (0, 1), 4))
    mix = CascadeMix((policies[0], policies[2]), (0.25, 0.75))
    row = graded(sample, BaselineResult(name="cascade", variant="", content=ALONE, mix=mix)).rows[1]
    assert row.promised == pytest.approx(mix.quality)
    assert row.realised < row.promised
