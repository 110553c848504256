"""The two-stage baseline."""

import pytest

from planner.joint.solve import solve_joint
from planner.scenario.assemble import assemble_instance
from planner.settings import Settings
from planner.studies.baselines.two_stage import two_stage_baseline
from tests.support.instances.baselines import trial
from tests.support.paths import EXAMPLES


@pytest.mark.slow
def test_two_stage_keeps_the_slos_at_the_edge_of_capacity() -> None:
    """Here the GPUs hardly carry the load: the idle LLMs of stage 2 must not take requests away."""
    instance = assemble_instance(
        EXAMPLES / "paper-trio/scenario.yaml", ["arrival_rate_rps=85", "llms.2.min_replicas=1"]
    ).instance
    attempt = two_stage_baseline(trial(instance), instance)
    assert attempt.met
    assert attempt.value == pytest.approx(solve_joint(instance, Settings()).value, abs=1e-3)
