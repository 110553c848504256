"""States of a plan over cells by position: rates add up, loads follow, replicas are dealt."""

from dataclasses import replace

import numpy as np
import pytest

from models.demand.requests import DemandInstance
from models.instance import Headroom
from planner.plans.cells.cells_states import (
    alike_losses,
    lane_replicas,
    read_cells_states,
    replica_nodes,
    state_at_stated_rates,
    state_name,
    state_operating_points,
)
from planner.plans.latencies import achieved_latency
from tests.support.demand.cells_by_hand import cells_demand, cells_plan


def test_every_state_serves_its_rates() -> None:
    demand, plan = cells_demand(), cells_plan()
    states = read_cells_states(plan, demand)
    assert [(state.case, state.loss is None) for state in states[:2]] == [(0, True), (1, True)]
    assert all(state.case == 2 and state.loss is not None for state in states[2:])
    for state in states:
        inside = sum(lane.rates for lane in state.lanes)
        rates = np.array(demand.cases[state.case].rates)
        assert inside + state.outside.sum(axis=1) == pytest.approx(rates, abs=1e-3)
        for lane in state.lanes:
            stated = plan["lanes"][lane.position]
            assert lane.load == pytest.approx(stated["load_rps"])
            assert lane.replicas == stated["replicas"]


def test_a_plan_with_headroom_is_read_at_its_rates_and_brought_to_the_stated_ones() -> None:
    """The plan by hand, of a demand that states less and keeps the rest free."""
    plan, free = cells_plan(), stated_less()
    for with_it, plain in zip(
        read_cells_states(plan, free), read_cells_states(plan, cells_demand()), strict=True
    ):
        assert with_it.outside == pytest.approx(plain.outside)
        stated = state_at_stated_rates(free, with_it)
        assert stated.outside == pytest.approx(0.8 * plain.outside)
        for one, lane in zip(stated.lanes, plain.lanes, strict=True):
            assert one.rates == pytest.approx(0.8 * lane.rates)
            assert one.load == pytest.approx(0.8 * lane.load)


def stated_less() -> DemandInstance:
    demand = cells_demand()
    cases = tuple(replace(c, rates=tuple(0.8 * r for r in c.rates)) for c in demand.cases)
    instance = replace(demand.instance, headroom=Headroom(rate=0.25))
    return replace(demand, cases=cases, instance=instance)


def test_what_a_cell_achieves_follows_from_its_points() -> None:
    demand, plan = cells_demand(), cells_plan()
    state = read_cells_states(plan, demand)[0]
    points = state_operating_points(demand, state, [0])
    achieved = achieved_latency(points, demand.classes[0].slos[0])
    assert achieved is not None
    assert 1000 * achieved == pytest.approx(state.cells[0]["slo"][0]["achieved_ms"])


def test_replicas_are_dealt_to_lanes_once_each_and_only_survivors() -> None:
    demand, plan = cells_demand(), cells_plan()
    seats = replica_nodes(plan["setups"][0])
    assert sorted(node for _, node, _ in seats.values()) == [0, 1, 2]
    for state in read_cells_states(plan, demand):
        nodes = {} if state.loss is None else plan["losses"][state.loss]["nodes"]
        dealt = lane_replicas(plan["setups"][0], state, nodes)
        held = [(lane.setup_option, r) for lane, own in zip(state.lanes, dealt, strict=True)
                for r in own]  # fmt: skip
        assert len(set(held)) == len(held) == sum(lane.replicas for lane in state.lanes)
        lost = set() if state.loss is None else set(plan["losses"][state.loss]["nodes"]["h100"])
        assert not {seats[key][1] for key in held} & lost


def test_a_loss_that_shares_a_routing_deals_its_own_survivors() -> None:
    demand, plan = cells_demand(), cells_plan()
    state = next(s for s in read_cells_states(plan, demand) if s.loss is not None)
    shared = [k for k, loss in enumerate(plan["losses"]) if loss["same_as"] == state.loss]
    seats = replica_nodes(plan["setups"][0])
    for loss in shared:
        lost = set(plan["losses"][loss]["nodes"]["h100"])
        dealt = lane_replicas(plan["setups"][0], state, plan["losses"][loss]["nodes"])
        for lane, own in zip(state.lanes, dealt, strict=True):
            assert len(own) == lane.replicas
            assert not {seats[lane.setup_option, r][1] for r in own} & lost


def test_alike_losses_are_as_many_as_the_plan_says() -> None:
    plan = {**cells_plan(), "context": {"pools": [{"name": "h100", "nodes": 3}]}}
    for k, loss in enumerate(plan["losses"]):
        found = alike_losses(plan, k, 99)
        assert len(found) == loss["alike"]
        assert found[0] == {"h100": tuple(loss["nodes"]["h100"])}
        assert len({one["h100"] for one in found}) == len(found)
        assert len(alike_losses(plan, k, 1)) == 1
    everything = [one["h100"] for k in range(len(plan["losses"]))
                  for one in alike_losses(plan, k, 99)]  # fmt: skip
    assert sorted(everything) == [(0,), (1,), (2,)]


def test_a_state_is_named_by_its_case_and_lost_nodes() -> None:
    demand, plan = cells_demand(), cells_plan()
    names = [state_name(plan, demand, state) for state in read_cells_states(plan, demand)]
    assert names[0] == "day"
    assert names[2].startswith("lost, lost node ")
    assert names[2].endswith(" of h100")
