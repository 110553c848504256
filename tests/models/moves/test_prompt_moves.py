"""Moves of prompts: no routing is better than they say, they are exact where no prompt moves, and
right to the second order around it.
"""

import numpy as np
import pytest

from models.linear import LinearProgram
from models.moves.prompt_moves import MoveSteps, prompt_move_steps, with_prompt_moves
from models.quality import Quality
from tests.support.instances.score_tables import (
    KINDS,
    best_quality,
    quality_by_rows,
    scores_of,
    table,
)
from tests.support.instances.search_states import random_fractions
from tests.support.walls import wall_size


def quality_by_moves(steps: MoveSteps, fractions: np.ndarray) -> float:
    def extend(program: LinearProgram, at: tuple[int, ...], quality: int) -> LinearProgram:
        return with_prompt_moves(program, steps, at, quality)

    return quality_by_rows(extend, fractions)


@pytest.mark.parametrize("kind", KINDS)
def test_no_routing_is_better_than_its_moves(kind: str) -> None:
    """At random prices, whatever the fractions are: on every kind of scores, prompts that tie, LLMs
    that no prompt chooses, and LLMs that are not routed to.
    """
    rng = np.random.default_rng(11)
    for seed in range(wall_size(2, 20)):
        scores = scores_of(kind, seed)
        quality, llms = Quality(scores), len(scores.llms)
        for _ in range(4):
            prices = rng.normal(0, rng.choice([0.0, 1e-3, 0.1, 1.0]), llms)
            steps = prompt_move_steps(quality.values, quality.weights, prices)
            fractions = random_fractions(rng, llms)
            exact = quality.from_score(best_quality(scores, fractions))
            assert quality_by_moves(steps, fractions) >= exact - 1e-8


@pytest.mark.parametrize("kind", KINDS)
def test_moves_are_exact_where_no_prompt_moves(kind: str) -> None:
    scores = scores_of(kind, 1)
    quality = Quality(scores)
    prices = np.random.default_rng(2).normal(0, 0.1, len(scores.llms))
    steps = prompt_move_steps(quality.values, quality.weights, prices)
    exact = quality.from_score(best_quality(scores, steps.shares))
    assert steps.shares.sum() == pytest.approx(1.0)
    assert quality_by_moves(steps, steps.shares) == pytest.approx(exact, abs=1e-6)


def many_prompts(llms: int = 5) -> Quality:
    """Like scores of a fleet: one skill an LLM, and noise."""
    rng = np.random.default_rng(5)
    skill = np.linspace(0.4, 0.7, llms)[:, None]
    return Quality(table(np.clip(skill + rng.normal(0, 0.15, (llms, 2_000)), 0, 1)))


def test_moves_know_the_curvature_of_quality() -> None:
    """Around the centre they leave less than a third of what the plane there over-rates."""
    quality, rng = many_prompts(), np.random.default_rng(6)
    centre = quality.best_answers()
    prices, _ = quality.price(centre)
    steps = prompt_move_steps(quality.values, quality.weights, prices)
    for _ in range(8):
        fractions = centre * np.exp(rng.normal(0, 0.15, centre.size))
        fractions /= fractions.sum()
        exact = quality.from_score(quality.settle(fractions).value)
        plane = quality.g(prices) + prices @ fractions
        over = quality_by_moves(steps, fractions) - exact
        assert -1e-8 <= over <= (plane - exact) / 3


def test_steps_of_a_pair_are_convex_and_take_all_prompts() -> None:
    quality = many_prompts()
    steps = prompt_move_steps(quality.values, quality.weights, np.zeros(quality.llms))
    for b in range(quality.llms):
        for i in range(quality.llms):
            own = (steps.leaves == b) & (steps.joins == i)
            if b == i:
                assert not own.any()
                continue
            assert steps.widths[own].sum() == pytest.approx(steps.shares[b])
            assert np.all(np.diff(steps.slopes[own]) > 0)
            assert steps.slopes[own][0] >= 0
