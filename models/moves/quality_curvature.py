"""Curvature of quality: a program that knows how fast quality falls around some fractions, to find
setups. It is an estimate: unlike cuts and moves (models.moves.prompt_moves) it bounds nothing.

Around fractions c with prices alpha, on the smoothed g of models.newton_prices,

    Q(f) ~ g(alpha) + alpha . f - 1/2 (f - c)' H^+ (f - c),    H = Hessian of g_T at alpha     (1)

since Q is the concave conjugate of g. In the eigenvectors v_j of H, with eigenvalues h_j, that is
a sum of squares, each the maximum of its tangents:

    u_j = v_j . (f - c) / sqrt(h_j)            quality + sum_j loss_j <= g(alpha) + alpha . f
    loss_j >= k w u_j - (k w)^2 / 2            k = -TANGENTS .. TANGENTS, w = sqrt(8 COARSE)

so that TANGENTS rows of two entries a dimension say what planes would need thousands of. Where
scores are discrete (1) may be far off: what a program finds is routed exactly like any setup.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack

from models.linear import LinearProgram

TEMPERATURE = 0.01
"""Of the smoothed g: with 36,000 prompts some hundred of each pair of LLMs are within it."""

TANGENTS, COARSE = 9, 1e-5
"""Tangents on either side, and by how much (0..1 scale) they lie below a square between two: they
reach to a loss of 3e-3.
"""

FLAT = 1e-6
"""Eigenvalues below this part of the largest are left out: the prices' common level, and LLMs that
no prompt is near.
"""

NO_COEFFICIENT = 1e-9
"""HiGHS refuses rows with smaller coefficients."""


@dataclass(frozen=True, kw_only=True)
class QualityCurvature:
    """(1): prices (M,), base g(prices), centre (M,), eigenvectors (M, J), eigenvalues (J,)."""

    prices: np.ndarray
    base: float
    centre: np.ndarray
    directions: np.ndarray
    curvatures: np.ndarray

    def at(self, fractions: np.ndarray) -> float:
        """The estimate of Q at fractions (M,), 0..1 scale."""
        along = self.directions.T @ (fractions - self.centre)
        return float(self.base + self.prices @ fractions - 0.5 * np.sum(along**2 / self.curvatures))


def quality_curvature(
    values: np.ndarray, weights: np.ndarray, prices: np.ndarray, centre: np.ndarray
) -> QualityCurvature:
    """(1) at fractions centre (M,) with dual prices (M,) of scores values (M, N), weights (N,)."""
    best = (values - prices[:, None]).max(axis=0)
    curvatures, directions = np.linalg.eigh(quality_hessian(values, weights, prices))
    curved = curvatures > FLAT * max(curvatures[-1], NO_COEFFICIENT)
    return QualityCurvature(
        prices=prices,
        base=float(best @ weights),
        centre=centre,
        directions=directions[:, curved],
        curvatures=curvatures[curved],
    )


def quality_hessian(values: np.ndarray, weights: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """(M, M) H of (1) at prices (M,) of scores values (M, N), weights (N,)."""
    margin = values - prices[:, None]
    soft = np.exp((margin - margin.max(axis=0)) / TEMPERATURE)
    soft /= soft.sum(axis=0)
    hessian = (np.diag(soft @ weights) - (soft * weights) @ soft.T) / TEMPERATURE
    return np.asarray((hessian + hessian.T) / 2)


def with_quality_curvature(
    program: LinearProgram, near: QualityCurvature, fractions: tuple[int, ...], quality: int
) -> LinearProgram:
    """A program with columns u_j, loss_j and the rows of (1) after its own, without names.

    fractions: columns of f. quality: column of q, on the 0..1 scale.
    """
    rows, columns = program.shape
    count, step = near.curvatures.size, 8 * COARSE
    one = np.eye(count)
    # Columns: count of u, in units of w, and count of losses, in units of w^2.
    along = np.zeros((count, columns))
    along[:, fractions] = -near.directions.T
    best = np.zeros((1, columns))
    best[0, fractions], best[0, quality] = -near.prices, 1.0
    k = np.concatenate([np.arange(-TANGENTS, 0), np.arange(1, TANGENTS + 1)])
    tangents = np.hstack([np.kron(k[:, None], -one), np.kron(np.ones((k.size, 1)), one)])
    block = np.vstack(
        [
            np.hstack([along, one * np.sqrt(step * near.curvatures), np.zeros((count, count))]),
            np.hstack([best, np.zeros((1, count)), np.full((1, count), step)]),
        ]
    )
    block[np.abs(block) < NO_COEFFICIENT] = 0.0
    below = hstack([csr_matrix((tangents.shape[0], columns)), csr_matrix(tangents)])
    sides = -near.directions.T @ near.centre
    least = -0.5 * np.repeat(k.astype(float) ** 2, count)
    free = np.full(count, np.inf)
    old = hstack([program.matrix, csr_matrix((rows, 2 * count))])
    return replace(
        program,
        cost=np.concatenate([program.cost, np.zeros(2 * count)]),
        matrix=csr_matrix(vstack([old, csr_matrix(block), below])),
        row_lower=np.concatenate([program.row_lower, sides, [-np.inf], least]),
        row_upper=np.concatenate(
            [program.row_upper, sides, [near.base], np.full(least.size, np.inf)]
        ),
        low=np.concatenate([program.low, -free, np.zeros(count)]),
        high=np.concatenate([program.high, free, free]),
        integer=np.concatenate([program.integer, np.zeros(2 * count, dtype=bool)]),
        row_names=[],
        column_names=[],
    )
