"""The restricted mixed-integer program: over the most promising options, with the cuts that
matter, for plans better than the incumbent. Its bound, joined with what the options left out lose
at least, bounds the true problem.

Options are left out by their reduced costs in the root relaxation: by linear duality a plan that
runs one of them loses at least the relaxation's bound plus its reduced cost. That is reduced-cost
fixing (Nemhauser and Wolsey, Integer and Combinatorial Optimization, 1988, II.5.2), used here to
restrict the program first and to let options in again while they hold the bound down.
"""

import time
from dataclasses import dataclass, replace

import numpy as np

from models.compiled_program import CompiledProgram, compile_program
from models.formulation import Goal, GoalKind, formulation_price_step, limit_of_changes
from models.linear import LinearProgram
from models.moves.prompt_moves import MoveSteps, prompt_move_steps, with_prompt_moves
from models.openings.opening_cuts import OpeningCuts, opened_llms
from models.program import build_program
from planner.joint.programs.root_relaxation import NEARBY_LLMS, RootRelaxation
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.search_state import LEAST_NODES
from planner.joint.solver.highs import Answer, StopReason, solve_with_highs

KEPT_CUTS, NEWEST_CUTS, KEPT_NEARBY = 80, 20, 2
"""Quality cuts that a mixed-integer program holds: this many, the newest among them and otherwise
the tightest at the relaxation.

KEPT_NEARBY: in addition, the tightest at each of the points around the relaxation.
"""

CUTOFF_SLACK = 1e-6
"""The program may be this much worse than the incumbent: the solver's own tolerance."""

QUICK_WORK = 400_000
"""Nodes times columns after which a program is cut short: 2 to 6 s (HiGHS 1.16, programs of 500 to
3,000 columns); the next ones may do twice as much, with all of HiGHS's heuristics, and so on: the
setups in between are plans to learn from. Counted in nodes, so that a busy machine cuts the same
programs short.
"""

MOVES_LLMS = 20
"""Most LLMs of programs with moves, 2,000 columns of them. With NEARBY_LLMS or fewer (5 LLMs, 32
GPUs) all programs of a search took 2.3 and 5.0 s with moves, 0.7 and 2.2 s without.
"""

LEAST_LOSS = 1e-9
"""Reduced costs below this limit no replicas."""

COST_SLACK = 0.01
"""Part of a price step by which such a plan may be dearer: far beyond the solver's tolerances, and
no other cost lies within it.
"""

LEAST_SECONDS = 0.05
"""A program is given at least this much time."""


@dataclass(frozen=True)
class MilpSolution:
    """What HiGHS answered to one program; without a setup (answer.x is None) the rest may not be
    read.
    """

    answer: Answer
    compiled: CompiledProgram
    options: int

    @property
    def has_setup(self) -> bool:
        """Whether there is a point to read."""
        return self.answer.x is not None

    def setup(self) -> tuple[np.ndarray, np.ndarray]:
        """Whole replicas (O,) and routed rates (O,) in req/s."""
        x = self._x()
        replicas, rates = np.zeros(self.options, dtype=int), np.zeros(self.options)
        for o, column in self.compiled.replicas.items():
            if column >= 0:
                value = float(x[column])
                # HiGHS calls 1e-6 off whole (its default mip_feasibility_tolerance); ten times as
                # much is no rounding any more, and would be a setup that was not solved for.
                if abs(value - round(value)) > 1e-5:
                    raise ArithmeticError(f"replicas of option {o} are not whole: {value}")
                replicas[o] = round(value)
        for (o, _), (columns, at) in self.compiled.points.items():
            used = columns >= 0
            rates[o] += float(np.maximum(x[columns[used]], 0) @ at[used])
        rates[replicas == 0] = 0.0
        return replicas, rates

    def fractions(self) -> np.ndarray | None:
        """Routing fractions (M,), None where they are all zero."""
        fractions = np.maximum(self._x()[list(self.compiled.fractions)], 0)
        total = fractions.sum()
        return fractions / total if total > 0 else None

    def quality(self) -> float:
        """What the program thinks the quality is, 0..1 scale."""
        return float(self._x()[self.compiled.quality])

    def gpus_used(self) -> list[int]:
        """GPUs in use of every pool."""
        x = self._x()
        return [round(0.0 if c < 0 else float(x[c])) for c in self.compiled.gpus_used]

    def _x(self) -> np.ndarray:
        assert self.answer.x is not None  # noqa: S101 - the caller has looked at has_setup
        return self.answer.x


