"""Baselines: quotas against brute force, definitions recomputed by hand, ties and misses told, and
the command itself.
"""

import csv
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from models.cascade import Mix, MixQuality, policies
from models.instance import Instance, Llm, Option, Pool, Quota, Slo
from models.quality import Quality
from planner.cli.app import app
from planner.joint.solve import solve
from planner.scenario.assemble import load_instance
from planner.settings import Settings
from planner.studies.baselines.cascade import cascade_baseline, equivalent_instance
from planner.studies.baselines.comparison import NAMES, baselines_table, compare_baselines
from planner.studies.baselines.splits import (
    isolated_baseline,
    single_llm_baseline,
    split_baseline,
    ways_to_divide,
)
from planner.studies.baselines.trial import BaselineSolver, with_quota
from planner.studies.baselines.two_stage import two_stage_baseline
from planner.verification.verifier import verify
from profiles.io.writing import safe_cell, write_csv
from profiles.records import Curve, Scores
from tests.joint.test_solve_random import _faults, _told
from tests.support.oracle import best_plan
from tests.support.paths import EXAMPLES
from tests.support.small_scenarios import write_scenario
from tests.support.tiny import KINDS, random_instance

SLACK = 1e-6


def compute_of(instance: Instance, llm: int) -> np.ndarray:
    return np.array([o.tp_degree * o.mps_share if o.llm == llm else 0.0 for o in instance.options])


def trial(instance: Instance) -> BaselineSolver:
    return BaselineSolver(settings=Settings(), quality=Quality(instance.scores))


# ---------------------------------------------------------------- quotas


@pytest.mark.parametrize("kind", KINDS)
def test_quotas_agree_with_brute_force(kind: str) -> None:
    """Every LLM limited to part of the compute, as equal split does, and one option limited to one
    replica.
    """
    faults = []
    for seed in range(500, 512):
        instance = random_instance(seed, kind)
        most = float(np.random.default_rng(seed).choice([0.6, 1.0, 1.4]))
        for llm in range(len(instance.llms)):
            instance = with_quota(instance, f"compute of {llm}", compute_of(instance, llm), most)
        instance = with_quota(
            instance, "replicas of option 0", np.eye(1, len(instance.options)).ravel(), 1.0
        )
        found = solve(instance, Settings(), explain=False)
        faults += [
            f"{kind} {seed}: {fault}" for fault in _faults(instance, found, best_plan(instance))
        ]
    assert not faults, "\n".join(faults)


def test_the_verifier_sees_an_exceeded_quota() -> None:
    instance = load_instance(EXAMPLES / "paper-trio/scenario.yaml").instance
    found = solve(instance, Settings())
    used = int(np.flatnonzero(found.replicas)[0])
    tight = replace(
        instance, quotas=(Quota("that option", tuple(np.eye(len(instance.options))[used]), 0.0),)
    )
    assert not verify(_told(instance, found), instance)
    assert any("that option" in problem for problem in verify(_told(instance, found), tight))


# ---------------------------------------------------------------- splits


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
    options = tuple(Option(i, 0, tp, 1.0, 1.0, curve) for i, tp in enumerate(degrees))
    scores = Scores(np.array(["p"]), ("a", "b", "c"), np.ones((3, 1)), np.ones(1))
    return Instance(
        tuple(Llm(n) for n in "abc"), (Pool("p", "g", 1, 7, 80.0, 1.0),), options, (), 5.0, scores
    )


def assert_parts(found: dict[str, np.ndarray], expected: dict[str, list[float]]) -> None:
    assert {words: pytest.approx(part) for words, part in expected.items()} == {
        words: list(part) for words, part in found.items()
    }


@pytest.mark.parametrize(
    "kind", ["convex", "nonconvex", "two_pools", "each_llm", "percentile", "cost"]
)
def test_no_plan_of_a_baseline_is_better_than_the_bound(kind: str) -> None:
    """Each keeps its own rule, too: compute within the parts, no GPU of two LLMs.

    Verified plans all (Trial.content raises).
    """
    seen = 0
    for seed in range(40, 49):
        instance = random_instance(seed, kind)
        best = solve(instance, Settings(), explain=False)
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
    assert seen >= 6


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


