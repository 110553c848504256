"""Instances of the two-stage baseline: what their pseudo-prompts measure."""

import numpy as np
import pytest

from planner.studies.baselines.stage_instances import (
    PREFER,
    stage_fractions_as_scores,
    stage_with_idle_prompt,
)
from tests.support.instances.tiny import random_instance


def test_fractions_become_prompts_of_their_weight() -> None:
    instance = random_instance(0, "convex")
    fractions = np.zeros(len(instance.llms))
    fractions[[0, 1]] = 0.25, 0.75
    scores = stage_fractions_as_scores(instance, fractions)
    assert scores.weights.tolist() == [0.25, 0.75]
    assert scores.values[:2].tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_the_idle_prompt_takes_half_of_twice_the_rate() -> None:
    instance = next(
        one
        for one in (random_instance(seed, "convex") for seed in range(99))
        if one.slos and one.slos[0].statistic == "mean"
    )
    fractions = np.full(len(instance.llms), 1 / len(instance.llms))
    pseudo = stage_with_idle_prompt(instance, fractions)
    assert pseudo.arrival_rate == 2 * instance.arrival_rate
    assert pseudo.scores.weights[-1] == 0.5
    assert pseudo.scores.weights[:-1].sum() == pytest.approx(0.5)
    assert pseudo.scores.values[-2:, -1].tolist() == [0.0, 1.0]
    assert pseudo.scores.values.min() == -PREFER
    assert pseudo.slos[0].limit == pytest.approx(instance.slos[0].limit / 2)
    assert [llm.min_replicas for llm in pseudo.llms[-2:]] == [1, 1]
