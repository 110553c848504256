"""A linear program that stays in HiGHS: the simplex object of a cut loop, which grows by rows and
columns and keeps its basis. Adding a row here takes 2 ms, rebuilding the program 19 ms and more.
"""

import time
from dataclasses import replace

import highspy
import numpy as np
from scipy.sparse import csr_matrix

from models.linear import LinearProgram
from planner.joint.solver.highs import (
    VERSION,
    Answer,
    SolverError,
    SolveSettings,
    StopReason,
    check_call,
    highs_stop_reason,
    new_highs_solver,
    pass_program_to_highs,
    run_highs,
    set_highs_options,
    subscribe_to_highs,
)

LEAST_SECONDS = 0.05
"""Seconds that a solve may take at least."""

DUAL, PRIMAL = 1, 4
"""HiGHS's simplex_strategy."""


class LiveLp:
    """A linear program that keeps its basis while rows and columns are added.

    seconds: spent in HiGHS. Presolve is off, since it would discard the basis.
    """

    def __init__(self, program: LinearProgram, settings: SolveSettings) -> None:
        self._highs = new_highs_solver(settings)
        set_highs_options(self._highs, presolve="off")
        set_highs_options(self._highs, solver="simplex")
        continuous = replace(program, integer=np.zeros(program.cost.size, dtype=bool))
        pass_program_to_highs(self._highs, continuous)
        self.columns = program.cost.size
        self.rows = program.row_lower.size
        self.seconds = 0.0
        self._deadline = time.perf_counter() + settings.time_limit
        subscribe_to_highs(self._highs, settings)

    def add_rows(self, lower: np.ndarray, upper: np.ndarray, matrix: csr_matrix) -> None:
        """Append rows (R, C)."""
        matrix.sort_indices()
        starts = matrix.indptr[:-1].astype(np.int32)
        indices, data = matrix.indices.astype(np.int32), matrix.data.astype(float)
        self._change("addRows", lower.size, lower, upper, matrix.nnz, starts, indices, data)
        self.rows += lower.size

    def add_columns(
        self, cost: np.ndarray, low: np.ndarray, high: np.ndarray, matrix: csr_matrix
    ) -> None:
        """Append columns; matrix (new columns, R): one row of it per column."""
        matrix.sort_indices()
        starts = matrix.indptr[:-1].astype(np.int32)
        indices, data = matrix.indices.astype(np.int32), matrix.data.astype(float)
        self._change("addCols", cost.size, cost, low, high, matrix.nnz, starts, indices, data)
        self.columns += cost.size

    def fix_to_zero(self, columns: np.ndarray) -> None:
        """Take columns out of use."""
        if columns.size:
            zero = np.zeros(columns.size)
            self._change("changeColsBounds", columns.size, columns.astype(np.int32), zero, zero)

    def set_bounds(self, columns: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        """Change the bounds of columns."""
        if columns.size:
            self._change("changeColsBounds", columns.size, columns.astype(np.int32), low, high)

    def set_row_sides(self, rows: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        """Change the sides of rows."""
        if rows.size:
            self._change("changeRowsBounds", rows.size, rows.astype(np.int32), low, high)

    def set_costs(self, columns: np.ndarray, cost: np.ndarray) -> None:
        """Change the costs of columns."""
        if columns.size:
            self._change("changeColsCost", columns.size, columns.astype(np.int32), cost)

    def _change(self, call: str, *arguments: object) -> None:
        """Change the program. HiGHS 1.16 refused a change once in some thousand programs that had
        run for many rounds (changeRowsBounds, with sound numbers): then once more without its
        basis.
        """
        change = getattr(self._highs, call)
        if change(*arguments) == highspy.HighsStatus.kError:
            self._highs.clearSolver()
            check_call(change(*arguments), call)

    def _run(self) -> highspy.HighsModelStatus | None:
        """The status of a run, None where HiGHS ended with an error."""
        left = self._deadline - time.perf_counter()
        if np.isfinite(left):
            # HiGHS counts the seconds of all runs of one object: a single degenerate program of a
            # plunge took 20 s.
            limit = self._highs.getRunTime() + max(left, LEAST_SECONDS)
            set_highs_options(self._highs, time_limit=limit)
        try:
            run_highs(self._highs)
        except SolverError:
            return None
        return self._highs.getModelStatus()

    def solve(self, strategy: int = DUAL) -> Answer:
        """Solve from the present basis, by the dual simplex or the primal one."""
        began = time.perf_counter()
        set_highs_options(self._highs, simplex_strategy=strategy)
        status = self._run()
        # From a basis of many rounds, and with hundreds of nearly parallel cuts, the simplex may
        # end in trouble (unknown status, or an error): once more from scratch, then with presolve,
        # which rescales the program, then by the primal simplex.
        for presolve, strategy in (("off", DUAL), ("on", DUAL), ("off", PRIMAL)):
            if status is not None and status != highspy.HighsModelStatus.kUnknown:
                break
            self._highs.clearSolver()
            set_highs_options(self._highs, presolve=presolve, simplex_strategy=strategy)
            status = self._run()
        if status is None:
            raise SolverError(f"HiGHS {VERSION} failed in run, from scratch and with presolve")
        set_highs_options(self._highs, presolve="off", simplex_strategy=DUAL)
        stop = highs_stop_reason(status)
        solution, info = self._highs.getSolution(), self._highs.getInfo()
        spent = time.perf_counter() - began
        self.seconds += spent
        if stop is not StopReason.OPTIMAL:
            return Answer(
                stop=stop,
                value=np.inf,
                bound=np.inf if stop is StopReason.INFEASIBLE else -np.inf,
                x=None,
                seconds=spent,
            )
        value = float(info.objective_function_value)
        return Answer(
            stop=stop,
            value=value,
            bound=value,
            x=np.array(solution.col_value),
            row_dual=np.array(solution.row_dual),
            column_dual=np.array(solution.col_dual),
            nodes=0,
            seconds=spent,
        )
