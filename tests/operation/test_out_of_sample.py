"""A plan's prices on prompts they were not computed on: against sums done by hand, what cannot be
beaten, and what must not flatter.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from bench import hw_router
from models.instance import Slo
from models.router import Router
from planner.cli.app import app
from planner.errors import DataError
from planner.joint import solve as joint
from planner.operation import out_of_sample
from planner.operation.out_of_sample import Evaluation, PromptRouting, evaluate_routing
from planner.operation.replica_loads import ReplicaLoads, judge_limits
from planner.operation.router_policy import routing_policy
from planner.operation.samples import Sample, read_sample, split_sample
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.plans.plan_content import build_plan
from planner.presentation.out_of_sample import (
    basis_lines,
    evaluation_advice_lines,
    evaluation_gain_line,
    evaluation_verdict_line,
)
from planner.presentation.out_of_sample_tables import (
    evaluated_comparisons_table,
    evaluation_content,
)
from planner.settings import Settings
from profiles.records import Scores
from tests.support import handmade
from tests.support.paths import SHARED
from tests.support.small_scenarios import write_scenario

SHARED = SHARED / "data" / "hw-router"
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
    solution = joint.solve(instance, SETTINGS, explain=False)
    loaded = handmade.loaded(instance)
    return PlanAndScenario(build_plan(loaded, solution, handmade.SETTINGS, {}), loaded)


def own(source: PlanAndScenario, truth: np.ndarray | None = None) -> Sample:
    scores = source.loaded.instance.scores
    return Sample(
        scores, scores if truth is None else replace(scores, values=truth), truth is not None, True
    )


def by_name(found: Evaluation) -> dict[str, PromptRouting]:
    return {one.name: one for one in found.routings}


# ---------------------------------------------------------------- against sums


def test_on_its_own_prompts_it_is_the_plan(source: PlanAndScenario) -> None:
    found = evaluate_routing(source, own(source), SETTINGS)
    weights = source.loaded.instance.scores.weights
    content = source.plan.content
    assert (
        np.abs(found.routings[0].fractions - [content["routing"][llm] for llm in NAMES]).max()
        <= weights.max() + 1e-9
    )
    assert found.routings[0].worth == pytest.approx(content["quality"], abs=1e-6)
    limit = next(one for one in found.limits if one.unit == "ms")
    assert limit.planned == pytest.approx(content["slo"][0]["achieved_ms"], rel=1e-6)
    assert min(content["routing"].values()) > 0.05


def test_the_error_of_a_gain_is_that_of_paired_differences(source: PlanAndScenario) -> None:
    rng = np.random.default_rng(3)
    sample = own(
        source, np.clip(source.loaded.instance.scores.values + rng.normal(0, 0.2, (3, 600)), 0, 1)
    )
    found = evaluate_routing(source, sample, SETTINGS)
    first, single = found.routings[0], by_name(found)[out_of_sample.ALONE]
    at = NAMES.index(single.note)
    differences = first.of_prompt - sample.truth.values[at]
    w = sample.scores.weights
    comparison = next(one for one in found.comparisons if one.against == out_of_sample.ALONE)
    assert comparison.difference == pytest.approx(w @ differences)
    n = len(w)
    assert comparison.error == pytest.approx(
        np.sqrt(n / (n - 1) * np.sum(w**2 * (differences - w @ differences) ** 2))
    )
    draws = []
    for _ in range(400):
        some = w * np.bincount(rng.integers(n, size=n), minlength=n)
        draws.append(some @ differences / some.sum())
    assert comparison.error == pytest.approx(np.std(draws), rel=0.2)  # a bootstrap says the same


def test_equal_weights_give_the_textbook_s_error(source: PlanAndScenario) -> None:
    values = random_scores(4, 50).values
    scores = scores_of(values)
    found = evaluate_routing(source, Sample(scores, scores, False, False), SETTINGS)
    first, single = found.routings[0], by_name(found)[out_of_sample.ALONE]
    differences = first.of_prompt - single.of_prompt
    comparison = next(one for one in found.comparisons if one.against == out_of_sample.ALONE)
    assert comparison.error == pytest.approx(np.std(differences, ddof=1) / np.sqrt(50))


def test_random_routing_has_the_router_s_fractions_and_the_means(source: PlanAndScenario) -> None:
    found = evaluate_routing(source, own(source), SETTINGS)
    random, scores = by_name(found)[out_of_sample.RANDOM], source.loaded.instance.scores
    assert np.allclose(random.fractions, found.routings[0].fractions)
    assert random.worth == pytest.approx(
        found.routings[0].fractions @ (scores.values @ scores.weights)
    )


# ---------------------------------------------------------------- what must not flatter


@pytest.mark.parametrize("seed", range(4))
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
    found = evaluate_routing(source, sample, SETTINGS)
    names = by_name(found)
    assert names[out_of_sample.REFITTED].worth <= names[out_of_sample.TRUE].worth + 1e-5
    assert all(one.worth <= names[out_of_sample.BEST].worth + 1e-12 for one in found.routings)


def test_perfect_predictions_have_no_regret(source: PlanAndScenario) -> None:
    found = evaluate_routing(
        source, own(source, source.loaded.instance.scores.values.copy()), SETTINGS
    )
    names = by_name(found)
    assert found.routings[0].worth == pytest.approx(names[out_of_sample.TRUE].worth, abs=2e-5)
    assert any("Correlation of scores and grades: 1.00" in line for line in basis_lines(found))


@pytest.mark.parametrize("seed", range(6))
def test_predictions_that_know_nothing_gain_nothing(source: PlanAndScenario, seed: int) -> None:
    """Grades drawn apart from the scores, all LLMs alike: predicted far above, graded within noise
    (1 in 20 may be called otherwise).
    """
    truth = np.random.default_rng([9, seed]).uniform(0, 1, (3, 600))
    found = evaluate_routing(source, own(source, truth), SETTINGS)
    comparison = next(one for one in found.comparisons if one.against == out_of_sample.RANDOM)
    assert abs(comparison.difference) <= 4 * comparison.error
    predicted = found.routings[0].predicted - by_name(found)[out_of_sample.RANDOM].predicted
    assert predicted > 5 * comparison.error
    assert any(line.startswith("The scores promise") for line in basis_lines(found))


def test_knowing_nothing_is_called_noise_about_nineteen_times_in_twenty(
    source: PlanAndScenario,
) -> None:
    scores = source.loaded.instance.scores
    shares = out_of_sample._shares(Router(routing_policy(source.plan.content, 60.0)), scores)
    called, tries = 0, 400
    for seed in range(tries):
        sample = own(source, np.random.default_rng([11, seed]).uniform(0, 1, (3, 600)))
        first = out_of_sample._routing(out_of_sample.ROUTER, "", shares, sample, "kept")
        called += (
            out_of_sample._compared(
                first, out_of_sample._at_random(first, sample), sample, shares
            ).verdict
            != "within noise"
        )
    assert abs(called / tries - 0.05) <= 4 * np.sqrt(0.05 * 0.95 / tries)


def test_without_grades_it_says_that_quality_is_only_predicted(source: PlanAndScenario) -> None:
    found = evaluate_routing(source, own(source), SETTINGS)
    assert any("grades would say" in line for line in basis_lines(found))
    assert "by the scores themselves" in evaluation_gain_line(found)
    assert out_of_sample.TRUE not in by_name(found)
    assert evaluation_content(found)["graded"] is False


def test_an_open_limit_comes_with_the_limit_to_plan_with(source: PlanAndScenario) -> None:
    found = evaluate_routing(source, own(source), SETTINGS)
    slo, fullest = found.limits
    open_one = replace(slo, planned=110.0, high=121.0, verdict="uncertain")
    (line,) = evaluation_advice_lines(replace(found, limits=(open_one, fullest)))
    assert "--set slo.0.limit_ms=100 and route again" in line
    assert "mean TTFT 110.0 ms" in line
    beyond = (
        replace(slo, high=np.inf, verdict="uncertain"),
        replace(fullest, high=104.0, verdict="uncertain"),
    )
    assert (
        "plan with --set arrival_rate_rps=62.4 and"
        in evaluation_advice_lines(replace(found, limits=beyond))[0]
    )
    kept = tuple(replace(limit, verdict="holds") for limit in found.limits)
    assert evaluation_advice_lines(replace(found, limits=kept)) == []


def test_prompts_that_all_want_the_large_llm_break_a_limit(source: PlanAndScenario) -> None:
    values = source.loaded.instance.scores.values.copy()
    values[2] += 1.0
    scores = scores_of(values)
    found = evaluate_routing(source, Sample(scores, scores, False, False), SETTINGS)
    assert found.verdict == "misses"
    assert "beyond the profiled rates" in evaluation_verdict_line(found)
    assert by_name(found)[out_of_sample.REFITTED].limits == "kept"
    content = evaluation_content(found)
    assert content["limits"][0]["realised"] is None
    json.dumps(content, allow_nan=False)


def test_the_correction_by_load_brings_shifted_prompts_back(source: PlanAndScenario) -> None:
    values = source.loaded.instance.scores.values.copy()
    values[2] += 0.05
    scores = scores_of(values, source.loaded.instance.scores.weights)
    found = evaluate_routing(source, Sample(scores, scores, False, False), SETTINGS)
    corrected = by_name(found)[out_of_sample.CORRECTED]
    assert np.abs(found.routings[0].fractions - found.planned).max() > 0.05
    assert np.abs(corrected.fractions - found.planned).max() <= out_of_sample.SETTLED
    assert (found.verdict, corrected.limits) == ("misses", "open")
    assert any("brings the fractions" in line for line in found.notes)


def test_the_limit_inside_the_interval_is_called_uncertain(source: PlanAndScenario) -> None:
    """The SLO binds at the plan, and the fractions of 600 prompts scatter on both sides."""
    found = evaluate_routing(source, own(source), SETTINGS)
    limit = next(one for one in found.limits if one.unit == "ms")
    assert limit.low < limit.limit < limit.high
    assert limit.verdict == found.verdict == "uncertain"


def test_what_these_prompts_keep_is_no_miss_even_where_every_deviation_breaks_it() -> None:
    """A limit on the larger of two LLMs at even fractions: every resample is above, these prompts
    are not.
    """
    shares = np.repeat(np.eye(2), 200, axis=1)
    most: Any = {
        "achieved": lambda self, f: np.array([f.max()]),
        "kept": lambda self, a: a <= 0.5 + 1e-9,
    }
    loads: Any = type("Loads", (), {**most, "names": ("larger",), "limits": np.array([0.5])})()
    limits, _ = judge_limits(
        loads, np.full(2, 0.5), shares, np.full(400, 1 / 400), np.random.default_rng(0)
    )
    assert limits[0].low > 0.5 - 1e-9
    assert limits[0].verdict == "uncertain"
    limits, _ = judge_limits(
        loads,
        np.full(2, 0.5),
        np.repeat(np.eye(2), [100, 300], axis=1),
        np.full(400, 1 / 400),
        np.random.default_rng(0),
    )
    assert limits[0].verdict == "misses"


def test_the_interval_of_the_fractions_is_that_of_a_mean() -> None:
    rng = np.random.default_rng(2)
    shares = np.eye(3)[:, rng.integers(0, 3, 2000)]
    loads = type(
        "Loads",
        (),
        {
            "achieved": lambda self, f: f[:1],
            "kept": lambda self, a: a < 9,
            "names": ("x",),
            "limits": np.array([9.0]),
        },
    )()
    _, interval = judge_limits(loads, np.full(3, 1 / 3), shares, np.full(2000, 1 / 2000), rng)
    half = 1.96 * np.sqrt(shares.mean(axis=1) * (1 - shares.mean(axis=1)) / 2000)
    assert np.allclose((interval[:, 1] - interval[:, 0]) / 2, half, rtol=0.2)


def test_latencies_are_those_of_the_raw_curves(source: PlanAndScenario) -> None:
    from planner.operation.fixed_setup import FixedSetup

    setup = FixedSetup(source)
    loads = ReplicaLoads(setup, source.plan.content)
    f = np.array([0.3, 0.4, 0.3])
    mean = 0.0
    for option, n, part in zip(setup.instance.options, setup.replicas, loads.split, strict=True):
        rate = 60.0 * f[option.llm] * part
        mean += (
            rate
            / 60.0
            * float(np.interp(rate / n, option.curve.rates, option.curve.latency["ttft", "mean"]))
        )
    assert loads.achieved(f)[0] == pytest.approx(1000 * mean)


# ---------------------------------------------------------------- samples


def test_a_split_is_of_all_prompts_and_the_same_for_a_seed(source: PlanAndScenario) -> None:
    sample = own(source)
    one, other = split_sample(sample, 0.3, 5)
    assert (one.prompts, other.prompts) == (180, 420)
    assert set(one.scores.prompt_ids) | set(other.scores.prompt_ids) == set(
        sample.scores.prompt_ids
    )
    assert (
        split_sample(sample, 0.3, 5)[0].scores.prompt_ids.tolist() == one.scores.prompt_ids.tolist()
    )
    assert (
        split_sample(sample, 0.3, 6)[0].scores.prompt_ids.tolist() != one.scores.prompt_ids.tolist()
    )
    assert one.scores.weights.sum() == pytest.approx(1.0)
    for share in (0.0, 1.0, 0.0001):
        with pytest.raises(DataError, match="--split"):
            split_sample(sample, share, 0)
    found = evaluate_routing(source, sample, SETTINGS, split=0.5, seed=2)
    assert found.fitted == 300
    assert found.sample.prompts == 300


def test_grades_meet_their_prompts_by_id_and_what_lacks_one_is_left_out(
    tmp_path: Path, source: PlanAndScenario
) -> None:
    known = source.loaded.instance.scores
    head = "prompt_id," + ",".join(NAMES)
    (tmp_path / "grades.csv").write_text(
        f"{head}\np3,0.3,0.2,0.1\np1,0.5,0.6,0.7\np2,,1,1\nelse,1,1,1\n"
    )
    sample, notices = read_sample(known, None, tmp_path / "grades.csv", "error")
    assert sample.scores.prompt_ids.tolist() == ["p1", "p3"]
    assert sample.truth.values.tolist() == [[0.5, 0.3], [0.6, 0.2], [0.7, 0.1]]
    assert sample.scores.values[:, 0].tolist() == known.values[:, 1].tolist()
    assert any("598 of 600 prompts" in notice for notice in notices)
    (tmp_path / "none.csv").write_text(f"{head}\nelse,1,1,1\n")
    with pytest.raises(DataError, match="no prompt of the scores has a grade"):
        read_sample(known, None, tmp_path / "none.csv", "error")


# ---------------------------------------------------------------- the command


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small scenario, planned by the command."""
    home = tmp_path_factory.mktemp("route")
    scenario = write_scenario(home, prompts=200, rate=50)
    done = CliRunner().invoke(
        app, ["plan", str(scenario), "--json", str(home / "plan.json"), "--quiet"]
    )
    assert done.exit_code == 0, done.stderr
    return home


