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

from dataclasses import replace

import numpy as np

from models.compiled_program import CompiledProgram
from models.formulation import Knob, KnobKind
from planner.joint.programs.capacity_bound import (
    SLACK,
    bound_by_capacity,
    count_nodes_by_capacity,
    easy_setups_by_capacity,
)
from planner.joint.programs.restricted_milp import MilpSolution
from planner.joint.repairs.adjustments import Adjustment
from planner.joint.repairs.knob_relaxation import KnobProgram
from planner.joint.repairs.repair_plans import (
    FAR_STEPS,
    PRECISION,
    Floor,
    LeastChange,
    is_least_repair,
    nearer_repair,
    repair_plan_at,
    routed_repair_plan,
    try_repair_values,
)
from planner.joint.setups.curve_refinement import refine_curve_lines, split_curve_arms
from planner.joint.setups.search_state import LEAST_NODES, SearchState
from planner.joint.setups.separation import place_or_separate
from planner.joint.solver.highs import StopReason, solve_with_highs

PROGRAM_GAP = 2e-4
"""Relative gap to which a program is solved: a tenth of the precision."""

ROUNDS = 40
"""Programs for one number at most; two are usual without a floor of quality."""

FLOOR_PROGRAM_GAP = 1e-3
"""The same with a floor of quality, where whole replicas cost more than a node: half the
precision.
"""

PROGRAM_WORK = 400_000
"""Nodes times columns of a program: about 5 s (HiGHS 1.16, programs of 500 to 3,000 columns). A
number of nodes, not of seconds, so that the answer is the same on a busy machine.
"""

FLOOR_PROGRAM_WORK = 2_000_000
"""The same with a floor of quality."""

NEAR_ENOUGH = 0.9 * PRECISION
"""Relative distance from a repair within which no nearer number is asked about."""

LEAST_RANGE, WIDER = 0.003, 0.25
"""Least relative width of the ranges in which a rate is sought, downwards from its bound; or part
of what is known to be empty.
"""

MOST_LIMITED = 2
"""Programs for one number that may end at their nodes: further ones prove no more."""


def least_change_by_program(
    adjustment: Adjustment, state: SearchState, floor: Floor
) -> LeastChange:
    """Move a number that stands in the program's rows.

    state: of the adjustment's `opened` instance, with its headroom applied. floor: of quality (0..1
    scale), or None.
    """
    knob = adjustment.knob
    assert knob is not None  # noqa: S101 - the caller has looked
    by_capacity = _bound_by_capacity(state, knob)
    if by_capacity == np.inf:
        return LeastChange(None, None, proved=True)
    if knob.kind == KnobKind.NODES and by_capacity > adjustment.before + SLACK:
        # Capacity alone needs more nodes: a count says how many, and fewer are settled.
        counted, by_capacity = _counted_nodes(adjustment, state, knob, by_capacity, floor)
        if counted.proved:
            return counted
        knob = replace(knob, low=by_capacity)
    return _least_by_rounds(adjustment, KnobProgram(state, knob, floor), by_capacity)


def _least_by_rounds(
    adjustment: Adjustment, program: KnobProgram, by_capacity: float
) -> LeastChange:
    """One program a round, until a plan's number meets the bound or nothing more is learnt."""
    state, floor, knob = program.state, program.floor, program.knob
    program.relax()
    best, limited = LeastChange(None, None, proved=False), 0
    for _ in range(ROUNDS):
        # With a plan only numbers that are nearer by more than the precision are asked about.
        nearer = None if best.value is None else _within(adjustment, best)
        solution = _solve_by_ranges(program, nearer)
        if solution is None or _is_empty(solution, knob, nearer):
            beaten = best.plan is not None and nearer is None
            return replace(best, proved=solution is not None and not beaten)
        sign = -1.0 if knob.maximised else 1.0
        bound = sign * max(solution.answer.bound, by_capacity)
        found = sign * solution.answer.value
        if knob.whole:
            bound = np.ceil(bound - SLACK) if sign > 0 else np.floor(bound + SLACK)
            found = float(round(found))
        if best.value is not None and is_least_repair(adjustment, best.value, bound):
            return replace(best, proved=True)
        nearest, learnt = _try_setup(adjustment, program, solution, found)
        best = nearer_repair(adjustment, best, nearest)
        if best.value is not None and is_least_repair(adjustment, best.value, bound):
            return replace(best, proved=True)
        learnt |= _refine_at(state, solution, floor)
        limited += solution.answer.stop is StopReason.NODES
        over = not learnt or limited == MOST_LIMITED or state.clock.stopped()
        if best.value is None and (over or solution.answer.stop is StopReason.NODES):
            best, _ = try_repair_values(
                adjustment, state, solution.setup(), found, floor, FAR_STEPS
            )
        if over:
            break
    return best


def _solve_by_ranges(program: KnobProgram, nearer: float | None) -> MilpSolution | None:
    """The program of a knob; the largest rate at a floor is sought in one range after the other,
    downwards from the relaxation's bound: destructive bounds (Klein and Scholl, Eur. J. Oper. Res.
    112, 1999). nearer: as in `_solve_for_least`.

    That a range is empty takes HiGHS a few nodes, and in the first that is not the cutoff leaves a
    small tree: 8 LLMs on 96 GPUs took 3.2 s and 1,360 nodes for a rate 1 % below the best one
    without ranges, and 1 to 2 s for six of them with the best one.
    """
    knob, bound, compiled = program.knob, program.knob.high, program.compile()
    while program.floor is not None and knob.kind == KnobKind.RATE:
        nearest = knob.high - max(LEAST_RANGE * knob.high, WIDER * (bound - knob.high))
        if nearest <= (knob.low if nearer is None else nearer):
            break
        solution = _solve_for_least(program, nearest, compiled)
        if solution is None:
            break  # a range that is left open: any setup will do
        if not _is_empty(solution, knob, nearest):
            return solution
        program.knob = knob = replace(knob, high=nearest)
        high = compiled.linear.high.copy()
        high[compiled.knob] = nearest
        compiled = replace(compiled, linear=replace(compiled.linear, high=high))
    return _solve_for_least(program, nearer, compiled)


