"""Opening cuts: valid at every setup, tight where they were made, kept once."""

import numpy as np
import pytest

from models.openings.opening_cuts import no_opening_cuts, opened_llms, opening_loads
from models.quality import Quality
from tests.support.instances.score_tables import (
    KINDS,
    best_quality,
    best_quality_of_open,
    scores_of,
)
from tests.support.walls import wall_size


def random_point(rng: np.random.Generator, llms: int) -> tuple[np.ndarray, np.ndarray]:
    """Fractions (M,), and how far LLMs are open (M,), which leaves room for them."""
    opened = rng.uniform(0.0, 1.0, llms) * (rng.random(llms) < 0.7)
    opened[rng.random(llms) < 0.3] = 1.0
    opened[rng.integers(llms)] = 1.0
    fractions = rng.dirichlet(np.ones(llms)) * (opened > 0)
    return fractions / fractions.sum(), opened_llms(opened, fractions / fractions.sum())


@pytest.mark.parametrize("kind", KINDS)
def test_no_setup_is_better_than_a_cut(kind: str) -> None:
    """Cuts of random points are at or above the exact quality of other ones: setups, of which some
    LLMs are open and the others closed, and points of a relaxation.
    """
    rng = np.random.default_rng(7)
    for seed in range(wall_size(2, 6)):
        scores = scores_of(kind, seed)
        quality, llms = Quality(scores), len(scores.llms)
        for _ in range(6):
            loads = rng.uniform(0, 1, llms)
            quality.price_openings(*random_point(rng, llms), loads)
        assert len(quality.openings) > 1
        for _ in range(6):
            shut = rng.random(llms) < 0.5
            shut[rng.integers(llms)] = False
            fractions = rng.dirichlet(np.ones(llms)) * ~shut
            fractions /= fractions.sum()
            exact = quality.from_score(best_quality(scores, fractions))
            assert quality.openings.at(fractions, (~shut).astype(float)) >= exact - 1e-9
            fractions, opened = random_point(rng, llms)
            exact = best_quality_of_open(quality, fractions, opened)
            assert quality.openings.at(fractions, opened) >= exact - 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_a_cut_is_tight_where_it_was_made(seed: int) -> None:
    """And below the ordinary cuts where LLMs are open in part."""
    rng = np.random.default_rng(seed)
    scores = scores_of("continuous", seed)
    quality, llms = Quality(scores), len(scores.llms)
    opened = np.full(llms, 0.6)
    fractions = rng.dirichlet(np.full(llms, 9.0))
    opened = opened_llms(opened, fractions)
    exact = best_quality_of_open(quality, fractions, opened)
    _, estimate = quality.price_openings(fractions, opened, np.full(llms, 0.5))
    assert exact - 1e-9 <= estimate <= exact + 5e-3
    assert quality.openings.at(fractions, opened) == pytest.approx(estimate, abs=1e-12)
    assert estimate < quality.from_score(best_quality(scores, fractions)) - 1e-3


def test_opening_a_closed_llm_gains_in_one_piece() -> None:
    """At its load the cut gains what the best such part of the prompts gains; the ordinary cut
    gains as much a request as the one prompt that likes it most.
    """
    scores = scores_of("continuous", 1)
    quality = Quality(scores)
    llms, prompts = quality.values.shape
    opened = np.ones(llms)
    opened[0] = 0.0
    fractions = (opened > 0) / (llms - 1)
    prices, at_closed = quality.price_openings(fractions, opened, np.full(llms, 3 / prompts))
    cuts = quality.openings
    assert cuts.gains[-1][0] > 0
    level = cuts.base[-1] + prices[1:] @ fractions[1:] + cuts.gains[-1][1:].sum()
    assert at_closed == pytest.approx(level)


def test_an_equal_cut_is_kept_once() -> None:
    prices, gains, caps = np.array([0.0, 0.1]), np.array([0.0, 0.2]), np.ones(2)
    cuts = no_opening_cuts(2).with_opening_cut(prices, 0.5, gains, caps)
    assert cuts.with_opening_cut(prices, 0.5, gains, caps) is cuts
    other = cuts.with_opening_cut(prices, 0.5, gains + 0.1, caps)
    assert len(other) == 2
    at = np.array([0.5, 0.5]), np.array([1.0, 1.0])
    assert other.at(*at) == pytest.approx(0.5 + 0.05 + 0.2)
    assert other.tightest(*at, keep=1).tolist() == [0]
    assert len(other.only(np.array([1]))) == 1
    assert no_opening_cuts(2).at(*at) == np.inf


def test_loads_are_those_of_the_largest_replica() -> None:
    loads = opening_loads(3, np.array([0, 0, 1]), np.array([2.0, 5.0, 100.0]), 10.0)
    assert loads.tolist() == [pytest.approx(0.3), 1.0, 0.0]
