"""Curvature of quality: exact at the centre, near to quality around it, and its rows say so."""

import numpy as np
import pytest

from models.linear import LinearProgram
from models.moves.quality_curvature import (
    COARSE,
    QualityCurvature,
    quality_curvature,
    with_quality_curvature,
)
from models.quality import Quality
from tests.support.instances.score_tables import quality_by_rows, scores_of, table


def curved(quality: Quality, centre: np.ndarray) -> QualityCurvature:
    prices, _ = quality.price(centre)
    return quality_curvature(quality.values, quality.weights, prices, centre)


def quality_by_curvature(near: QualityCurvature, fractions: np.ndarray) -> float:
    def extend(program: LinearProgram, at: tuple[int, ...], quality: int) -> LinearProgram:
        return with_quality_curvature(program, near, at, quality)

    return quality_by_rows(extend, fractions)


def test_the_estimate_is_near_quality_and_its_rows_are_the_estimate() -> None:
    """Of what the plane at the centre over-rates a quarter is left at most, on either side."""
    rng = np.random.default_rng(5)
    skill = np.linspace(0.4, 0.7, 5)[:, None]
    quality = Quality(table(np.clip(skill + rng.normal(0, 0.15, (5, 4_000)), 0, 1)))
    centre = quality.best_answers()
    near = curved(quality, centre)
    assert near.curvatures.size == 4, "one direction moves no prompt"
    assert near.at(centre) == pytest.approx(quality.price(centre)[1], abs=1e-6)
    for _ in range(8):
        fractions = centre * np.exp(rng.normal(0, 0.15, centre.size))
        fractions /= fractions.sum()
        exact = quality.from_score(quality.settle(fractions).value)
        plane = near.base + near.prices @ fractions
        assert abs(near.at(fractions) - exact) <= (plane - exact) / 4 + 2e-5
        rows = quality_by_curvature(near, fractions)
        assert near.at(fractions) - 1e-7 <= rows <= near.at(fractions) + 4 * COARSE + 1e-7


@pytest.mark.parametrize("kind", ["binary", "equal columns", "dominated", "one good"])
def test_scores_without_curvature_leave_a_program_that_is_feasible(kind: str) -> None:
    """Where no prompt is undecided, nothing but the plane is left, or little more."""
    quality = Quality(scores_of(kind, 3))
    near = curved(quality, quality.best_answers())
    assert np.all(near.curvatures > 0)
    assert np.isfinite(quality_by_curvature(near, quality.best_answers()))
