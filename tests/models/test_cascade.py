"""Cascades: visits and quality by hand, mixes and their cuts."""

from dataclasses import replace

import numpy as np
import pytest

from models.cascade import (
    CascadeMix,
    CascadeQuality,
    cascade_answer_shares,
    cascade_policies,
)
from profiles.records import Scores

SCORES = Scores(
    np.array(list("wxyz")),
    ("s", "m", "l"),
    np.array([[0.9, 0.2, 0.4, 0.1], [0.8, 0.6, 0.3, 0.2], [0.7, 0.9, 0.8, 0.1]]),
    np.full(4, 0.25),
)


def test_visits_and_quality_by_hand() -> None:
    """Computed again one by one, as the docstring says."""
    seen = 0
    for chain in [(0,), (0, 1), (1, 2), (0, 1, 2)]:
        for policy in cascade_policies(SCORES, chain, 4):
            visits, kept = np.zeros(3), 0.0
            for x in range(4):
                best = -np.inf
                for at, llm in enumerate(chain):
                    if at and best >= policy.thresholds[at - 1]:
                        break
                    visits[llm] += 0.25
                    best = max(best, SCORES.values[llm, x])
                kept += 0.25 * best
            assert policy.visits == pytest.approx(visits)
            assert policy.quality == pytest.approx(kept)
            seen += 1
    assert seen > 15


def test_answers_kept_have_the_quality_of_the_mix() -> None:
    policies = [
        p for chain in [(0,), (1, 2), (0, 1, 2)] for p in cascade_policies(SCORES, chain, 4)
    ]
    for one in policies:
        shares = cascade_answer_shares(CascadeMix((one,), (1.0,)), SCORES.values)
        assert shares.sum(axis=0) == pytest.approx(np.ones(4))
        assert float((shares * SCORES.values).sum(axis=0) @ SCORES.weights) == pytest.approx(
            one.quality
        )
    mix = CascadeMix((policies[0], policies[-1]), (0.25, 0.75))
    shares = cascade_answer_shares(mix, SCORES.values)
    assert float((shares * SCORES.values).sum() / 4) == pytest.approx(mix.quality)


def test_equal_scores_stay_together() -> None:
    grades = replace(SCORES, values=np.array([[0.0, 1, 1, 0], [1, 0, 1, 1], [1, 1, 1, 0]]))
    assert [policy.visits[1] for policy in cascade_policies(grades, (0, 1), 4)] == pytest.approx(
        [0.5, 1.0]
    )


def test_mixes_are_concave_and_their_cuts_hold() -> None:
    found = [
        policy
        for chain in [(0,), (1,), (2,), (0, 2), (0, 1, 2)]
        for policy in cascade_policies(SCORES, chain, 4)
    ]
    quality = CascadeQuality(found, SCORES)
    rng = np.random.default_rng(0)
    for _ in range(20):
        parts_ = rng.dirichlet(np.full(len(found), 0.3))
        visits = parts_ @ np.array([policy.visits for policy in found])
        f = np.append(visits, quality.most - visits.sum()) / quality.most
        _, upper = quality.price(f)
        reached = float(parts_ @ np.array([policy.quality for policy in found]))
        assert quality.to_score(upper) >= reached - 1e-9
        mix = quality.mix(f)
        assert mix is not None
        assert mix.visits == pytest.approx(visits, abs=1e-7)
        assert mix.quality == pytest.approx(quality.to_score(upper), abs=1e-7)
        assert quality.cuts.at(f) <= upper + 1e-9
    assert quality.mix(np.array([0.0, 0.0, 0.0, 1.0])) is None
