"""What convexity would cost: by a linear program, and at the edges."""

import numpy as np
import pytest
from scipy.optimize import linprog

from profiles.hygiene.shape import convex_shape_cost


def test_convex_cost_by_a_linear_program():
    """An independent way: the least c such that a convex function fits between D and (1 + c) D on a
    grid, by linear programming.
    """
    draw = np.random.default_rng(3)
    for _ in range(12):
        rates = np.sort(draw.uniform(0.5, 10, draw.integers(2, 6)))
        latency = draw.uniform(50, 200, len(rates))
        grid = np.union1d(np.linspace(0, rates[-1], 160), rates)[1:]
        budget = grid * np.interp(grid, rates, latency)
        x = np.concatenate([[0.0], grid])
        n = len(grid)
        lower = np.hstack([-np.eye(n), np.zeros((n, 1))])
        upper = np.hstack([np.eye(n), -budget[:, None]])
        bends = np.zeros((n - 1, n + 1))
        for k in range(1, n):
            left, right = 1 / (x[k] - x[k - 1]), 1 / (x[k + 1] - x[k])
            bends[k - 1, k] = -right
            bends[k - 1, k - 1] = left + right
            if k > 1:
                bends[k - 1, k - 2] = -left
        rows = np.vstack([lower, upper, bends])
        sides = np.concatenate([-budget, budget, np.zeros(n - 1)])
        least = linprog(np.eye(n + 1)[-1], rows, sides, bounds=[(None, None)] * n + [(0, None)]).fun
        assert convex_shape_cost(rates, latency) == pytest.approx(least, abs=0.02)


def test_convex_cost_of_convex_and_degenerate_curves():
    assert convex_shape_cost(np.array([1.0, 2.0, 4.0]), np.array([10.0, 12.0, 30.0])) == 0
    assert convex_shape_cost(np.array([0.0]), np.array([10.0])) == 0
    assert convex_shape_cost(np.array([3.0]), np.array([10.0])) == 0
    assert convex_shape_cost(np.array([1.0, 2.0]), np.array([0.0, 0.0])) == 0
    assert convex_shape_cost(np.array([1.0, 2.0]), np.array([5e-324, 1e308])) == 0


@pytest.mark.parametrize("factor", [1.0, 1e306, 1e-306])
def test_the_cost_of_convexity_has_no_unit(factor: float) -> None:
    rates, latency = np.array([1.0, 2.0, 4.0]), np.array([10.0, 30.0, 31.0])
    cost = convex_shape_cost(rates, latency)
    assert cost > 0.1
    assert convex_shape_cost(factor * rates, latency) == pytest.approx(cost)
    assert convex_shape_cost(rates, factor * latency) == pytest.approx(cost)
    assert convex_shape_cost(np.array([5e-324, *rates]), np.array([10.0, *latency])) == (
        pytest.approx(cost)
    )
    assert convex_shape_cost(np.array([1.0, 2.0]), np.array([100.0, 50.0])) == pytest.approx(
        1.0, abs=0.01
    )
