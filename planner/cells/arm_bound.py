"""A bound of one setup that knows that classes on a replica share its load: branch and bound over
arms, case by case.

A node of a case is a division of its setup's replicas over arms (planner.cells.routing.arm_loop).
The arm on which classes run at the most different loads is divided at their mean load: of its m
replicas 0, 1, ... m go to the lower part, the rest to the upper one. Every plan on the setup lies
in one of them (Land and Doig, Econometrica 28, 1960), so the best node bounds the case.
"""

import heapq
import itertools
from dataclasses import dataclass, field

import numpy as np

from planner.cells.case_pricing import CasePricing
from planner.cells.cell_goal import CellGoal
from planner.cells.routing.arm_loop import ArmCurves, ArmLoop, LoadArm
from planner.cells.routing.cell_loop import CellPoint
from planner.joint.solver.highs import StopReason

__all__ = ["ArmBound"]

MOST_PROGRAMS = 250
"""Programs for one setup."""

ROUNDING = 1e-6
"""Share of a class unserved, or score missing of a floor, that may be rounding."""

SAME_LOADS = 1e-3
"""Loads of classes that differ by less, in shares of their option's largest, are one."""

WITHIN = 0.02
"""An arm is divided at least this part of its length from its ends."""

ROUGHLY = 2.0
"""Times the tolerance of a case: what quality may be over-rated in a node is part of its bound."""

MOST_DIVIDED = 6
"""Arms of more replicas are not divided: with many, classes have whole replicas to themselves."""


@dataclass(order=True)
class _Node:
    """value: of the case's program, score units; sorted by -value. point: its optimum."""

    key: tuple[float, int]
    value: float = field(compare=False)
    arms: tuple[LoadArm, ...] = field(compare=False)
    point: CellPoint | None = field(compare=False)


@dataclass(frozen=True)
class _Division:
    """Where a node would be divided. apart: how far apart the classes on an arm run, in replicas
    times shares of the largest load, weighed by the case; 0: nowhere. arm: its position. load:
    req/s.
    """

    apart: float
    arm: int
    load: float


class ArmBound:
    """Bounds of setups of one search. programs: solved so far."""

    def __init__(self, goal: CellGoal, pricing: CasePricing) -> None:
        self.goal, self.pricing = goal, pricing
        self.programs = 0
        self._curves = ArmCurves(goal.model)
        self._number = itertools.count()

    def applies(self) -> bool:
        """Whether arms can lower the bound of a setup at all: several classes in a case that
        counts, on replicas that stay, for the highest quality.
        """
        return not self.goal.by_cost and not self.goal.limits_spend and bool(self._cases())

    def bound_setup(self, replicas: np.ndarray, enough: float) -> float | None:
        """What no plan on setups (S, O) passes, score units; None where there is no plan on them.

        enough: it ends where the bound is no higher.
        """
        relaxed = self.pricing.relaxed_values(replicas)
        counted = np.flatnonzero(self.goal.model.weights.sum(axis=0) > 0).tolist()
        known = {t: relaxed.get(t, np.inf) for t in counted}
        leaves: dict[int, list[_Node]] = {}
        for t in self._cases():
            setup = replicas[self.goal.model.demand.setup_of[t]]
            arms = tuple(
                LoadArm(int(o), 0.0, self._largest_load(t, int(o)), int(setup[o]))
                for o in np.flatnonzero(setup > 0)
            )
            leaves[t] = []
            self._add_node(leaves[t], t, arms)
        last = self.programs + MOST_PROGRAMS
        while all(leaves.values()):
            values = {**known, **{t: min(known[t], own[0].value) for t, own in leaves.items()}}
            bound = sum(values.values())
            found = {t: self._best_division(t, own[0]) for t, own in leaves.items()}
            t = max(found, key=lambda t: found[t].apart)
            done = bound <= enough or found[t].apart <= 0 or self.programs >= last
            if done or self.goal.clock.stopped():
                return bound
            self._divide(leaves[t], t, found[t])
        return None

    def _cases(self) -> list[int]:
        """Cases whose classes share replicas."""
        model = self.goal.model
        return [
            t
            for t, case in enumerate(model.demand.cases)
            if model.weights[:, t].sum() > 0
            and not case.loses_nodes
            and sum(1 for _ in model.demand.cells(t)) > 1
        ]

    def _largest_load(self, case: int, option: int) -> float:
        pieces = [
            self.goal.model.curves.pieces(cell) for cell in self.goal.model.demand.cells(case)
        ]
        return max((float(own[option].high[-1]) for own in pieces if option in own), default=0.0)

    def _add_node(self, leaves: list[_Node], case: int, arms: tuple[LoadArm, ...]) -> None:
        """Solve a node and keep it, where it has a point."""
        goal = self.goal
        self.programs += 1
        loop = ArmLoop(self._curves, case, arms, goal.clock, goal.solve_settings())
        point = loop.converge_roughly(ROUGHLY * goal.case_tolerance(case))
        if point is StopReason.INFEASIBLE and self._misses_much(loop, case):
            return
        # Without an optimum, at the end of the time, nothing is known of the node.
        known = None if isinstance(point, StopReason) else point
        value = np.inf if known is None else self.pricing.case_value(case, known)
        heapq.heappush(leaves, _Node((-value, next(self._number)), value, arms, known))

    def _misses_much(self, loop: ArmLoop, case: int) -> bool:
        """Whether what an infeasible node misses of service or floors is more than rounding, or its
        arms need more requests than there are.
        """
        loop.measure_missing(on=True)
        missing = loop.converge_roughly(ROUGHLY * self.goal.case_tolerance(case))
        if isinstance(missing, StopReason):
            return missing is StopReason.INFEASIBLE
        return missing.loss > ROUNDING

    def _best_division(self, case: int, node: _Node) -> _Division:
        """The arm on which the classes run farthest apart, and their mean load there."""
        best = _Division(0.0, 0, 0.0)
        if node.point is None:
            return best
        weight = float(self.goal.model.weights[:, case].sum())
        for j, arm in enumerate(node.arms):
            time, loads = node.point.time[j], node.point.loads[j]
            total = float(time.sum())
            if arm.count > MOST_DIVIDED or total <= 0:
                continue
            mean = float(time @ loads) / total
            apart = float(time @ np.abs(loads - mean)) / self._largest_load(case, arm.option)
            near = WITHIN * (arm.high - arm.low)
            inside = arm.low + near < mean < arm.high - near
            if inside and apart >= SAME_LOADS * total and weight * apart > best.apart:
                best = _Division(weight * apart, j, mean)
        return best

    def _divide(self, leaves: list[_Node], case: int, division: _Division) -> None:
        """Put the nodes below the best one in its place."""
        node, j, at = heapq.heappop(leaves), division.arm, division.load
        arm = node.arms[j]
        for lower in range(arm.count + 1):
            parts = (
                LoadArm(arm.option, arm.low, at, lower),
                LoadArm(arm.option, at, arm.high, arm.count - lower),
            )
            kept = tuple(part for part in parts if part.count)
            self._add_node(leaves, case, (*node.arms[:j], *kept, *node.arms[j + 1 :]))
