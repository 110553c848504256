"""The live program: it grows by rows and columns and keeps what it knows."""

import highspy
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.linear import LinearProgram
from planner.joint.solver import live_lp
from planner.joint.solver.highs import SolverError, SolveSettings, StopReason
from planner.joint.solver.live_lp import PRIMAL, LiveLp
from tests.joint.solver.test_highs import knapsack


def test_a_live_program_grows_by_rows_and_columns() -> None:
    live = LiveLp(knapsack(whole=False), SolveSettings())
    assert live.solve().value == pytest.approx(7.0)
    live.add_rows(np.array([-np.inf]), np.array([1.0]), csr_matrix(np.ones((1, 3))))
    tighter = live.solve()
    assert tighter.value == pytest.approx(10 - 2.5)
    live.add_columns(
        np.array([-4.0]), np.zeros(1), np.array([1.0]), csr_matrix(np.array([[0.0, 1.0]]))
    )
    assert live.solve().value == pytest.approx(6.0)
    assert (live.rows, live.columns) == (2, 4)
    live.fix_to_zero(np.array([3]))
    assert live.solve().value == pytest.approx(tighter.value)
    assert live.seconds > 0
    answer = live.solve()
    assert answer.row_dual is not None
    assert answer.row_dual.size == 2


def test_the_primal_simplex_says_the_same_and_is_left_after_one_solve() -> None:
    live = LiveLp(knapsack(whole=False), SolveSettings())
    value = live.solve().value
    first = np.arange(1)
    live.set_bounds(first, np.ones(1), np.ones(1))
    bounded = live.solve(PRIMAL)
    assert bounded.value == pytest.approx(live.solve().value)
    live.add_rows(np.full(1, 2.0), np.full(1, np.inf), csr_matrix(np.eye(1, 3)))
    assert live.solve(PRIMAL).stop is StopReason.INFEASIBLE
    live.set_row_sides(np.array([live.rows - 1]), np.full(1, -np.inf), np.full(1, np.inf))
    live.set_bounds(first, np.zeros(1), np.ones(1))
    assert live.solve().value == pytest.approx(value)
    assert live._highs.getOptionValue("simplex_strategy")[1] == 1  # HiGHS's dual


def test_integers_are_left_out() -> None:
    """The same program with and without them: 2/5 of the last item makes the difference."""
    live = LiveLp(knapsack(items=4), SolveSettings())
    answer = live.solve()
    assert answer.stop is StopReason.OPTIMAL
    assert answer.bound == answer.value


def test_rows_that_leave_nothing_make_it_infeasible_until_it_is_relieved() -> None:
    live = LiveLp(knapsack(whole=False), SolveSettings())
    live.solve()
    live.add_rows(np.array([5.0]), np.array([np.inf]), csr_matrix(np.ones((1, 3))))
    answer = live.solve()
    assert answer.stop is StopReason.INFEASIBLE
    assert answer.bound == np.inf
    live.add_columns(np.zeros(1), np.zeros(1), np.array([9.0]), csr_matrix(np.array([[0.0, 1.0]])))
    assert live.solve().stop is StopReason.OPTIMAL


def test_a_program_ends_at_the_deadline_and_leaves_no_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dense, and without any time, also the least that every solve is given."""
    monkeypatch.setattr(live_lp, "LEAST_SECONDS", 0.0)
    rng = np.random.default_rng(0)
    rows = columns = 700
    program = LinearProgram(
        cost=-rng.random(columns),
        matrix=csr_matrix(rng.random((rows, columns))),
        row_lower=np.full(rows, -np.inf),
        row_upper=rng.random(rows) + 1,
        low=np.zeros(columns),
        high=np.ones(columns),
        integer=np.zeros(columns, dtype=bool),
        offset=0.0,
    )
    answer = LiveLp(program, SolveSettings(time_limit=0.0)).solve()
    assert answer.stop is StopReason.TIME
    assert answer.x is None


class Refusing:
    """HiGHS that refuses a change of sides as long as it has a basis, or whatever happens."""

    def __init__(self, highs: highspy.Highs, *, always: bool) -> None:
        self._highs, self._always, self.cleared = highs, always, 0

    def changeRowsBounds(self, *arguments: object) -> highspy.HighsStatus:  # noqa: N802 - HiGHS's name
        if self._always or not self.cleared:
            return highspy.HighsStatus.kError
        return self._highs.changeRowsBounds(*arguments)

    def clearSolver(self) -> highspy.HighsStatus:  # noqa: N802 - HiGHS's name
        self.cleared += 1
        return self._highs.clearSolver()

    def __getattr__(self, name: str) -> object:
        return getattr(self._highs, name)


def test_a_change_that_is_refused_is_made_without_the_basis() -> None:
    live = LiveLp(knapsack(), SolveSettings())
    before = live.solve()
    live._highs = Refusing(live._highs, always=False)
    live.set_row_sides(np.array([0]), np.array([-np.inf]), np.array([0.0]))
    assert live.solve().value != before.value
    live._highs = Refusing(live._highs, always=True)
    with pytest.raises(SolverError, match="changeRowsBounds"):
        live.set_row_sides(np.array([0]), np.array([-np.inf]), np.array([1.0]))
