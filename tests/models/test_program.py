"""The program in Pyomo: rows that read as English, and Pyomo's own interface agrees."""

import re

import pyomo.environ as pyo
import pytest

import models.program
from models.formulation import GoalKind
from models.nogood import NoGood
from models.program import build_program
from planner.joint.solver.highs import SolveSettings, solve_with_highs
from tests.support.instances.programs import CASES, GOALS, compiled, formulation, state_of

VERBS = (
    "obey",
    "serve",
    "stay",
    "run",
    "share",
    "use",
    "fit",
    "notice",
    "respect",
    "keep",
    "reach",
)


@pytest.mark.parametrize(("kind", "seed"), [("convex", 3), ("nonconvex", 1), ("two_pools", 3)])
def test_pyomo_s_own_interface_agrees(kind: str, seed: int) -> None:
    """The model as a user of Pyomo would solve it, not by way of our arrays."""
    form = formulation(state_of(kind, seed), "quality")
    model = build_program(form)
    solver = pyo.SolverFactory("appsi_highs")
    solver.solve(model)
    answer = solve_with_highs(compiled(form).linear, SolveSettings())
    assert pyo.value(model.objective) == pytest.approx(answer.value, rel=1e-6, abs=2e-6)
    assert sum(pyo.value(model.fraction[i]) for i in model.LLMS) == pytest.approx(1.0)


def constraint_names() -> set[str]:
    """Of all programs the cases make, and of one with every kind of row."""
    names: set[str] = set()
    for kind, seed in CASES:
        for of in GOALS:
            state = state_of(kind, seed)
            state.no_goods.append(NoGood(0, ((0,),), (99,), 1))
            names |= {
                c.local_name
                for c in build_program(formulation(state, of)).component_objects(pyo.Constraint)
            }
    return names


def test_every_row_is_a_verb_phrase_that_the_docstring_lists() -> None:
    listed = models.program.__doc__ or ""
    names = constraint_names()
    assert names, "the programs have rows"
    missing = {name for name in names if not re.search(rf"\b{name}\b", listed)}
    assert not missing, f"models/program.py's docstring does not list {sorted(missing)}"
    strange = {name for name in names if name.split("_")[0] not in VERBS or "_" not in name}
    assert not strange, f"no verb phrases: {sorted(strange)}"


def test_no_component_takes_a_reserved_name() -> None:
    model = build_program(formulation(state_of("nonconvex", 1), GoalKind.COST))
    names = {component.local_name for component in model.component_objects()}
    assert not names & {"load", "type", "name", "model"}
    sets = {component.local_name for component in model.component_objects(pyo.Set)}
    assert all(name.isupper() for name in sets if not name.endswith("_domain")), sets
    assert all(variable.local_name.islower() for variable in model.component_objects(pyo.Var))