class RestrictedMilp:
    """Builds and solves the programs of one search.

    nodes: a limit of the nodes of each program, to be divided by its columns (a limit that does
    not depend on how busy the machine is).

    cutoff: whether only plans better than the incumbent are sought. cut_short: whether the last
    program was, to be solved again with patience. program: the last program
    for the search's own goal, with names, where the state keeps programs.
    """

    def __init__(
        self, state: GoalState, relaxation: RootRelaxation, nodes: int | None = None
    ) -> None:
        self.state, self.relaxation, self.nodes = state, relaxation, nodes
        self.cutoff, self.cut_short = True, False
        self.program: LinearProgram | None = None
        self._allowed = QUICK_WORK
        self._moves: MoveSteps | None = None

    # -- options -----------------------------------------------------------------------------------

    def promising(self, count: int) -> tuple[int, ...]:
        """The options whose first replica loses least, those in use first; all that could still
        help when count exceeds them.
        """
        loss = self.relaxation.point.column_loss
        may = [o for o in self.state.shared.usable() if self.may_help(o)]
        ranked = sorted(may, key=lambda o: (loss[o], o))[:count]
        incumbent = self.state.incumbent
        if incumbent is not None:
            # The incumbent's options stay, so that its setup is feasible in every program and a
            # program is never infeasible for lack of options.
            used = np.flatnonzero(incumbent.routed.replicas).tolist()
            ranked += [o for o in used if o not in ranked]
        if (limit := limit_of_changes(self.state.goal, self.state.shared.instance)) is not None:
            # What runs stays too: a program without it would have to stop it all.
            ranked += [o for o in may if limit.replicas[o] > 0 and o not in ranked]
        return tuple(sorted(ranked))

    def may_help(self, o: int) -> bool:
        """Whether a plan with this option could still be better than the incumbent by more than the
        gap.
        """
        state = self.state
        if state.incumbent is None or state.incumbent.routed.replicas[o] > 0:
            return True
        least = state.relaxation_bound + self.relaxation.point.column_loss[o]
        return bool(least < state.loss - 0.5 * state.tolerance())

    def excluded_bound(self, options: tuple[int, ...]) -> float:
        """A plan that uses an option outside the program loses at least this."""
        inside, loss = set(options), self.relaxation.point.column_loss
        left_out = [loss[o] for o in self.state.shared.usable() if o not in inside]
        return self.state.relaxation_bound + min(left_out) if left_out else np.inf

    def reduced_upper(self, options: tuple[int, ...]) -> np.ndarray:
        """Replica limits (O,) tightened by reduced costs: what they exclude is no better than the
        incumbent.
        """
        state = self.state
        upper = state.shared.upper.copy()
        if state.incumbent is None:
            return upper
        slack = state.loss - state.relaxation_bound
        loss = self.relaxation.point.column_loss
        for o in options:
            if loss[o] > 0 and slack >= 0:
                most = min(upper[o], np.floor(slack / loss[o]))
                upper[o] = max(most, state.incumbent.routed.replicas[o])
        return upper

    # -- programs ----------------------------------------------------------------------------------

    def solve_at_cost(
        self, cost: float, gpus: tuple[np.ndarray, np.ndarray], nodes: int
    ) -> MilpSolution:
        """Whether a plan costs as little (USD/h), within some nodes: infeasible is a proof that
        none does.

        gpus: (P,) least and most GPUs in use of every pool. All options and replicas take part that
        the relaxation's reduced costs allow within the cost.
        """
        state, shared = self.state, self.state.shared
        at_most = cost + COST_SLACK * formulation_price_step(shared.instance)
        slack, loss = at_most - state.relaxation_bound, self.relaxation.point.column_loss
        options = tuple(o for o in shared.usable() if loss[o] <= slack)
        most = np.floor(slack / np.maximum(loss, LEAST_LOSS))
        form = shared.formulation(
            replace(state.goal, cost_at_most=at_most),
            options,
            upper=np.minimum(shared.upper, most).astype(int),
            cuts=self._cuts(),
            aside=state.aside,
            openings=self._openings(),
        )
        compiled = compile_program(build_program(form), form)
        linear = self._with_moves(compiled)
        low, high, columns = linear.low.copy(), linear.high.copy(), compiled.linear.cost.size
        for p, column in enumerate(compiled.gpus_used):
            if column >= 0:
                low[column] = max(low[column], gpus[0][p])
                high[column] = min(high[column], gpus[1][p])
        # The best quality at the cost: branches then say how far they are from the floor, which
        # a cost that hardly varies does not (13 nodes in place of 39, 12 LLMs).
        best = np.zeros(linear.cost.size)
        best[compiled.quality] = -1.0
        settings = shared.settings(nodes=nodes)
        answer = solve_with_highs(
            replace(linear, cost=best, offset=0.0, low=low, high=high), settings
        )
        shared.milp_solves += 1
        shared.nodes += answer.nodes
        shared.clock.book_work(answer.nodes, columns)
        shared.clock.add("highs", answer.seconds)
        if answer.stop is not StopReason.INFEASIBLE:
            answer = replace(answer, value=cost, bound=state.bound)
        return MilpSolution(answer, compiled, len(shared.instance.options))

    def solve(
        self, options: tuple[int, ...], abs_gap: float, goal: Goal | None = None
    ) -> MilpSolution:
        """Build and solve the program over some options (positions) to an absolute gap (loss).

        goal: a narrower one than the search's. Raises ArithmeticError when HiGHS's bound is beyond
        its own plan, SolverError when HiGHS fails.
        """
        state, shared, began = self.state, self.state.shared, time.perf_counter()
        form = shared.formulation(
            goal or self._better_than_incumbent(),
            options,
            upper=self.reduced_upper(options),
            cuts=self._cuts(),
            aside=state.aside,
            openings=self._openings(),
        )
        compiled = compile_program(build_program(form), form, named=shared.keep_program)
        if shared.keep_program and goal is None:
            self.program = compiled.linear
        now = shared.clock.spend("build", began)
        linear = self._with_moves(compiled)
        left, columns = shared.clock.left(), compiled.linear.cost.size
        limit = self._node_limit(columns)
        # Only where work is not limited: what is cut short is solved again.
        quick = None if limit is not None else self._allowed // columns
        settings = shared.settings(
            abs_gap=abs_gap,
            # A plan within the gap of the bound known already ends the program: HiGHS need not
            # prove that bound again. Costs and GPU counts are few and far apart: solved out.
            target=state.bound + abs_gap if state.goal.of == GoalKind.QUALITY else -np.inf,
            cutoff=self._cutoff_of_quality() if goal is None else np.inf,
            time_limit=max(left, LEAST_SECONDS),
            quick=self._allowed == QUICK_WORK,
            nodes=limit if quick is None else max(quick, LEAST_NODES),
            progress=self._report,
        )
        answer = solve_with_highs(linear, settings)
        shared.milp_solves += 1
        shared.nodes += answer.nodes
        shared.clock.book_work(answer.nodes, columns)
        shared.clock.add("highs", answer.seconds)
        shared.clock.spend("milp", now)
        self.cut_short = quick is not None and answer.stop is StopReason.NODES
        self._allowed *= 2 if self.cut_short else 1
        # HiGHS 1.14 returned suboptimal points as optimal, 1.16.0 values that are not those of its
        # points: a bound beyond the program's own plan proves nothing and may not be used.
        slack = 1e-6 * max(1.0, abs(answer.value))
        if answer.x is not None and answer.bound > answer.value + slack:
            raise ArithmeticError(
                f"HiGHS's bound {answer.bound} is above its own plan {answer.value}"
            )
        return MilpSolution(answer, compiled, len(shared.instance.options))

    def _with_moves(self, compiled: CompiledProgram) -> LinearProgram:
        """A program, for a cost with the moves of prompts near the relaxation (models.moves)."""
        quality = self.state.shared.quality
        other = not NEARBY_LLMS < quality.llms <= MOVES_LLMS
        if other or self.state.goal.of != GoalKind.COST or min(compiled.fractions) < 0:
            return compiled.linear
        if not quality.moves_prompts:
            return compiled.linear
        if self._moves is None:
            prices, _ = quality.price(self.relaxation.point.fractions)
            self._moves = prompt_move_steps(quality.values, quality.weights, prices)
        return with_prompt_moves(compiled.linear, self._moves, compiled.fractions, compiled.quality)

    def _node_limit(self, columns: int) -> int | None:
        """Nodes that a program of so many columns may visit; None without a limit."""
        limits = [self.state.shared.clock.node_limit(columns)]
        if self.nodes is not None:
            limits.append(max(self.nodes // columns, LEAST_NODES))
        return min((limit for limit in limits if limit is not None), default=None)

    def _cuts(self) -> np.ndarray:
        """Positions of the quality cuts that a program holds.

        The tightest cuts at a single point are nearly identical once the pool has grown;
        those around it are what a program needs. The newest were made where the last programs
        over-rated quality: without them the same setup comes back.
        """
        pool, incumbent = self.state.shared.quality.cuts, self.state.incumbent
        own = np.setdiff1d(np.arange(len(pool)), self.state.plunge_cuts)
        at = [(self.relaxation.point.fractions, KEPT_CUTS - NEWEST_CUTS)]
        if incumbent is not None:
            at.append((incumbent.routed.fractions, KEPT_CUTS // 4))
        at += [(near, KEPT_NEARBY) for near in self.relaxation.nearby]
        held = [own[pool.tightest(fractions, keep, own)] for fractions, keep in at]
        return np.unique(np.concatenate([*held, own[-NEWEST_CUTS:]]))

    def _openings(self) -> OpeningCuts | None:
        """The cuts over open LLMs that a program holds: the tightest at the relaxation and at the
        incumbent, and the newest.
        """
        cuts = self.state.openings()
        if cuts is None:
            return None
        point = self.relaxation.point
        llm = np.array([o.llm for o in self.state.shared.instance.options])
        at = [(point.fractions, point.replicas, KEPT_CUTS - NEWEST_CUTS)]
        if self.state.incumbent is not None:
            routed = self.state.incumbent.routed
            at.append((routed.fractions, routed.replicas, KEPT_CUTS // 4))
        held = [np.arange(len(cuts))[-NEWEST_CUTS:]]
        for fractions, replicas, keep in at:
            of_llms = np.bincount(llm, weights=replicas, minlength=fractions.size)
            held.append(cuts.tightest(fractions, opened_llms(of_llms, fractions), keep))
        return cuts.only(np.unique(np.concatenate(held)))

    def _better_than_incumbent(self) -> Goal:
        """The goal with a floor at the incumbent: only better plans are of interest (the incumbent
        itself still fits).

        HiGHS 1.16.0 returned wrong values and bounds for programs with a start and presolve (seen
        on programs of three options), so the incumbent is handed over as a bound.
        """
        state, goal = self.state, self.state.goal
        if state.incumbent is None or not self.cutoff or goal.of != GoalKind.COST:
            return goal
        return replace(goal, cost_at_most=state.loss + CUTOFF_SLACK)

    def _cutoff_of_quality(self) -> float:
        """The loss beyond which plans are of no interest, for a goal of quality. As a row it makes
        every linear program of the tree degenerate: 0.25 s in place of 0.07 (3 LLMs, 4 GPUs).
        """
        state = self.state
        if state.incumbent is None or not self.cutoff or state.goal.of != GoalKind.QUALITY:
            return np.inf
        return state.loss + CUTOFF_SLACK

    def _report(self, _value: float, bound: float) -> None:
        """Report the program's bound where it is above the search's."""
        state = self.state
        state.report("search", max(bound, state.bound) if np.isfinite(bound) else None)