def _is_empty(solution: MilpSolution, knob: Knob, nearer: float | None) -> bool:
    """Whether a program has no answer, or is proved to have none that is nearer than a value."""
    answer = solution.answer
    if answer.stop is StopReason.INFEASIBLE:
        return True
    if nearer is None or answer.stop is not StopReason.OPTIMAL:
        return False
    return answer.value > _knob_loss(knob, nearer)


def _knob_loss(knob: Knob, value: float) -> float:
    """What a program minimises at a knob's value."""
    return -value if knob.maximised else value


def _within(adjustment: Adjustment, best: LeastChange) -> float | None:
    """The knob's value that a repair is near enough to; None where it counts things."""
    knob, value = adjustment.knob, best.value
    if value is None or knob is None or knob.whole or adjustment.whole:
        return None
    away = 1.0 if adjustment.upwards else -1.0
    start = adjustment.stated(0.0)
    return (value * (1 - away * NEAR_ENOUGH) - start) / (adjustment.stated(1.0) - start)


def _bound_by_capacity(state: SearchState, knob: Knob) -> float:
    """A bound on a knob by capacity alone, on nodes from none on; inf where no option is usable."""
    lowest = replace(knob, low=0.0) if knob.kind == KnobKind.NODES else knob
    return bound_by_capacity(state, lowest) if state.usable() else np.inf


def _counted_nodes(
    adjustment: Adjustment, state: SearchState, knob: Knob, by_capacity: float, floor: Floor
) -> tuple[LeastChange, float]:
    """The fewest nodes that whole replicas need without curves, as a plan where a setup on them is
    packed and serves all requests; and a bound on the number.
    """
    fewest = count_nodes_by_capacity(state, knob)
    if fewest == np.inf:
        return LeastChange(None, None, proved=True), fewest
    for setup in easy_setups_by_capacity(state, knob, fewest, by_capacity):
        plan, _ = repair_plan_at(adjustment, state, setup, fewest, floor)
        if plan is not None:
            return LeastChange(fewest, plan, proved=True), fewest
    return LeastChange(None, None, proved=False), fewest


def _try_setup(
    adjustment: Adjustment, program: KnobProgram, solution: MilpSolution, found: float
) -> tuple[LeastChange, bool]:
    """The program's setup as a plan at its knob's value `found`, or, where it misses a floor there,
    as near as it reaches it; and whether a row or a no-good was learnt.
    """
    state, floor = program.state, program.floor
    setup = solution.setup()
    if floor is not None and not program.knob.whole:
        further = program.relaxed_at(setup[0])
        found = found if further is None else further.value
    return try_repair_values(adjustment, state, setup, found, floor)


def feasible_plan(state: SearchState, floor: Floor) -> LeastChange:
    """A plan of the state's instance, whatever its quality above a floor; or the proof that there
    is none.
    """
    as_stated = Knob(kind=KnobKind.RATE, low=1.0, high=1.0)
    if not state.usable():
        return LeastChange(None, None, proved=True)
    program = KnobProgram(state, as_stated, floor)
    program.relax()
    for _ in range(ROUNDS):
        solution = _solve_for_least(program, None, program.compile())
        if solution is None:
            break
        if solution.answer.stop is StopReason.INFEASIBLE:
            return LeastChange(None, None, proved=True)
        replicas, rates = solution.setup()
        placement = place_or_separate(state, replicas, None)
        plan = routed_repair_plan(state, replicas, rates, floor) if placement.placed else None
        if plan is not None:
            return LeastChange(None, plan, proved=True)
        learnt = placement.learnt or _refine_at(state, solution, floor)
        if not learnt or state.clock.stopped():
            break
    return LeastChange(None, None, proved=False)


def _solve_for_least(
    program: KnobProgram, nearer: float | None, compiled: CompiledProgram
) -> MilpSolution | None:
    """The program of a knob, compiled; None where it stayed open. nearer: only numbers nearer than
    this are of interest.
    """
    state, floor = program.state, program.floor
    if state.clock.stopped():
        return None
    columns = compiled.linear.cost.size
    work = PROGRAM_WORK if floor is None else FLOOR_PROGRAM_WORK
    settings = state.settings(
        rel_gap=PROGRAM_GAP if floor is None else FLOOR_PROGRAM_GAP,
        time_limit=max(state.clock.left(), 0.05),
        nodes=max(int(min(work, state.clock.work)) // columns, LEAST_NODES),
        cutoff=np.inf if nearer is None else _knob_loss(program.knob, nearer),
    )
    answer = solve_with_highs(compiled.linear, settings)
    state.clock.book_work(answer.nodes, columns)
    state.milp_solves += 1
    state.nodes += answer.nodes
    if answer.x is None and answer.stop is not StopReason.INFEASIBLE:
        return None
    return MilpSolution(answer, compiled, len(state.instance.options))


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
