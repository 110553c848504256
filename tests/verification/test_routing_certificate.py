"""Qualities, prices, fractions and ties that do not fit each other are reported."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from models.instance import Instance, Llm
from planner.verification import routing_certificate
from planner.verification.routing_certificate import certify_fractions, certify_router
from planner.verification.verifier import run_verifier
from profiles.records import Scores
from tests.support.instances.plan_by_hand import (
    FRACTION,
    PART,
    QUALITY,
    Plan,
    at,
    both,
    good_plan,
    problems_with,
    reported,
    tiny,
    without,
)

FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "fractions not 1": (at("routing.small", 1 - FRACTION + 1e-6), "sum to 1.000001"),
    "negative fraction": (
        both(at("routing.small", -0.1), at("routing.big", 1.1)),
        "negative fraction",
    ),
    "LLM not in routing": (without("routing.small"), "routing: names"),
    "quality overstated": (
        both(at("quality", 0.7), at("objective.value", 0.7), at("objective.bound", 0.70001)),
        "overstated",
    ),
    "quality understated": (
        both(at("quality", 0.6), at("objective.value", 0.6)),
        "but quality is 0.6",
    ),
    "price with the wrong sign": (at("dual_prices.big", -0.2), "smallest over routed LLMs is -0.2"),
    "price not a minimiser": (at("dual_prices.big", 0.25), "not a minimiser"),
    "price null though routed": (at("dual_prices.small", None), "is never chosen"),
    "price without fraction": (
        both(at("routing.small", 0.0), at("routing.big", 1.0)),
        "must be null",
    ),
    "tie split misses the fractions": (
        at("router.ties.0.split", [0.0, 1.0]),
        "realises the fraction 0.75 of big",
    ),
    "tie split not 1": (at("router.ties.0.split", [0.5, 0.4]), "not shares that sum to 1"),
    "tie share": (at("router.ties.0.share", 0.5), "has the share 0.25, stated 0.5"),
    "tie group left out": (at("router.ties", []), "stated 0"),
    "tie group of strangers": (
        at("router.ties.0.llms", ["small", "huge"]),
        "unknown or repeated LLMs",
    ),
    "tie_eps too wide": (at("router.tie_eps", 0.2), "tie_eps 0.2"),
    "router rule": (at("router.rule", "random"), "unknown rule random"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    problems = problems_with(fault)
    assert any(words in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("path", "exact", "slack", "words"),
    [
        ("routing.small", 1 - FRACTION, 1e-9, "fractions sum to"),
        ("dual_prices.small", 0.0, 1e-9, "the smallest over routed LLMs"),
        ("router.ties.0.share", 0.25, 1e-7, "stated"),
        ("router.ties.0.split.0", 1 - PART, 1e-9, "not shares that sum to 1"),
        ("quality", QUALITY, 1e-6 * (1 + QUALITY), "g(alpha)"),
        ("quality", QUALITY, 1e-6 * (1 + QUALITY), "overstated"),
    ],
)
def test_what_is_claimed_has_its_tolerance_and_no_more(
    path: str, exact: float, slack: float, words: str
) -> None:
    sides = {"g(alpha)": (-1,), "overstated": (1,)}.get(words, (-1, 1))
    for sign in sides:
        assert not reported(at(path, exact + sign * 0.9 * slack), words)
        assert reported(at(path, exact + sign * 1.1 * slack), words)


def test_small_numbers_have_their_tolerance_and_no_more() -> None:
    """A trace of a fraction needs no price, a trace below zero is a share, and ties reach as far as
    a thousandth of the score range of 0.5.
    """

    def without_price(fraction: float) -> Callable[[Plan], None]:
        return both(at("dual_prices.small", None), at("routing.small", fraction))

    assert not reported(without_price(0.9e-9), "is never chosen")
    assert reported(without_price(1.1e-9), "is never chosen")
    for below, wrong in ((0.9e-9, False), (1.1e-9, True)):
        fault = at("router.ties.0.split", [-below, 1.0 + below])
        assert reported(fault, "not shares") == wrong
    assert not reported(at("router.ties.0.split", [0.0, 1.0]), "not shares")
    for eps, wrong in ((0.0, False), (5e-4, False), (5.1e-4, True), (-1e-12, True)):
        assert reported(at("router.tie_eps", eps), "router: tie_eps") == wrong


def idle_case() -> tuple[Plan, Instance]:
    """A third LLM that answers nothing well and is not routed to."""
    names = ("small", "big", "idle")
    values = np.vstack([tiny().scores.values, np.full(20, 0.41)])
    instance = replace(
        tiny(),
        llms=(*tiny().llms, Llm("idle")),
        scores=replace(tiny().scores, llms=names, values=values),
    )
    plan = good_plan()
    plan["routing"]["idle"], plan["dual_prices"]["idle"] = 0.0, None
    return plan, instance


def test_an_llm_that_is_not_routed_to() -> None:
    """It needs no price and must have none; a tie group with it is none of the scores'."""
    plan, instance = idle_case()
    assert run_verifier(plan, instance) == ()
    plan["dual_prices"]["idle"] = 0.3
    assert run_verifier(plan, instance) == (
        "dual_prices: idle is not routed to, so its price must be null, not 0.3",
    )
    plan, instance = idle_case()
    plan["router"]["ties"].append({"llms": ["small", "idle"], "share": 1.0, "split": [1.0, 0.0]})
    assert run_verifier(plan, instance) == (
        "router: the tie group idle, small has the share 0, stated 1",
    )
    plan["dual_prices"] = dict.fromkeys(plan["dual_prices"])
    assert "dual_prices: no LLM has one" in run_verifier(plan, instance)


