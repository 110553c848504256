"""The router: against the verifier's reading of a plan, one prompt against many, its hash, its
correction by load, and faulty policies.
"""

import copy
import json
import math
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import router as router_module
from models.quality import Quality
from models.router import PolicyError, Router, router_draw, router_draws
from planner.verification.routing_certificate import (
    _certificate_groups,
    _certificate_splits,
    _realise_certified_routing,
)
from profiles.records import Scores
from tests.support.instances.score_tables import settled_content
from tests.support.paths import HOME
from tests.support.walls import wall_size

NAMES = ("small", "medium", "large", "unused")


def random_scores(seed: int, discrete: bool, prompts: int = 400) -> Scores:
    """Scores of four LLMs, the last below all others; 0/1 grades or continuous; weights of 0 to
    3.
    """
    rng = np.random.default_rng(seed)
    values = (
        rng.integers(0, 2, (4, prompts)).astype(float)
        if discrete
        else rng.normal(0.5, 0.2, (4, prompts))
    )
    values[3] = values.min() - 1.0
    weights = rng.integers(0, 4, prompts).astype(float)
    ids = np.array([f"prompt {k} of {seed}" for k in range(prompts)], dtype=object)
    return Scores(ids, NAMES, values, weights / weights.sum())


def by_llm(scores: Scores) -> dict[str, np.ndarray]:
    return dict(zip(scores.llms, scores.values, strict=True))


def settled(scores: Scores, fractions: np.ndarray) -> dict[str, Any]:
    """Prices, ties and weights of the exact routing at fractions, as plan.json has them."""
    return settled_content(Quality(scores).settle(fractions), NAMES, fractions)


