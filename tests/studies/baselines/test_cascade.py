"""The cascade baseline: as good as any single one, latencies add up, what is left out."""

from dataclasses import replace

import numpy as np
import pytest

from models.cascade import CascadeMix, cascade_policies
from models.instance import Slo
from planner.scenario.assemble import assemble_instance
from planner.studies.baselines.cascade import cascade_baseline, cascade_equivalent_instance
from tests.support.instances.baselines import trial
from tests.support.instances.oracle import best_plan
from tests.support.instances.tiny import random_instance
from tests.support.paths import EXAMPLES
from tests.support.walls import wall_size


@pytest.mark.slow
def test_the_cascade_is_as_good_as_any_single_one_and_keeps_the_slo() -> None:
    """Two-LLM cascades on a grid of thresholds, every setup by brute force over the equivalent
    instance.
    """
    seen = 0
    for seed in range(20, 30):
        if seen == wall_size(2, 10):
            break
        instance = random_instance(seed, "convex")
        if (
            len(instance.llms) > 2
            or not instance.slos
            or any(llm.min_replicas for llm in instance.llms)
        ):
            continue
        found = cascade_baseline(trial(instance), instance, np.array([1.0, 2.0]))
        if found.content is None:
            continue
        seen += 1
        assert found.factor is not None
        assert found.factor <= 1 + 1e-6
        for policy in [
            p for chain in [(0,), (1,), (0, 1)] for p in cascade_policies(instance.scores, chain, 8)
        ]:
            truth = best_plan(cascade_equivalent_instance(instance, CascadeMix((policy,), (1.0,))))
            if truth.feasible and truth.value >= 1 - 1e-7:
                assert found.quality >= policy.quality - 2e-4, f"{seed}: {policy}"
    assert seen >= 2


def test_the_cascade_adds_latencies_up() -> None:
    """paper-trio: sum of visits times mean TTFT at the visits' rate, from the raw curves, is what
    the table states.
    """
    instance = assemble_instance(EXAMPLES / "paper-trio/scenario.yaml").instance
    found = cascade_baseline(trial(instance), instance, np.array([1.0, 2.0, 3.0]))
    assert found.content is not None
    total = 0.0
    for o in found.content["options"]:
        option = next(
            x
            for x in instance.options
            if instance.llms[x.llm].name == o["llm"]
            and x.tp_degree == o["tp_degree"]
            and abs(100 * x.mps_share - o["mps_share_pct"]) < 1e-6
        )
        curve = option.curve
        total += (
            o["rate_rps"]
            / instance.arrival_rate
            * float(
                np.interp(o["rate_per_replica_rps"], curve.rates, curve.latency["ttft", "mean"])
            )
        )
    assert found.factor == pytest.approx(total / instance.slos[0].limit, rel=1e-6)
    assert sum(o["rate_rps"] for o in found.content["options"]) > instance.arrival_rate


@pytest.mark.parametrize("slo", [Slo("ttft", "p95", 1.0), Slo("tpot", "mean", 0.05)])
def test_cascades_are_left_out_where_the_tables_say_nothing(slo: Slo) -> None:
    instance = replace(random_instance(1, "convex"), slos=(slo,))
    attempt = cascade_baseline(trial(instance), instance, np.ones(len(instance.llms)))
    assert attempt.content is None
    assert attempt.reason.startswith("left out: ")


def test_a_cascade_of_the_least_cost_keeps_the_floor() -> None:
    """Its mixes have no prompts that programs of a cost could move."""
    overrides = ["objective={minimize: cost, quality_at_least: 0.5}"]
    instance = assemble_instance(EXAMPLES / "paper-trio/scenario.yaml", overrides).instance
    found = cascade_baseline(trial(instance), instance, np.array([1.0, 2.0, 3.0]))
    assert found.content is not None
    assert found.quality >= 0.5 - 1e-9
