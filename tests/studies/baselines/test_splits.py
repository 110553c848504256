"""Equal split and size-proportional: every LLM keeps to its part."""

import numpy as np

from planner.scenario.assemble import assemble_instance
from planner.studies.baselines.splits import split_baseline
from tests.support.instances.baselines import trial
from tests.support.paths import EXAMPLES


def test_compute_within_the_parts() -> None:
    instance = assemble_instance(EXAMPLES / "paper-trio/scenario.yaml").instance
    attempt = split_baseline(trial(instance), instance, "equal split", np.ones(3), np.ones(3))
    assert attempt.met
    used = {
        o["llm"]: o["tp_degree"] * o["mps_share_pct"] * o["replicas"] / 100
        for o in attempt.content["options"]
    }
    assert sum(used.values()) <= 4
    assert max(used.values()) <= 2
