"""Limits at other fractions: latencies of the raw curves, and the verdicts."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from planner.operation import prompt_routing
from planner.operation.out_of_sample import evaluate_out_of_sample
from planner.operation.replica_loads import ReplicaLoads, judge_limits_at_loads
from planner.operation.samples import Sample
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.presentation.out_of_sample import (
    out_of_sample_advice_lines,
    out_of_sample_verdict_line,
)
from planner.presentation.out_of_sample_tables import (
    out_of_sample_content,
)
from tests.support.plans.routed_plan import SETTINGS, by_name, own, scores_of


def test_an_open_limit_comes_with_the_limit_to_plan_with(source: PlanAndScenario) -> None:
    found = evaluate_out_of_sample(source, own(source), SETTINGS)
    slo, fullest = found.limits
    open_one = replace(slo, planned=110.0, high=121.0, verdict="uncertain")
    slack, line = out_of_sample_advice_lines(replace(found, limits=(open_one, fullest)))
    assert slack.startswith("Slack: ")
    assert "--set slo.0.limit_ms=100 and route again" in line
    assert "mean TTFT 110.0 ms" in line
    beyond = (
        replace(slo, high=np.inf, verdict="uncertain"),
        replace(fullest, high=104.0, verdict="uncertain"),
    )
    assert (
        "plan with --set headroom.rate_pct=4 and"
        in out_of_sample_advice_lines(replace(found, limits=beyond))[1]
    )
    kept = tuple(replace(limit, verdict="holds") for limit in found.limits)
    (slack,) = out_of_sample_advice_lines(replace(found, limits=kept))
    assert slack.startswith("Slack: ")


def test_prompts_that_all_want_the_large_llm_break_a_limit(source: PlanAndScenario) -> None:
    values = source.loaded.instance.scores.values.copy()
    values[2] += 1.0
    scores = scores_of(values)
    found = evaluate_out_of_sample(
        source, Sample(scores=scores, truth=scores, graded=False, own=False), SETTINGS
    )
    assert found.verdict == "misses"
    assert "beyond the profiled rates" in out_of_sample_verdict_line(found)
    assert by_name(found)[prompt_routing.REFITTED].limits == "kept"
    content = out_of_sample_content(found)
    assert content["limits"][0]["realised"] is None
    json.dumps(content, allow_nan=False)


def test_the_limit_inside_the_interval_is_called_uncertain(source: PlanAndScenario) -> None:
    """The SLO binds at the plan, and the fractions of 600 prompts scatter on both sides."""
    found = evaluate_out_of_sample(source, own(source), SETTINGS)
    limit = next(one for one in found.limits if one.unit == "ms")
    assert limit.low < limit.limit < limit.high
    assert limit.verdict == found.verdict == "uncertain"


def test_what_these_prompts_keep_is_no_miss_even_where_every_deviation_breaks_it() -> None:
    """A limit on the larger of two LLMs at even fractions: every resample is above, these prompts
    are not.
    """
    shares = np.repeat(np.eye(2), 200, axis=1)
    most: Any = {
        "achieved": lambda self, f: np.array([f.max()]),
        "kept": lambda self, a: a <= 0.5 + 1e-9,
    }
    loads: Any = type(
        "Loads", (), {**most, "names": ("larger",), "units": ("ms",), "limits": np.array([0.5])}
    )()
    limits, _ = judge_limits_at_loads(
        loads, np.full(2, 0.5), shares, np.full(400, 1 / 400), np.random.default_rng(0)
    )
    assert limits[0].low > 0.5 - 1e-9
    assert limits[0].verdict == "uncertain"
    limits, _ = judge_limits_at_loads(
        loads,
        np.full(2, 0.5),
        np.repeat(np.eye(2), [100, 300], axis=1),
        np.full(400, 1 / 400),
        np.random.default_rng(0),
    )
    assert limits[0].verdict == "misses"


def test_the_interval_of_the_fractions_is_that_of_a_mean() -> None:
    rng = np.random.default_rng(2)
    shares = np.eye(3)[:, rng.integers(0, 3, 2000)]
    loads = type(
        "Loads",
        (),
        {
            "achieved": lambda self, f: f[:1],
            "kept": lambda self, a: a < 9,
            "names": ("x",),
            "units": ("ms",),
            "limits": np.array([9.0]),
        },
    )()
    _, interval = judge_limits_at_loads(
        loads, np.full(3, 1 / 3), shares, np.full(2000, 1 / 2000), rng
    )
    half = 1.96 * np.sqrt(shares.mean(axis=1) * (1 - shares.mean(axis=1)) / 2000)
    assert np.allclose((interval[:, 1] - interval[:, 0]) / 2, half, rtol=0.2)


def test_latencies_are_those_of_the_raw_curves(source: PlanAndScenario) -> None:
    from planner.operation.fixed_setup import FixedSetup

    setup = FixedSetup(source)
    loads = ReplicaLoads(setup, source.plan.content)
    f = np.array([0.3, 0.4, 0.3])
    mean = 0.0
    for option, n, part in zip(setup.instance.options, setup.replicas, loads.split, strict=True):
        rate = 60.0 * f[option.llm] * part
        mean += (
            rate
            / 60.0
            * float(np.interp(rate / n, option.curve.rates, option.curve.latency["ttft", "mean"]))
        )
    assert loads.achieved(f)[0] == pytest.approx(1000 * mean)
