"""A small linear program, solved with numpy only: the primal simplex method on a dense matrix
whose columns may grow.

    max  cost . x     s.t.  columns @ x = rhs,  x >= 0          columns (m, n), m a few dozen at
                                                most

Revised form: the inverse of the basis is kept and updated by pivots, and recomputed after every
REFRESH of them. Rows without a column to start from get an artificial one, which `feasible` drives
out.
Largest reduced cost enters; after STALLED pivots without progress the first eligible column does
(Bland's rule, which cannot cycle). The results are used as prices and as a mix whose value is
computed elsewhere, so an error here makes bounds loose, never wrong.
"""

import numpy as np

__all__ = ["Simplex"]

REFRESH = 40
"""Pivots after which the inverse is computed again: rank-one updates add up rounding."""

STALLED = 30
"""Pivots without progress after which Bland's rule chooses."""

MOST_PIVOTS = 5_000

PIVOT = 1e-10
"""Smallest element that may be pivoted on."""

FEASIBILITY_TOL = 1e-9
"""Sum of the artificial columns at which the rows count as met."""


class Simplex:
    """The program and its basis.

    start: columns that are unit vectors, by row, of rows with rhs >= 0.
    """

    def __init__(self, columns: np.ndarray, rhs: np.ndarray, start: dict[int, int]) -> None:
        self.sign = np.where(rhs < 0, -1.0, 1.0)
        self.rhs = rhs * self.sign
        rows, known = columns.shape
        self.size = known
        self._store = np.empty((rows, known + 64))
        self._store[:, :known] = columns * self.sign[:, None]
        self.basis = np.array([start.get(row, -1 - row) for row in range(rows)])
        self.inverse = np.eye(rows)
        self.at = self.rhs.copy()
        self.barred = np.zeros(known, dtype=bool)
        self.pivots = 0
        self.proof = np.zeros(rows)

    @property
    def columns(self) -> np.ndarray:
        """(m, n) with the signs of the rows turned."""
        return self._store[:, : self.size]

    def add(self, column: np.ndarray) -> None:
        """Append one column at value 0."""
        if self.size == self._store.shape[1]:
            self._store = np.hstack([self._store, np.empty_like(self._store)])
        self._store[:, self.size] = column * self.sign
        self.size += 1
        self.barred = np.append(self.barred, False)

    def state(self) -> tuple[np.ndarray, np.ndarray]:
        """The present basis and its inverse, for `restart`."""
        return self.basis.copy(), self.inverse.copy()

    def restart(self, state: tuple[np.ndarray, np.ndarray], rhs: np.ndarray) -> bool:
        """Go back to an earlier basis with another right-hand side; whether that is feasible."""
        self.basis, self.inverse = state[0].copy(), state[1].copy()
        self.rhs = rhs * self.sign
        self.at = self.inverse @ self.rhs
        return bool(self.at.min() >= -FEASIBILITY_TOL)

    def point(self) -> np.ndarray:
        """x (n,)."""
        x = np.zeros(self.size)
        real = self.basis >= 0
        x[self.basis[real]] = np.maximum(self.at[real], 0.0)
        return x

    def feasible(self) -> bool:
        """Drive the artificial columns to 0; whether that is possible."""
        self.proof = self.maximise(np.zeros(self.size), artificial=-1.0) * self.sign
        return float(self.at[self.basis < 0].sum()) <= FEASIBILITY_TOL

    def refuted(self, largest: float) -> bool:
        """Whether the duals y of a failed `feasible` prove it (y @ columns >= 0, y @ rhs < 0) for x
        that sum to at most `largest`.
        """
        slack = -min(float((self.proof @ self.columns).min(initial=0.0)), 0.0)
        return float(self.proof @ self.rhs) < -(1e-9 + slack * largest)

    def maximise(
        self, cost: np.ndarray, artificial: float = 0.0, tolerance: float = 1e-9
    ) -> np.ndarray:
        """Go to an optimum from the present basis; the duals (m,) of the rows as they were
        given.
        """
        stalled = 0
        for _ in range(MOST_PIVOTS):
            basis_cost = np.where(self.basis >= 0, cost[np.maximum(self.basis, 0)], artificial)
            duals = basis_cost @ self.inverse
            reduced = cost - duals @ self.columns
            reduced[self.barred] = -np.inf
            enters = int(np.argmax(reduced))
            if reduced[enters] <= tolerance:
                break
            if stalled > STALLED:
                enters = int(np.flatnonzero(reduced > tolerance)[0])
            step = self._pivot(enters, bland=stalled > STALLED, phase_one=artificial < 0)
            if step is None:
                break
            stalled = stalled + 1 if step <= 1e-12 else 0
        return duals * self.sign

    def _pivot(self, enters: int, *, bland: bool, phase_one: bool) -> float | None:
        """Bring one column in; the step length, None when nothing stops it (it cannot be in a
        bounded program).
        """
        change = self.inverse @ self._store[:, enters]
        stops = change > PIVOT
        ratio = np.full(change.size, np.inf)
        ratio[stops] = np.maximum(self.at[stops], 0.0) / change[stops]
        if not phase_one:
            ratio[(self.basis < 0) & (np.abs(change) > PIVOT)] = (
                0.0  # an artificial column at 0 must not rise
            )
        step = float(ratio.min())
        if step == np.inf:
            return None
        tied = np.flatnonzero(ratio <= step + 1e-12)
        leaves = int(
            tied[np.argmin(self.basis[tied])] if bland else tied[np.argmax(np.abs(change[tied]))]
        )
        self.basis[leaves] = enters
        self.pivots += 1
        if self.pivots % REFRESH == 0:
            self._refresh()
            return step
        row = self.inverse[leaves] / change[leaves]
        self.inverse -= np.outer(change, row)
        self.inverse[leaves] = row
        self.at -= step * change
        self.at[leaves] = step
        return step

    def _refresh(self) -> None:
        """Compute inverse and values again from the basis."""
        rows = self.rhs.size
        basic = np.zeros((rows, rows))
        for row, column in enumerate(self.basis):
            if column >= 0:
                basic[:, row] = self._store[:, column]
            else:
                basic[-1 - column, row] = 1.0
        try:
            self.inverse[:] = np.linalg.inv(basic)
        except np.linalg.LinAlgError:
            return  # the updated inverse is the better one
        self.at = self.inverse @ self.rhs
