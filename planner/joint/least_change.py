"""The smallest change of one number that makes an instance feasible, by one program a number.

    decide      the joint program without an objective of its own: only the number moves, as little
                as its rows allow. Its dual bound holds for every plan, since all rows do (curves
                and cuts never under-rate a plan): nothing nearer is feasible
    place       exact packing at the number found; what cannot be placed becomes a row or a no-good
    route       exact routing on the raw curves at the number, written with four digits: a plan
    refine      where curves or quality were too hopeful they get a line, a split, a cut

until the plan's number meets the bound: within PRECISION of the number, or the same count. The
rate, the limit of a mean over all requests, nodes, limits on replicas and the floor of utilisation
stand in the program's rows linearly (models.formulation.KnobKind), so that one program a round
answers what bisection asks a whole search for. Without quality cuts it is small, too: quality
matters only where a floor is stated.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from models.compiled_program import CompiledProgram, compile_program
from models.demand.headroom import with_headroom
from models.formulation import Goal, GoalKind, Knob, KnobKind
from models.instance import ObjectiveKind
from models.linear import LinearProgram
from models.program import build_program
from planner.joint.adjustments import Adjustment
from planner.joint.outcome import outcome_effort, outcome_solution
from planner.joint.restricted_milp import MilpSolution
from planner.joint.setups.curve_refinement import refine_curve_lines, split_curve_arms
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.primal_heuristics import consider_primal
from planner.joint.setups.search_state import LEAST_NODES, SearchState
from planner.joint.setups.separation import all_packed, pack_for_separation, place_or_separate
from planner.joint.solver.highs import StopReason, solve_with_highs
from planner.joint.solver.live_lp import LiveLp
from planner.solution import Solution, Termination

PRECISION = 2e-3
"""Relative distance between a number and the bound on it at which it counts as the smallest."""

PROGRAM_GAP = 2e-4
"""Relative gap to which a program is solved: a tenth of the precision."""

ROUNDS = 40
"""Programs for one number at most; two are usual without a floor of quality."""

SLACK = 1e-6
"""Counts this close to a whole number are it: the solver's tolerance."""

RELAXED_ROUNDS, CUT_TOLERANCE = 60, 2e-5
"""Cuts of a program's relaxation at most, and quality (0..1 scale) that they may leave."""

LP_NODES = 5
"""Nodes that one linear program of its relaxation, with its pricing, counts as."""

PROGRAM_WORK = 400_000
"""Nodes times columns of a program: about 5 s (HiGHS 1.16, programs of 500 to 3,000 columns). A
number of nodes, not of seconds, so that the answer is the same on a busy machine.
"""

NEAR_STEPS, FAR_STEPS = (0.0, 5e-4, 1.4e-3), (4e-3, 1e-2, 3e-2, 0.1, 0.3)
"""Relative steps beyond a program's number at which its setup is tried: within the precision, since
curves and quality are a little worse than the program knows; and, where it learns nothing more,
further on: a repair that works is better than none.
"""

MOST_LIMITED = 2
"""Programs for one number that may end at their nodes: further ones prove no more."""

Floor = float | None


@dataclass(frozen=True)
class LeastChange:
    """The number nearest to the present one with which a plan was found, and the plan.

    value, plan: None where none was. proved: nothing nearer is feasible; without a plan: nothing
    that was allowed is.
    """

    value: float | None
    plan: Solution | None
    proved: bool


def least_change_by_program(
    adjustment: Adjustment, state: SearchState, floor: Floor
) -> LeastChange:
    """Move a number that stands in the program's rows.

    state: of the adjustment's `opened` instance, with its headroom applied. floor: of quality (0..1
    scale), or None.
    """
    knob = adjustment.knob
    assert knob is not None  # noqa: S101 - the caller has looked
    best, limited = LeastChange(None, None, proved=False), 0
    by_packing = _bound_by_packing(state, knob) if state.usable() else np.inf
    if by_packing == np.inf:
        return LeastChange(None, None, proved=True)
    if knob.kind == KnobKind.NODES and np.isfinite(by_packing):
        # Fewer nodes are settled: the program need not prove it again.
        knob = replace(knob, low=max(knob.low, float(np.ceil(by_packing - SLACK))))
    for again in range(ROUNDS):
        solution = _solve_for_least(state, knob, floor, relax=again == 0)
        if solution is None or solution.answer.stop is StopReason.INFEASIBLE:
            return replace(best, proved=solution is not None and best.plan is None)
        sign = -1.0 if knob.maximised else 1.0
        bound = sign * max(solution.answer.bound, by_packing)
        found = sign * solution.answer.value
        if knob.whole:
            bound = np.ceil(bound - SLACK) if sign > 0 else np.floor(bound + SLACK)
            found = float(round(found))
        if best.value is not None and _is_least(adjustment, best.value, bound):
            return replace(best, proved=True)
        nearest, learnt = _try_setup(adjustment, state, solution, found, floor)
        best = _nearer(adjustment, best, nearest)
        if best.value is not None and _is_least(adjustment, best.value, bound):
            return replace(best, proved=True)
        learnt |= _refine_at(state, solution, floor)
        limited += solution.answer.stop is StopReason.NODES
        over = not learnt or limited == MOST_LIMITED or state.clock.stopped()
        if best.value is None and (over or solution.answer.stop is StopReason.NODES):
            best, _ = _try_values(adjustment, state, solution, found, floor, FAR_STEPS)
        if over:
            break
    return best