@pytest.fixture
def routed(folder: Path) -> Callable[..., Any]:
    return lambda *words: CliRunner().invoke(
        app, ["route", str(folder / "plan.json"), *map(str, words)]
    )


def test_it_tells_and_writes(folder: Path, routed: Callable[..., Any]) -> None:
    done = routed("--json", folder / "told.json", "--csv", folder / "told.csv", "--rates")
    assert done.exit_code == 0, done.stderr
    for word in (
        "Fractions",
        "Limits",
        "The router against them",
        "What this rests on",
        "Prices over load",
        "a routing keeps every SLO",
    ):
        assert word in done.stdout
    assert done.stdout.index("Prices over load") < done.stdout.index("Fractions"), (
        "what was asked for comes first"
    )
    content = json.loads((folder / "told.json").read_text())
    assert content["fractions"]["realised"] == pytest.approx({"alpha": 0.5, "beta": 0.5})
    assert len(content["price_table"]["rows"]) >= 21
    assert (folder / "told.csv").read_text().startswith("Routing,LLM,Limits")
    alone = routed("--json", "-", "--quiet")
    assert json.loads(alone.stdout)["verdict"] == content["verdict"]


def test_prompts_that_break_a_limit_exit_with_6(folder: Path, routed: Callable[..., Any]) -> None:
    rows = ["prompt_id,alpha,beta", *(f"q{k},0.9,0.1" for k in range(50))]
    (folder / "onesided.csv").write_text("\n".join(rows) + "\n")
    done = routed("--scores", folder / "onesided.csv")
    assert done.exit_code == 6, done.stdout + done.stderr
    assert "these prompts break a limit" in done.stdout


