"""Each number moves alone, in the direction that helps, and stays within what is told of it."""

from dataclasses import replace

import pytest

from models.demand.requests import DemandInstance
from models.instance import Headroom
from planner.cell_solution import CellNumberKind
from planner.cells.cell_numbers import MovableNumber, movable_numbers
from tests.support.demand.cells_by_hand import cells_demand
from tests.support.demand.random_demands import random_demand


def everything() -> DemandInstance:
    """Numbers of nearly all kinds."""
    demand = random_demand(3, "everything")
    llms = demand.instance.llms
    limited = replace(llms[0], min_replicas=2, max_replicas=4)
    changed = replace(
        demand.instance,
        llms=(limited, *llms[1:]),
        min_utilization=0.2,
        headroom=Headroom(slo=0.1, rate=0.2, utilization=0.3),
    )
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
    fewer |= {kind for kind in CellNumberKind if kind.name.endswith(("FLOOR", "HEADROOM"))}
    for demand in DEMANDS:
        for one in movable_numbers(demand):
            assert one.upwards == (one.number.kind not in fewer), one.number


def same(one: DemandInstance, other: DemandInstance) -> bool:
    """By what they say: records hold arrays, which have no equality of their own."""
    return repr(one) == repr(other)


def test_limits_go_as_far_as_the_headroom_makes_them_useful() -> None:
    """With half of every limit kept free, twice the limit is of use."""
    plain = cells_demand()
    free = replace(plain, instance=replace(plain.instance, headroom=Headroom(slo=0.5, rate=1.0)))
    for kind in (CellNumberKind.SLO, CellNumberKind.FACTOR, CellNumberKind.OUTSIDE_RATE):
        for before, after in zip(of_kind(plain, kind), of_kind(free, kind), strict=True):
            assert after.before == before.before
            assert 1.5 * before.most <= after.most <= 2 * before.most + 1


def of_kind(demand: DemandInstance, kind: CellNumberKind) -> list[MovableNumber]:
    return [one for one in movable_numbers(demand) if one.number.kind is kind]