def policy_of(plan: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The policy of such a plan, with a correction."""
    return {
        "version": 1,
        "plan_hash": "ab12",
        "rule": "argmax(score - alpha)",
        "alpha": plan["dual_prices"],
        "tie_eps": plan["router"]["tie_eps"],
        "ties": [{"llms": t["llms"], "split": t["split"]} for t in plan["router"]["ties"]],
        "fallback_weights": plan["routing"],
        "valid_for": {"arrival_rate_rps": 20.0, "slo": []},
        "correction": {"ramp": 0.02, "gain": 0.02, "limit": 0.4},
        "price_table": None,
        **changes,
    }


def random_case(seed: int) -> tuple[Scores, dict[str, Any]]:
    rng = np.random.default_rng([7, seed])
    scores = random_scores(seed, discrete=bool(seed % 2))
    fractions = np.append(rng.dirichlet(np.ones(3)), 0.0)
    return scores, settled(scores, fractions)


def simple(**changes: Any) -> dict[str, Any]:
    """Two LLMs, prices 0.3 and 0; what ties is split 1 to 3."""
    plan = {
        "dual_prices": {"large": 0.3, "small": 0.0},
        "routing": {"large": 0.4, "small": 0.6},
        "router": {"tie_eps": 1e-9, "ties": [{"llms": ["large", "small"], "split": [0.25, 0.75]}]},
    }
    return policy_of(plan, **changes)


# ---------------------------------------------------------------- the rule


@pytest.mark.parametrize("seed", range(20))
def test_it_realises_what_the_verifier_reads_and_the_plan_s_fractions(seed: int) -> None:
    scores, plan = random_case(seed)
    prices = np.array(
        [np.inf if plan["dual_prices"][n] is None else plan["dual_prices"][n] for n in NAMES]
    )
    groups, of_prompt = _certificate_groups(scores, prices, plan["router"]["tie_eps"])
    splits, problems = _certificate_splits(plan["router"]["ties"], list(NAMES))
    assert not problems
    seen = Scores(scores.prompt_ids, NAMES, scores.values, scores.weights)
    realised, score = _realise_certified_routing(seen, groups, of_prompt, splits)
    router = Router(policy_of(plan))
    shares = router.shares(by_llm(scores))
    of = [NAMES.index(llm) for llm in router.llms]
    weighed = scores.weights > 0  # the plan states no split for groups that weigh nothing
    assert np.allclose(shares @ scores.weights, realised[of], atol=1e-12)
    assert float((shares * scores.values[of]).sum(axis=0) @ scores.weights) == pytest.approx(
        score, abs=1e-12
    )
    wanted = np.array([plan["routing"][llm] for llm in router.llms])
    assert np.abs(shares @ scores.weights - wanted).max() <= scores.weights.max() + 1e-9
    assert np.allclose(shares[:, weighed].sum(axis=0), 1.0)


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_one_prompt_and_many_get_the_same_answer(seed: int, corrected: bool) -> None:
    rng = np.random.default_rng([3, seed])
    scores, plan = random_case(seed)
    router = Router(policy_of(plan, correction={"ramp": 0.3, "gain": 0.3, "limit": 0.4}))
    if corrected:
        router.correct({llm: float(rng.uniform(0, 5)) for llm in router.llms})
    values = scores.values.copy()
    values[:3, ::17] = np.nan
    values[1, 5] = np.inf
    columns = dict(zip(scores.llms, values, strict=True))
    many = router.choose_many(columns, scores.prompt_ids)
    shares = router.shares(columns)
    for k, prompt in enumerate(scores.prompt_ids):
        given = {
            llm: value
            for llm, value in zip(scores.llms, values[:, k].tolist(), strict=True)
            if not np.isnan(value)
        }
        assert router.choose(given, prompt) == router.llms[many[k]]
        reported = router.explain(given, prompt)
        assert reported.llm == router.llms[many[k]]
        assert [reported.shares[llm] for llm in router.llms] == shares[:, k].tolist()
        assert (
            reported.why == "fallback"
            if k % 17 == 0 or k == 5
            else reported.why in ("best", "tie", "corrected")
        )
    order = rng.permutation(len(scores.prompt_ids))
    assert (
        router.choose_many(
            {llm: row[order] for llm, row in columns.items()}, scores.prompt_ids[order]
        )
        == many[order]
    ).all()
    assert (
        router.choose_many(
            {llm: columns[llm].tolist() for llm in reversed(columns)}, scores.prompt_ids
        )
        == many
    ).all()


def test_more_prompts_than_a_block_are_decided_in_the_same_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores, plan = random_case(3)
    router = Router(policy_of(plan))
    whole = router.choose_many(by_llm(scores), scores.prompt_ids)
    monkeypatch.setattr(router_module, "BLOCK", 7)
    assert (router.choose_many(by_llm(scores), scores.prompt_ids) == whole).all()
    assert router.shares(by_llm(scores)).shape == (len(router.llms), 400)


def test_whole_numbers_and_small_floats_are_scores() -> None:
    router = Router(simple())
    assert router.choose({"large": 1, "small": 0}, "a") == "large"
    assert router.choose({"large": np.float32(0.9), "small": np.float32(0.2)}, "a") == "large"
    assert router.choose_many(
        {"large": np.array([1, 0]), "small": [0, 1]}, ["a", "b"]
    ).tolist() == [0, 1]


def test_the_price_decides_and_other_names_do_not() -> None:
    router = Router(simple())
    assert router.llms == ("large", "small")
    assert router.choose({"large": 0.79, "small": 0.5, "unheard of": 9.0}, "a") == "small"
    assert router.choose({"large": 0.81, "small": 0.5}, "a") == "large"


@pytest.mark.parametrize("score", ["0.9", 10**400, [0.9], None, float("nan"), b"1"])
def test_a_score_that_is_no_number_is_as_good_as_none(score: object) -> None:
    router = Router(simple())
    scores = {"large": score, "small": 0.5}
    assert router.choose(scores, "a") == router.fallback("a")  # type: ignore[arg-type]
    assert router.explain(scores, "a").llm == router.fallback("a")  # type: ignore[arg-type]


def test_a_tie_group_that_is_not_stated_goes_by_the_fallback_weights() -> None:
    shares = Router(simple(ties=[])).shares({"large": [0.3], "small": [0.0]})
    assert shares[:, 0].tolist() == pytest.approx([0.4, 0.6])


# ---------------------------------------------------------------- the hash


def test_draws_are_those_of_every_machine_and_version() -> None:
    """Pinned: another value would move prompts between LLMs when a gateway is updated.

    The first is SplitMix64's own first of seed 0.
    """
    assert router_draw("") == 0.8833108082136426
    assert router_draw("req-1") == 0.13099617069535208
    assert router_draw("Größe 🙂") == 0.8955383434201706
    ids = ["", "req-1", "Größe 🙂", "\ud800"]
    assert router_draws(ids).tolist() == [router_draw(one) for one in ids]


@pytest.mark.parametrize("form", ["{}", "req-{:08d}", "{:x}-session", "chat/{0}/turn/{0}"])
def test_draws_of_ordinary_ids_are_even_and_unrelated(form: str) -> None:
    n = 40_000
    numbers = router_draws(form.format(k) for k in range(n))
    counts = np.histogram(numbers, 100, (0.0, 1.0))[0]
    assert ((counts - n / 100) ** 2 / (n / 100)).sum() < 99 + 4 * math.sqrt(2 * 99)
    neighbours = np.corrcoef(numbers[1:], numbers[:-1])[0, 1]
    assert abs(neighbours) < 4 / math.sqrt(n)


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_a_hash_split_realises_the_fractions_within_four_standard_errors(seed: int) -> None:
    """0/1 grades: nearly every prompt ties.

    Exact in expectation; by ids each tied prompt is a separate draw.
    """
    scores, plan = random_case(seed)
    router = Router(policy_of(plan))
    shares = router.shares(by_llm(scores))
    error = np.sqrt((scores.weights**2 * shares * (1 - shares)).sum(axis=1))
    assert error.max() > 0
    for salt in range(20):
        chosen = router.choose_many(by_llm(scores), [f"{salt} {one}" for one in scores.prompt_ids])
        realised = np.bincount(chosen, scores.weights, len(router.llms))
        assert (np.abs(realised - shares @ scores.weights) <= 4 * error + 1e-12).all()


def test_fallback_weights_are_kept_within_four_standard_errors() -> None:
    router, n = Router(simple()), 20_000
    chosen = [router.fallback(f"id {k}") for k in range(n)]
    assert abs(chosen.count("large") / n - 0.4) < 4 * math.sqrt(0.24 / n)
    assert all(router.choose({"large": 0.5}, f"id {k}") == chosen[k] for k in range(0, n, 997))
    assert all(
        router.choose({"large": float("nan"), "small": 1.0}, f"id {k}") == chosen[k]
        for k in range(0, n, 997)
    )


# ---------------------------------------------------------------- load


def responses(router: Router, values: np.ndarray) -> dict[str, float]:
    return dict(
        zip(
            router.llms,
            router.shares(dict(zip(router.llms, values, strict=True))).mean(axis=1).tolist(),
            strict=True,
        )
    )


@pytest.mark.parametrize("gain", [0.3, 1.0, 1.9])
@pytest.mark.parametrize("kind", ["continuous", "grades", "one tie"])
def test_the_correction_settles_at_the_planned_fractions(kind: str, gain: float) -> None:
    """The prompts are others than the plan's; gain in ramps, stable below 2 whatever the scores are
    like.
    """
    rng = np.random.default_rng(5)
    values = {
        "continuous": rng.normal([[0.7], [0.35]], 0.15, (2, 4000)),
        "grades": rng.integers(0, 2, (2, 4000)) * np.array([[1.0], [0.7]]),
        "one tie": np.tile([[0.3], [0.0]], (1, 100)),
    }[kind]
    ties = [{"llms": ["large", "small"], "split": [0.9, 0.1]}]
    router = Router(simple(ties=ties, correction={"ramp": 0.05, "gain": 0.05 * gain, "limit": 1.0}))
    before = abs(responses(router, values)["large"] - 0.4)
    assert before > 0.05
    for _ in range(600):
        router.correct(responses(router, values))
    assert responses(router, values)["large"] == pytest.approx(0.4, abs=1e-3)
    router.reset()
    assert abs(responses(router, values)["large"] - 0.4) == before


@pytest.mark.parametrize("gain", [0.5, 1.0, 1.9])
@pytest.mark.parametrize("seed", range(wall_size(2, 6)))
def test_the_correction_never_swings_with_several_llms(seed: int, gain: float) -> None:
    """Gradient descent on a convex function: below twice the ramp the distance to the planned
    fractions never grows.
    """
    plan = random_case(seed)[1]
    others = by_llm(random_scores(100 + seed, discrete=bool(seed % 2)))
    others["medium"] = others["medium"] + 0.07
    router = Router(policy_of(plan, correction={"ramp": 0.1, "gain": 0.1 * gain, "limit": 2.0}))
    wanted = np.array(router.row.weights)
    off = []
    for _ in range(400):
        realised = router.shares(others).mean(axis=1)
        off.append(float(np.linalg.norm(realised - wanted)))
        router.correct(dict(zip(router.llms, realised.tolist(), strict=True)))
    assert off[0] > 0.01
    assert all(later <= before + 1e-12 for before, later in pairwise(off))
    assert (
        off[-1] < 2e-3
    )  # grades leave gaps between them, over which a price moves slowly because no prompt answers


def test_the_bound_on_the_gain_is_sharp() -> None:
    """Where all prompts tie the fractions answer with the slope 1 / ramp: above 2 ramps the
    corrections swing ever more.
    """
    values = np.tile([[0.3], [0.0]], (1, 100))
    router = Router(simple(correction={"ramp": 0.05, "gain": 0.05, "limit": 1.0}))
    errors: dict[float, list[float]] = {}
    for gain in (0.095, 0.105):
        router.reset()
        router.gain = gain
        errors[gain] = []
        for _ in range(12):
            share = responses(router, values)
            errors[gain].append(abs(share["large"] - 0.4))
            router.correct(share)
    assert np.allclose(np.diff(np.log(errors[0.095])), np.log(0.9))
    assert errors[0.105][-1] > 2 * errors[0.105][0]
    with pytest.raises(PolicyError, match="twice the ramp"):
        Router(simple(correction={"ramp": 0.05, "gain": 0.1, "limit": 1.0}))


def test_noisy_counts_move_the_fractions_little() -> None:
    rng = np.random.default_rng(8)
    values = rng.normal([[0.6], [0.35]], 0.15, (2, 20_000))
    router = Router(simple(correction={"ramp": 0.05, "gain": 0.05, "limit": 1.0}))
    ids = [str(k) for k in range(20_000)]
    late = []
    for step in range(200):
        part = rng.integers(0, 20_000, 500)
        chosen = router.choose_many(
            dict(zip(router.llms, values[:, part], strict=True)), [ids[k] for k in part]
        )
        router.correct({"large": float((chosen == 0).sum()), "small": float((chosen == 1).sum())})
        late += [float((chosen == 0).mean())] * (step >= 100)
    assert abs(np.mean(late) - 0.4) < 4 * math.sqrt(0.24 / 500 / 100) + 0.005


def test_corrections_are_clipped_and_faulty_counts_refused() -> None:
    router = Router(simple(correction={"ramp": 0.05, "gain": 0.05, "limit": 0.1}))
    for _ in range(50):
        router.correct({"large": 1.0})
    assert router.corrections == {"large": 0.1, "small": -0.1}
    router.correct({"large": 0.0, "small": 0.0})
    router.correct({})
    assert router.corrections == {"large": 0.1, "small": -0.1}
    for bad in ({"large": -1.0}, {"large": float("nan")}, {"nobody": 1.0}):
        with pytest.raises(ValueError, match="measured"):
            router.correct(bad)
    with pytest.raises(ValueError, match="no correction"):
        Router(simple(correction=None)).correct({"large": 1.0})


def row(rate: float, large: float | None, **changes: Any) -> dict[str, Any]:
    alpha = {"large": large, "small": 0.0}
    weights = {"large": 0.0 if large is None else 0.5, "small": 1.0 if large is None else 0.5}
    content = {
        "rate_rps": rate,
        "slo_kept": True,
        "alpha": alpha,
        "weights": weights,
        "ties": [],
        "kept_from_rps": 0.0,
    }
    return {**content, **changes}


def test_prices_follow_the_rate_to_the_next_row_above() -> None:
    unkept = {"rate_rps": 40.0, "slo_kept": False, "alpha": None, "weights": None, "ties": None}
    router = Router(
        simple(price_table={"rows": [row(10.0, 0.1), row(20.0, 0.3), row(30.0, None), unkept]})
    )
    undecided = {"large": 0.7, "small": 0.5}
    assert router.choose(undecided, "a") == "small"
    assert router.at_rate(7.0).rate == 10.0
    assert router.choose(undecided, "a") == "large"
    assert router.at_rate(10.000001).rate == 20.0
    assert router.at_rate(30.0).rate == 30.0
    assert not router.overloaded
    assert router.choose({"large": 9.0, "small": 0.0}, "a") == "small"
    assert router.choose({"small": 0.0}, "a") == "small"
    assert router.at_rate(30.1).rate == 30.0
    assert router.overloaded
    with pytest.raises(ValueError, match="0 or more"):
        router.at_rate(float("nan"))


def test_a_row_that_would_break_an_slo_at_low_rates_is_passed_over() -> None:
    router = Router(
        simple(price_table={"rows": [row(10.0, 0.1, kept_from_rps=8.0), row(20.0, 0.3)]})
    )
    assert router.at_rate(9.0).rate == 10.0
    assert router.at_rate(7.0).rate == 20.0


# ---------------------------------------------------------------- policies


FAULTS = {
    "version": ("version", 2),
    "rule": ("rule", "argmin"),
    "no prices": ("alpha", {"large": None, "small": None}),
    "a price that is text": ("alpha", {"large": "0.3", "small": 0.0}),
    "a price that is true": ("alpha", {"large": True, "small": 0.0}),
    "prices in a list": ("alpha", [0.3, 0.0]),
    "weights short of 1": ("fallback_weights", {"large": 0.4, "small": 0.5}),
    "a negative weight": ("fallback_weights", {"large": -0.4, "small": 1.4}),
    "a weight without a price": ("fallback_weights", {"large": 0.4, "small": 0.5, "other": 0.1}),
    "tie_eps": ("tie_eps", -1.0),
    "ties of strangers": ("ties", [{"llms": ["large", "other"], "split": [0.5, 0.5]}]),
    "ties twice": (
        "ties",
        [
            {"llms": ["large", "small"], "split": [0.5, 0.5]},
            {"llms": ["small", "large"], "split": [0.5, 0.5]},
        ],
    ),
    "a split too long": ("ties", [{"llms": ["large", "small"], "split": [0.5, 0.3, 0.2]}]),
    "an LLM that ties with itself": ("ties", [{"llms": ["large", "large"], "split": [0.5, 0.5]}]),
    "a split short of 1": ("ties", [{"llms": ["large", "small"], "split": [0.5, 0.3]}]),
    "ties that are none": ("ties", None),
    "no rate": ("valid_for", {}),
    "a correction that swings": ("correction", {"ramp": 0.1, "gain": 0.3, "limit": 1.0}),
    "half a correction": ("correction", {"ramp": 0.1}),
    "rows that fall": ("price_table", {"rows": [row(20.0, 0.1), row(10.0, 0.1)]}),
    "a table without rows": ("price_table", {}),
    "a row without a rate": ("price_table", {"rows": [row(20.0, 0.1, rate_rps=None)]}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_policy_is_refused_with_its_place(name: str) -> None:
    key, value = FAULTS[name]
    with pytest.raises(PolicyError) as caught:
        Router(simple(**{key: value}))
    assert key in str(caught.value)


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        Router(simple(version=3, tie_eps="x", correction=7))
    assert len(str(caught.value).splitlines()) == 3


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [here, *(place for key, part in inner for place in places(part, (*here, key)))]


def test_junk_anywhere_is_refused_or_harmless_never_a_crash() -> None:
    sound = json.loads(json.dumps(simple(price_table={"rows": [row(10.0, 0.1), row(20.0, None)]})))
    junk = [None, True, -1, 1e308, "x", [], {}, [[]], {"a": 1}, ["large"], "0.3"]
    used = 0
    for place in places(sound)[1:]:
        for one in junk:
            content = copy.deepcopy(sound)
            parent = content
            for key in place[:-1]:
                parent = parent[key]
            parent[place[-1]] = one
            try:
                router = Router(content)
            except PolicyError:
                continue
            used += 1
            assert router.choose({llm: 0.5 for llm in router.llms}, "a") in router.llms
            router.at_rate(5.0)
    assert used > 20
    for one in junk:
        with pytest.raises(PolicyError):
            Router(one)


def test_files_that_are_no_policies_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "router_policy.json"
    with pytest.raises(PolicyError, match=r"router_policy\.json"):
        Router.load(file)
    for text, why in {
        "": "strict JSON",
        "[1]": "a table of names",
        '{"version": NaN}': "NaN",
        '{"version": 1, "version": 1}': "twice",
        "[" * 100_000: "strict JSON",
        "\x00": "strict JSON",
    }.items():
        file.write_text(text, encoding="utf-8")
        with pytest.raises(PolicyError, match=why):
            Router.load(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyError):
        Router.load(file)
    file.write_text(json.dumps(simple(surprise="ignored")), encoding="utf-8-sig")
    assert Router.load(str(file)).plan_hash == "ab12"


def test_scores_of_a_wrong_shape_are_refused() -> None:
    router = Router(simple())
    for scores, ids in (
        ({"large": [0.0, 1.0], "small": [0.0]}, ["a", "b"]),
        ({"large": [[0.0]], "small": [[0.0]]}, ["a"]),
        ({"large": 0.0, "small": 1.0}, ["a"]),
        ({"large": [0.0, 1.0], "small": [0.0, 1.0]}, ["a"]),
        ({"large": [0.0, 1.0]}, ["a", "b"]),
    ):
        with pytest.raises(ValueError, match=r"in one row|prompt ids|no scores of small"):
            router.choose_many(scores, ids)
    assert router.choose_many({"large": [], "small": []}, []).shape == (0,)


def test_the_file_works_alone_with_its_policy(tmp_path: Path) -> None:
    """Copied into a folder, in a Python that sees nothing of this checkout."""
    shutil.copy(router_module.__file__, tmp_path / "router.py")
    (tmp_path / "router_policy.json").write_text(json.dumps(simple()), encoding="utf-8")
    code = (
        "import sys; from router import Router; r = Router.load('router_policy.json');"
        " print(r.choose({'large': 0.9, 'small': 0.2}, 'x'), r.fallback('x'), sorted({'models',"
        " 'planner', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["large", Router(simple()).fallback("x"), "[]"]


def test_the_ten_lines_of_the_document_run(tmp_path: Path) -> None:
    """docs/router.md: each with the policy of this file's two LLMs and a price table next to it."""
    text = (HOME / "docs" / "router.md").read_text(encoding="utf-8")
    lines = text.partition("```python\n")[2].partition("```")[0]
    assert len([line for line in lines.splitlines() if line]) <= 10
    shutil.copy(router_module.__file__, tmp_path / "router.py")
    policy = simple(price_table={"rows": [row(20.0, 0.3), row(40.0, 0.5)]})
    (tmp_path / "router_policy.json").write_text(json.dumps(policy), encoding="utf-8")
    code = lines + "\nprint(llm, many.tolist(), why.why, router.row.rate, router.corrections)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    router = Router(policy)
    assert done.stdout.startswith(
        f"{router.fallback('request 18')} [0, 1] best 40.0 {{'large': 0.00"
    )
