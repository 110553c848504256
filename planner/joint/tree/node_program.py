"""The linear program of the nodes of a tree: the relaxation, live in HiGHS, with rows that count
replicas and whose sides are the box of a node.

    low_r <= sum_{o in group r} sum_k weight_ok <= high_r        groups: every option alone, and
                                                                 the options of every LLM

A node takes cuts from the pool where these are violated, and else prices its own fractions: on a
sample of the prompts, with the cut's base computed on all of them, so that every cut holds. Any
subset of the cuts gives a bound, so cuts that have grown too many are dropped: the program is built
anew with the tightest at the last fractions.

Where every prompt can have its best answer, or nearly, the optimum is a face and its vertices say
nothing. The program may then weigh used GPUs a little (lean): its points sit on fewer of them, and
are nearer to whole. The weight of all GPUs is LEAN_SHARE of the gap, and is taken off the bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix, hstack

from models.formulation import Formulation
from models.quality import Quality
from models.relaxation import (
    Points,
    relax_program,
    relaxation_cut_rows,
    stack_relaxation_points,
)
from planner.joint.solver.highs import Answer, SolveSettings, StopReason
from planner.joint.solver.live_lp import LiveLp

KEPT_CUTS, MORE_CUTS = 60, 200
"""Cuts that a program begins with, and may take before it is built anew."""

POOL_CUTS = 2
"""Violated cuts of the pool that one round takes."""

LEAN_SHARE = 0.05
"""Share of the gap that all GPUs together weigh."""

CUT_SHARE = 0.1
"""Share of the gap by which a node's estimate may exceed the exact quality of its fractions."""


@dataclass(frozen=True, kw_only=True)
class NodePoint:
    """Where a node's program ended. Without an optimum (stop) only the bound may be read.

    bound: no plan in the node's box loses less. fractions: (M,). replicas: (O,), not whole. rates:
    (O,) req/s. counts: (R,) replicas of the groups. slope: (R,) what the program loses by one more
    in a group, to first order, at the sides of the box.
    """

    stop: StopReason
    bound: float
    fractions: np.ndarray
    replicas: np.ndarray
    rates: np.ndarray
    counts: np.ndarray
    slope: np.ndarray


class NodeProgram:
    """The live program of one formulation.

    groups: (R, O) options that a row counts. tolerance: the gap that the tree is to close. lean:
    whether used GPUs weigh. prices: (M,) of the last fractions, if any. lps: solves.
    """

    def __init__(
        self,
        form: Formulation,
        quality: Quality,
        points: Mapping[int, Sequence[Points]],
        settings: SolveSettings,
        groups: np.ndarray,
        near: np.ndarray,
    ) -> None:
        """near: (M,) fractions at which the first cuts are the tightest."""
        pool = quality.cuts
        held = pool.tightest(near, KEPT_CUTS)
        self.form, self.quality, self.groups = form, quality, groups
        own = replace(form, cut_prices=pool.prices[held], cut_base=pool.base[held])
        linear, self._where, self._owner = relax_program(own, points)
        self._rates = stack_relaxation_points(points, len(form.shared_slos))[1]
        self.live = LiveLp(linear, settings)
        before = csr_matrix((groups.shape[0], self._where.first_weight))
        counted = csr_matrix(groups[:, self._owner].astype(float))
        self._rows = self.live.rows + np.arange(groups.shape[0])
        free = np.full(groups.shape[0], np.inf)
        self.live.add_rows(np.zeros(free.size), free, csr_matrix(hstack([before, counted])))
        self._held = set(held.tolist())
        self._most_cuts = len(self._held) + MORE_CUTS
        self._lean = 0.0
        self.prices: np.ndarray | None = None
        self.lps = 0

    @property
    def full(self) -> bool:
        """Whether the program has taken as many cuts as it may."""
        return len(self._held) > self._most_cuts

    def weigh_gpus(self, tolerance: float) -> None:
        """Let used GPUs weigh LEAN_SHARE of a gap together; 0: nothing."""
        gpus = self._where.gpus_used
        columns = np.arange(gpus.start, gpus.stop)
        self._lean = LEAN_SHARE * tolerance
        each = self._lean / self.form.instance.gpus
        self.live.set_costs(columns, np.full(columns.size, each))

    def solve_box(
        self, low: np.ndarray, high: np.ndarray, cutoff: float, tolerance: float, rounds: int
    ) -> NodePoint:
        """Solve, and cut until the estimate of quality is right to a share of the gap.

        low, high: (R,) sides of the groups. cutoff: a bound that ends the node. tolerance: the gap.
        rounds: solves at most.
        """
        self.live.set_row_sides(self._rows, low, high)
        bound, allowed = -np.inf, max(CUT_SHARE * tolerance, 1e-8)
        while True:
            answer = self.live.solve()
            self.lps, rounds = self.lps + 1, rounds - 1
            if answer.stop is not StopReason.OPTIMAL or answer.x is None:
                nothing = np.zeros(0)
                bound = np.inf if answer.stop is StopReason.INFEASIBLE else bound
                return NodePoint(
                    stop=answer.stop,
                    bound=bound,
                    fractions=nothing,
                    replicas=nothing,
                    rates=nothing,
                    counts=nothing,
                    slope=nothing,
                )
            # The weight of the GPUs is between 0 and all of it: without it a plan loses at least
            # this.
            bound = max(bound, answer.value - self._lean)
            inside = np.maximum(answer.x[self._where.fractions], 0.0)
            fractions = inside / inside.sum()
            estimate = float(answer.x[self._where.quality])
            if bound >= cutoff or not rounds or not self._cut_at(fractions, estimate - allowed):
                return self._point(answer, fractions, bound)

    def _cut_at(self, fractions: np.ndarray, exact: float) -> bool:
        """Take cuts that lie below a quality at fractions (M,); whether there were any new ones."""
        pool = self.quality.cuts
        values = pool.base + pool.prices @ fractions
        if values.min() < exact and self._add(np.argsort(values, kind="stable")[:POOL_CUTS]):
            return True
        self.prices, _ = self.quality.price(fractions, self.prices, full=False)
        values = pool.base + pool.prices @ fractions
        return bool(values.min() < exact) and self._add(values.argmin()[None])

    def _add(self, positions: np.ndarray) -> bool:
        """Add cuts of the pool that are not held yet; whether there were any."""
        new = [c for c in positions.tolist() if c not in self._held]
        self._held.update(new)
        if not new:
            return False
        pool = self.quality.cuts
        rows = relaxation_cut_rows(pool.prices[new], pool.base[new], self.live.columns)
        self.live.add_rows(*rows)
        return True

    def _point(self, answer: Answer, fractions: np.ndarray, bound: float) -> NodePoint:
        assert answer.x is not None and answer.row_dual is not None  # noqa: S101, PT018 - an optimal LP has them
        weight = np.maximum(answer.x[self._where.first_weight :], 0.0)
        options = self.groups.shape[1]
        replicas = np.bincount(self._owner, weights=weight, minlength=options)
        return NodePoint(
            stop=StopReason.OPTIMAL,
            bound=bound,
            fractions=fractions,
            replicas=replicas,
            rates=np.bincount(self._owner, weights=weight * self._rates, minlength=options),
            counts=self.groups @ replicas,
            slope=answer.row_dual[self._rows],
        )
