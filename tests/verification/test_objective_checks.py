"""GPUs, costs, values, bounds and gaps that are misstated are reported."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from planner.verification.verifier import run_verifier
from tests.support.instances.plan_by_hand import (
    QUALITY,
    Plan,
    at,
    both,
    good_plan,
    problems_with,
    reported,
    tiny,
)

FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "gpus_used": (at("gpus_used", 2), "gpus_used: 2 but 3"),
    "gpus_total": (at("gpus_total", 8), "gpus_total: 8"),
    "cost": (at("cost_usd_per_h", 5.0), "used GPUs cost 6"),
    "cost null": (at("cost_usd_per_h", None), "null but the used GPUs cost 6"),
    "wrong objective": (at("objective.of", "cost"), "instance says maximize quality"),
    "value is not the quality": (at("objective.value", 0.66), "plan's quality is"),
    "bound on the wrong side": (at("objective.bound", QUALITY - 1e-5), "wrong side"),
    "gap misstated": (at("objective.rel_gap", 0.0), "rel_gap 0.0 but"),
    "optimal with an open gap": (
        at("objective.bound", QUALITY + 0.01),
        "status: optimal but the gap",
    ),
    "feasible with a closed gap": (at("status", "feasible"), "status: feasible but the gap"),
    "optimal without a bound": (
        both(at("objective.bound", None), at("objective.rel_gap", None)),
        "no bound",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    problems = problems_with(fault)
    assert any(words in problem for problem in problems), problems


def test_cost_objective_floor_and_side_of_the_bound() -> None:
    instance = replace(tiny(), objective="cost", quality_floor=QUALITY - 0.01)
    plan = good_plan()
    plan["objective"] = {
        "sense": "minimize",
        "of": "cost",
        "value": 6.0,
        "bound": 6.0,
        "rel_gap": 0.0,
    }
    assert run_verifier(plan, instance) == ()
    assert (
        "below quality_at_least"
        in run_verifier(plan, replace(instance, quality_floor=QUALITY + 2e-6))[0]
    )
    plan["objective"] = {
        "sense": "minimize",
        "of": "cost",
        "value": 6.0,
        "bound": 6.0001,
        "rel_gap": 0.0001 / 6,
    }
    assert "wrong side" in run_verifier(plan, instance)[0]


def test_a_cost_that_is_not_stated_is_no_objective() -> None:
    plan = {**good_plan(), "cost_usd_per_h": None}
    plan["objective"] = {**plan["objective"], "sense": "minimize", "of": "cost"}
    problems = run_verifier(plan, replace(tiny(), objective="cost", quality_floor=0.0))
    assert any(problem.endswith("but the plan's cost is None") for problem in problems)


def test_gpus_without_a_price_have_no_cost() -> None:
    instance = tiny()
    instance = replace(instance, pools=(replace(instance.pools[0], price=None),))
    plan = good_plan()
    assert "although a used GPU has no price" in run_verifier(plan, instance)[0]
    plan["cost_usd_per_h"] = None
    assert run_verifier(plan, instance) == ()


def test_gap_target_of_the_scenario_counts() -> None:
    plan = good_plan()
    plan["objective"].update(bound=QUALITY * 1.001, rel_gap=0.001)
    assert run_verifier(plan, tiny(), rel_gap_target=1e-3) == ()
    assert "status: optimal" in run_verifier(plan, tiny(), rel_gap_target=1e-4)[0]


@pytest.mark.parametrize("status", ["infeasible", "unknown"])
def test_plan_without_a_setup(status: str) -> None:
    empty = {
        "status": status,
        "objective": {"value": None, "bound": None},
        "options": [],
        "placement": [],
        "conflict": {"limits": []},
    }
    assert run_verifier(empty, tiny()) == ()
    problems = run_verifier({**good_plan(), "status": status}, tiny())
    assert any("options: 2 entries" in p for p in problems)
    assert any("objective: value" in p for p in problems)
    assert "strict JSON" in run_verifier({**empty, "wall_s": math.nan}, tiny())[0]


@pytest.mark.parametrize(
    ("path", "exact", "slack", "words"),
    [
        ("cost_usd_per_h", 6.0, 6e-6, "cost_usd_per_h"),
        ("objective.value", QUALITY, 1e-9 * (1 + QUALITY), "objective: value"),
        ("objective.rel_gap", 1e-5 / QUALITY, 1e-9 + 1e-11 / QUALITY, "objective: rel_gap"),
    ],
)
def test_what_is_restated_has_its_tolerance_and_no_more(
    path: str, exact: float, slack: float, words: str
) -> None:
    for sign in (-1, 1):
        assert not reported(at(path, exact + sign * 0.9 * slack), words)
        assert reported(at(path, exact + sign * 1.1 * slack), words)


def test_bound_and_floor_have_their_tolerance_and_no_more() -> None:
    slack = 1e-9 * (1 + QUALITY)
    assert not reported(at("objective.bound", QUALITY - 0.9 * slack), "wrong side")
    assert reported(at("objective.bound", QUALITY - 1.1 * slack), "wrong side")
    for excess, below in ((0.9e-6, False), (1.1e-6, True)):
        instance = replace(tiny(), objective="cost", quality_floor=QUALITY + excess)
        assert reported(lambda plan: None, "below quality_at_least", instance) == below


def status_problems(bound: float, target: float) -> list[str]:
    """What the verifier says of the status when the plan has this bound."""
    plan = good_plan()
    plan["objective"].update(bound=bound, rel_gap=(bound - QUALITY) / QUALITY)
    return [p for p in run_verifier(plan, tiny(), rel_gap_target=target) if "status" in p]


def test_a_gap_is_closed_at_the_target_and_no_later() -> None:
    """Relative 1e-6 of the target and 1e-9 are forgiven."""
    limit = 1e-3 + 1e-9
    assert status_problems(QUALITY * (1 + limit + 0.9e-9), 1e-3) == []
    words = "status: optimal but the gap 0.001 is open at the target 0.001"
    assert status_problems(QUALITY * (1 + limit + 1.1e-9), 1e-3) == [words]


def test_a_gap_is_closed_within_a_millionth_of_the_score_range_and_no_later() -> None:
    """The scores of the plan by hand range from 0.4 to 0.9."""
    assert status_problems(QUALITY + 0.5e-6 * (1 + 0.9e-6), 0.0) == []
    assert len(status_problems(QUALITY + 0.5e-6 * (1 + 1.1e-6), 0.0)) == 1
    plan = good_plan()
    plan["status"] = "feasible"
    words = "is closed at the target"
    assert any(words in problem for problem in run_verifier(plan, tiny()))


def test_no_bound_has_no_gap_and_is_not_optimal() -> None:
    plan = good_plan()
    plan["status"] = "feasible"
    plan["objective"].update(bound=None, rel_gap=None)
    assert run_verifier(plan, tiny()) == ()
    plan["objective"]["rel_gap"] = 0.1
    assert run_verifier(plan, tiny()) == (
        "objective: no bound, but rel_gap is 0.1 and status feasible",
    )
    shards = {**plan, "status": "unknown", "options": [], "objective": {"value": None}}
    assert run_verifier(shards, tiny()) == ("placement: 3 entries in a plan with status unknown",)
