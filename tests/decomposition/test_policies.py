"""A policy is what dual prices make of all prompts."""

import numpy as np
import pytest

from planner.decomposition.policies import Prompts
from profiles.records import Scores


@pytest.mark.parametrize("seed", range(10))
def test_a_policy_is_the_argmax_over_all_prompts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 2, (3, 400)).astype(float) if seed % 2 else rng.normal(size=(3, 400))
    weights = rng.integers(0, 4, 400).astype(float)
    prompts = Prompts(
        Scores(np.arange(400).astype(str), ("a", "b", "c"), values, weights / weights.sum())
    )
    alpha = rng.normal(size=2) * 0.3
    policy = prompts.policy((0, 2), alpha)
    net = values[[0, 2]] - alpha[:, None]
    base = float(weights @ net.max(axis=0) / weights.sum())
    assert base - 1e-12 <= policy.base <= base + 2e-6
    assert policy.fractions.sum() == pytest.approx(1.0)
    assert policy.quality == pytest.approx(base + alpha @ policy.fractions, abs=2e-6)
    assert policy.quality <= base + alpha @ policy.fractions + 1e-12
