"""The least violation of the SLOs."""

from pathlib import Path

import pytest

from planner.scenario.assemble import assemble_instance
from planner.studies.baselines.single_llm import single_llm_baseline
from tests.support.instances.baselines import trial
from tests.support.scenarios.small_scenarios import write_scenario


def test_the_least_violation_is_reported(tmp_path: Path) -> None:
    """10 req/s and 55 ms: two GPUs reach it, one alone needs 50 + 2 * 10 / 1 ms; equal split has
    one GPU for each, a single LLM both.
    """
    path = write_scenario(tmp_path, limit_ms=55)
    instance = assemble_instance(
        path, ["llms.0.max_replicas=1", "llms.1.max_replicas=1", "arrival_rate_rps=4"]
    ).instance
    attempt = single_llm_baseline(trial(instance), instance)
    assert not attempt.met
    assert attempt.factor == pytest.approx(58 / 55, rel=5e-3)
    assert attempt.quality == pytest.approx(0.7)
