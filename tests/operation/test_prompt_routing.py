"""Ways to send prompts: none beats true grades; the correction brings shifted prompts back."""

import numpy as np
import pytest

from planner.operation import prompt_routing
from planner.operation.out_of_sample import evaluate_out_of_sample
from planner.operation.samples import Sample
from planner.plans.plan_and_scenario import PlanAndScenario
from tests.support.plans.routed_plan import SETTINGS, by_name, own, scores_of
from tests.support.walls import wall_size


def test_random_routing_has_the_router_s_fractions_and_the_means(source: PlanAndScenario) -> None:
    found = evaluate_out_of_sample(source, own(source), SETTINGS)
    random, scores = by_name(found)[prompt_routing.RANDOM], source.loaded.instance.scores
    assert np.allclose(random.fractions, found.routings[0].fractions)
    assert random.value == pytest.approx(
        found.routings[0].fractions @ (scores.values @ scores.weights)
    )


@pytest.mark.parametrize("seed", range(wall_size(2, 4)))
def test_nobody_beats_true_grades_within_the_same_limits(
    source: PlanAndScenario, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    sample = own(
        source,
        np.clip(
            source.loaded.instance.scores.values + rng.normal(0, 0.1 + 0.1 * seed, (3, 600)), 0, 1
        ),
    )
    found = evaluate_out_of_sample(source, sample, SETTINGS)
    names = by_name(found)
    assert names[prompt_routing.REFITTED].value <= names[prompt_routing.TRUE].value + 1e-5
    assert all(one.value <= names[prompt_routing.BEST].value + 1e-12 for one in found.routings)


def test_the_correction_by_load_brings_shifted_prompts_back(source: PlanAndScenario) -> None:
    values = source.loaded.instance.scores.values.copy()
    values[2] += 0.05
    scores = scores_of(values, source.loaded.instance.scores.weights)
    found = evaluate_out_of_sample(
        source, Sample(scores=scores, truth=scores, graded=False, own=False), SETTINGS
    )
    corrected = by_name(found)[prompt_routing.CORRECTED]
    assert np.abs(found.routings[0].fractions - found.planned).max() > 0.05
    assert np.abs(corrected.fractions - found.planned).max() <= prompt_routing.SETTLED
    assert (found.verdict, corrected.limits) == ("misses", "open")
    assert any("brings the fractions" in line for line in found.notes)