def test_every_tie_group_is_looked_at_and_named() -> None:
    plan = good_plan()
    tie = plan["router"]["ties"][0]
    plan["router"]["ties"] = [
        {**tie, "llms": ["small", "huge"]},
        tie,
        {**tie, "split": [0.5, 0.4]},
    ]
    problems = run_verifier(plan, tiny())
    assert [p for p in problems if p.startswith("router.ties")] == [
        "router.ties.0 (small, huge): names unknown or repeated LLMs, or its split has another"
        " length",
        "router.ties.2 (small, big): stated twice",
        "router.ties.2 (small, big): tie split [0.5, 0.4] is not shares that sum to 1",
    ]


def test_the_router_may_miss_a_fraction_by_one_prompt() -> None:
    """The tie group weighs 0.25, a prompt 0.05."""

    def moved(weight: float) -> Callable[[Plan], None]:
        part = PART - weight / 0.25
        return at("router.ties.0.split", [1 - part, part])

    for weight in (0.05, 0.05 + 0.9e-9, -0.05):
        assert not reported(moved(weight), "realises the fraction")
    assert reported(moved(0.05 + 1.1e-9), "realises the fraction")


@pytest.mark.parametrize("eps", [1e-9, 4e-4])
def test_the_routers_score_may_differ_by_what_is_moved_and_no_more(eps: float) -> None:
    """Weight 0.025 moves from big to small on prompts where big is worth 0.2 more: each unit of it
    may cost the score range of 0.5.
    """
    part = PART - 0.1
    score = QUALITY - 0.025 * 0.2
    for side in (-1, 1):
        for inside in (True, False):
            slack = 0.025 * 0.5 + eps
            quality = score + side * (slack + (1e-6 if inside else 3e-6))
            fault = both(
                both(at("router.ties.0.split", [1 - part, part]), at("router.tie_eps", eps)),
                at("quality", quality),
            )
            assert reported(fault, "router: its mean score") != inside


def test_more_llms_than_bits_of_a_byte() -> None:
    """Twelve LLMs, each the best on a prompt of its own; the last two tie on another one."""
    count = 12
    values = np.hstack([np.eye(count), np.zeros((count, 1))])
    values[-2:, -1] = 1.0
    names = tuple(f"llm-{k}" for k in range(count))
    scores = Scores(
        np.array([f"p{x}" for x in range(count + 1)]),
        names,
        values,
        np.full(count + 1, 1 / (count + 1)),
    )
    instance = replace(tiny(), llms=tuple(Llm(name) for name in names), scores=scores)
    share = 1 / (count + 1)
    tie = {"llms": list(names[-2:]), "share": share, "split": [0.25, 0.75]}
    plan: Plan = {
        "quality": 1.0,
        "routing": dict.fromkeys(names, share),
        "dual_prices": dict.fromkeys(names, 0.0),
        "router": {"rule": "argmax(score - dual_price)", "tie_eps": 1e-9, "ties": [tie]},
    }
    plan["routing"][names[-2]], plan["routing"][names[-1]] = 1.25 * share, 1.75 * share
    assert list(certify_fractions(plan, instance)) == []
    assert list(certify_router(plan, instance)) == []
    tie["split"] = [0.0, 1.0]
    plan["routing"][names[-1]] = 0.25 * share
    assert any(names[-1] in problem for problem in certify_router(plan, instance))


def test_prompts_are_grouped_alike_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    values, prices = rng.integers(0, 3, (3, 40)) / 2, np.array([0.0, 0.5, np.inf])
    scores = Scores(np.arange(40).astype(str), ("a", "b", "c"), values, np.full(40, 1 / 40))
    whole, of_prompt = routing_certificate._certificate_groups(scores, prices, 1e-9)
    assert set(whole) == {(0,), (1,), (0, 1)}
    monkeypatch.setattr(routing_certificate, "PART", 7)
    parts, of_part = routing_certificate._certificate_groups(scores, prices, 1e-9)
    assert [parts[k] for k in of_part] == [whole[k] for k in of_prompt]
    best = np.maximum(values[0], values[1] - 0.5).mean()
    upper = routing_certificate._certified_upper(scores, prices, np.array([0.4, 0.6, 0.0]))
    assert upper == pytest.approx(best + 0.3)
