"""A mixed-integer linear program as arrays: what passes between the builders and the solver."""

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_matrix


@dataclass
class LinearProgram:
    """minimise cost . x + offset  s.t.  row_lower <= A x <= row_upper,  low <= x <= high,  x_j
    whole where integer_j.

    matrix: (R, C) CSR. names: column name -> position, for those that a reader needs.
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

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.row_lower.size, self.cost.size
