"""Tie groups: how an assignment divides them, and where the threshold lies."""

from types import SimpleNamespace

import numpy as np
import pytest

from models.exact_assignment import assign_exactly_within_window
from models.quality import Quality
from models.tie_groups import TIE_BAND, TIE_EPS, assignment_tie_groups, tie_threshold
from planner.verification.routing_certificate import certify_router
from profiles.records import Scores
from tests.support.instances.score_tables import settled_content


def test_tied_prompts_are_divided_as_the_assignment_does() -> None:
    """Three prompts with equal scores for LLMs 0 and 1, one that LLM 1 leads: LLM 0 gets half of
    all.
    """
    values = np.array([[0.6, 0.6, 0.6, 0.2], [0.6, 0.6, 0.6, 0.8]])
    weights, target = np.full(4, 0.25), np.array([0.5, 0.5])
    answer = assign_exactly_within_window(values, weights, target, np.zeros(2), 1e-3)
    assert answer is not None
    (tie,) = assignment_tie_groups(values, weights, answer, np.array([4, 7]), TIE_EPS)
    assert tie.llms == (4, 7)
    assert tie.share == pytest.approx(0.75)
    assert tie.split == pytest.approx((2 / 3, 1 / 3))
    apart = values + np.array([[2 * TIE_EPS], [0.0]])
    assert assignment_tie_groups(apart, weights, answer, np.array([4, 7]), TIE_EPS) == ()


def test_the_threshold_keeps_away_from_margins() -> None:
    prices = np.zeros(2)
    far = np.array([[0.5, 0.6, 0.7], [0.5, 0.4, 0.7 - 1e-6]])
    assert tie_threshold(far, prices, 1e-16) == pytest.approx(TIE_EPS)
    margins = np.linspace(0.5, 1.1, 40) * TIE_EPS
    close = np.stack([np.zeros(40), -margins])
    threshold = tie_threshold(close, prices, 1e-16)
    assert threshold == pytest.approx((1.1 + TIE_BAND[1]) / 2 * TIE_EPS)


def test_scores_far_from_zero_tie_within_their_rounding() -> None:
    """Scores of a million with a range of 1 keep ten digits of it."""
    assert tie_threshold(np.zeros((2, 3)), np.zeros(2), 1e-9) == pytest.approx(32e-9)


def kind_of_scores(kind: str, rng: np.random.Generator) -> np.ndarray:
    llms, prompts = int(rng.integers(2, 6)), int(rng.integers(20, 400))
    if kind == "neighbours":  # weighted mean of the grades of the nearest graded prompts
        distance = rng.random((prompts, 60)) + 1e-3
        nearest = np.argsort(distance, axis=1)[:, :8]
        near = 1 / np.take_along_axis(distance, nearest, axis=1)
        grades = (rng.random((llms, 60)) < 0.6).astype(float)
        return (grades[:, nearest] * near).sum(axis=-1) / near.sum(axis=-1)
    size = 10.0 ** rng.integers(-12, -5)
    values = rng.integers(0, 4, (llms, prompts)) / 3 + rng.normal(size=(llms, prompts)) * size
    return values + 1000.0 if kind == "far from zero" else values


@pytest.mark.parametrize("kind", ["neighbours", "nearly equal", "far from zero"])
def test_the_router_realises_the_fractions_of_nearly_tied_scores(kind: str) -> None:
    """What the verifier asks of every plan, for any fractions."""
    rng = np.random.default_rng(14)
    for _ in range(25):
        values = kind_of_scores(kind, rng)
        names = [f"llm-{i}" for i in range(values.shape[0])]
        weights = np.full(values.shape[1], 1 / values.shape[1])
        scores = Scores(np.arange(weights.size).astype(str), tuple(names), values, weights)
        fractions = rng.dirichlet(np.ones(len(names)))
        plan = settled_content(Quality(scores).settle(fractions), names, fractions)
        instance = SimpleNamespace(
            llms=[SimpleNamespace(name=name) for name in names], scores=scores
        )
        assert list(certify_router(plan, instance)) == []
