"""What a plan and its bound are on all prompts: against quality that is computed on all of them."""

from dataclasses import replace

import numpy as np
import pytest

from models.quality import Quality
from models.scores.all_prompts import (
    PlannedRouter,
    WholeTableTotals,
    even_tie_weights,
    least_regret_moves,
    planned_router,
)
from profiles.records import Scores

WHOLE, SOME, SLACK = 3_000, 200, 1e-9


def scores_of(values: np.ndarray, weights: np.ndarray) -> Scores:
    ids = np.array([f"p{i}" for i in range(weights.size)], dtype=object)
    llms = tuple(f"llm-{i}" for i in range(len(values)))
    return Scores(ids, llms, values, weights / weights.sum())


def both(kind: str, seed: int, llms: int = 4) -> tuple[Scores, Quality]:
    """All prompts, and the quality of some of them drawn at random."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(llms, WHOLE))
    if kind == "grades":
        values = np.floor(2 * values)
    whole = scores_of(values, rng.uniform(0.1, 2.0, WHOLE))
    drawn = rng.choice(WHOLE, SOME, p=whole.weights)
    return whole, Quality(scores_of(values[:, drawn], np.ones(SOME)))


def totals_of(
    whole: Scores, quality: Quality, router: PlannedRouter, batch: int = 700
) -> WholeTableTotals:
    totals = WholeTableTotals(quality.cuts.prices, quality.openings, router)
    values = (whole.values - quality.offset) / quality.scale
    for first in range(0, WHOLE, batch):
        at = slice(first, first + batch)
        totals.add(values[:, at], 7.0 * whole.weights[at])
    return totals


def some_router(llms: int) -> PlannedRouter:
    return planned_router(np.zeros(llms), 1e-9, [], np.ones(llms), 1.0)


@pytest.mark.parametrize("kind", ["continuous", "grades"])
def test_no_quality_of_all_prompts_is_above_the_shifted_cuts(kind: str) -> None:
    over = []
    for seed in range(5):
        whole, quality = both(kind, seed)
        rng, exact = np.random.default_rng(seed), Quality(whole)
        tried = rng.dirichlet(np.ones(4), 6)
        for fractions in tried:
            quality.price(fractions)
        totals = totals_of(whole, quality, some_router(4))
        shift, ceiling = totals.shift(quality.cuts.base), totals.ceiling()
        # The first cut is that of no prices at all.
        assert quality.to_score(ceiling) <= whole.values.max(axis=0) @ whole.weights + 1e-6
        for fractions in tried:
            best, cuts = exact.settle(fractions).value, quality.cuts.at(fractions)
            assert best <= quality.to_score(cuts + shift) + SLACK
            assert best <= quality.to_score(ceiling) + SLACK
            over.append(best - quality.to_score(cuts))
    # The shift is no idle word: without it the cuts of drawn prompts are no bound.
    assert max(over) > 0.01


@pytest.mark.parametrize("seed", range(4))
def test_cuts_over_open_llms_are_shifted_too(seed: int) -> None:
    whole, quality = both("continuous", seed)
    rng = np.random.default_rng(seed)
    for fractions in rng.dirichlet(np.ones(4), 5):
        opened = np.maximum(rng.uniform(0.0, 1.0, 4), fractions)
        quality.price_openings(fractions, opened, np.full(4, 0.1))
    shift = totals_of(whole, quality, some_router(4)).shift(quality.cuts.base)
    exact = Quality(whole)
    for fractions in rng.dirichlet(np.ones(4), 12):
        opened = np.maximum(rng.integers(0, 2, 4), fractions > 0).astype(float)
        best = exact.settle(fractions).value
        bound = quality.openings.at(fractions, opened) + shift
        assert best <= quality.to_score(bound) + SLACK


@pytest.mark.parametrize("kind", ["continuous", "grades"])
@pytest.mark.parametrize("seed", range(4))
def test_the_plans_value_is_reached_and_no_more_is_promised(kind: str, seed: int) -> None:
    whole, quality = both(kind, seed)
    fractions = np.random.default_rng(seed).dirichlet(np.ones(4))
    settled = quality.settle(fractions)
    ties = [(tie.llms, tie.split) for tie in settled.ties]
    router = planned_router(settled.prices, settled.tie_eps, ties, fractions, quality.scale)
    router = replace(router, even=even_tie_weights(quality.weighted_blocks(), router))
    totals = totals_of(whole, quality, router)
    best = Quality(whole).settle(fractions).value
    value = quality.to_score(totals.value(fractions))
    assert value <= best + SLACK
    assert value > best - 0.002 * quality.scale
    assert totals.sent.sum() == pytest.approx(1.0)
    assert np.abs(totals.sent - fractions).max() < 0.2


def test_even_weights_share_ties_so_that_fractions_are_met() -> None:
    rng = np.random.default_rng(2)
    grades, weights = rng.integers(0, 2, (4, 5_000)).astype(float), rng.uniform(0.5, 1.5, 5_000)
    weights /= weights.sum()
    fractions = np.array([0.4, 0.3, 0.2, 0.1])
    router = planned_router(np.zeros(4), 1e-9, [], fractions, 1.0)
    blocks = [(grades[:, :2_000], weights[:2_000]), (grades[:, 2_000:], weights[2_000:])]
    before = router.shares(grades)[1] @ weights
    _, even = replace(router, even=even_tie_weights(blocks, router)).shares(grades)
    assert np.abs(before - fractions).max() > 0.01
    assert even @ weights == pytest.approx(fractions, abs=1e-4)


def test_moves_regret_least_and_no_prompt_moves_twice() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        mass = rng.uniform(0.0, 0.2, (3, 3, 4)) * (rng.random((3, 3, 4)) < 0.7)
        regret = np.sort(rng.uniform(0.0, 1.0, (3, 3, 4)), axis=2)
        change = rng.normal(0.0, 0.01, 3)
        change -= change.mean()
        moved = least_regret_moves(mass, regret, change)
        assert np.all(moved >= 0)
        assert np.all(moved <= mass + 1e-12)
        shares = np.divide(moved, mass, out=np.zeros(mass.shape), where=mass > 0)
        assert shares.max(axis=2).sum(axis=1).max() <= 1 + 1e-9
        assert moved[np.arange(3), np.arange(3)].max() == 0
    nothing = least_regret_moves(np.zeros((2, 2, 1)), np.zeros((2, 2, 1)), np.array([0.1, -0.1]))
    assert not nothing.any()


def test_ties_move_for_nothing_and_the_nearest_of_the_others_first() -> None:
    mass = np.zeros((2, 2, 3))
    mass[0, 1] = [0.1, 0.2, 0.3]
    regret = np.broadcast_to([0.0, 0.01, 0.5], mass.shape)
    moved = least_regret_moves(mass, regret, np.array([-0.15, 0.15]))
    assert moved[0, 1] == pytest.approx([0.1, 0.05, 0.0], abs=1e-7)


def test_on_the_same_prompts_nothing_shifts_and_the_value_is_that_of_the_plan() -> None:
    rng = np.random.default_rng(5)
    whole = scores_of(np.floor(3 * rng.normal(size=(3, WHOLE))), np.ones(WHOLE))
    quality = Quality(whole)
    fractions = np.array([0.5, 0.3, 0.2])
    settled = quality.settle(fractions)
    ties = [(tie.llms, tie.split) for tie in settled.ties]
    assert ties
    router = planned_router(settled.prices, settled.tie_eps, ties, fractions, quality.scale)
    router = replace(router, even=even_tie_weights(quality.weighted_blocks(), router))
    totals = totals_of(whole, quality, router)
    assert totals.shift(quality.cuts.base) == pytest.approx(0.0, abs=1e-8)
    assert totals.sent == pytest.approx(fractions, abs=1e-9)
    assert quality.to_score(totals.value(fractions)) == pytest.approx(settled.value, abs=1e-7)


def test_llms_that_are_not_routed_to_get_nothing_and_unknown_ties_are_shared_by_fractions() -> None:
    prices, fractions = np.array([np.nan, 0.0, 0.5, 0.5]), np.array([0.0, 0.6, 0.2, 0.2])
    router = planned_router(prices, 1e-6, [((2, 3), (0.25, 0.75))], fractions, 2.0)
    scores = np.array([[9.0, 9.0, 9.0], [0.0, 0.25, 0.0], [0.3, 0.5, 0.1], [0.3, 0.5, 0.0]])
    shares, even = router.shares(scores)
    assert even[:, 0] == pytest.approx([0.0, 0.0, 0.5, 0.5])
    assert shares[:, 0].tolist() == [0.0, 0.0, 0.25, 0.75]
    assert shares[:, 1] == pytest.approx([0.0, 0.6, 0.2, 0.2])
    assert shares[:, 2].tolist() == [0.0, 1.0, 0.0, 0.0]
