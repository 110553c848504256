"""The joint plan and the baselines: none beats the bound, ties are shown."""

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.joint.solve import solve_joint
from planner.presentation.baselines import baselines_table
from planner.scenario.assemble import assemble_instance
from planner.settings import Settings
from planner.studies.baselines.comparison import NAMES, compare_baselines
from planner.studies.baselines.isolated import isolated_baseline
from planner.studies.baselines.single_llm import single_llm_baseline
from planner.studies.baselines.splits import split_baseline
from planner.studies.baselines.two_stage import two_stage_baseline
from tests.support.instances.baselines import SLACK, trial
from tests.support.instances.tiny import random_instance
from tests.support.scenarios.small_scenarios import write_scenario
from tests.support.walls import first_fast


@pytest.mark.parametrize(
    "kind",
    first_fast(["convex", "nonconvex", "two_pools", "each_llm", "percentile", "cost"], ()),
)
def test_no_plan_of_a_baseline_is_better_than_the_bound(kind: str) -> None:
    """Each keeps its own rule, too: compute within the parts, no GPU of two LLMs.

    Verified plans all (Trial.content raises).
    """
    seen = 0
    for seed in range(40, 46):
        instance = random_instance(seed, kind)
        best = solve_joint(instance, Settings(), explain=False)
        if best.value is None or best.bound is None:
            continue
        sign = 1.0 if instance.objective == "quality" else -1.0
        on = trial(instance)
        equal = split_baseline(
            on, instance, "equal split", np.ones(len(instance.llms)), np.ones(len(instance.llms))
        )
        for attempt in (
            equal,
            isolated_baseline(on, instance),
            two_stage_baseline(on, instance),
            single_llm_baseline(on, instance),
        ):
            lifted = attempt.name == "best single LLM" and any(
                llm.min_replicas for llm in instance.llms
            )
            if attempt.met and attempt.value is not None and not lifted:
                seen += 1
                assert sign * attempt.value <= sign * best.bound + SLACK, (
                    f"{kind} {seed}: {attempt}"
                )
            if attempt.name == "isolated" and attempt.content:
                owners = (
                    pd.DataFrame(attempt.content["placement"])
                    .groupby(["pool", "node", "gpu"])["llm"]
                    .nunique()
                )
                assert owners.max() == 1
    assert seen >= 4


@pytest.mark.slow
def test_ties_are_reported(tmp_path: Path) -> None:
    """Whole GPUs alone, two of them, two LLMs: equal split and isolated can do what the joint plan
    does.
    """
    loaded = assemble_instance(write_scenario(tmp_path))
    found = compare_baselines(loaded, Settings())
    frame = baselines_table(found, loaded.instance)
    assert list(frame["Baseline"]) == ["joint plan", *NAMES]
    notes = dict(zip(frame["Baseline"], frame["Note"], strict=True))
    assert notes["isolated"].startswith("ties the joint plan")
    assert notes["equal split"].startswith("ties the joint plan")
    gains = dict(zip(frame["Baseline"], frame["Gain of the joint plan (mean score)"], strict=True))
    assert gains["best single LLM"] == pytest.approx(0.2)
    assert not notes["best single LLM"].startswith("ties")


def test_an_interrupt_keeps_what_there_is(tmp_path: Path) -> None:
    loaded = assemble_instance(write_scenario(tmp_path))
    cancel = threading.Event()

    def watch(progress) -> None:
        if "isolated" in progress.phase:
            cancel.set()

    found = compare_baselines(loaded, Settings(), watch, cancel)
    assert found.interrupted
    assert found.attempts[0].met
    assert all("stopped" in attempt.reason for attempt in found.attempts[3:])
