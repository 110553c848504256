"""The border to HiGHS: answers, stops, a live program that grows, faults that are not silent."""

import threading
from dataclasses import replace
from pathlib import Path

import highspy
import numpy as np
import pytest
from scipy.sparse import csr_matrix

import planner.joint.solver.highs as border
from models.linear import LinearProgram
from planner.joint.solver.highs import (
    SolverError,
    SolveSettings,
    StopReason,
    solve_with_highs,
    write_highs_program,
)
from planner.joint.solver.live_lp import LiveLp


def knapsack(items: int = 3, *, whole: bool = True) -> LinearProgram:
    """Maximise sum (j + 1) x_j, sum (2 j + 1) x_j <= 4, x_j <= 1."""
    j = np.arange(items)
    return LinearProgram(
        cost=-(j + 1.0),
        matrix=csr_matrix((2.0 * j + 1).reshape(1, -1)),
        row_lower=np.array([-np.inf]),
        row_upper=np.array([4.0]),
        low=np.zeros(items),
        high=np.ones(items),
        integer=np.full(items, whole),
        offset=10.0,
    )


def test_an_optimum_with_offset_and_bound() -> None:
    answer = solve_with_highs(knapsack(), SolveSettings())
    assert answer.stop is StopReason.OPTIMAL
    assert answer.value == pytest.approx(7.0)
    assert answer.bound == pytest.approx(7.0)
    assert answer.x == pytest.approx([1, 1, 0])
    relaxed = solve_with_highs(knapsack(whole=False), SolveSettings())
    assert relaxed.value == pytest.approx(10 - (1 + 2))


@pytest.mark.parametrize("presolve", [True, False])
def test_a_cutoff_keeps_the_optimum_and_bounds_no_more_than_itself(presolve: bool) -> None:
    for items in (3, 5, 9):
        best = solve_with_highs(knapsack(items), SolveSettings()).value
        for above in (1e-6, 0.5, 20.0):
            answer = solve_with_highs(
                knapsack(items), SolveSettings(cutoff=best + above, presolve=presolve)
            )
            assert answer.value == pytest.approx(best)
            assert answer.bound == pytest.approx(best)
        for below in (0.5, 20.0):
            beyond = solve_with_highs(
                knapsack(items), SolveSettings(cutoff=best - below, presolve=presolve)
            )
            # Nothing is below the cutoff: no answer, or one beyond it whose bound is the cutoff.
            empty = beyond.stop is StopReason.INFEASIBLE and beyond.x is None
            assert empty or beyond.bound <= best - below < beyond.value


def test_infeasible_and_unbounded() -> None:
    program = knapsack()
    impossible = replace(program, row_lower=np.array([9.5]), row_upper=np.array([np.inf]))
    answer = solve_with_highs(impossible, SolveSettings())
    assert (answer.stop, answer.bound, answer.x) == (StopReason.INFEASIBLE, np.inf, None)
    loose = replace(knapsack(whole=False), row_upper=np.array([np.inf]), high=np.full(3, np.inf))
    assert solve_with_highs(loose, SolveSettings(presolve=False)).stop is StopReason.UNBOUNDED


def hard(seed: int = 0) -> LinearProgram:
    """A market split: HiGHS is busy with it for minutes."""
    rng = np.random.default_rng(seed)
    rows, items = 5, 40
    weight = rng.integers(0, 100, (rows, items)).astype(float)
    matrix = np.hstack([weight, np.eye(rows), -np.eye(rows)])
    right = np.floor(weight.sum(axis=1) / 2)
    columns = items + 2 * rows
    return LinearProgram(
        cost=np.concatenate([np.zeros(items), np.ones(2 * rows)]),
        matrix=csr_matrix(matrix),
        row_lower=right,
        row_upper=right,
        low=np.zeros(columns),
        high=np.concatenate([np.ones(items), np.full(2 * rows, np.inf)]),
        integer=np.arange(columns) < items,
    )


def test_limits_of_time_and_nodes_leave_plan_and_bound() -> None:
    for settings, stop in (
        (SolveSettings(time_limit=0.2), StopReason.TIME),
        (SolveSettings(nodes=50), StopReason.NODES),
    ):
        answer = solve_with_highs(hard(), settings)
        assert answer.stop is stop
        assert answer.bound <= answer.value + 1e-9


def test_a_cancelled_solve_comes_back() -> None:
    cancel = threading.Event()
    timer = threading.Timer(0.3, cancel.set)
    timer.start()
    answer = solve_with_highs(hard(), SolveSettings(cancel=cancel))
    timer.join()
    assert answer.stop is StopReason.INTERRUPT
    assert answer.seconds < 10


def test_progress_is_reported() -> None:
    seen: list[tuple[float, float]] = []
    solve_with_highs(hard(), SolveSettings(nodes=50, progress=lambda *both: seen.append(both)))
    assert seen
    assert all(bound <= value + 1e-6 for value, bound in seen)


def test_an_option_that_highs_does_not_know_is_an_error() -> None:
    highs = border.new_highs_solver(SolveSettings())
    with pytest.raises(SolverError, match="no_such_option"):
        border.set_highs_options(highs, no_such_option=1)
    with pytest.raises(SolverError, match="random_seed"):
        border.set_highs_options(highs, random_seed=-5)


def test_a_value_that_is_not_the_point_s_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    real = border.pass_program_to_highs

    def wrong(highs: object, program: LinearProgram) -> None:
        real(highs, replace(program, offset=program.offset + 1.0))  # type: ignore[arg-type]

    monkeypatch.setattr(border, "pass_program_to_highs", wrong)
    with pytest.raises(SolverError, match="its point has"):
        solve_with_highs(knapsack(), SolveSettings())


def test_names_that_a_format_does_not_allow_are_an_error(tmp_path: Path) -> None:
    program = replace(knapsack(), row_names=["weight"], column_names=["x[0]", "x[1]", "x[2]"])
    write_highs_program(program, tmp_path / "m.mps")
    with pytest.raises(SolverError, match=r"m\.lp"):
        write_highs_program(program, tmp_path / "m.lp")


@pytest.mark.parametrize("threads", [2, 1])
def test_other_numbers_of_threads_before_do_not_matter(threads: int) -> None:
    """HiGHS starts one pool of threads a process and refuses to run with another number."""
    other = highspy.Highs()
    other.setOptionValue("output_flag", False)
    other.setOptionValue("threads", 3 - threads)
    other.addVar(0, 1)
    other.changeColIntegrality(0, highspy.HighsVarType.kInteger)
    highspy.Highs.resetGlobalScheduler(True)
    assert other.run() == highspy.HighsStatus.kOk
    assert solve_with_highs(knapsack(), SolveSettings(threads=threads)).value == pytest.approx(7.0)
    assert LiveLp(knapsack(whole=False), SolveSettings()).solve().value == pytest.approx(7.0)
