"""Programs of tiny instances, and other solvers for them."""

import time

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from models.compiled_program import CompiledProgram, compile_program
from models.formulation import Formulation, Goal, GoalKind
from models.linear import LinearProgram
from models.program import build_program
from models.quality import Quality
from planner.joint.setups.search_state import SearchClock, SearchState
from tests.support.instances.tiny import KINDS, random_instance
from tests.support.walls import wall_size

GOALS = tuple(GoalKind)

CASES = [(KINDS[seed % len(KINDS)], seed) for seed in range(wall_size(8, 20))]


def state_of(kind: str, seed: int) -> SearchState:
    """The tiny instance's state with some quality cuts, and arms that were touched and split as a
    search would.
    """
    instance = random_instance(seed, kind)
    state = SearchState(
        instance=instance,
        quality=Quality(instance.scores),
        clock=SearchClock(time.perf_counter() + 60.0),
    )
    rng = np.random.default_rng(seed)
    for _ in range(6):
        state.quality.price(rng.dirichlet(np.ones(len(instance.llms))))
    for o, arms in state.arms.items():
        for arm in arms:
            arm.touch(float(rng.uniform(arm.low, arm.high)))
        if rng.random() < 0.5 and arms[0].high - arms[0].low > 0.1:
            middle = float(rng.uniform(arms[0].low + 0.05, arms[0].high - 0.05))
            state.arms[o] = list(arms[0].split(middle, 0.01 * state.allowances))
    return state


def formulation(state: SearchState, of: GoalKind, *, roomy: bool = False) -> Formulation:
    """A goal with a quality floor where something else is minimised.

    roomy: no rounded-down replica limits, which the arrays have not.
    """
    best = state.quality.cuts.at(np.full(len(state.instance.llms), 1.0 / len(state.instance.llms)))
    goal = Goal(of=of, quality_at_least=None if of == GoalKind.QUALITY else 0.5 * best)
    upper = np.full(len(state.instance.options), 1e3) if roomy else None
    options = tuple(o for o in state.arms if state.upper[o] >= 1)
    return state.formulation(goal, options, upper=upper)


def minimum(program: LinearProgram) -> float:
    """The continuous optimum by scipy; inf where infeasible."""
    matrix = program.matrix.toarray()
    equal = program.row_lower == program.row_upper
    above, below = np.isfinite(program.row_upper) & ~equal, np.isfinite(program.row_lower) & ~equal
    answer = linprog(
        program.cost,
        A_ub=np.vstack([matrix[above], -matrix[below]]),
        b_ub=np.concatenate([program.row_upper[above], -program.row_lower[below]]),
        A_eq=matrix[equal],
        b_eq=program.row_upper[equal],
        bounds=np.stack([program.low, program.high], axis=1),
        method="highs",
    )
    assert answer.status in (0, 2), answer.message
    return float(answer.fun) + program.offset if answer.status == 0 else np.inf


def whole_minimum(program: LinearProgram) -> float:
    """The mixed-integer optimum by scipy's own HiGHS; inf where infeasible."""
    answer = milp(
        program.cost,
        constraints=LinearConstraint(program.matrix, program.row_lower, program.row_upper),
        bounds=Bounds(program.low, program.high),
        integrality=program.integer.astype(int),
        options={"mip_rel_gap": 0.0},
    )
    assert answer.status in (0, 2), answer.message
    return float(answer.fun) + program.offset if answer.status == 0 else np.inf


def compiled(form: Formulation) -> CompiledProgram:
    return compile_program(build_program(form), form)


def check_point(program: CompiledProgram, x: np.ndarray | None) -> None:
    """The point keeps every row, column and integer of the arrays, and the maps name the right
    columns.
    """
    assert x is not None
    linear = program.linear
    row = linear.matrix @ x
    assert np.all(row >= linear.row_lower - 1e-5)
    assert np.all(row <= linear.row_upper + 1e-5)
    assert np.all((x >= linear.low - 1e-6) & (x <= linear.high + 1e-6))
    assert np.abs(x - np.round(x))[linear.integer].max() <= 1e-5
    assert x[list(program.fractions)].sum() == pytest.approx(1.0)
    used = [column for column in program.replicas.values() if column >= 0]
    assert linear.integer[used].all()
