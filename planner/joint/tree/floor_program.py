"""The program of a node for a cost under a quality floor, in which the floor may be missed.

    min  cost + missed m - reached s        q + m - s = floor,  m, s >= 0      rows of a node beside

In USD/h, with prices of quality missed > the relaxation's price of the floor > reached >= 0: near a
floor one setup misses it by little and the next, as cheap, does not. A program that forbids the
first says nothing of it; this one says how far it is, and its duals weigh every replica by cost and
by quality at once. Its optimum is a measure of a setup, not a bound of plans.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from models.formulation import Formulation
from models.quality import Quality
from models.relaxation import Points
from planner.joint.solver.highs import Answer, SolveSettings
from planner.joint.tree.node_program import CUT_SHARE, NodePoint, NodeProgram

MISSED, REACHED = 2.0, 0.3
"""Prices of what a floor is missed by, and of what lies above it, times the relaxation's price: at
1.0 a setup below the floor would be as good as a dearer one above it.
"""

QUALITY_TOLERANCE = 1e-5 / CUT_SHARE
"""Gap of quality (0..1 scale) whose CUT_SHARE a node's estimate may exceed the exact one by."""


@dataclass(frozen=True)
class PricedFloor:
    """quality: 0..1 scale. price: USD/h of quality there, in the relaxation."""

    quality: float
    price: float


class FloorProgram(NodeProgram):
    """The live program of one formulation of a cost, without its floor.

    missed: quality (0..1 scale) that the last optimum misses of the floor.
    """

    def __init__(
        self,
        form: Formulation,
        quality: Quality,
        points: Mapping[int, Sequence[Points]],
        settings: SolveSettings,
        groups: np.ndarray,
        near: np.ndarray,
        floor: PricedFloor,
    ) -> None:
        """near: (M,) fractions at which the first cuts are the tightest."""
        without = replace(form, goal=replace(form.goal, quality_at_least=None))
        super().__init__(without, quality, points, settings, groups, near)
        self.missed, column = 0.0, self.live.columns
        row = csr_matrix(([1.0], ([0], [self._where.quality])), shape=(1, column))
        side = np.array([floor.quality])
        self.live.add_rows(side, side, row)
        # Columns m and s come after the weights, of which there are no more to come.
        entries = csr_matrix(
            ([1.0, -1.0], ([0, 1], [self.live.rows - 1] * 2)), shape=(2, self.live.rows)
        )
        prices = floor.price * np.array([MISSED, -REACHED])
        self.live.add_columns(prices, np.zeros(2), np.full(2, np.inf), entries)
        self._missed = column

    def _point(self, answer: Answer, fractions: np.ndarray, bound: float) -> NodePoint:
        assert answer.x is not None  # noqa: S101 - an optimal LP has it
        self.missed = float(answer.x[self._missed])
        return super()._point(replace(answer, x=answer.x[: self._missed]), fractions, bound)