def test_faults_of_all_files_are_told_in_one_go(folder: Path, routed: Callable[..., Any]) -> None:
    (folder / "bad.csv").write_text("prompt_id,alpha,beta\na,x,0.5\na,0.1,inf\n")
    (folder / "worse.csv").write_text("prompt_id,alpha\na,0.5\n")
    done = routed("--scores", folder / "bad.csv", "--grades", folder / "worse.csv")
    assert done.exit_code == 2
    for word in ("bad.csv:row 2, column alpha", "bad.csv:row 3", "worse.csv:column beta"):
        assert word in done.stderr
    assert done.stdout == ""
    assert routed("--split", "0").exit_code == 2
    assert "--csv names" in routed("--csv", folder / "nowhere" / "a.csv").stderr
    assert CliRunner().invoke(app, ["route", str(folder / "no-plan.json")]).exit_code == 2


def test_an_infeasible_plan_has_nothing_to_route_to(tmp_path: Path) -> None:
    scenario = write_scenario(tmp_path, limit_ms=1.0)
    assert (
        CliRunner()
        .invoke(app, ["plan", str(scenario), "--json", str(tmp_path / "plan.json")])
        .exit_code
        == 3
    )
    done = CliRunner().invoke(app, ["route", str(tmp_path / "plan.json")])
    assert done.exit_code == 3
    assert "no setup" in done.stderr


