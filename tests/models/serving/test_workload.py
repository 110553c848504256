"""Gaps and lengths: the moments they say."""

import numpy as np
import pytest

from models.serving.workload import (
    draw_workload_lengths,
    lognormal_workload,
    uniform,
    workload_from_trace,
    workload_unit_arrivals,
)


def test_workload_has_the_moments_it_says() -> None:
    random = np.random.RandomState(0)
    for cv in (0.0, 0.5, 1.0, 3.0):
        gaps = np.diff(workload_unit_arrivals(200_000, cv, random))
        assert gaps.mean() == pytest.approx(1, rel=1e-3)
        assert gaps.std() == pytest.approx(cv, rel=0.03, abs=1e-6)
    prompts, outputs = draw_workload_lengths(
        lognormal_workload(900, 200, 1.2, 0.5), 200_000, random
    )
    assert (prompts.mean(), outputs.mean()) == (
        pytest.approx(900, rel=0.02),
        pytest.approx(200, rel=0.02),
    )
    assert (prompts.std() / prompts.mean(), outputs.std() / outputs.mean()) == (
        pytest.approx(1.2, rel=0.04),
        pytest.approx(0.5, rel=0.03),
    )
    prompts, outputs = draw_workload_lengths(uniform(100, 10, 0.8), 10_000, random)
    assert (prompts.min(), prompts.max(), outputs.min(), outputs.max()) == (80, 100, 8, 10)
    prompts, outputs = draw_workload_lengths(
        workload_from_trace([5, 7, 0], [1, 2, 3]), 1000, random
    )
    assert set(zip(prompts.tolist(), outputs.tolist(), strict=True)) == {(5, 1), (7, 2), (1, 3)}
