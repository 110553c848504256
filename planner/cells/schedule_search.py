"""The search over a cycle of setups that money ties together: a budget, or a cost objective.

One setup for all cases is a plan of the cycle too, in which nothing starts: it is looked for first,
and the cuts of its cases hold for every setup.

With many setups the master has as many times the whole numbers, and proving its optimum takes long.
So it is taken apart. Each step

1. solves the master's relaxation, which bounds every plan too
2. prices what ties setups together by its duals: a small program each setup
   (models.demand.setup_split). Near the relaxation, every n_o its whole part or one more, cuts are
   right, and the setup found is priced and remembered; now and then, and where that finds nothing
   new, all whole numbers, which makes a better bound
3. chooses among the setups known for each place in the cycle (models.demand.setup_choice), and
   routes what comes out
4. looks around the best plan: one fewer or more of each option (local branching, Fischetti and
   Lodi, Math. Program. 98, 2003); without a plan yet, it rounds the relaxation
5. where all of that is known, solves the master itself, less what cannot be in a better plan
   (reduced cost fixing: Dantzig, Fulkerson and Johnson, Operations Research 2, 1954), within a
   number of nodes

Where requests may be sent outside, what a setup is worth hangs on the money left to it: steps 2 and
3 are left out.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.demand.demand_model import DemandModel
from models.demand.master_program import MasterProgram, build_master_program
from models.demand.setup_choice import KnownSetup, build_setup_choice
from models.demand.setup_split import SplitMaster, split_master
from models.formulation import GoalKind
from models.linear import LinearProgram
from planner.cells.search import CellSearch
from planner.cells.setup_placement import setup_cost
from planner.joint.setups.separation import place_or_separate
from planner.joint.solver.highs import Answer, SolveSettings, StopReason, solve_with_highs
from planner.joint.solver.live_lp import LiveLp

__all__ = ["ScheduleSearch"]

NODES, MOST_NODES = 500, 2000
"""Of one program at most, and of the master itself."""

FIXED_GAP, FIXED_MASTERS, FIXED_PART = 1e-2, 24, 0.15
"""One setup for all cases is looked for to this gap, or until so many master programs are solved;
and in this part of the time at most.
"""

BOUNDING = 4
"""Steps from one bound of the parts to the next: it takes setups that are worth less than hoped."""

USED = 1e-6
"""Replicas of a relaxation that count as used, and how close to a whole number others are."""

Setups = tuple[np.ndarray, dict[int, float]]
"""Replicas (S, O), and what is spent outside, by case."""


@dataclass(kw_only=True)
class ScheduleSearch(CellSearch):
    """One search. known: for each place in the cycle the setups priced there, None where they
    serve not all of its cases, or cannot be placed.
    """

    known: list[dict[bytes, KnownSetup | None]] = field(init=False)
    steps: int = 0
    spare: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.known = [{} for _ in self.model.demand.setups]

    def run(self) -> None:
        """Search until the gap is closed, time is up, or nothing more is learnt."""
        with self.clock.share(FIXED_PART):
            self._begin_with_one_setup()
        super().run()

    def _begin_with_one_setup(self) -> None:
        """The plan of a fixed fleet, closed roughly, as the first one."""

        def tell(phase: str, value: float | None, _bound: float | None) -> None:
            # The bound of one setup is none of several.
            if self.report is not None:
                self.report(phase, value, None)

        demand = self.model.demand
        search = CellSearch(
            model=DemandModel(demand=demand.fixed(), qualities=self.model.qualities),
            clock=self.clock,
            settings=replace(self.settings, rel_gap=max(self.settings.rel_gap, FIXED_GAP)),
            report=tell,
            most_masters=FIXED_MASTERS,
        )
        search.run()
        self.cuts += search.cuts
        self.masters, self.nodes = search.masters, search.nodes
        if search.best is None:
            return
        (one,) = search.best.setups
        limits = map(self.model.limit_of_setup, range(len(demand.setups)))
        if any(limit and limit.count(one.replicas) > limit.most for limit in limits):
            return
        setups = tuple(replace(one, cases=cases) for cases in demand.setups)
        self.seen.add(np.array([one.replicas] * len(setups)).tobytes())
        self.take(replace(search.best, setups=setups))

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
        self.steps += 1
        tried = False
        if not self.limits_spend and relaxed.row_dual is not None:
            split = split_master(program, relaxed.row_dual)
            if not self._learn_near(split, program, relaxed.x) or self.steps % BOUNDING == 0:
                self._bound_by_parts(split, relaxed)
            tried = not self.closed() and self._try_choice()
        if self.closed():
            return False
        if self.best is not None:
            best = np.array([setup.replicas for setup in self.best.setups]).astype(float)
            tried |= self._try_near(_around(program, relaxed.x, best), program)
        else:
            columns = program.replicas[program.replicas >= 0]
            near = _rounded(program.linear, columns, relaxed.x[columns])
            tried |= self._try_near(near, program)
        if self.closed() or tried:
            return not self.closed()
        return self._try_best(program, relaxed)

    def _try_near(self, near: LinearProgram, program: MasterProgram) -> bool:
        """Setups near the relaxation; whether there were new ones."""
        setups = self._read_known(program, self._solve(near))
        if setups is not None:
            self.try_setups(*setups)
        return setups is not None

    def _learn_near(self, split: SplitMaster, program: MasterProgram, x: np.ndarray) -> bool:
        """Setups of the parts near the relaxation, where cuts are right; whether any was new."""
        answers = []
        for s, part in enumerate(split.parts):
            has = program.replicas[s] >= 0
            columns, at = part.replicas[has], x[program.replicas[s][has]]
            answers.append(self._solve_part(_rounded(part.linear, columns, at), split))
        return self._learn(split, answers)

    def _bound_by_parts(self, split: SplitMaster, relaxed: Answer) -> bool:
        """The bound of the parts, and the setup of each; whether any was new."""
        answers = [self._solve_part(part.linear, split) for part in split.parts]
        bound = split.constant + sum(answer.bound for answer in answers)
        if np.isfinite(bound):
            self.take_bound(replace(relaxed, bound=bound))
        return self._learn(split, answers)

    def _solve_part(self, linear: LinearProgram, split: SplitMaster) -> Answer:
        began = time.perf_counter()
        settings = self.master_settings()
        settings = replace(settings, abs_gap=settings.abs_gap / len(split.parts))
        answer = solve_with_highs(linear, settings)
        self.nodes += answer.nodes
        self.clock.spend("master", began)
        return answer

    def _learn(self, split: SplitMaster, answers: Sequence[Answer]) -> bool:
        """Price the setups of the parts; whether any was new."""
        news = False
        for s, (part, answer) in enumerate(zip(split.parts, answers, strict=True)):
            if answer.x is not None:
                replicas = np.where(part.replicas >= 0, answer.x[part.replicas], 0.0)
                news |= self._remember(s, np.rint(replicas).astype(int))
        return news

    def _remember(self, setup: int, replicas: np.ndarray) -> bool:
        """Place and price one setup (O,), and keep what it is worth; whether it is new."""
        key = replicas.tobytes()
        if key in self.known[setup]:
            return False
        self.known[setup][key] = None
        placed = place_or_separate(self.model, replicas, None)
        points = self.pricing.price_setup(setup, replicas, {})
        if not placed.placed or points is None:
            return True
        self.known[setup][key] = KnownSetup(
            replicas=replicas,
            value=sum(self.pricing.case_value(t, point) for t, point in points.items()),
            cost=setup_cost(self.model.demand, setup, placed.packings),
        )
        return True

    def try_setups(self, replicas: np.ndarray, spend: dict[int, float]) -> None:
        """Place setups (S, O), price and route them; each is remembered."""
        super().try_setups(replicas, spend)
        if not self.limits_spend:
            for s, own in enumerate(replicas):
                self._remember(s, own)

    def consider_spread(self) -> None:
        """Setups that keep enough on every node left: now and then, it takes the whole master."""
        if self.best is None or self.steps % BOUNDING == 0:
            super().consider_spread()

    def consider_cheaper(self) -> None:
        """Setups that move replicas are above the budget by that: the next choice leaves it."""
        self.spare = max(self.spare, self.over_budget)

    def _try_choice(self) -> bool:
        """The best choice among the setups known; whether there was a new one."""
        known = [[one for one in held.values() if one is not None] for held in self.known]
        if not all(known):
            return False
        for spare in dict.fromkeys((0.0, self.spare)):
            began = time.perf_counter()
            program, columns = build_setup_choice(self.model, known, spare)
            x = self._solve(program).x
            self.clock.spend("master", began)
            if x is not None:
                pairs = zip(known, columns, strict=True)
                replicas = np.array([of[int(np.argmax(x[at]))].replicas for of, at in pairs])
                if replicas.tobytes() not in self.seen:
                    self.try_setups(replicas, {})
                    return True
        return False

    def _try_best(self, program: MasterProgram, relaxed: Answer) -> bool:
        """The setups that the whole master decides for; whether there were any."""
        began = time.perf_counter()
        answer = self._solve(self._without_worse(program, relaxed), MOST_NODES)
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

    def master_settings(self) -> SolveSettings:
        """Of a master program, with a number of nodes."""
        return replace(super().master_settings(), nodes=NODES)

    def _solve(self, linear: LinearProgram, nodes: int = NODES) -> Answer:
        answer = solve_with_highs(linear, replace(self.master_settings(), nodes=nodes))
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


def _rounded(linear: LinearProgram, columns: np.ndarray, at: np.ndarray) -> LinearProgram:
    """Some columns rounded down or up from where they are."""
    low, high = linear.low.copy(), linear.high.copy()
    low[columns] = np.floor(at + USED)
    high[columns] = np.ceil(at - USED)
    return replace(linear, low=low, high=high)


def _around(program: MasterProgram, x: np.ndarray, best: np.ndarray) -> LinearProgram:
    """One fewer or more of each option than in setups (S, O), of the options that some of these or
    the relaxation uses.
    """
    low, high = program.linear.low.copy(), program.linear.high.copy()
    has = program.replicas >= 0
    relaxed = np.where(has, x[program.replicas], 0.0)
    used = (np.maximum(relaxed, best) > USED).any(axis=0) & has
    at = program.replicas[used]
    low[at] = np.maximum(best[used] - 1, low[at])
    high[at] = np.minimum(best[used] + 1, high[at])
    high[program.replicas[has & ~used]] = 0.0
    return replace(program.linear, low=low, high=high)
