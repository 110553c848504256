"""Rows of the program that route requests say what their equations say, at random points."""

import numpy as np
import pyomo.environ as pyo
import pytest

from models.formulation import Formulation, GoalKind
from models.program import build_program
from tests.support.instances.programs import formulation, state_of

CASES = [("convex", 3), ("nonconvex", 1), ("two_pools", 3), ("nonconvex", 2)]


def program_at_random_point(kind: str, seed: int) -> tuple[Formulation, pyo.ConcreteModel]:
    """A program with a value from 0 to 1 in every column."""
    form = formulation(state_of(kind, seed), GoalKind.QUALITY)
    model = build_program(form)
    rng = np.random.default_rng(seed)
    for column in model.component_data_objects(pyo.Var):
        column.set_value(float(rng.uniform()), skip_validation=True)
    return form, model


def vertex_sums(form: Formulation, model: pyo.ConcreteModel) -> tuple[np.ndarray, np.ndarray]:
    """Rate per LLM (req/s) and spent budget per SLO of the weights in the program."""
    rates = np.zeros(len(form.instance.llms))
    budgets = np.zeros(len(form.shared_slos))
    for o in form.options:
        for a, arm in enumerate(form.arms[o]):
            at, spent = arm.points()
            weights = np.array([model.weight[o, a, k].value for k in range(at.size)])
            rates[form.instance.options[o].llm] += weights @ at
            budgets += np.atleast_2d(spent) @ weights
    return rates, budgets


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_a_quality_cut_keeps_quality_below_its_plane(kind: str, seed: int) -> None:
    form, model = program_at_random_point(kind, seed)
    fraction = np.array([model.fraction[i].value for i in model.LLMS])
    excess = model.quality.value - form.cut_base - form.cut_prices @ fraction
    rows = [pyo.value(row.body) - row.ub for row in model.obey_quality_cuts.values()]
    assert rows == pytest.approx(excess.tolist())
    assert len(rows) == form.cut_base.size > 0


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_every_request_is_served_by_the_options_of_its_llm(kind: str, seed: int) -> None:
    form, model = program_at_random_point(kind, seed)
    rates, _ = vertex_sums(form, model)
    fraction = np.array([model.fraction[i].value for i in model.LLMS])
    everything = model.serve_every_request
    assert everything.equality
    assert pyo.value(everything.body) == pytest.approx(fraction.sum())
    assert pyo.value(everything.upper) == 1
    missed = rates / form.unit - form.demand * fraction
    rows = model.serve_llm_fraction
    assert all(row.equality for row in rows.values())
    assert [pyo.value(rows[i].body) - rows[i].ub for i in model.LLMS] == pytest.approx(missed)


@pytest.mark.parametrize(("kind", "seed"), [*CASES[:1], *CASES[2:]])
def test_a_latency_budget_is_spent_by_the_points_in_use(kind: str, seed: int) -> None:
    form, model = program_at_random_point(kind, seed)
    _, budgets = vertex_sums(form, model)
    rows = model.stay_within_latency_budget
    assert rows, "an SLO over all requests"
    for s, row in rows.items():
        assert pyo.value(row.body) == pytest.approx(budgets[s] / form.budget_scale[s], abs=1e-6)
        assert row.ub == pytest.approx(form.demand)


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_weights_of_an_arm_sum_to_its_replicas(kind: str, seed: int) -> None:
    form, model = program_at_random_point(kind, seed)
    for (o, a), row in model.run_replicas_at_points.items():
        split = len(form.arms[o]) > 1
        replicas = model.arm_replicas[o, a].value if split else model.replicas[o].value
        weights = sum(model.weight[o, a, k].value for k in range(form.arms[o][a].points()[0].size))
        assert row.equality
        assert pyo.value(row.body) - row.ub == pytest.approx(weights - replicas)


def test_an_option_runs_in_one_of_its_arms() -> None:
    """Replicas in two arms break a row, whichever arms are chosen; in one arm they break none."""
    split = 0
    for seed in range(6):
        form, model = program_at_random_point("nonconvex", seed)
        for o in model.SPLIT_OPTIONS:
            if form.upper[o] <= 1:
                continue
            split += 1
            arms = range(len(form.arms[o]))
            model.replicas[o].set_value(2)
            for held, kept in (((1, 1), False), ((2, 0), True)):
                assert one_arm_can_hold(model, o, dict(zip(arms, held, strict=True))) == kept
    assert split, "options with several arms"


def one_arm_can_hold(model: pyo.ConcreteModel, o: int, held: dict[int, int]) -> bool:
    """Whether some choice of arms keeps all rows of an option with replicas per arm."""
    for a, replicas in held.items():
        model.arm_replicas[o, a].set_value(replicas)
    shared = model.share_replicas_among_arms[o]
    assert pyo.value(shared.body) == pytest.approx(shared.ub)
    for choice in ((0, 0), (0, 1), (1, 0), (1, 1)):
        for a in held:
            model.arm_chosen[o, a].set_value(choice[a])
        rows = [model.run_in_one_arm[o], *(model.use_chosen_arm[o, a] for a in held)]
        if all(pyo.value(row.body) <= row.ub + 1e-9 for row in rows):
            return True
    return False
