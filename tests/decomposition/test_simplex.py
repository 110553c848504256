"""The small simplex against scipy."""

import numpy as np
import pytest
from scipy.optimize import linprog

from planner.decomposition.simplex import Simplex


@pytest.mark.parametrize("seed", range(40))
def test_the_small_simplex_finds_the_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = int(rng.integers(2, 7)), int(rng.integers(8, 30))
    matrix = np.round(rng.normal(size=(rows, columns)), 1)
    matrix = np.vstack([matrix, np.ones(columns)])
    rhs = (
        matrix @ rng.uniform(0, 1, columns)
        if seed % 4
        else np.append(rng.normal(size=rows) * 50, 1.0)
    )
    cost = rng.normal(size=columns)
    program = Simplex(matrix, rhs, {})
    known = linprog(-cost, A_eq=matrix, b_eq=rhs)
    assert program.feasible() == (known.status == 0)
    if known.status != 0:
        return
    duals = program.maximise(cost)
    x = program.point()
    assert np.allclose(matrix @ x, rhs, atol=1e-7)
    assert cost @ x == pytest.approx(-known.fun, abs=1e-7)
    assert duals @ rhs == pytest.approx(-known.fun, abs=1e-6)
    better = np.ones(rows + 1) * 0.1
    program.add(better)
    grown = linprog(-np.append(cost, 9.0), A_eq=np.column_stack([matrix, better]), b_eq=rhs)
    program.maximise(np.append(cost, 9.0))
    assert np.append(cost, 9.0) @ program.point() == pytest.approx(-grown.fun, abs=1e-6)
