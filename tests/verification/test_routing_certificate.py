"""Qualities, prices, fractions and ties that do not fit each other are reported."""

from collections.abc import Callable

import pytest

from tests.support.instances.plan_by_hand import FRACTION, Plan, at, both, problems_with, without

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
