"""A plan's router on prompts it was not made for: gains, their errors, and what is noise."""

from dataclasses import replace

import numpy as np
import pytest

from models.router import Router
from planner.operation import out_of_sample, prompt_routing
from planner.operation.out_of_sample import evaluate_out_of_sample
from planner.operation.router_policy import build_routing_policy
from planner.operation.samples import Sample, split_sample
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.presentation.out_of_sample import (
    out_of_sample_basis_lines,
)
from tests.support.plans.routed_plan import NAMES, SETTINGS, by_name, own, random_scores, scores_of
from tests.support.walls import wall_size


def test_on_its_own_prompts_it_is_the_plan(source: PlanAndScenario) -> None:
    found = evaluate_out_of_sample(source, own(source), SETTINGS)
    weights = source.loaded.instance.scores.weights
    content = source.plan.content
    assert (
        np.abs(found.routings[0].fractions - [content["routing"][llm] for llm in NAMES]).max()
        <= weights.max() + 1e-9
    )
    assert found.routings[0].value == pytest.approx(content["quality"], abs=1e-6)
    limit = next(one for one in found.limits if one.unit == "ms")
    assert limit.planned == pytest.approx(content["slo"][0]["achieved_ms"], rel=1e-6)
    assert min(content["routing"].values()) > 0.05


def test_the_error_of_a_gain_is_that_of_paired_differences(source: PlanAndScenario) -> None:
    rng = np.random.default_rng(3)
    sample = own(
        source, np.clip(source.loaded.instance.scores.values + rng.normal(0, 0.2, (3, 600)), 0, 1)
    )
    found = evaluate_out_of_sample(source, sample, SETTINGS)
    first, single = found.routings[0], by_name(found)[prompt_routing.ALONE]
    at = NAMES.index(single.note)
    differences = first.of_prompt - sample.truth.values[at]
    w = sample.scores.weights
    comparison = next(one for one in found.comparisons if one.against == prompt_routing.ALONE)
    assert comparison.difference == pytest.approx(w @ differences)
    n = len(w)
    assert comparison.error == pytest.approx(
        np.sqrt(n / (n - 1) * np.sum(w**2 * (differences - w @ differences) ** 2))
    )
    draws = []
    for _ in range(400):
        some = w * np.bincount(rng.integers(n, size=n), minlength=n)
        draws.append(some @ differences / some.sum())
    assert comparison.error == pytest.approx(np.std(draws), rel=0.2)  # a bootstrap says the same


def test_equal_weights_give_the_textbook_s_error(source: PlanAndScenario) -> None:
    values = random_scores(4, 50).values
    scores = scores_of(values)
    found = evaluate_out_of_sample(
        source, Sample(scores=scores, truth=scores, graded=False, own=False), SETTINGS
    )
    first, single = found.routings[0], by_name(found)[prompt_routing.ALONE]
    differences = first.of_prompt - single.of_prompt
    comparison = next(one for one in found.comparisons if one.against == prompt_routing.ALONE)
    assert comparison.error == pytest.approx(np.std(differences, ddof=1) / np.sqrt(50))


def test_perfect_predictions_have_no_regret(source: PlanAndScenario) -> None:
    found = evaluate_out_of_sample(
        source, own(source, source.loaded.instance.scores.values.copy()), SETTINGS
    )
    names = by_name(found)
    assert found.routings[0].value == pytest.approx(names[prompt_routing.TRUE].value, abs=2e-5)
    assert any(
        "Correlation of scores and grades: 1.00" in line
        for line in out_of_sample_basis_lines(found)
    )


@pytest.mark.parametrize("seed", range(wall_size(2, 6)))
def test_predictions_that_know_nothing_gain_nothing(source: PlanAndScenario, seed: int) -> None:
    """Grades drawn apart from the scores, all LLMs equal: predicted far above, graded within noise
    (1 in 20 may be called otherwise).
    """
    truth = np.random.default_rng([9, seed]).uniform(0, 1, (3, 600))
    found = evaluate_out_of_sample(source, own(source, truth), SETTINGS)
    comparison = next(one for one in found.comparisons if one.against == prompt_routing.RANDOM)
    assert abs(comparison.difference) <= 4 * comparison.error
    predicted = found.routings[0].predicted - by_name(found)[prompt_routing.RANDOM].predicted
    assert predicted > 5 * comparison.error
    assert any(line.startswith("The scores promise") for line in out_of_sample_basis_lines(found))


def test_knowing_nothing_is_called_noise_about_nineteen_times_in_twenty(
    source: PlanAndScenario,
) -> None:
    scores = source.loaded.instance.scores
    shares = prompt_routing.prompt_shares_routed(
        Router(build_routing_policy(source.plan.content, 60.0)), scores
    )
    called, tries = 0, 400
    for seed in range(tries):
        sample = own(source, np.random.default_rng([11, seed]).uniform(0, 1, (3, 600)))
        first = prompt_routing.prompt_routing_of(prompt_routing.ROUTER, "", shares, sample, "kept")
        called += (
            out_of_sample.compare_out_of_sample(
                first, prompt_routing.random_routing(first, sample), sample, shares
            ).verdict
            != "within noise"
        )
    assert abs(called / tries - 0.05) <= 4 * np.sqrt(0.05 * 0.95 / tries)


def test_slack_is_the_fullest_replicas_and_grows_as_samples_shrink(
    source: PlanAndScenario,
) -> None:
    whole, slacks = own(source), []
    for sample in (whole, split_sample(whole, 0.1, 3)[0]):
        found = evaluate_out_of_sample(source, sample, SETTINGS)
        fullest, slack = found.limits[-1], found.slack
        assert slack is not None
        assert fullest.planned * (1 + slack.needed) == pytest.approx(fullest.high)
        assert fullest.planned * (1 + slack.spare) == pytest.approx(100)
        slacks.append(slack.needed)
    assert slacks[1] > 1.5 * slacks[0] > 0


def test_the_headroom_that_is_advised_makes_room_for_the_noise(source: PlanAndScenario) -> None:
    """A rate headroom h plans every replica for 1 + h times its load."""
    evaluation = evaluate_out_of_sample(source, own(source), SETTINGS)
    fullest = evaluation.limits[-1]
    for planned, high, before, headroom in (
        *((100.0, 110.0, 0.0, 0.1), (80.0, 110.0, 0.25, 0.375)),
        *((80.0, 90.0, 0.0, 0.0), (80.0, 70.0, 0.0, 0.0)),
    ):
        limit = replace(fullest, planned=planned, high=high)
        changed = replace(evaluation, limits=(limit,), rate_headroom=before)
        assert changed.slack is not None
        assert changed.slack.rate_headroom == pytest.approx(headroom)
        assert (changed.slack.needed <= changed.slack.spare) == (high <= 100)
    unknown = replace(evaluation, limits=(replace(fullest, high=float("inf")),))
    assert unknown.slack is None
