"""Packings near what runs: what stays, what starts, and what both cost, by hand."""

from dataclasses import replace

import pytest

from models.instance import Instance, Running
from models.packing.first_fit import packing_of_seats
from planner.running_seats import place_near_running_seats, running_seats, running_seats_cost
from tests.support.instances.by_hand import flat, make, option


def instance(*places: tuple[int, int, tuple[int, ...]], price: float = 0.5) -> Instance:
    """Two LLMs on four GPUs, some replicas of which run."""
    plain = make([option(0, flat(0.1, 10)), option(1, flat(0.1, 10))], 10, gpus=4)
    counts = tuple(sum(place[0] == o for place in places) for o in range(2))
    running = Running(replicas=counts, rates=(1.0, 1.0), places=places, start_price=price)
    return replace(plain, running=running)


def test_seats_that_the_pool_has_no_more_are_none() -> None:
    runs = instance((0, 0, (1,)), (0, 0, (9,)), (0, 7, (0,)), (1, 0, (2, 3)))
    assert running_seats(runs, 0) == [(0, 0, 0, (1,))]
    assert running_seats(replace(runs, running=None), 0) == []


def test_what_may_stay_stays_and_the_rest_starts() -> None:
    runs = instance((0, 0, (3,)), (1, 0, (1,)))
    packed = packing_of_seats([(0, 0, 0, (0,)), (0, 1, 0, (1,)), (1, 0, 0, (2,))])
    assert running_seats_cost(runs, [packed]) == pytest.approx(3 * 0.5)
    (placed,) = place_near_running_seats(runs, [packed])
    assert {(0, 0, (3,)), (1, 0, (1,))} < {(key, node, gpus) for key, _, node, gpus in placed.seats}
    assert running_seats_cost(runs, [placed]) == pytest.approx(0.5)
    (renamed,) = place_near_running_seats(runs, [packed], [True])
    assert running_seats_cost(runs, [renamed]) == pytest.approx(0.5)


def test_without_a_price_nothing_costs_and_replicas_stay_all_the_same() -> None:
    runs = instance((0, 0, (3,)), price=0.0)
    packed = packing_of_seats([(0, 0, 0, (0,))])
    (placed,) = place_near_running_seats(runs, [packed])
    assert placed.seats == ((0, 0, 0, (3,)),)
    assert running_seats_cost(runs, [packed]) == 0.0
    assert place_near_running_seats(replace(runs, running=None), [packed]) == (packed,)
