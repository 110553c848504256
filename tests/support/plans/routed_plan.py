"""A plan whose router is put to the test on other prompts."""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import Slo
from planner.joint import solve as joint
from planner.operation.out_of_sample import Evaluation
from planner.operation.prompt_routing import PromptRouting
from planner.operation.samples import Sample
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_content import build_plan_content
from planner.settings import Settings
from profiles.records import Scores
from tests.support.plans import handmade

NAMES = ("mistral-7b", "wizardlm-13b", "yi-34b")

SETTINGS = Settings()


def scores_of(values: np.ndarray, weights: np.ndarray | None = None) -> Scores:
    n = values.shape[1]
    weights = np.ones(n) if weights is None else weights
    ids = np.array([f"p{k}" for k in range(n)], dtype=object)
    return Scores(ids, NAMES, np.ascontiguousarray(values), weights / weights.sum())


def random_scores(seed: int, prompts: int = 600) -> Scores:
    """Larger LLMs are better in the mean, not on every prompt; weights of 1 to 3."""
    rng = np.random.default_rng(seed)
    ease = rng.uniform(0.1, 0.5, prompts)
    return scores_of(
        ease + rng.normal([[0.1], [0.16], [0.25]], 0.12, (3, prompts)),
        rng.integers(1, 4, prompts).astype(float),
    )


@pytest.fixture(scope="module")
def source() -> PlanAndScenario:
    """The best plan of three LLMs on four GPUs; the SLO binds."""
    instance = replace(
        handmade.trio(slos=(Slo("ttft", "mean", 0.11),)), arrival_rate=60.0, scores=random_scores(1)
    )
    solution = joint.solve_joint(instance, SETTINGS, explain=False)
    loaded = handmade.loaded(instance)
    return PlanAndScenario(build_plan_content(loaded, solution, handmade.SETTINGS, {}), loaded)


def own(source: PlanAndScenario, truth: np.ndarray | None = None) -> Sample:
    scores = source.loaded.instance.scores
    return Sample(
        scores=scores,
        truth=scores if truth is None else replace(scores, values=truth),
        graded=truth is not None,
        own=True,
    )


def by_name(found: Evaluation) -> dict[str, PromptRouting]:
    return {one.name: one for one in found.routings}