# ---------------------------------------------------------------- five real LLMs


@pytest.mark.skipif(not SHARED.is_dir(), reason="the tables of HW-Router are not here")
def test_five_real_llms_gain_little_over_the_best_and_it_says_so(tmp_path: Path) -> None:
    """Known of these tables, load ignored: the best prediction gains at most 0.009 over the best
    single LLM, the oracle 0.118.
    """
    effort = ("--rates", "4", "--requests", "400", "--seeds", "2", "--jobs", "1")
    scenario, plan = hw_router.make(SHARED, tmp_path, effort=effort), tmp_path / "plan.json"
    assert (
        CliRunner().invoke(app, ["plan", str(scenario), "--json", str(plan), "--quiet"]).exit_code
        == 0
    )
    done = CliRunner().invoke(
        app, ["route", str(plan), "--grades", str(tmp_path / hw_router.GRADES), "--json", "-"]
    )
    assert done.exit_code in (0, 6), done.stderr
    content = json.loads(done.stdout)
    assert content["prompts"] == 1640
    against = {one["against"]: one for one in content["comparisons"]}
    quality = {one["routing"]: one for one in content["routings"]}
    assert quality[out_of_sample.ALONE]["llm"] == "Qwen2.5-14B-Instruct"
    assert quality[out_of_sample.BEST]["graded"] - quality[out_of_sample.ALONE][
        "graded"
    ] == pytest.approx(0.118, abs=0.01)
    assert against[out_of_sample.ALONE]["gain"] <= 0.009
    assert against[out_of_sample.ALONE]["verdict"] != "better"
    assert against[out_of_sample.TRUE]["gain"] < -0.05
    assert against[out_of_sample.RANDOM]["verdict"] == "better"
    assert quality["router"]["predicted"] - quality["router"]["graded"] > 0.02
    told = " ".join(content["notes"])
    assert "Regret" in told
    assert "in hindsight" in told


def test_the_tables_have_units_and_whole_intervals(source: PlanAndScenario) -> None:
    frame = evaluated_comparisons_table(evaluate_routing(source, own(source), SETTINGS))
    assert np.allclose(
        (frame["From (score)"] + frame["To (score)"]) / 2, frame["Router gains (score)"]
    )
    assert set(frame["Verdict"]) <= {"better", "worse", "within noise"}
