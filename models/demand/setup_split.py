"""The master of a cycle of setups in parts: rows over several setups priced, a program each setup.

    c x >= sum_r pi_r b_r + sum_s min_{x_s} (c - pi A)_s x_s + sum_j min (c - pi A)_j x_j

r: rows over columns of several setups or of none (cost, mean floor, starts, barred setups), with
prices pi and the side b that they press on; j: columns of no setup, within their bounds. It holds
for any prices (Lagrangian relaxation, Geoffrion, Math. Programming Study 2, 1974); with those of
the master's relaxation, and whole numbers in every part, it is no worse than that relaxation.
"""

from dataclasses import dataclass

import numpy as np

from models.demand.master_program import MasterProgram
from models.linear import LinearProgram

__all__ = ["SetupPart", "SplitMaster", "split_master"]


@dataclass(frozen=True, kw_only=True)
class SetupPart:
    """The program of one setup. replicas: (O,) its columns, -1 without."""

    linear: LinearProgram
    replicas: np.ndarray


@dataclass(frozen=True, kw_only=True)
class SplitMaster:
    """constant: what the parts' values are added to."""

    constant: float
    parts: tuple[SetupPart, ...]


def split_master(program: MasterProgram, row_dual: np.ndarray) -> SplitMaster:
    """The parts at prices (R,) of the master's rows, those of its relaxation."""
    linear, owner = program.linear, program.setup
    entries = linear.matrix.copy()
    entries.data = np.ones_like(entries.data)
    setups = range(len(program.replicas))
    held = np.array([entries @ (owner == s).astype(float) for s in setups])
    own = held == np.asarray(entries.sum(axis=1)).ravel()
    own &= held > 0
    across = ~own.any(axis=0)
    price = np.where(across, row_dual, 0.0)
    side = np.where(price > 0, linear.row_lower, linear.row_upper)
    # A price on a side that is not there is the solver's noise.
    price = np.where(np.isfinite(side), price, 0.0)
    side = np.where(np.isfinite(side), side, 0.0)
    reduced = linear.cost - linear.matrix.T @ price
    shared = owner < 0
    # Columns of no setup are starts and binaries, within bounds.
    ends = np.minimum(reduced[shared] * linear.low[shared], reduced[shared] * linear.high[shared])
    constant = linear.offset + float(price @ side) + float(ends.sum())
    parts = []
    for s in setups:
        columns, rows = np.flatnonzero(owner == s), np.flatnonzero(own[s])
        at = np.full(owner.size + 1, -1)
        at[columns] = np.arange(columns.size)
        parts.append(
            SetupPart(
                linear=LinearProgram(
                    cost=reduced[columns],
                    matrix=linear.matrix[rows][:, columns],
                    row_lower=linear.row_lower[rows],
                    row_upper=linear.row_upper[rows],
                    low=linear.low[columns],
                    high=linear.high[columns],
                    integer=linear.integer[columns],
                ),
                replicas=at[program.replicas[s]],
            )
        )
    return SplitMaster(constant=constant, parts=tuple(parts))
