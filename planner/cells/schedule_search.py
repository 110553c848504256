"""The search over a cycle of setups that money ties together: a budget, or a cost objective.

With many setups the master has as many times the whole numbers, and proving its optimum takes long
where little is gained by it. So each step first solves its relaxation, which bounds every plan too,
and rounds that: every n_so is its whole part or one more. Cuts move the relaxation, so that its
roundings differ. Where a rounding is known already, replicas that the relaxation uses may be one
fewer or more; then the whole master decides, less what cannot be in a better plan (reduced cost
fixing: Dantzig, Fulkerson and Johnson, Operations Research 2, 1954), within a number of nodes.
"""

import time
from dataclasses import dataclass, replace

import numpy as np

from models.demand.master_program import MasterProgram, build_master_program
from models.formulation import GoalKind
from models.linear import LinearProgram
from planner.cells.search import CellSearch
from planner.joint.solver.highs import Answer, StopReason, solve_with_highs
from planner.joint.solver.live_lp import LiveLp

__all__ = ["ScheduleSearch"]

NODES = 2000
"""Of one master program at most."""

USED = 1e-6
"""Replicas of a relaxation that count as used, and how close to a whole number others are."""

Setups = tuple[np.ndarray, dict[int, float]]
"""Replicas (S, O), and what is spent outside, by case."""


@dataclass(kw_only=True)
class ScheduleSearch(CellSearch):
    """One search."""

    def decide_and_try(self) -> bool:
        """One step; whether there may be another."""
        began = time.perf_counter()
        goal = GoalKind.COST if self.by_cost else GoalKind.QUALITY
        program = build_master_program(self.model, self.cuts, of=goal)
        relaxed = LiveLp(_without_whole(program.linear), self.solve_settings()).solve()
        self.clock.spend("master", began)
        if relaxed.x is None or relaxed.column_dual is None:
            if relaxed.stop is StopReason.INFEASIBLE:
                self.take_bound(relaxed)
            return False
        self.take_bound(relaxed)
        if self.closed():
            return False
        self.tell("decide")
        for near in (_rounded(program, relaxed.x), _around(program, relaxed.x)):
            setups = self._read_known(program, self._solve(near))
            if setups is not None:
                self.try_setups(*setups)
                return True
        return self._try_best(program, relaxed)

    def _try_best(self, program: MasterProgram, relaxed: Answer) -> bool:
        """The setups that the whole master decides for; whether there were any."""
        began = time.perf_counter()
        answer = self._solve(self._without_worse(program, relaxed))
        self.clock.spend("master", began)
        self.take_bound(answer)
        if answer.x is None or self.closed():
            return False
        self.try_setups(*self.read_master(program, answer.x))
        return True

    def _read_known(self, program: MasterProgram, answer: Answer) -> Setups | None:
        """The setups of a program that is no bound; None without any new ones."""
        if answer.x is None:
            return None
        setups = self.read_master(program, answer.x)
        return None if setups[0].tobytes() in self.seen else setups

    def _solve(self, linear: LinearProgram) -> Answer:
        settings = replace(self.master_settings(), nodes=NODES)
        answer = solve_with_highs(linear, settings)
        self.masters += bool(linear.integer.any())
        self.nodes += answer.nodes
        return answer

    def _without_worse(self, program: MasterProgram, relaxed: Answer) -> LinearProgram:
        """The master without options that only plans worse than the best one have."""
        linear, dual = program.linear, relaxed.column_dual
        if self.best is None or dual is None:
            return linear
        loss = self.best.value if self.by_cost else -self.best.value
        columns = program.replicas[program.replicas >= 0]
        worse = columns[relaxed.value + dual[columns] > loss + 1e-9 * abs(loss)]
        high = linear.high.copy()
        high[worse] = np.minimum(high[worse], linear.low[worse])
        return replace(linear, high=high)


def _without_whole(linear: LinearProgram) -> LinearProgram:
    return replace(linear, integer=np.zeros_like(linear.integer))


def _rounded(program: MasterProgram, x: np.ndarray) -> LinearProgram:
    """Replicas rounded down or up."""
    columns = program.replicas[program.replicas >= 0]
    low, high = program.linear.low.copy(), program.linear.high.copy()
    low[columns] = np.floor(x[columns] + USED)
    high[columns] = np.ceil(x[columns] - USED)
    return replace(program.linear, low=low, high=high)


def _around(program: MasterProgram, x: np.ndarray) -> LinearProgram:
    """One fewer or more of the options that some setup uses, none of the others."""
    low, high = program.linear.low.copy(), program.linear.high.copy()
    used = (np.where(program.replicas >= 0, x[program.replicas], 0.0) > USED).any(axis=0)
    for at in program.replicas[:, used]:
        low[at] = np.maximum(np.floor(x[at] + USED) - 1, low[at])
        high[at] = np.minimum(np.ceil(x[at] - USED) + 1, high[at])
    others = program.replicas[:, ~used]
    high[others[others >= 0]] = 0.0
    return replace(program.linear, low=low, high=high)