def test_two_stage_keeps_the_slos_at_the_edge_of_capacity() -> None:
    """Here the GPUs hardly carry the load: the idle LLMs of stage 2 must not take requests away."""
    instance = load_instance(
        EXAMPLES / "paper-trio/scenario.yaml", ["arrival_rate_rps=85", "llms.2.min_replicas=1"]
    ).instance
    attempt = two_stage_baseline(trial(instance), instance)
    assert attempt.met
    assert attempt.value == pytest.approx(solve(instance, Settings()).value, abs=1e-3)


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


def test_the_least_violation_is_told(tmp_path: Path) -> None:
    """10 req/s and 55 ms: two GPUs reach it, one alone needs 50 + 2 * 10 / 1 ms; equal split has
    one GPU for each, a single LLM both.
    """
    path = write_scenario(tmp_path, limit_ms=55)
    instance = load_instance(
        path, ["llms.0.max_replicas=1", "llms.1.max_replicas=1", "arrival_rate_rps=4"]
    ).instance
    attempt = single_llm_baseline(trial(instance), instance)
    assert not attempt.met
    assert attempt.factor == pytest.approx(58 / 55, rel=5e-3)
    assert attempt.quality == pytest.approx(0.7)


# ---------------------------------------------------------------- cascade


SCORES = Scores(
    np.array(list("wxyz")),
    ("s", "m", "l"),
    np.array([[0.9, 0.2, 0.4, 0.1], [0.8, 0.6, 0.3, 0.2], [0.7, 0.9, 0.8, 0.1]]),
    np.full(4, 0.25),
)


def test_visits_and_quality_by_hand() -> None:
    """Asked again one by one, as the docstring says it."""
    seen = 0
    for chain in [(0,), (0, 1), (1, 2), (0, 1, 2)]:
        for policy in policies(SCORES, chain, 4):
            visits, kept = np.zeros(3), 0.0
            for x in range(4):
                best = -np.inf
                for at, llm in enumerate(chain):
                    if at and best >= policy.thresholds[at - 1]:
                        break
                    visits[llm] += 0.25
                    best = max(best, SCORES.values[llm, x])
                kept += 0.25 * best
            assert policy.visits == pytest.approx(visits)
            assert policy.quality == pytest.approx(kept)
            seen += 1
    assert seen > 15


def test_equal_scores_stay_together() -> None:
    grades = replace(SCORES, values=np.array([[0.0, 1, 1, 0], [1, 0, 1, 1], [1, 1, 1, 0]]))
    assert [policy.visits[1] for policy in policies(grades, (0, 1), 4)] == pytest.approx([0.5, 1.0])


def test_mixes_are_concave_and_their_cuts_hold() -> None:
    found = [
        policy
        for chain in [(0,), (1,), (2,), (0, 2), (0, 1, 2)]
        for policy in policies(SCORES, chain, 4)
    ]
    quality = MixQuality(found, SCORES)
    rng = np.random.default_rng(0)
    for _ in range(20):
        parts_ = rng.dirichlet(np.full(len(found), 0.3))
        visits = parts_ @ np.array([policy.visits for policy in found])
        f = np.append(visits, quality.most - visits.sum()) / quality.most
        _, upper = quality.price(f)
        reached = float(parts_ @ np.array([policy.quality for policy in found]))
        assert quality.to_score(upper) >= reached - 1e-9
        mix = quality.mix(f)
        assert mix is not None
        assert mix.visits == pytest.approx(visits, abs=1e-7)
        assert mix.quality == pytest.approx(quality.to_score(upper), abs=1e-7)
        assert quality.cuts.at(f) <= upper + 1e-9
    assert quality.mix(np.array([0.0, 0.0, 0.0, 1.0])) is None


