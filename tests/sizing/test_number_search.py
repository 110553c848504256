"""Branch and bound over numbers against all of them, on costs that grow with the numbers."""

import math
from itertools import product

import numpy as np
import pytest

from models.demand.node_numbers import Numbers
from planner.sizing.number_search import NumberSearch, Relaxed, Tried, _boxes_around


def test_boxes_hold_everything_but_the_numbers_once() -> None:
    low, high, numbers = {0: 0, 2: 1}, {0: 3, 2: 4}, {0: 1, 2: 4}
    held = [
        point
        for least, most in _boxes_around(numbers, low, high)
        for point in product(*(range(least[p], most[p] + 1) for p in least))
    ]
    everything = set(product(range(4), range(1, 5)))
    assert len(held) == len(set(held))
    assert set(held) == everything - {(1, 4)}


@pytest.mark.parametrize("seed", range(12))
def test_the_best_numbers_are_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    price, need = rng.integers(1, 9, 2), int(rng.integers(3, 12))
    most = {0: 5, 1: 4}

    def loss(numbers: Numbers) -> float:
        if numbers[0] + 2 * numbers[1] < need:
            return math.inf
        return float(price[0] * numbers[0] + price[1] * numbers[1])

    solved: list[Numbers] = []

    def solve(numbers: Numbers) -> Tried:
        solved.append(dict(numbers))
        return Tried(loss(numbers), loss(numbers))

    def relax(low: Numbers, high: Numbers) -> Relaxed | None:
        if loss(high) == math.inf:
            return None
        return Relaxed(float(price[0] * low[0] + price[1] * low[1]), high)

    search = NumberSearch(relax=relax, solve=solve, gap=lambda _: 0.0, stopped=lambda: False)
    search.run({0: 0, 1: 0}, most)
    everything = [dict(enumerate(n)) for n in product(range(6), range(5))]
    assert search.loss == min(map(loss, everything))
    assert search.bound == search.loss
    assert len(solved) == len({tuple(one.items()) for one in solved}) < len(everything)
    assert search.tried == solved


def test_a_search_that_is_stopped_keeps_its_bound() -> None:
    ends = iter([False, True])
    search = NumberSearch(
        relax=lambda low, _: Relaxed(2.0 + low[0], {0: 3}),
        solve=lambda _: Tried(math.inf, 4.0),
        gap=lambda _: 0.0,
        stopped=lambda: next(ends),
    )
    search.run({0: 0}, {0: 5})
    assert search.best is None
    assert search.bound == 2.0
