"""The bare arrays are Pyomo's program without integers."""

from dataclasses import replace

import numpy as np
import pytest

from models.formulation import Changes, Formulation, GoalKind, Knob, KnobKind
from models.instance import Running
from models.relaxation import relax_program
from planner.joint.solver.highs import SolveSettings
from planner.joint.solver.live_lp import LiveLp
from tests.support.instances.programs import CASES, GOALS, compiled, formulation, minimum, state_of


@pytest.mark.parametrize(("kind", "seed"), CASES)
@pytest.mark.parametrize("of", GOALS)
def test_pyomo_without_integers_is_the_relaxation(of: str, kind: str, seed: int) -> None:
    check_relaxation(formulation(state_of(kind, seed), of, roomy=True))


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_a_limit_of_changes_is_the_same_in_both(kind: str, seed: int) -> None:
    """Some options run, one of them is not in the program: its replicas stop and count."""
    form = formulation(state_of(kind, seed), GOALS[seed % 2], roomy=True)
    running = tuple(1 + (o + seed) % 2 for o in range(len(form.instance.options)))
    fewer = replace(form, options=form.options[seed % 2 :])
    for most in (1, 3):
        check_relaxation(
            replace(fewer, goal=replace(form.goal, changes=Changes((*running[:-1], 0), most)))
        )


@pytest.mark.parametrize(("kind", "seed"), CASES[:4])
def test_so_is_a_price_of_changes(kind: str, seed: int) -> None:
    """The least cost, one within a cost, and one within a limit of changes too."""
    form = formulation(state_of(kind, seed), "cost", roomy=True)
    runs = tuple((o + seed) % 2 for o in range(len(form.instance.options)))
    places = tuple((o, 0, (0,)) for o, count in enumerate(runs) if count)
    running = Running(replicas=runs, rates=(1.0,) * len(runs), places=places, start_price=0.3)
    form = replace(form, instance=replace(form.instance, running=running))
    check_relaxation(form)
    free = replace(form.instance, running=replace(running, start_price=0.0))
    least = minimum(compiled(replace(form, instance=free)).linear)
    none = replace(running, places=())
    dearest = replace(form, instance=replace(form.instance, running=none))
    check_relaxation(dearest)
    assert minimum(compiled(dearest).linear) > least or least == np.inf
    goal = replace(form.goal, of=GoalKind.QUALITY, cost_at_most=4.0)
    check_relaxation(replace(form, goal=goal))
    check_relaxation(replace(form, goal=replace(form.goal, changes=Changes(runs, 3))))


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_so_is_the_largest_spent_part_of_the_budgets(kind: str, seed: int) -> None:
    form = formulation(state_of(kind, seed), GoalKind.KNOB, roomy=True)
    knob = Knob(kind=KnobKind.SLO, low=0.0, high=1.0)
    check_relaxation(replace(form, goal=replace(form.goal, knob=knob)))


@pytest.mark.parametrize(("kind", "seed"), CASES[:4])
def test_so_are_opening_cuts(kind: str, seed: int) -> None:
    """Also beside a limit and a price of changes, which have columns next to theirs."""
    state = state_of(kind, seed)
    form = formulation(state, GoalKind.QUALITY, roomy=True)
    plain = minimum(compiled(form).linear)
    llms, rng = len(form.instance.llms), np.random.default_rng(seed)
    for _ in range(4):
        fractions = rng.dirichlet(np.ones(llms))
        opened = np.maximum(fractions, rng.uniform(0, 1, llms))
        state.quality.price_openings(fractions, opened, np.full(llms, 0.4))
    form = replace(form, openings=state.quality.openings)
    check_relaxation(form)
    assert minimum(compiled(form).linear) >= plain - 1e-9
    runs = tuple((o + seed) % 2 for o in range(len(form.instance.options)))
    places = tuple((o, 0, (0,)) for o, count in enumerate(runs) if count)
    running = Running(replicas=runs, rates=(1.0,) * len(runs), places=places, start_price=0.3)
    goal = replace(form.goal, cost_at_most=4.0, changes=Changes(runs, 3))
    instance = replace(form.instance, running=running)
    check_relaxation(replace(form, instance=instance, goal=goal))


def check_relaxation(form: Formulation) -> None:
    points = {o: [arm.points() for arm in form.arms[o]] for o in form.options}
    arrays, _, _ = relax_program(form, points)
    whole = compiled(form).linear
    first, second = minimum(arrays), minimum(whole)
    assert first == pytest.approx(second, rel=1e-6, abs=1e-7)
    live = LiveLp(arrays, SolveSettings()).solve()
    assert (live.value if live.stop == "optimal" else np.inf) == pytest.approx(
        first, rel=1e-6, abs=1e-7
    )
