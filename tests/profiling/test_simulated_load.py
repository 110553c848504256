"""Load offered to a simulated replica: loads of a curve, draws, what the cache cannot hold."""

import numpy as np
import pytest

from models.serving.batching import Limits
from models.serving.workload import fixed
from planner.profiling.simulated_load import (
    LOWEST_LOAD,
    UNCERTAIN_LOAD,
    OfferedLoad,
    cut_load_to_cache,
    draw_simulated_load,
    simulated_curve_loads,
)


def test_loads_are_closer_together_near_the_top() -> None:
    loads = list(simulated_curve_loads(8, 0.97))
    assert (loads[0], loads[-1]) == pytest.approx((LOWEST_LOAD, 0.97))
    gaps = np.diff(loads)
    assert (np.diff(gaps) < 0).all()
    assert list(simulated_curve_loads(1, 0.97)) == [UNCERTAIN_LOAD]


def test_every_seed_has_its_own_reproducible_draws() -> None:
    offered = OfferedLoad(lengths=fixed(10, 5), requests=80, seeds=2)
    (first, *_), (second, *_) = draw_simulated_load(offered)
    assert first.size == second.size == 40
    assert not np.array_equal(first, second)
    draw_simulated_load.cache_clear()
    assert np.array_equal(draw_simulated_load(offered)[0][0], first)


def test_what_the_cache_cannot_hold_is_cut_the_prompt_first() -> None:
    draw = (np.zeros(3), np.array([10, 90, 500]), np.array([5, 40, 200]))
    _, prompts, outputs = cut_load_to_cache(draw, Limits(100, 4))
    assert outputs.tolist() == [5, 40, 99]
    assert prompts.tolist() == [10, 60, 1]
