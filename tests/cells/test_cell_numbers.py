"""Each number moves alone, in the direction that helps, and stays within what is told of it."""

from dataclasses import replace

import pytest

from models.demand.requests import DemandInstance
from planner.cell_solution import CellNumberKind
from planner.cells.cell_numbers import movable_numbers
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.demand.random_demands import random_demand


def everything() -> DemandInstance:
    """Numbers of nearly all kinds."""
    demand = random_demand(3, "everything")
    llms = demand.instance.llms
    limited = replace(llms[0], min_replicas=2, max_replicas=4)
    changed = replace(demand.instance, llms=(limited, *llms[1:]), min_utilization=0.2)
    return replace(demand, instance=changed)


DEMANDS = (everything(), random_demand(1, "classes_cost"), cells_demand())


@pytest.mark.parametrize("demand", DEMANDS, ids=("everything", "cost", "by hand"))
def test_a_number_moves_alone(demand: DemandInstance) -> None:
    for one in movable_numbers(demand):
        assert same(one.apply(one.before), demand), one.number
        between = (one.before + one.most) / 2
        between = float(round(between)) if one.whole else between
        moved = one.apply(between)
        assert not same(moved, demand), one.number
        again = {other.number: other for other in movable_numbers(moved)}[one.number]
        assert again.before == pytest.approx(between, rel=1e-12)
        assert same(again.apply(one.before), demand), one.number


def test_every_kind_of_number_is_known() -> None:
    kinds = {one.number.kind for demand in DEMANDS for one in movable_numbers(demand)}
    assert kinds == set(CellNumberKind)


def test_requests_limits_and_money_move_to_where_they_help() -> None:
    fewer = {CellNumberKind.RATE, CellNumberKind.LEAST, CellNumberKind.UTILIZATION}
    fewer |= {kind for kind in CellNumberKind if kind.name.endswith("FLOOR")}
    for demand in DEMANDS:
        for one in movable_numbers(demand):
            assert one.upwards == (one.number.kind not in fewer), one.number


def same(one: DemandInstance, other: DemandInstance) -> bool:
    """By what they say: records hold arrays, which have no equality of their own."""
    return repr(one) == repr(other)