def _try_setup(
    adjustment: Adjustment, state: SearchState, solution: MilpSolution, found: float, floor: Floor
) -> tuple[LeastChange, bool]:
    """The program's setup as a plan at its knob's value `found`, or, where it misses a floor there,
    as near as it reaches it; and whether a row or a no-good was learnt.
    """
    nearest, learnt = _try_values(adjustment, state, solution, found, floor)
    knob = adjustment.knob
    if nearest.value is None and floor is not None and knob is not None and not knob.whole:
        further = _cut_relaxed(state, solution.compiled, knob, solution.setup()[0])
        if further is not None:
            nearest, news = _try_values(adjustment, state, solution, further, floor)
            learnt |= news
    return nearest, learnt


def _try_values(
    adjustment: Adjustment,
    state: SearchState,
    solution: MilpSolution,
    found: float,
    floor: Floor,
    steps: tuple[float, ...] = NEAR_STEPS,
) -> tuple[LeastChange, bool]:
    """The program's setup as a plan near a knob's value; and whether a row or a no-good was
    learnt.
    """
    learnt = False
    for value in _values_to_try(adjustment, found, steps):
        plan, news = _plan_at(adjustment, state, solution, value, floor)
        learnt |= news
        if plan is not None:
            return LeastChange(value, plan, proved=False), learnt
    return LeastChange(None, None, proved=False), learnt


def feasible_plan(state: SearchState, floor: Floor) -> LeastChange:
    """A plan of the state's instance, whatever its quality above a floor; or the proof that there
    is none.
    """
    as_stated = Knob(kind=KnobKind.RATE, low=1.0, high=1.0)
    if not state.usable():
        return LeastChange(None, None, proved=True)
    for again in range(ROUNDS):
        solution = _solve_for_least(state, as_stated, floor, relax=again == 0)
        if solution is None:
            break
        if solution.answer.stop is StopReason.INFEASIBLE:
            return LeastChange(None, None, proved=True)
        replicas, rates = solution.setup()
        placement = place_or_separate(state, replicas, None)
        plan = routed_plan(state, replicas, rates, floor) if placement.placed else None
        if plan is not None:
            return LeastChange(None, plan, proved=True)
        learnt = placement.learnt or _refine_at(state, solution, floor)
        if not learnt or state.clock.stopped():
            break
    return LeastChange(None, None, proved=False)


def _cut_relaxed(
    state: SearchState,
    compiled: CompiledProgram,
    knob: Knob,
    replicas: np.ndarray | None = None,
) -> float | None:
    """Cut the program without integers until quality is right at its optimum, which is the value
    returned; None without one.

    Each cut is one less for the integer programs to find, one by one. replicas: (O,) of a setup to
    which the program is limited: how far the knob must move for it.
    """
    linear, low, high = compiled.linear, compiled.linear.low, compiled.linear.high
    if replicas is not None:
        low, high = low.copy(), high.copy()
        for o, column in compiled.replicas.items():
            if column >= 0:
                low[column] = high[column] = replicas[o]
    live = LiveLp(replace(linear, low=low, high=high), state.settings())
    served = knob.kind == KnobKind.RATE
    for _ in range(RELAXED_ROUNDS):
        answer = live.solve()
        state.clock.spend_work(LP_NODES * linear.cost.size)
        if answer.stop is not StopReason.OPTIMAL or answer.x is None or state.clock.stopped():
            return None
        fractions = np.maximum(answer.x[list(compiled.fractions)], 0)
        part = float(fractions.sum())
        if part <= 0:
            return None
        prices, quality = state.quality.price(fractions / part)
        if answer.x[compiled.quality] <= part * (quality + CUT_TOLERANCE):
            return float(answer.x[compiled.knob])
        row = np.zeros((1, linear.cost.size))
        row[0, compiled.quality] = 1.0
        row[0, list(compiled.fractions)] = -prices
        base = state.quality.cut(prices)
        if served:
            row[0, compiled.knob] = -base
        upper = np.array([0.0 if served else base])
        live.add_rows(np.array([-np.inf]), upper, csr_matrix(row))
    return None


