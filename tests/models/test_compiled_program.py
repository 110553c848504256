"""The compiled arrays: a second solver agrees, names, and no side effects."""

import threading

import numpy as np
import pytest

from models.compiled_program import compile_program
from models.formulation import GoalKind
from models.linear import LinearProgram
from models.program import build_program
from planner.joint.solver.highs import SolveSettings, solve_with_highs
from tests.support.instances.programs import (
    CASES,
    GOALS,
    check_point,
    compiled,
    formulation,
    minimum,
    state_of,
    whole_minimum,
)


@pytest.mark.parametrize(("kind", "seed"), CASES)
@pytest.mark.parametrize("of", GOALS)
def test_a_second_solver_agrees_on_the_integers(of: str, kind: str, seed: int) -> None:
    form = formulation(state_of(kind, seed), of)
    program = compiled(form)
    answer = solve_with_highs(program.linear, SolveSettings())
    truth = whole_minimum(program.linear)
    if answer.stop == "infeasible":
        assert truth == np.inf
        return
    assert answer.stop == "optimal"
    assert answer.value == pytest.approx(truth, rel=1e-6, abs=2e-6)
    assert answer.bound <= truth + 2e-6
    assert truth >= minimum(program.linear) - 1e-6, "integers only make it harder"
    check_point(program, answer.x)


def test_row_names_of_the_arrays_are_the_components_names() -> None:
    form = formulation(state_of("convex", 0), GoalKind.QUALITY)
    assert compiled(form).linear.row_names == []
    linear = compile_program(build_program(form), form, named=True).linear
    assert len(linear.row_names) == linear.row_lower.size
    assert len(linear.column_names) == linear.cost.size
    assert {name.split("[")[0] for name in linear.row_names} >= {
        "serve_every_request",
        "serve_llm_fraction",
        "run_replicas_at_points",
    }


def test_builders_do_not_touch_what_they_read() -> None:
    """Twice the same arrays, from two threads at once."""
    form = formulation(state_of("nonconvex", 9), "quality")
    found: list[LinearProgram] = []
    threads = [
        threading.Thread(target=lambda: found.append(compiled(form).linear)) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = compiled(form).linear
    for other in found:
        assert np.array_equal(other.matrix.toarray(), again.matrix.toarray())
        assert np.array_equal(other.cost, again.cost)
