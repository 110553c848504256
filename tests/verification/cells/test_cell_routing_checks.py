"""Rates, permissions, limits outside, quality and floors that are not kept are reported."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from models.instance import Slo
from planner.verification.cells.cells_verifier import run_cells_verifier
from tests.support.demand.cells_by_hand import (
    API,
    at,
    both,
    cells_demand,
    cells_plan,
    cells_problems,
    cells_reported,
    routings_by_hand,
    seats_by_hand,
    without,
)
from tests.support.demand.plan_maker import Plan, Routing, make_cells_plan


def raise_quality(plan: Plan) -> None:
    """1 % more quality of one cell, in all that follows from it."""
    cell, share = plan["cells"][0], cells_demand().case_weights(0)[0]
    more = 0.01 * cell["quality"]
    cell["quality"] += more
    plan["cases"][0]["quality"] += share * more
    weight = cells_demand().cell_weights()[0, 0]
    for place, key in ((plan, "quality"), (plan["objective"], "value")):
        place[key] += weight * more
    plan["objective"]["bound"] = plan["objective"]["value"] * (1 + 1e-5)


FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "another rate": (at("cells.0.rate_rps", 5.0), "rate_rps 5 but the demand says 6"),
    "fractions not 1": (at("cells.0.routing.api", 0.2), "fractions sum to 1.0333"),
    "a strange LLM": (
        at("cells.0.routing.c", 0.0),
        "cells.0 (class chat, case day): routing: names",
    ),
    "quality 1 % too high": (raise_quality, "cells.0 (class chat, case day): quality: 0.568"),
    "quality too low": (at("cells.0.quality", 0.5), "not a minimiser"),
    "a price moved": (at("cells.0.dual_prices.api", 0.45), "cells.0 (class chat, case day)"),
    "a price left out": (without("cells.0.dual_prices.api"), "api has none (is never chosen)"),
    "a price without fraction": (at("cells.2.dual_prices.api", 0.9), "its price must be null"),
    "a price of another class's LLM": (
        at("cells.1.dual_prices.api", 0.9),
        "cells.1 (class batch, case day): dual_prices: api is not permitted",
    ),
    "another rule": (at("cells.0.router.rule", "random"), "unknown rule random"),
    "ties left out": (at("cells.0.router.ties", []), "the tie group"),
    "an empty tie": (
        at("cells.0.router.ties.0", {"llms": [], "share": 0.0, "split": []}),
        "router.ties.0",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    assert cells_reported(fault, words), cells_problems(fault)


def test_entries_of_nothing_are_allowed() -> None:
    fault = both(at("cells.1.routing.api", 0.0), at("cells.1.dual_prices.api", None))
    assert cells_problems(fault) == ()


def test_classes_go_where_they_may() -> None:
    chat, batch = cells_demand().classes
    bound = replace(chat, permitted=(False, True, True))
    assert cells_reported(
        lambda plan: None,
        "cells.0 (class chat, case day): routing: a is not permitted for the class",
        classes=(bound, batch),
    )


def test_options_that_lack_a_column_of_the_class_do_not_serve_it() -> None:
    """By day one of two lanes of a has batch on it, and after every loss the only one."""
    problems = cells_problems(unjudged=frozenset({(0, 1)}))
    words = "option a on h100, tp 1, share 100 % lacks a column of the class's SLOs"
    assert [problem.partition(": ")[2] for problem in problems] == [
        f"lanes.1 (case day): {words}",
        f"lanes.6 (case lost, loss 0): {words}",
        f"lanes.8 (case lost, loss 1): {words}",
    ]


def test_scores_of_other_llms_are_not_read() -> None:
    chat, batch = cells_demand().classes
    values = batch.scores.values.copy()
    values[2] = np.nan
    unknown = replace(batch, scores=replace(batch.scores, values=values))
    assert cells_problems(classes=(chat, unknown)) == ()


def test_outside_keeps_its_rate_over_all_classes() -> None:
    """A permitted batch sends 0.5 req/s more to the API than it takes."""
    demand = cells_demand()
    chat, batch = demand.classes
    demand = replace(demand, classes=(chat, replace(batch, permitted=(True,) * 3)))
    day, *others = routings_by_hand()
    both_out = Routing(
        tuple(replace(x, rates=(x.rates[0], 0.75 * x.rates[1])) for x in day[0].lanes),
        ((1.0,), (0.5,)),
    )
    plan = make_cells_plan(demand, seats_by_hand(), [[both_out], *others])
    problems = run_cells_verifier(plan, replace(demand, cost_at_most=None))
    assert problems == ("case day: 1.5 req/s are sent to api, above its max_rate_rps 1",)


@pytest.mark.parametrize(
    ("slo", "words"),
    [
        (Slo("e2e", "mean", 9.0), "no column for the SLO e2e mean, all"),
        (Slo("ttft", "p90", 9.0, "each_llm"), "no column for the SLO ttft p90, each_llm"),
        (
            Slo("ttft", "p95", 0.64, "each_llm"),
            "api outside the cluster has 650 ms, above the each_llm limit 640 ms",
        ),
    ],
)
def test_outside_serves_only_under_limits_it_is_known_to_keep(slo: Slo, words: str) -> None:
    demand = cells_demand()
    chat, batch = demand.classes
    bound = (replace(chat, slos=(slo,)), batch)
    assert cells_reported(lambda plan: None, words, classes=bound)
    assert cells_reported(lambda plan: None, words, instance=replace(demand.instance, slos=(slo,)))


def test_any_percentile_of_the_metric_will_do_over_all_requests() -> None:
    demand = cells_demand()
    chat, batch = demand.classes
    known = (replace(chat, slos=(Slo("ttft", "p90", 0.7),)), batch)
    plan = make_cells_plan(replace(demand, classes=known), seats_by_hand(), routings_by_hand())
    assert run_cells_verifier(plan, replace(demand, classes=known)) == ()
    only_mean = replace(demand.outside[0], latency={("ttft", "mean"): API["ttft", "mean"]})
    assert any(
        "no column for the SLO ttft p90, all" in problem
        for problem in run_cells_verifier(
            plan, replace(demand, classes=known, outside=(only_mean,))
        )
    )


def test_floors_hold_in_every_cell() -> None:
    """Of batch the lowest cell is one of the lost node, which counts for no hours."""
    chat, batch = cells_demand().classes
    cells = [cell for cell in cells_plan()["cells"] if cell["class"] == "batch"]
    low = min(cells, key=lambda cell: cell["quality"])
    assert low["case"] == "lost"
    for below, wrong in ((-1e-5, False), (0.9e-6, False), (1.1e-6, True)):
        floor = replace(batch, quality_floor=low["quality"] + below)
        found = cells_problems(classes=(chat, floor))
        assert bool(found) == wrong
        assert all(problem.endswith(" of the class") for problem in found)


def test_outside_keeps_its_rate_in_every_state() -> None:
    api = replace(cells_demand().outside[0], max_rate=0.9)
    words = "1 req/s are sent to api, above its max_rate_rps 0.9"
    assert cells_problems(outside=(api,)) == tuple(
        f"case {state}: {words}" for state in ("day", "lost, loss 0", "lost, loss 1")
    )
