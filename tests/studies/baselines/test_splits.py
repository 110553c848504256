"""Baselines that fix how the GPUs are divided."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.instance import Instance, Llm, Option, Pool
from planner.scenario.assemble import load_instance
from planner.studies.baselines.gpu_division import ways_to_divide
from planner.studies.baselines.isolated import isolated_baseline
from planner.studies.baselines.single_llm import single_llm_baseline
from planner.studies.baselines.solver import with_quota
from planner.studies.baselines.splits import split_baseline
from profiles.records import Curve, Scores
from tests.support.baselines import SLACK, trial
from tests.support.oracle import best_plan
from tests.support.paths import EXAMPLES
from tests.support.small_scenarios import write_scenario
from tests.support.tiny import random_instance


def test_parts_by_hand() -> None:
    """7 GPUs, sizes 1 : 2 : 4; smallest options take 1, 1 and 4 GPUs, then 2, 1, 4."""
    instance = parted((1, 1, 4))
    assert_parts(
        ways_to_divide(instance, np.array([1.0, 2, 4]), np.array([1.0, 2, 4])),
        {"in proportion": [1, 2, 4]},
    )
    assert_parts(
        ways_to_divide(parted((2, 1, 4)), np.array([1.0, 2, 4]), np.array([1.0, 2, 4])),
        {"in proportion": [0, 7 / 3, 14 / 3], "at least the smallest option of each": [2, 1, 4]},
    )
    third = 7 / 3
    assert_parts(
        ways_to_divide(parted((1, 1, 1)), np.ones(3), np.array([1.0, 2, 4])),
        {
            "in proportion": [third] * 3,
            "in whole GPUs, larger LLMs first": [2, 2, 3],
            "in whole GPUs, smaller LLMs first": [3, 2, 2],
        },
    )


def parted(degrees: tuple[int, ...]) -> Instance:
    curve = Curve(np.array([10.0]), {("ttft", "mean"): np.array([0.1])}, ("measured",))
    options = tuple(
        Option(llm=i, pool=0, tp_degree=tp, mps_share=1.0, memory=1.0, curve=curve)
        for i, tp in enumerate(degrees)
    )
    scores = Scores(np.array(["p"]), ("a", "b", "c"), np.ones((3, 1)), np.ones(1))
    return Instance(
        llms=tuple(Llm(n) for n in "abc"),
        pools=(Pool(name="p", gpu="g", nodes=1, gpus_per_node=7, memory=80.0, price=1.0),),
        options=options,
        slos=(),
        arrival_rate=5.0,
        scores=scores,
    )


def assert_parts(found: dict[str, np.ndarray], expected: dict[str, list[float]]) -> None:
    assert {words: pytest.approx(part) for words, part in expected.items()} == {
        words: list(part) for words, part in found.items()
    }


def test_compute_within_the_parts() -> None:
    instance = load_instance(EXAMPLES / "paper-trio/scenario.yaml").instance
    attempt = split_baseline(trial(instance), instance, "equal split", np.ones(3), np.ones(3))
    assert attempt.met
    used = {
        o["llm"]: o["tp_degree"] * o["mps_share_pct"] * o["replicas"] / 100
        for o in attempt.content["options"]
    }
    assert sum(used.values()) <= 4
    assert max(used.values()) <= 2


@pytest.mark.parametrize("kind", ["convex", "nonconvex", "each_llm"])
def test_the_best_single_llm_is_that_of_brute_force(kind: str) -> None:
    seen = 0
    for seed in range(60, 75):
        instance = random_instance(seed, kind)
        instance = replace(
            instance, llms=tuple(replace(llm, min_replicas=0) for llm in instance.llms)
        )
        found = single_llm_baseline(trial(instance), instance)
        truths = [best_plan(only(instance, i)) for i in range(len(instance.llms))]
        feasible = [truth.value for truth in truths if truth.feasible]
        if any(truth.feasible is None for truth in truths):
            continue
        assert found.met == bool(feasible), f"{kind} {seed}"
        if feasible:
            seen += 1
            assert found.value == pytest.approx(max(feasible), abs=SLACK), f"{kind} {seed}"
    assert seen >= 2


def only(instance: Instance, llm: int) -> Instance:
    others = np.array([float(o.llm != llm) for o in instance.options])
    return with_quota(instance, "others", others, 0.0)


def test_isolated_stacks_replicas_of_one_llm(tmp_path: Path) -> None:
    """Two LLMs with options of half a GPU on two GPUs: alone on its GPU, each runs two replicas
    there.
    """
    path = write_scenario(tmp_path)
    text = (tmp_path / "profiles.csv").read_text().replace(",1,100,", ",1,50,")
    (tmp_path / "profiles.csv").write_text(text)
    instance = load_instance(path, ["arrival_rate_rps=100"]).instance
    attempt = isolated_baseline(trial(instance), instance)
    assert attempt.met
    assert {o["llm"]: o["replicas"] for o in attempt.content["options"]} == {"alpha": 2, "beta": 2}
    assert attempt.content["gpus_used"] == 2
