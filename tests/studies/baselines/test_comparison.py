"""The joint plan and the baselines: none beats the bound, ties are shown."""

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.joint.solve import solve_joint
from planner.presentation.baselines import baselines_table
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.settings import Progress, Settings
from planner.studies.baselines.comparison import NAMES, BaselineComparison, compare_baselines
from planner.studies.baselines.isolated import isolated_baseline
from planner.studies.baselines.port import port_baseline
from planner.studies.baselines.single_llm import single_llm_baseline
from planner.studies.baselines.splits import split_baseline
from planner.studies.baselines.two_stage import two_stage_baseline
from tests.support.fast_clock import FastClock
from tests.support.instances.baselines import SLACK, trial
from tests.support.instances.tiny import random_instance
from tests.support.scenarios.small_scenarios import write_scenario
from tests.support.walls import first_fast, usually, wall_size

SEEDS = {
    "convex": (40, 45, 41, 42, 43),
    "nonconvex": (42, 44),
    "two_pools": (42, 45),
    "each_llm": (40, 43, 41, 42),
    "percentile": (42, 43, 40, 44),
    "cost": (41, 43, 40, 42, 44, 45),
}
"""Instances with a joint plan; first those with plans of most baselines."""


@pytest.mark.parametrize(
    "kind",
    first_fast(usually(SEEDS, (2,)), ()),
)
def test_no_plan_of_a_baseline_is_better_than_the_bound(kind: str) -> None:
    """Each keeps its own rule, too: compute within the parts, no GPU of two LLMs.

    Verified plans all (Trial.content raises).
    """
    seen, seeds = 0, SEEDS[kind][: wall_size(1, 6)]
    for seed in seeds:
        instance = random_instance(seed, kind)
        best = solve_joint(instance, Settings(), explain=False)
        assert best.bound is not None
        sign = 1.0 if instance.objective == "quality" else -1.0
        on = trial(instance)
        equal = split_baseline(
            on, instance, "equal split", np.ones(len(instance.llms)), np.ones(len(instance.llms))
        )
        for attempt in (
            equal,
            isolated_baseline(on, instance),
            *two_stage_baseline(on, instance),
            single_llm_baseline(on, instance),
            port_baseline(on, instance, [equal]),
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
    assert seen >= 4 * len(seeds)


@pytest.fixture(scope="module")
def two_llms(tmp_path_factory: pytest.TempPathFactory) -> LoadResult:
    """Whole GPUs alone, two of them, two LLMs."""
    return assemble_instance(write_scenario(tmp_path_factory.mktemp("two")))


@pytest.fixture(scope="module")
def compared(two_llms: LoadResult) -> pd.DataFrame:
    return baselines_table(compare_baselines(two_llms, Settings()), two_llms.instance)


def compared_slowly(
    loaded: LoadResult, settings: Settings, clock: FastClock
) -> tuple[BaselineComparison, pd.DataFrame]:
    """The comparison where seconds pass quickly as soon as the joint plan is made."""

    def watch(progress: Progress) -> None:
        if NAMES[0] in progress.phase:
            clock.start()

    found = compare_baselines(loaded, settings, watch)
    return found, baselines_table(found, loaded.instance)


@pytest.mark.slow
def test_a_slow_machine_and_a_second_run_give_the_same_table(
    two_llms: LoadResult, compared: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million seconds pass in one: no baseline may look at the clock."""
    clock = FastClock(monkeypatch, 1e6)
    found, frame = compared_slowly(two_llms, Settings(time_limit=1e9), clock)
    assert not found.interrupted
    pd.testing.assert_frame_equal(frame, compared, check_exact=True)


def test_a_time_limit_leaves_rows_unfinished_not_worse(
    two_llms: LoadResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, frame = compared_slowly(two_llms, Settings(), FastClock(monkeypatch, 1e6))
    assert found.interrupted
    assert all(attempt.unfinished and not attempt.met for attempt in found.attempts)
    rows = frame.iloc[1:]
    assert list(rows["Baseline"]) == list(NAMES)
    assert rows["Quality (mean score)"].isna().all()
    assert rows["Note"].str.startswith("unfinished").all()
    assert rows["Note"].iloc[0].startswith("unfinished: the time limit of 60 s ended one of its")


@pytest.mark.slow
def test_ties_are_reported(compared: pd.DataFrame) -> None:
    """Equal split and isolated can do what the joint plan does."""
    frame = compared
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
    assert all(attempt.unfinished and attempt.value is None for attempt in found.attempts[2:])
