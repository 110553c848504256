"""Replicas, compute and rates beyond their limits are reported."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from models.instance import Quota
from planner.verification.deployed_options import index_deployed_options, read_deployed_options
from planner.verification.setup_checks import check_setup_rates
from planner.verification.verifier import run_verifier
from tests.support.instances.plan_by_hand import (
    X_BIG,
    Plan,
    at,
    both,
    good_plan,
    problems_with,
    reported,
    split_plan,
    tiny,
    without,
)

FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "too many replicas": (at("options.0.replicas", 3), "more than max_replicas 2"),
    "too few replicas": (without("options.1"), "fewer than min_replicas 1"),
    "rate per replica": (at("options.0.rate_per_replica_rps", 4.0), "rate_per_replica_rps 4"),
    "negative rate": (at("options.0.rate_rps", -1.0), "negative rate"),
    "above the curve": (
        both(at("options.1.rate_rps", 11.0), at("options.1.rate_per_replica_rps", 11.0)),
        "above the highest profiled rate",
    ),
    "fraction mismatch": (
        both(at("routing.big", 0.6), at("routing.small", 0.4)),
        "its routing fraction needs 6",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    problems = problems_with(fault)
    assert any(words in problem for problem in problems), problems


def test_utilization_floor() -> None:
    assert run_verifier(good_plan(), replace(tiny(), min_utilization=0.425)) == ()
    assert (
        "below min_gpu_utilization_pct 43"
        in run_verifier(good_plan(), replace(tiny(), min_utilization=0.43))[0]
    )


def test_quota() -> None:
    held = Quota("GPUs of small", (0.5, 0.3, 0.0), 0.5)
    assert run_verifier(good_plan(), replace(tiny(), quotas=(held,))) == ()
    problems = run_verifier(good_plan(), replace(tiny(), quotas=(replace(held, most=0.4),)))
    assert problems == ("GPUs of small: 0.5 is above the quota 0.4",)


def test_options_of_one_llm_count_together() -> None:
    """Replicas and rates of an LLM are those of all its options."""
    assert run_verifier(split_plan(), tiny()) == ()
    one = replace(tiny(), llms=(replace(tiny().llms[0], max_replicas=1), tiny().llms[1]))
    assert run_verifier(split_plan(), one) == ("small: 2 replicas, more than max_replicas 1",)
    plan = split_plan()
    plan["options"][2]["rate_rps"] += 1e-3
    assert any("small: rates sum to" in problem for problem in run_verifier(plan, tiny()))


def test_replicas_of_one_option_count_together() -> None:
    """Utilisation and quotas weigh an option by its replicas."""
    plan = good_plan()
    both(at("options.0.replicas", 2), at("options.0.rate_per_replica_rps", (10 - X_BIG) / 2))(plan)
    plan["placement"].append({**plan["placement"][2], "gpu": 1, "replica": 1})
    plan["gpus_used"], plan["cost_usd_per_h"] = 4, 8.0
    assert run_verifier(plan, replace(tiny(), min_utilization=0.55)) == ()
    held = Quota("replicas of small", (1.0, 1.0, 0.0), 2.0)
    assert run_verifier(plan, replace(tiny(), quotas=(held,))) == ()
    problems = run_verifier(
        plan, replace(tiny(), quotas=(replace(held, most=1.9),), min_utilization=0.6)
    )
    assert problems == (
        "utilization: 55 % of all GPUs, below min_gpu_utilization_pct 60",
        "replicas of small: 2 is above the quota 1.9",
    )


def test_rates_have_their_tolerance_and_no_more() -> None:
    """1e-7 of the arrival rate, as tolerances.py says."""
    for path, exact, words in (
        ("options.0.rate_per_replica_rps", 10 - X_BIG, "rate_per_replica_rps"),
        ("options.0.rate_rps", 10 - X_BIG, "small: rates sum to"),
        ("routing.small", 1 - X_BIG / 10, "small: rates sum to"),
    ):
        slack = 1e-7 if path.startswith("routing") else 1e-6
        for sign in (-1, 1):
            assert not reported(at(path, exact + sign * 0.9 * slack), words)
            assert reported(at(path, exact + sign * 1.1 * slack), words)


def test_a_replica_may_run_at_the_end_of_its_curve_and_at_no_rate() -> None:
    def runs(rate: float) -> Callable[[Plan], None]:
        return both(at("options.1.rate_rps", rate), at("options.1.rate_per_replica_rps", rate))

    assert not reported(runs(10.0), "above the highest")
    assert not reported(runs(10.0 * (1 + 0.9e-9)), "above the highest")
    assert reported(runs(10.0 * (1 + 1.1e-9)), "above the highest")
    assert not reported(runs(0.0), "negative rate")
    assert not reported(runs(0.5), "negative rate")


def test_an_llm_without_an_option_carries_nothing() -> None:
    """The rates of an LLM that routing does not name sum to 0."""
    deployed = read_deployed_options(good_plan(), index_deployed_options(tiny()))
    plan = {"routing": {"big": X_BIG / 10}}
    assert list(check_setup_rates(plan, tiny(), deployed[1:])) == []
    assert len(list(check_setup_rates(plan, tiny(), deployed))) == 1