def unhelpful_by_packing(adjustment: Adjustment, state: SearchState) -> bool:
    """Whether capacity and the limits on replicas alone leave no setup, however far a number moves.

    state: of the adjustment's `opened` instance.
    """
    knob = adjustment.knob
    return knob is not None and _bound_by_packing(state, knob) == np.inf


def _bound_by_packing(state: SearchState, knob: Knob) -> float:
    """A bound on the minimised knob (its negative where it is maximised) by capacity and the limits
    on replicas alone; inf where these leave no setup, whatever the knob.

        min or max knob     fit_pool, fit_nodes, keep_min_replicas, keep_max_replicas,
                            reach_least_replicas, without integers

    No curve and no rate has a say, so that it takes a hundredth of the program: of 60 LLMs that
    must all run on 64 GPUs every number but the nodes is settled by it.
    """
    options = len(state.instance.options)
    rows, most = _packing_rows(state, knob)
    if not most.size:
        return -np.inf
    usable = np.isin(np.arange(options), state.usable())
    linear = LinearProgram(
        cost=np.append(np.zeros(options), -1.0 if knob.maximised else 1.0),
        matrix=csr_matrix(rows),
        row_lower=np.full(most.size, -np.inf),
        row_upper=most,
        low=np.append(np.zeros(options), knob.low),
        high=np.append(np.where(usable, np.inf, 0.0), knob.high),
        integer=np.zeros(options + 1, dtype=bool),
    )
    answer = solve_with_highs(linear, state.settings(time_limit=max(state.clock.left(), 0.05)))
    state.clock.spend_work(LP_NODES * linear.cost.size)
    if answer.stop is StopReason.INFEASIBLE:
        return float(np.inf)
    return answer.bound if answer.stop is StopReason.OPTIMAL else -np.inf


def _packing_rows(state: SearchState, knob: Knob) -> tuple[np.ndarray, np.ndarray]:
    """Rows (R, O + 1) over replicas and the knob, and what they are at most (R,)."""
    instance = state.instance
    of_llm = np.array([o.llm for o in instance.options])
    moves = Goal(of=GoalKind.KNOB, knob=knob).moves
    rows: list[tuple[np.ndarray, float, float]] = []
    for row in state.capacity:
        pool = instance.pools[row.pool]
        each = 1.0 if row.per_node else float(pool.gpus_per_node)
        moved = moves(KnobKind.NODES, row.pool)
        rows.append((row.weight, -each if moved else 0.0, 0.0 if moved else each * pool.nodes))
    for i, llm in enumerate(instance.llms):
        own = (of_llm == i).astype(float)
        if moves(KnobKind.LEAST, i):
            rows.append((-own, 1.0, 0.0))
        elif llm.min_replicas > 0:
            rows.append((-own, 0.0, -float(llm.min_replicas)))
        if moves(KnobKind.MOST, i):
            rows.append((own, -1.0, 0.0))
        elif llm.max_replicas is not None:
            rows.append((own, 0.0, float(llm.max_replicas)))
    matrix = np.array([np.append(weight, of_knob) for weight, of_knob, _ in rows])
    return matrix, np.array([most for *_, most in rows])


