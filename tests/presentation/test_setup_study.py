"""The study of all setups as tables and sentences."""

import numpy as np
import pytest

from planner.presentation.setup_study import (
    setup_histogram_lines,
    setup_histogram_table,
    setup_spread,
    setup_spread_line,
    setup_study_counts_line,
    setup_study_table,
)
from planner.studies.setup_study import study_setups
from tests.support.instances.tiny import random_instance


def test_tables_and_sentences_tell_the_study() -> None:
    instance = next(
        i
        for i in (random_instance(seed, "convex") for seed in range(99))
        if study_setups(i, jobs=1).count("feasible") >= 4
    )
    found = study_setups(instance, jobs=1)
    frame, spread, bins = (
        setup_study_table(found, instance),
        setup_spread(found),
        setup_histogram_table(found),
    )
    assert spread is not None
    quality = frame["Quality (mean score)"].dropna()
    assert list(quality) == sorted(quality, reverse=True)
    assert (quality.iloc[0], quality.iloc[-1]) == pytest.approx((spread.best, spread.worst))
    assert spread.ratio == pytest.approx(spread.best / spread.worst - 1)
    assert bins["Setups"].sum() == found.count("feasible") == len(quality)
    assert len(setup_histogram_lines(bins)) == len(bins)
    parts = frame[[c for c in frame.columns if c.endswith("fraction (%)")]].dropna()
    assert np.allclose(parts.sum(axis=1), 100.0)
    prices = frame[[c for c in frame.columns if c.endswith("dual price (score)")]].loc[parts.index]
    assert np.allclose(prices.min(axis=1), 0.0)
    assert f"{found.count('feasible'):,} feasible" in setup_study_counts_line(
        found, exact_packing=False
    )
    assert f"best {spread.best:.5f}" in setup_spread_line(found)
    assert "unknown" in setup_spread_line(study_setups(instance, prune=True)) or not study_setups(
        instance, prune=True
    ).count("pruned")
