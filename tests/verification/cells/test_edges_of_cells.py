"""Every tolerance of the checks of cells from both sides: nine tenths of it are forgiven, eleven
tenths are not.
"""

from dataclasses import replace

import pytest

from models.instance import Slo
from tests.support.demand.cells_by_hand import (
    at,
    both,
    cells_demand,
    cells_plan,
    cells_reported,
)
from tests.support.demand.plan_maker import Plan

EDGES: dict[str, tuple[float, str]] = {
    "cells.0.rate_rps": (6e-6, "cells.0 (class chat, case day): rate_rps"),
    "cells.1.rate_rps": (2e-6, "cells.1 (class batch, case day): rate_rps"),
    "lanes.1.load_rps": (4e-6 + 1e-9, "load_rps"),
    "cases.0.hours": (14e-6, "cases (day): hours"),
    "cases.1.hours": (10e-6, "cases (night): hours"),
    "cases.0.quality": (1.6e-9, "cases (day): quality"),
    "quality": (1.6e-9, "but its cells give"),
    "cases.0.cost_usd_per_h": (13.2e-6 + 1e-9, "cases (day): cost_usd_per_h"),
    "cases.1.cost_usd_per_h": (6e-6 + 1e-9, "cases (night): cost_usd_per_h"),
    "cost.gpus_usd_per_h": (6e-6 + 1e-9, "cost.gpus_usd_per_h"),
    "cost.outside_usd_per_h": (4.2e-6 + 1e-9, "cost.outside_usd_per_h"),
    "cost.starts_usd_per_h": (1e-9, "cost.starts_usd_per_h"),
    "cost_usd_per_h": (10.2e-6 + 1e-9, "cost_usd_per_h: 10."),
}


def number(plan: Plan, path: str) -> float:
    place = plan
    for key in path.split("."):
        place = place[int(key)] if isinstance(place, list) else place[key]
    return float(place)


@pytest.mark.parametrize("path", EDGES)
def test_a_restated_number_may_be_off_by_its_tolerance(path: str) -> None:
    slack, words = EDGES[path]
    value = number(cells_plan(), path)
    if path.endswith("quality"):
        slack = 1e-9 * (1 + value)
    for share, wrong in ((0.9, False), (1.1, True), (-0.9, False), (-1.1, True)):
        assert cells_reported(at(path, value + share * slack), words) is wrong, share


@pytest.mark.parametrize(("share", "wrong"), [(0.9, False), (1.1, True), (-9.0, False)])
def test_limits_may_be_passed_by_their_tolerance(share: float, *, wrong: bool) -> None:
    """1e-7 of the rate outside, of a limit of each LLM and 1e-6 of the budget."""
    demand = cells_demand()
    (api,) = demand.outside
    limited = (replace(api, max_rate=1.0 / (1 + share * 1e-7)),)
    assert cells_reported(lambda plan: None, "above its max_rate_rps", outside=limited) is wrong
    most = 10.2 / (1 + share * 1e-6)
    assert cells_reported(lambda plan: None, "above cost_at_most", cost_at_most=most) is wrong
    limit = Slo("ttft", "p95", 0.65 / (1 + share * 1e-7), "each_llm")
    chat, batch = demand.classes
    bound = (replace(chat, slos=(limit,)), batch)
    assert cells_reported(lambda plan: None, "above the each_llm limit", classes=bound) is wrong
    assert (
        cells_reported(
            lambda plan: None,
            "(class chat, case day): api outside",
            instance=replace(demand.instance, slos=(limit,)),
        )
        is wrong
    )


@pytest.mark.parametrize(("share", "wrong"), [(0.9, False), (1.1, True), (-9.0, False)])
def test_a_load_may_pass_the_last_profiled_rate_by_float_noise(
    share: float, *, wrong: bool
) -> None:
    load = 12.0 * (1 + share * 1e-9)
    fault = both(at("lanes.0.rates.chat", load), at("lanes.0.load_rps", load))
    assert cells_reported(fault, "is above the highest profiled rate 12") is wrong


@pytest.mark.parametrize(("share", "wrong"), [(0.9, False), (1.1, True)])
def test_a_class_may_send_float_noise_where_it_may_not_go(share: float, *, wrong: bool) -> None:
    """1e-9 of its requests."""
    fault = at("cells.1.routing.api", share * 1e-9)
    assert cells_reported(fault, "routing: api is not permitted for the class") is wrong
