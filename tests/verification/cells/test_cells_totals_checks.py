"""Hours, weights, costs, budgets, values and bounds that do not follow are reported."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
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
from tests.support.demand.plan_maker import Plan, Routing, make_cells_plan

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
    "GPUs of a case": (
        at("cases.0.gpus_used", 2),
        "cases (day): gpus_used 2 but 3 GPUs hold a shard",
    ),
    "GPUs": (at("gpus_used", 2), "gpus_used: 2 but 3"),
    "GPUs in all": (at("gpus_total", 4), "gpus_total: 4 but the pools have 3"),
    "cost of a case": (
        at("cases.0.cost_usd_per_h", 10.2),
        "cases (day): cost_usd_per_h: 10.2 but recomputed 13.2",
    ),
    "cost of GPUs": (at("cost.gpus_usd_per_h", 4.0), "cost.gpus_usd_per_h: 4 but recomputed 6"),
    "cost outside": (
        at("cost.outside_usd_per_h", 7.2),
        "cost.outside_usd_per_h: 7.2 but recomputed 4.2",
    ),
    "no cost of a case": (
        at("cases.1.cost_usd_per_h", None),
        "cases (night): cost_usd_per_h: null but recomputed 6",
    ),
    "no cost of GPUs": (
        at("cost.gpus_usd_per_h", None),
        "cost.gpus_usd_per_h: null but recomputed 6",
    ),
    "no cost outside": (
        at("cost.outside_usd_per_h", None),
        "cost.outside_usd_per_h: null but recomputed 4.2",
    ),
    "no cost of starts": (
        at("cost.starts_usd_per_h", None),
        "cost.starts_usd_per_h: null but recomputed 0",
    ),
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
            found = [p for p in cells_problems(cases=cases) if p.startswith(words)]
            assert bool(found) == wrong
            assert all(problem.endswith(" of the case") for problem in found)


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


@pytest.mark.parametrize(("most", "wrong"), [(10.71, False), (10.69, True)])
def test_the_budget_keeps_the_changes_too(most: float, wrong: bool) -> None:
    """Two of three replicas run on their GPUs; the other starts at 4 USD over 8 h: 10.7 in all."""
    seats = [{"option": 0, "node": node, "gpus": [0]} for node in (0, 1)]
    runs = {"llm": "a", "pool": "h100", "tp_degree": 1, "mps_share_pct": 100.0, "replicas": 2}
    price = {"usd_per_gpu": 4.0, "hours": 8.0, "running": seats}
    changes = {**price, "gpus": 1, "usd": 4.0, "usd_per_h": 0.5}
    counts = {"kept": 2, "started": 1, "stopped": 0, "moved": 0, "most_changes": None}

    def begin(plan: Plan) -> None:
        plan["context"] = {"from": {"options": [runs], **counts, "changes": changes}}

    assert cells_problems(begin, cost_at_most=20.0) == ()
    assert cells_reported(begin, "above cost_at_most", cost_at_most=most) == wrong


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


def losses_alike() -> tuple[DemandInstance, Plan]:
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
    return demand, make_cells_plan(demand, seats_by_hand(), routings)


def spend_outside(plan: Plan, spent: float) -> None:
    """Of the case with lost nodes; 7.2 USD/h by day."""
    day = 14 / 28 * 7.2
    plan["cases"][2]["cost_usd_per_h"] = 6.0 + spent
    plan["cost"]["outside_usd_per_h"] = day + 4 / 28 * spent
    plan["cost_usd_per_h"] = 6.0 + day + 4 / 28 * spent


def test_of_losses_alike_in_quality_either_spend_counts() -> None:
    demand, plan = losses_alike()
    assert run_cells_verifier(plan, demand) == ()
    for spent, wrong in ((3.5, True), (3.6, False), (5.0, False), (7.2, False), (7.3, True)):
        spend_outside(plan, spent)
        assert bool(run_cells_verifier(plan, demand)) == wrong
    # With the least of it 10.114 USD/h are spent.
    spend_outside(plan, 3.6)
    for most, wrong in ((10.12, False), (10.11, True)):
        assert bool(run_cells_verifier(plan, replace(demand, cost_at_most=most))) == wrong


def test_losses_are_alike_within_float_noise() -> None:
    """1e-9 of one plus the quality: of a better loss the spend does not count."""
    for share, wrong in ((0.9, False), (1.1, True)):
        demand, plan = losses_alike()
        for cell in plan["cells"]:
            if cell["loss"] == 1:
                cell["quality"] += share * 1e-9 * 1.6
        spend_outside(plan, 3.6)
        assert bool(run_cells_verifier(plan, demand)) == wrong


def test_a_case_without_requests_counts_for_nothing_wherever_it_stands() -> None:
    """It costs its GPUs; the quality of the others is that without it."""
    demand = cells_demand()
    closed = replace(demand.cases[0], name="closed", hours=2.0, rates=(0.0, 0.0))
    changed = replace(demand, cases=(closed, *demand.cases))
    plan = make_cells_plan(changed, seats_by_hand(), [[Routing(())], *routings_by_hand()])
    assert run_cells_verifier(plan, changed) == ()
    assert plan["cases"][0]["quality"] is None
    assert plan["quality"] == pytest.approx(cells_plan()["quality"])
    assert plan["cases"][0]["cost_usd_per_h"] == pytest.approx(6.0)
    for fault, words in (
        (at("quality", 0.0), "quality 0 but its cells give"),
        (at("cases.0.cost_usd_per_h", 7.0), "cases (closed): cost_usd_per_h: 7 but recomputed 6"),
        (at("cases.1.quality", 0.5), "cases (day): quality 0.5 but its cells give"),
    ):
        wrong = copy.deepcopy(plan)
        fault(wrong)
        found = run_cells_verifier(wrong, changed)
        assert any(words in problem for problem in found), found


@pytest.mark.parametrize(("share", "open_gap"), [(0.9, False), (1.1, True)])
def test_a_gap_is_closed_within_a_part_of_the_range_of_all_scores(
    share: float, *, open_gap: bool
) -> None:
    """1e-6 of it; scores that the classes do not permit are outside it."""
    chat, batch = cells_demand().classes
    scores = np.concatenate([chat.scores.values.ravel(), batch.scores.values[:2].ravel()])
    plan = cells_plan()
    value = plan["objective"]["value"]
    bound = value + share * 1e-6 * float(np.ptp(scores))
    plan["objective"] |= {"bound": bound, "rel_gap": (bound - value) / value}
    found = run_cells_verifier(plan, cells_demand(), rel_gap_target=0.0)
    assert bool(found) == open_gap
