"""No-goods and limits in the program forbid what they name, and only that."""

from dataclasses import replace

import pyomo.environ as pyo
import pytest

from models.compiled_program import compile_program
from models.formulation import Changes, Goal, GoalKind, fleet_cost
from models.instance import Llm
from models.nogood import NoGood
from models.program import build_program
from planner.joint.solver.highs import SolveSettings, StopReason, solve_with_highs
from tests.support.instances.programs import compiled, formulation, state_of


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("seed", [1, 7, 8, 17])
def test_a_no_good_forbids_what_it_names_and_only_that(seed: int, limited: bool) -> None:
    """Forbid exactly the best setup (all counts reached at once): the next best is a setup
    that misses one of them.
    """
    state = state_of("convex", seed)
    form = formulation(state, "quality")
    program = compiled(form)
    best = solve_with_highs(program.linear, SolveSettings())
    replicas = {
        o: round(float(best.x[c]))
        for o, c in program.replicas.items()
        if c >= 0 and best.x[c] > 0.5
    }  # type: ignore[index]
    state.no_goods.append(
        NoGood(
            0, tuple((o,) for o in replicas), tuple(replicas.values()), 10**3 if limited else None
        )
    )
    barred = compiled(formulation(state, "quality"))
    second = solve_with_highs(barred.linear, SolveSettings())
    assert second.stop == "optimal"
    assert second.value >= best.value - 1e-9
    assert any(round(float(second.x[barred.replicas[o]])) < n for o, n in replicas.items())  # type: ignore[index]
    other = [o for o in form.options if o not in replicas]
    if other:
        state.no_goods[-1] = NoGood(
            0, (*((o,) for o in replicas), (other[0],)), (*replicas.values(), 1)
        )
        same = solve_with_highs(compiled(formulation(state, "quality")).linear, SolveSettings())
        assert same.value == pytest.approx(best.value, abs=1e-6), (
            "one replica more is barred, the setup itself is not"
        )


def test_a_no_good_with_a_gpu_limit_lapses_on_more_gpus() -> None:
    """'Not on one GPU' lets the same replicas run on two."""
    state = state_of("convex", 3)
    form = formulation(state, "quality")
    program = compiled(form)
    best = solve_with_highs(program.linear, SolveSettings())
    replicas = {
        o: round(float(best.x[c]))
        for o, c in program.replicas.items()
        if c >= 0 and best.x[c] > 0.5
    }  # type: ignore[index]
    state.no_goods.append(NoGood(0, tuple((o,) for o in replicas), tuple(replicas.values()), 0))
    lapsed = solve_with_highs(compiled(formulation(state, "quality")).linear, SolveSettings())
    assert lapsed.value == pytest.approx(best.value, abs=1e-6)


def limits_of(model: pyo.ConcreteModel, name: str) -> list[str]:
    return [str(data.expr) for data in getattr(model, name).values()]


def test_limits_on_replicas_are_stated_per_llm() -> None:
    state = state_of("convex", 0)
    llms = tuple(Llm(llm.name, 1, 3) for llm in state.instance.llms)
    instance = replace(state.instance, llms=llms)
    form = replace(formulation(state, GoalKind.QUALITY), instance=instance)
    model = build_program(form)
    assert len(limits_of(model, "keep_min_replicas")) == len(llms)
    assert len(limits_of(model, "keep_max_replicas")) == len(llms)
    of_first = [o for o in form.options if instance.options[o].llm == 0]
    text = limits_of(model, "keep_max_replicas")[0]
    assert all(f"replicas[{o}]" in text for o in of_first)
    without = tuple(o for o in form.options if o not in of_first)
    barren = build_program(replace(form, options=without, arms={o: form.arms[o] for o in without}))
    program = compile_program(barren, replace(form, options=without)).linear
    assert solve_with_highs(program, SolveSettings()).stop is StopReason.INFEASIBLE


def test_limits_that_earlier_decisions_set() -> None:
    state = state_of("two_pools", 3)
    goal = Goal(
        of=GoalKind.QUALITY,
        quality_at_least=0.1,
        cost_at_most=50.0,
        cost_at_least=1.0,
        gpus_in_all=3,
    )
    program = compile_program(
        build_program(form := state.formulation(goal, state.usable())), form, named=True
    ).linear
    assert {"keep_quality", "keep_cost", "reach_cost", "keep_gpus"} <= set(program.row_names)
    answer = solve_with_highs(program, SolveSettings())
    if answer.x is not None:
        used = dict(zip(program.column_names, answer.x, strict=True))
        gpus = [used.get(f"gpus_used[{pool.name}]", 0.0) for pool in state.instance.pools]
        assert sum(gpus) <= 3 + 1e-6
        assert 1 - 1e-6 <= fleet_cost(state.instance).at(gpus) <= 50 + 1e-6
        assert used["quality"] >= 0.1 - 1e-6


def test_few_changes_of_a_running_setup() -> None:
    """None at all: the setup itself; what is left out of the program stops, and counts."""
    state = state_of("convex", 3)
    best = solve_with_highs(compiled(formulation(state, GoalKind.QUALITY)).linear, SolveSettings())
    program = compiled(formulation(state, GoalKind.QUALITY))
    running = tuple(
        round(float(best.x[program.replicas[o]])) if o in program.replicas else 0  # type: ignore[index]
        for o in range(len(state.instance.options))
    )
    usable = state.usable()
    same = Goal(of=GoalKind.QUALITY, changes=Changes(running, 0))
    form = state.formulation(same, usable)
    kept = compiled(form)
    answer = solve_with_highs(kept.linear, SolveSettings())
    assert [round(float(answer.x[kept.replicas[o]])) for o in usable] == [  # type: ignore[index]
        running[o] for o in usable
    ]
    held = next(o for o in usable if running[o])
    fewer = tuple(o for o in usable if o != held)
    without = compiled(state.formulation(same, fewer))
    assert solve_with_highs(without.linear, SolveSettings()).stop is StopReason.INFEASIBLE
