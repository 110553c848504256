"""Fits of the step time: what they recover, and what does not teach."""

from dataclasses import replace

import numpy as np
import pytest

from models.serving.batching import Limits
from models.serving.calibration import (
    CalibrationPoint,
    Harness,
    calibration_harnesses,
    fit_calibration,
    predict_for_calibration,
    teaches_calibration,
)
from tests.support.scenarios.estimates import TRUTH, points_of


def test_a_fit_predicts_what_it_has_not_seen() -> None:
    made = points_of(TRUTH, Harness("slots", 0.95, 1))
    found = fit_calibration(made[::2], calibration_harnesses(("chunked", "slots")))
    assert (found.harness.low, found.harness.waits) == (0.95, 1)
    errors = [
        np.array(predict_for_calibration(point, found.factors, found.harness))
        / (point.ttft, point.tpot)
        - 1
        for point in made[1::2]
    ]
    assert np.median(np.abs(errors), axis=0) == pytest.approx(0, abs=0.03)


def test_a_chain_of_single_prompts_is_distinguished_from_batches() -> None:
    """Fixed lengths with one prompt per step: TTFT of two prompts whatever the response; jittered
    lengths or batches cannot show that.
    """
    made = points_of(TRUTH, Harness("single"))
    found = fit_calibration(made[::2], calibration_harnesses(("chunked", "slots", "single")))
    assert (found.harness.scheduler, found.harness.low, found.harness.waits) == ("single", 1.0, 0)
    errors = [
        np.array(predict_for_calibration(point, found.factors, found.harness))
        / (point.ttft, point.tpot)
        - 1
        for point in made[1::2]
    ]
    assert np.median(np.abs(errors), axis=0) == pytest.approx(0, abs=0.03)


def test_an_open_loop_teaches_too() -> None:
    made = []
    for point in points_of(np.ones(9), Harness(), (1,))[::2]:
        bare = CalibrationPoint(
            step=point.step,
            limits=point.limits,
            lengths=point.lengths,
            users=0,
            rate=0.5 + point.users / 4,
            ttft=1.0,
            tpot=1.0,
        )
        ttft, tpot = predict_for_calibration(bare, TRUTH, Harness())
        made.append(replace(bare, ttft=ttft, tpot=tpot))
    found = fit_calibration(made, (Harness(),))
    errors = [
        np.array(predict_for_calibration(point, found.factors, Harness()))
        / (point.ttft, point.tpot)
        - 1
        for point in made
    ]
    assert np.median(np.abs(errors), axis=0) == pytest.approx(0, abs=0.03)


def test_nothing_is_learned_from_points_that_do_not_teach() -> None:
    point = points_of(np.ones(9), Harness(), (1,))[0]
    starved = CalibrationPoint(
        step=point.step,
        limits=Limits(600),
        lengths=point.lengths,
        users=16,
        rate=0.0,
        ttft=point.ttft,
        tpot=point.tpot,
    )
    too_fast = CalibrationPoint(
        step=point.step,
        limits=point.limits,
        lengths=point.lengths,
        users=64,
        rate=0.0,
        ttft=1e-3,
        tpot=1e-4,
    )
    assert teaches_calibration(point)
    assert not teaches_calibration(starved)
    assert not teaches_calibration(too_fast)
    assert np.all(fit_calibration([starved, too_fast], (Harness(),)).factors == 1)


def test_a_benchmark_that_repeats_its_prompts_teaches_when_they_count_as_cached() -> None:
    """Measured with 95 % of each prompt cached, at the true factors of another GPU."""
    made = []
    for point in points_of(np.ones(9), Harness(), (1,)):
        bare = replace(point, cached_share=0.95)
        ttft, tpot = predict_for_calibration(bare, TRUTH, Harness())
        made.append(replace(bare, ttft=ttft, tpot=tpot))
    fast = [point for point in made if not teaches_calibration(replace(point, cached_share=0.0))]
    assert fast
    assert all(map(teaches_calibration, made))
    # Left out are three numbers of users, one at each length.
    found = fit_calibration([point for k, point in enumerate(made) if k % 5], (Harness(),))
    errors = [
        np.array(predict_for_calibration(point, found.factors, Harness()))
        / (point.ttft, point.tpot)
        - 1
        for point in made[::5]
    ]
    assert np.median(np.abs(errors), axis=0) == pytest.approx(0, abs=0.04)
