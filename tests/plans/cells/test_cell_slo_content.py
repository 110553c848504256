"""What SLOs of cells and cases achieve, against np.interp at the lanes' loads."""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import Headroom
from planner.cell_solution import Lane, RoutedCase
from planner.plans.cells.cell_slo_content import case_slo_content, cell_slo_content
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.demand.plan_maker import achieved


def routed_day(case: int = 0, share: float = 1.0) -> RoutedCase:
    """The lanes of the day by hand."""
    lanes = (
        Lane(0, 1, share * np.array([2.5, 0.0])),
        Lane(0, 1, share * np.array([1.0, 1.5])),
        Lane(1, 1, share * np.array([1.5, 0.5])),
    )
    return RoutedCase(
        case=case,
        lanes=lanes,
        outside=share * np.array([[1.0], [0.0]]),
        fractions={},
        settled={},
        value=0.0,
        quality=0.0,
        spend=0.0,
    )


def served(classes: tuple[int, ...], share: float = 1.0):
    """(curve, rate, load) of the requests of classes in the cluster."""
    demand = cells_demand()
    loads = [2.5, 1.0 + 2 * 1.5, 1.5 + 0.5]
    rates = [(2.5, 0.0), (1.0, 1.5), (1.5, 0.5)]
    options = [0, 0, 1]
    return [
        (demand.curve(o, c), share * rate[c], share * load)
        for o, rate, load in zip(options, rates, loads, strict=True)
        for c in classes
        if rate[c] > 0
    ]


def test_a_class_that_stays_in_the_cluster() -> None:
    demand = cells_demand()
    cell = list(demand.cells(0))[1]
    (content,) = cell_slo_content(demand, routed_day(), cell)
    truth = achieved(demand.classes[1].slos[0], served((1,)))
    assert content["achieved_ms"] == pytest.approx(1000 * truth)
    assert content["limit_ms"] == 800.0
    assert content["scope"] == "each_llm"


def test_requests_outside_count_at_the_latency_of_the_llm_there() -> None:
    demand = cells_demand()
    cell = next(iter(demand.cells(0)))
    content = cell_slo_content(demand, routed_day(), cell)
    mean = next(entry for entry in content if entry["statistic"] == "mean")
    inside = sum(
        rate * float(np.interp(load, curve.rates, curve.latency["ttft", "mean"]))
        for curve, rate, load in served((0,))
    )
    assert mean["achieved_ms"] == pytest.approx(1000 * (inside + 1.0 * 0.42) / 6.0)


def test_limits_carry_the_factor_and_binding_is_near_them() -> None:
    demand = cells_demand()
    cell = next(iter(demand.cells(2)))
    content = cell_slo_content(demand, routed_day(2, 0.5), cell)
    assert [entry["limit_ms"] for entry in content] == pytest.approx([840.0, 540.0])
    tight = replace(demand.classes[0].slos[1], limit=content[1]["achieved_ms"] / 1000 / 1.2)
    binding = replace(
        demand,
        classes=(replace(demand.classes[0], slos=(tight,)), demand.classes[1]),
    )
    assert cell_slo_content(binding, routed_day(2, 0.5), cell)[0]["binding"]
    assert not content[1]["binding"]


def test_with_headroom_the_tightened_limit_stands_beside_the_stated_and_binds() -> None:
    demand = cells_demand()
    free = replace(demand, instance=replace(demand.instance, headroom=Headroom(slo=0.25)))
    cell = next(iter(demand.cells(2)))
    content = cell_slo_content(free, routed_day(2, 0.5), cell)
    assert [entry["limit_ms"] for entry in content] == pytest.approx([840.0, 540.0])
    assert [entry["planned_limit_ms"] for entry in content] == pytest.approx([630.0, 405.0])
    part = content[1]["achieved_ms"] / content[1]["limit_ms"]
    at = replace(demand, instance=replace(demand.instance, headroom=Headroom(slo=1.0 - part)))
    (_, entry) = cell_slo_content(at, routed_day(2, 0.5), cell)
    assert entry["binding"]
    assert not content[1]["binding"]


def test_of_lost_nodes_the_largest_latency_of_all_losses() -> None:
    demand, slo = cells_demand(), cells_demand().instance.slos[0]
    light, heavy = routed_day(2, 0.5), routed_day(2, 1.0)
    both = case_slo_content(demand, [light, heavy], 2, slo)["achieved_ms"]
    alone = [case_slo_content(demand, [one], 2, slo)["achieved_ms"] for one in (light, heavy)]
    assert both == max(alone)
    assert alone[0] < alone[1]


def test_nothing_is_achieved_without_requests() -> None:
    content = case_slo_content(cells_demand(), [], 1, cells_demand().instance.slos[0])
    assert content["achieved_ms"] is None
    assert not content["binding"]
