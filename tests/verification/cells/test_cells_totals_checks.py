"""Hours, weights, costs, budgets, values and bounds that do not follow are reported."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from models.demand.requests import DemandInstance
from models.instance import ObjectiveKind
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.cells_by_hand import (
    at,
    both,
    cells_demand,
    cells_plan,
    cells_problems,
    cells_reported,
    routings_by_hand,
    seats_by_hand,
)
from tests.support.demand.plan_maker import Plan, make_cells_plan

FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "hours": (at("cases.0.hours", 12.0), "cases (day): hours 12 but the demand says 14"),
    "quality of a case": (at("cases.1.quality", 0.55), "cases (night): quality 0.55"),
    "no quality of a case": (at("cases.1.quality", None), "cases (night): quality None"),
    "quality of the best loss": (
        lambda plan: at("cases.2.quality", other_loss(plan))(plan),
        "cases (lost): quality",
    ),
    "unweighted quality": (
        lambda plan: at("quality", sum(c["quality"] for c in plan["cells"]) / 7)(plan),
        "but its cells give",
    ),
    "GPUs of a case": (at("cases.0.gpus_used", 2), "cases (day): gpus_used 2 but 3"),
    "GPUs": (at("gpus_used", 2), "gpus_used: 2 but 3"),
    "GPUs in all": (at("gpus_total", 4), "gpus_total: 4 but the pools have 3"),
    "cost of a case": (
        at("cases.0.cost_usd_per_h", 10.2),
        "cases (day): cost_usd_per_h: 10.2 but recomputed 13.2",
    ),
    "cost of GPUs": (at("cost.gpus_usd_per_h", 4.0), "cost.gpus_usd_per_h: 4 but recomputed 6"),
    "cost outside": (at("cost.outside_usd_per_h", 7.2), "7.2 but recomputed 4.2"),
    "cost of starts": (at("cost.starts_usd_per_h", 1.0), "cost.starts_usd_per_h: 1 but"),
    "cost": (at("cost_usd_per_h", 10.0), "cost_usd_per_h: 10 but recomputed 10.2"),
    "no cost": (at("cost_usd_per_h", None), "cost_usd_per_h: null but recomputed 10.2"),
    "the other objective": (at("objective.of", "cost"), "but the instance says maximize quality"),
    "value": (at("objective.value", 0.5), "but the plan's quality is"),
    "bound on the wrong side": (at("objective.bound", 0.5), "on the wrong side"),
    "an open gap": (
        both(at("objective.bound", 0.6), at("objective.rel_gap", 0.6 / 0.5389679 - 1)),
        "status: optimal but the gap",
    ),
}


def other_loss(plan: Plan) -> float:
    """The better case quality of the two losses."""
    weights = cells_demand().case_weights(2)
    return max(
        sum(
            w * cell["quality"]
            for w, cell in zip(
                weights, (c for c in plan["cells"] if c["loss"] == loss), strict=True
            )
        )
        for loss in (0, 1)
    )


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    assert cells_reported(fault, words), cells_problems(fault)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": 2.0}, "quality"),
        ({"hours": 15.0}, "cases (day): hours 14 but the demand says 15"),
    ],
)
def test_other_weights_are_other_totals(changes: dict[str, Any], words: str) -> None:
    demand = cells_demand()
    if "classes" in changes:
        chat, batch = demand.classes
        demand = replace(demand, classes=(chat, replace(batch, weight=changes["classes"])))
    else:
        day = replace(demand.cases[0], hours=changes["hours"])
        demand = replace(demand, cases=(day, *demand.cases[1:]))
    problems = run_cells_verifier(cells_plan(), demand)
    assert any(words in problem for problem in problems), problems
    assert any(problem.startswith("quality ") for problem in problems)


def test_floors_of_cases() -> None:
    demand = cells_demand()
    for t, entry in enumerate(cells_plan()["cases"]):
        for above, wrong in ((0.9e-6, False), (1.1e-6, True)):
            case = replace(demand.cases[t], quality_floor=entry["quality"] + above)
            cases = tuple(case if k == t else other for k, other in enumerate(demand.cases))
            words = f"cases ({entry['case']}): quality"
            assert cells_reported(lambda plan: None, words, cases=cases) == wrong


def by_cost(floor: float) -> DemandInstance:
    demand = cells_demand()
    instance = replace(demand.instance, objective=ObjectiveKind.COST, quality_floor=floor)
    return replace(demand, instance=instance)


def test_least_cost_above_a_mean_floor() -> None:
    quality = cells_plan()["quality"]
    for floor, wrong in ((quality + 0.9e-6, False), (quality + 1.1e-6, True)):
        demand = by_cost(floor)
        plan = make_cells_plan(demand, seats_by_hand(), routings_by_hand())
        problems = run_cells_verifier(plan, demand)
        assert bool(problems) == wrong, problems
    assert plan["objective"]["value"] == pytest.approx(10.2)
    plan["objective"]["bound"] = 10.3
    assert any("on the wrong side" in p for p in run_cells_verifier(plan, by_cost(quality)))


@pytest.mark.parametrize(("most", "wrong"), [(10.2 * (1 - 0.9e-6), False), (10.19, True)])
def test_the_budget_holds_over_the_hours(most: float, wrong: bool) -> None:
    """By day 13.2 USD/h are spent, by night 6: 10.2 in the mean. hours 0 costs nothing."""
    assert cells_reported(lambda plan: None, "above cost_at_most", cost_at_most=most) == wrong


def test_gpus_without_a_price_have_no_cost() -> None:
    demand = cells_demand()
    pool = replace(demand.instance.pools[0], price=None)
    demand = replace(demand, instance=replace(demand.instance, pools=(pool,)))
    plan = make_cells_plan(demand, seats_by_hand(), routings_by_hand())
    assert plan["cost_usd_per_h"] is None
    assert run_cells_verifier(plan, replace(demand, cost_at_most=None)) == ()
    assert any("has no price" in problem for problem in run_cells_verifier(plan, demand))
    plan["cost"]["gpus_usd_per_h"] = 6.0
    problems = run_cells_verifier(plan, replace(demand, cost_at_most=None))
    assert problems == ("cost.gpus_usd_per_h: 6.0 although a used GPU has no price",)


def test_of_losses_alike_in_quality_either_spend_counts() -> None:
    """All scores are equal: both losses have the same quality, one sends half as much outside."""
    demand = cells_demand()
    even = tuple(
        replace(
            entry,
            scores=replace(entry.scores, values=0 * entry.scores.values + 0.6),
        )
        for entry in demand.classes
    )
    lost = replace(demand.cases[2], hours=4.0)
    demand = replace(demand, classes=even, cases=(*demand.cases[:2], lost), cost_at_most=None)
    routings = routings_by_hand()
    second = routings[2][1]
    lanes = (replace(second.lanes[0], rates=(2.5, 1.0)),)
    routings[2][1] = replace(second, lanes=lanes, outside=((0.5,), (0.0,)))
    plan = make_cells_plan(demand, seats_by_hand(), routings)
    assert run_cells_verifier(plan, demand) == ()
    day = 14 / 28 * 7.2
    for spent, wrong in ((3.5, True), (3.6, False), (5.0, False), (7.2, False), (7.3, True)):
        plan["cases"][2]["cost_usd_per_h"] = 6.0 + spent
        plan["cost"]["outside_usd_per_h"] = day + 4 / 28 * spent
        plan["cost_usd_per_h"] = 6.0 + day + 4 / 28 * spent
        assert bool(run_cells_verifier(plan, demand)) == wrong
