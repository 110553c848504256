"""A mixed-integer linear program as arrays: what passes between the builders and the solver."""

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_matrix


@dataclass(frozen=True, kw_only=True)
class LinearProgram:
    """Arrays of the program.

    minimise   cost . x + offset
    s.t.       row_lower <= matrix x <= row_upper
               low <= x <= high,   x_j whole where integer_j

    cost, low, high, integer: (C,). row_lower, row_upper: (R,). matrix: (R, C) CSR. row_names,
    column_names: R and C names, or none.
    """

    cost: np.ndarray
    matrix: csr_matrix
    row_lower: np.ndarray
    row_upper: np.ndarray
    low: np.ndarray
    high: np.ndarray
    integer: np.ndarray
    offset: float = 0.0
    row_names: list[str] = field(default_factory=list)
    column_names: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.row_lower.size, self.cost.size