def _solve_for_least(
    state: SearchState, knob: Knob, floor: Floor, *, relax: bool
) -> MilpSolution | None:
    """The program of a knob; None where it stayed open. relax: whether to cut its relaxation
    first.
    """
    options = state.usable()
    if state.clock.stopped():
        return None
    goal = Goal(of=GoalKind.KNOB, knob=knob, quality_at_least=floor)
    cuts = np.zeros(0, dtype=int) if floor is None else None
    form = state.formulation(goal, options, cuts=cuts)
    compiled = compile_program(build_program(form), form)
    if relax and floor is not None:
        _cut_relaxed(state, compiled, knob)
        form = state.formulation(goal, options)
        compiled = compile_program(build_program(form), form)
    columns = compiled.linear.cost.size
    settings = state.settings(
        rel_gap=PROGRAM_GAP,
        time_limit=max(state.clock.left(), 0.05),
        nodes=max(int(min(PROGRAM_WORK, state.clock.work)) // columns, LEAST_NODES),
    )
    answer = solve_with_highs(compiled.linear, settings)
    state.clock.book_work(answer.nodes, columns)
    state.milp_solves += 1
    state.nodes += answer.nodes
    if answer.x is None and answer.stop is not StopReason.INFEASIBLE:
        return None
    return MilpSolution(answer, compiled, len(state.instance.options))


def _values_to_try(adjustment: Adjustment, found: float, steps: tuple[float, ...]) -> list[float]:
    """Stated values at a knob's, as it is written, and a little further."""
    value = adjustment.stated(found)
    upwards = adjustment.upwards
    if adjustment.whole:
        least = np.ceil(value - SLACK) if upwards else np.floor(value + SLACK)
        values = [float(least), float(least + (1 if upwards else -1))]
    else:
        away = 1 if upwards else -1
        values = [written_value(value * (1 + away * one), upwards=upwards) for one in steps]
    return [one for one in values if adjustment.allows(one)]


def written_value(value: float, *, upwards: bool) -> float:
    """Four significant digits, away from the value that did not work: a repair of four digits
    reads better than one of sixteen, and is tried as it is written.
    """
    if value == 0:
        return 0.0
    unit = 10.0 ** (np.floor(np.log10(abs(value))) - 3)
    steps = np.ceil(value / unit - 1e-9) if upwards else np.floor(value / unit + 1e-9)
    return float(f"{steps * unit:.4g}")


def _nearer(adjustment: Adjustment, one: LeastChange, other: LeastChange) -> LeastChange:
    """The smaller of two changes."""
    if one.value is None or other.value is None:
        return other if one.value is None else one
    before = adjustment.before
    return one if abs(one.value - before) <= abs(other.value - before) else other


def _is_least(adjustment: Adjustment, value: float, bound: float) -> bool:
    """Whether a stated value is as near as a knob's bound allows."""
    least = adjustment.stated(bound)
    if adjustment.whole:
        nearest = np.ceil(least - SLACK) if adjustment.upwards else np.floor(least + SLACK)
        return bool(abs(value - nearest) < SLACK)
    return bool(abs(value - least) <= PRECISION * abs(value))


def _plan_at(
    adjustment: Adjustment,
    state: SearchState,
    solution: MilpSolution,
    value: float,
    floor: Floor,
) -> tuple[Solution | None, bool]:
    """The program's setup as a plan of the instance with a stated value; and whether a row or a
    no-good was learnt from its packing.
    """
    instance = with_headroom(adjustment.apply(value))
    at_value = state.with_numbers_of(instance)
    replicas, rates = solution.setup()
    if not all_packed(pack_for_separation(at_value, replicas)):
        limits = [pool.gpus for pool in instance.pools]
        return None, place_or_separate(state, replicas, limits).learnt
    served = float(rates.sum())
    if served <= 0:
        return None, False
    return routed_plan(at_value, replicas, rates * (instance.arrival_rate / served), floor), False


def routed_plan(
    state: SearchState, replicas: np.ndarray, rates: np.ndarray, floor: Floor
) -> Solution | None:
    """A setup (replicas, rates: (O,)) placed and routed, with the bound that is known of any plan:
    no answer is better than the best one, nothing is free.
    """
    instance = state.instance
    cost = instance.objective == ObjectiveKind.COST
    of = GoalKind.COST if cost else GoalKind.QUALITY
    goal = GoalState(
        shared=state, goal=Goal(of=of, quality_at_least=floor), abs_gap=lambda _: np.inf
    )
    consider_primal(goal, replicas, rates, pack_for_separation(state, replicas))
    best = goal.incumbent
    if best is None:
        return None
    ceiling = float(instance.scores.weights @ instance.scores.values.max(axis=0))
    value = best.cost if cost else best.settled.value
    effort = outcome_effort(state, Termination.GAP, [])
    return outcome_solution(best, value, 0.0 if cost else ceiling, effort, None)


def _refine_at(state: SearchState, solution: MilpSolution, floor: Floor) -> bool:
    """Lines, splits and cuts where the program's answer was too hopeful; whether there were any."""
    replicas, rates = solution.setup()
    refined = bool(refine_curve_lines(state, replicas, rates))
    refined |= split_curve_arms(state, replicas, rates)
    cuts, fractions = len(state.quality.cuts), solution.fractions()
    if fractions is not None and floor is not None:
        # Exact prices: near-optimal ones leave an error that a floor cannot be reached within.
        state.quality.settle(fractions)
    return refined or len(state.quality.cuts) > cuts
