"""Load offered to a simulated replica: loads of a curve, draws, what the cache cannot hold."""

import numpy as np
import pytest

from models.serving.batching import Limits
from models.serving.step_time import step_time
from models.serving.workload import fixed
from planner.profiling.simulated_load import (
    LOWEST_LOAD,
    UNCERTAIN_LOAD,
    LoadDraw,
    OfferedLoad,
    cached_prompt_tokens,
    cut_load_to_cache,
    draw_simulated_load,
    simulated_curve_loads,
    simulated_latencies_at,
)
from profiles.catalogue import load_catalogue_gpus, load_catalogue_llms

GPU = "H100-SXM-80GB"


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
    draw = LoadDraw(np.zeros(3), np.array([10, 90, 500]), np.array([5, 40, 200]), np.ones(3))
    cut = cut_load_to_cache(draw, Limits(100, 4))
    assert cut.outputs.tolist() == [5, 40, 99]
    assert cut.prompts.tolist() == [10, 60, 1]


def test_every_prompt_has_the_same_share_cached_and_a_token_left() -> None:
    prompts = np.array([1, 2, 10, 400])
    assert cached_prompt_tokens(OfferedLoad(lengths=fixed(200, 5)), prompts) is None
    for cached, expected in ((100.0, [0, 1, 5, 200]), (199.0, [0, 1, 9, 398])):
        offered = OfferedLoad(lengths=fixed(200, 5), cached_tokens=cached)
        found = cached_prompt_tokens(offered, prompts)
        assert found is not None
        assert found.tolist() == expected


def test_the_front_end_spreads_and_keeps_its_mean() -> None:
    """Requests that meet nobody: TTFT is the step of the prompt and a lognormal of CV 0.2."""
    step = step_time(load_catalogue_llms()["llama-3.1-8b"], load_catalogue_gpus()[GPU], 1)
    offered = OfferedLoad(lengths=fixed(200, 5), cv=0.0, requests=20_000)
    latencies, _ = simulated_latencies_at(
        step, Limits(100_000), offered, draw_simulated_load(offered), 0.1
    )
    alone = 1e3 * step.of(0, 0, 200, 200 * 100, 1)
    sigma = np.sqrt(np.log(1 + 0.2**2))
    assert latencies["ttft_mean_ms"] == pytest.approx(alone + 17, rel=0.005)
    for name, quantile in (("p50", 0.0), ("p95", 1.645), ("p99", 2.326)):
        expected = alone + 17 * np.exp(sigma * quantile - sigma**2 / 2)
        assert latencies[f"ttft_{name}_ms"] == pytest.approx(expected, rel=0.01)