def test_the_cascade_is_as_good_as_any_single_one_and_keeps_the_slo() -> None:
    """Two-LLM cascades on a grid of thresholds, every setup by brute force over the equivalent
    instance.
    """
    seen = 0
    for seed in range(20, 30):
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
            p for chain in [(0,), (1,), (0, 1)] for p in policies(instance.scores, chain, 8)
        ]:
            truth = best_plan(equivalent_instance(instance, Mix((policy,), (1.0,))))
            if truth.feasible and truth.value >= 1 - 1e-7:
                assert found.quality >= policy.quality - 2e-4, f"{seed}: {policy}"
    assert seen >= 2


def test_the_cascade_adds_latencies_up() -> None:
    """paper-trio: sum of visits times mean TTFT at the visits' rate, from the raw curves, is what
    the table tells.
    """
    instance = load_instance(EXAMPLES / "paper-trio/scenario.yaml").instance
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
            / 60
            * float(
                np.interp(o["rate_per_replica_rps"], curve.rates, curve.latency["ttft", "mean"])
            )
        )
    assert found.factor == pytest.approx(total / instance.slos[0].limit, rel=1e-6)
    assert sum(o["rate_rps"] for o in found.content["options"]) > 60


@pytest.mark.parametrize("slo", [Slo("ttft", "p95", 1.0), Slo("tpot", "mean", 0.05)])
def test_cascades_are_left_out_where_the_tables_say_nothing(slo: Slo) -> None:
    instance = replace(random_instance(1, "convex"), slos=(slo,))
    attempt = cascade_baseline(trial(instance), instance, np.ones(len(instance.llms)))
    assert attempt.content is None
    assert attempt.reason.startswith("left out: ")


# ---------------------------------------------------------------- the table and the command


def test_ties_are_told(tmp_path: Path) -> None:
    """Whole GPUs alone, two of them, two LLMs: equal split and isolated can do what the joint plan
    does.
    """
    loaded = load_instance(write_scenario(tmp_path))
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
    loaded = load_instance(write_scenario(tmp_path))
    cancel = threading.Event()

    def watch(progress) -> None:
        if "isolated" in progress.phase:
            cancel.set()

    found = compare_baselines(loaded, Settings(), watch, cancel)
    assert found.interrupted
    assert found.attempts[0].met
    assert all("stopped" in attempt.reason for attempt in found.attempts[3:])


def test_the_command(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    done = CliRunner().invoke(
        app, ["baselines", str(write_scenario(tmp_path)), "--csv", str(table)]
    )
    assert done.exit_code == 0, done.output
    assert "two-stage" in done.output
    with table.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["Baseline"] for row in rows] == ["joint plan", *NAMES]
    assert float(rows[0]["Quality (mean score)"]) == pytest.approx(0.9)


def test_infeasible_bad_input_and_bad_paths(tmp_path: Path) -> None:
    path = str(write_scenario(tmp_path))
    infeasible = CliRunner().invoke(
        app, ["baselines", path, "--set", "arrival_rate_rps=1000", "--quiet"]
    )
    assert infeasible.exit_code == 3
    assert "infeasible" in infeasible.output
    assert CliRunner().invoke(app, ["baselines", path, "--set", "nothing=1"]).exit_code == 2
    assert (
        CliRunner()
        .invoke(app, ["baselines", path, "--csv", str(tmp_path / "no" / "table.csv")])
        .exit_code
        == 2
    )


def test_csv_runs_nothing_in_a_spreadsheet(tmp_path: Path) -> None:
    assert [
        safe_cell(v) for v in ("=cmd()", "+1", "-x", "@a", " =1", "\uff1d1", "plain", -1.5, None)
    ] == ["'=cmd()", "'+1", "'-x", "'@a", "' =1", "'\uff1d1", "plain", -1.5, None]
    write_csv(pd.DataFrame({"=head": ["=1+1", "a,b"], "n": [-0.5, 2.0]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "'=head,n\n'=1+1,-0.5\n\"a,b\",2\n"
