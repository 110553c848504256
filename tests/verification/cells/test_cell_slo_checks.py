"""SLOs of classes and of all requests that do not hold, or are misstated, are reported."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from models.instance import Slo
from planner.verification.cells.cell_slo_checks import slo_is_readable
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.cells_by_hand import (
    at,
    both,
    cells_demand,
    cells_problems,
    cells_reported,
    routings_by_hand,
    seats_by_hand,
    without,
)
from tests.support.demand.plan_maker import Plan, Routing, make_cells_plan


def swap_limits(plan: Plan) -> None:
    """chat's two SLOs change places."""
    plan["cells"][0]["slo"].reverse()


FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "limits swapped": (swap_limits, "cells.0 (class chat, case day): slo.0 (ttft p95, all)"),
    "a limit restated": (at("cells.0.slo.0.limit_ms", 800.0), "limit_ms 800.0 but"),
    "a limit without the factor": (
        both(at("cells.3.slo.0.limit_ms", 700.0), lambda plan: None),
        "cells.3 (class chat, case lost, loss 0): slo.0 (ttft p95, all): limit_ms 700.0 but the"
        " scenario says 840",
    ),
    "achieved understated": (at("cells.1.slo.0.achieved_ms", 390.0), "recomputed 400"),
    "an SLO left out": (without("cells.0.slo.1"), "1 entries for 2 SLOs"),
    "called binding": (at("cells.0.slo.0.binding", True), "called binding, but"),
    "an SLO of the case left out": (without("cases.0.slo.1"), "cases (day): slo: 1 entries"),
    "achieved of a case": (
        at("cases.2.slo.0.achieved_ms", 180.0),
        "cases (lost): slo.0 (ttft mean, all): achieved_ms 180",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    assert cells_reported(fault, words), cells_problems(fault)


@pytest.mark.parametrize(
    ("slos", "words"),
    [
        ((Slo("ttft", "mean", 0.17),), "cases (day): slo.0 (ttft mean, all): SLO violated"),
        ((Slo("ttft", "p95", 0.6),), "cases (day): slo.0 (ttft p95, all): SLO violated"),
        ((Slo("ttft", "p95", 0.6, "each_llm"),), "(ttft p95, each_llm): SLO violated"),
    ],
)
def test_limits_of_all_requests_hold_in_every_case(slos: tuple[Slo, ...], words: str) -> None:
    demand = cells_demand()
    demand = replace(demand, instance=replace(demand.instance, slos=slos))
    plan = make_cells_plan(demand, seats_by_hand(), routings_by_hand())
    problems = run_cells_verifier(plan, demand)
    assert any(words in problem for problem in problems), problems
    looser = replace(demand, cases=tuple(replace(case, slo_factor=1.5) for case in demand.cases))
    plan = make_cells_plan(looser, seats_by_hand(), routings_by_hand())
    assert run_cells_verifier(plan, looser) == ()


def test_limits_of_a_class_are_over_its_own_requests() -> None:
    """chat alone breaks 0.182 s by day; over all requests, batch with it, the mean is 0.175 s."""
    demand = cells_demand()
    chat, batch = demand.classes
    tight = replace(chat, slos=(Slo("ttft", "mean", 0.182),))
    demand = replace(demand, classes=(tight, batch))
    demand = replace(demand, instance=replace(demand.instance, slos=(Slo("ttft", "mean", 0.18),)))
    plan = make_cells_plan(demand, seats_by_hand(), routings_by_hand())
    violated = [p.partition(": ")[0] for p in run_cells_verifier(plan, demand) if "violated" in p]
    assert violated == ["cells.0 (class chat, case day)"]


def test_without_requests_nothing_is_achieved() -> None:
    demand = cells_demand()
    closed = replace(demand.cases[0], name="closed", rates=(0.0, 0.0))
    demand = replace(demand, cases=(*demand.cases, closed), cost_at_most=None)
    plan = make_cells_plan(demand, seats_by_hand(), [*routings_by_hand(), [Routing(())]])
    limit = {"metric": "ttft", "statistic": "mean", "scope": "all", "limit_ms": 500.0}
    for achieved, binding, wrong in ((None, False, 0), (None, True, 1), (90.0, False, 1)):
        plan["cases"][3]["slo"] = [{**limit, "achieved_ms": achieved, "binding": binding}]
        words = "cases (closed): slo.0: achieved without requests"
        assert run_cells_verifier(plan, demand) == (words,) * wrong


def test_the_promised_share_is_not_scaled() -> None:
    """A sixth of chat goes to the API, whose p95 is 650 ms: 5 % of all may be later than that, not
    more, whatever the factor.
    """
    demand = cells_demand()
    chat, batch = demand.classes
    late = replace(chat, slos=(Slo("ttft", "p99", 0.7),))
    demand = replace(demand, classes=(late, batch))
    plan = make_cells_plan(demand, seats_by_hand(), routings_by_hand())
    assert any("violated" in p for p in run_cells_verifier(plan, demand))


@pytest.mark.parametrize(
    ("statistic", "scope", "readable"),
    [
        ("p95", "all", True),
        ("p95", "each_llm", False),
        ("p50", "each_llm", True),
        ("mean", "all", False),
        ("mean", "each_llm", False),
    ],
)
def test_what_a_curve_of_one_percentile_can_tell(
    statistic: str, scope: str, *, readable: bool
) -> None:
    curve = cells_demand().instance.options[0].curve
    bare = replace(curve, latency={("ttft", "p50"): curve.latency["ttft", "p50"]})
    assert slo_is_readable(bare, Slo("ttft", statistic, 1.0, scope)) is readable
    assert not slo_is_readable(bare, Slo("e2e", statistic, 1.0, scope))
