"""The master over cases: its optimum bounds every setup's relaxation, and what it must obey."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np
import pytest

from models.demand.case_cut import CaseCut
from models.demand.demand_model import DemandModel
from models.demand.master_program import build_master_program
from models.formulation import GoalKind
from models.instance import Running
from planner.joint.solver.highs import Answer, SolveSettings, StopReason, solve_with_highs
from tests.support.demand.cell_models import all_counts, cell_model, price_case
from tests.support.demand.placements import placed_setups
from tests.support.demand.random_demands import random_demand
from tests.support.walls import first_fast, wall_size

QUALITY, COST = GoalKind.QUALITY, GoalKind.COST


def cuts_of(model: DemandModel, setups: Sequence[np.ndarray]) -> list[CaseCut]:
    cases = range(len(model.demand.cases))
    return [price_case(model, t, n, tolerance=1e-5).cut for n in setups for t in cases]


def solved(model: DemandModel, cuts: Sequence[CaseCut], of: GoalKind, **options) -> Answer:
    program = build_master_program(model, cuts, of=of, **options)
    return solve_with_highs(program.linear, SolveSettings(abs_gap=1e-9))


def best_setup(model: DemandModel, cuts: Sequence[CaseCut], of: GoalKind, **options) -> np.ndarray:
    program = build_master_program(model, cuts, of=of, **options)
    answer = solve_with_highs(program.linear, SolveSettings(abs_gap=1e-9))
    assert answer.x is not None
    return np.rint(np.where(program.replicas >= 0, answer.x[program.replicas], 0)).astype(int)[0]


@pytest.mark.parametrize("kind", ["classes_cases", "classes_lost", "two_pools"])
@pytest.mark.parametrize("seed", first_fast(range(wall_size(2, 20))))
def test_it_bounds_the_relaxation_of_every_placed_setup(kind: str, seed: int) -> None:
    model = cell_model(random_demand(seed, kind))
    cuts = cuts_of(model, [model.upper, 0.5 * model.upper, 0.2 * model.upper])
    answer = solved(model, cuts, QUALITY)
    bound = -answer.bound if answer.x is not None else -np.inf
    served = 0
    for setup in placed_setups(model.demand, by_node=False):
        n = np.array(setup.replicas)
        found = [
            price_case(model, t, n, tolerance=1e-5).value for t in range(len(model.demand.cases))
        ]
        if None not in found:
            served += 1
            assert bound >= sum(v for v in found if v is not None) - 1e-6
    if answer.stop is StopReason.INFEASIBLE:
        assert served == 0


def served_model() -> DemandModel:
    """A demand that its largest setup serves, with money for it."""
    for seed in range(20):
        model = cell_model(random_demand(seed, "classes_cases"))
        values = [price_case(model, t, model.upper).value for t in (0, 1)]
        if None not in values and len(all_counts(model)) > 6:
            return model
    raise AssertionError("no such demand")


def test_a_setup_is_barred_and_no_other() -> None:
    model = served_model()
    cuts = cuts_of(model, [model.upper, 0.5 * model.upper])
    first, value = best_setup(model, cuts, QUALITY), solved(model, cuts, QUALITY).value
    model.barred.append(first[None, :])
    second = best_setup(model, cuts, QUALITY)
    assert not np.array_equal(first, second)
    assert solved(model, cuts, QUALITY).value >= value - 1e-7


def test_a_mean_floor_makes_cost_rise_and_a_budget_makes_quality_fall() -> None:
    model = served_model()
    cuts = cuts_of(model, [model.upper, 0.6 * model.upper, 0.3 * model.upper])
    free = solved(model, cuts, QUALITY)
    cheap = solved(model, cuts, COST)
    dear = solved(model, cuts, COST, least_value=-free.value - 1e-7)
    assert cheap.value <= dear.value + 1e-9
    tight = solved(model, cuts, QUALITY, most_cost=cheap.value + 1e-6)
    assert -tight.value <= -free.value + 1e-9
    floored = replace(
        model.demand, instance=replace(model.instance, objective="cost", quality_floor=2.0)
    )
    assert solved(replaced(model, floored), cuts, COST).stop is StopReason.INFEASIBLE
    limited = replace(model.demand, cost_at_most=cheap.value - 0.01)
    assert solved(replaced(model, limited), cuts, QUALITY).stop is StopReason.INFEASIBLE


def test_what_starts_is_part_of_the_cost() -> None:
    """Beside nothing every replica starts; beside the setup that is bought none does."""
    model = served_model()
    cuts = cuts_of(model, [model.upper, 0.5 * model.upper])
    demand = replace(model.demand, cost_at_most=1e6)
    floor = -solved(model, cuts, QUALITY).value - 1e-7
    best = solved(model, cuts, COST, least_value=floor).value

    def least(runs: np.ndarray) -> float:
        replicas = tuple(int(n) for n in runs)
        places = tuple((o, 0, (0,)) for o, n in enumerate(replicas) for _ in range(n))
        rates = (1.0,) * len(replicas)
        running = Running(replicas=replicas, rates=rates, places=places, start_price=0.5)
        priced = replace(demand, instance=replace(model.instance, running=running))
        return solved(replaced(model, priced), cuts, COST, least_value=floor).value

    setup = best_setup(model, cuts, COST, least_value=floor)
    assert least(setup) == pytest.approx(best)
    shards = np.array([option.tp_degree for option in model.instance.options])
    assert best < least(0 * setup) <= best + 0.5 * float(shards @ setup) + 1e-6


def replaced(model: DemandModel, demand) -> DemandModel:
    return DemandModel(demand=demand, qualities=model.qualities)


def test_money_sent_outside_counts_by_hours() -> None:
    """With cuts that only money fulfils the cost is the mean of what every case must spend."""
    model = cell_model(random_demand(0, "outside"))
    cases, none = range(len(model.demand.cases)), np.zeros(model.upper.size)
    cuts = [CaseCut(case=t, base=-2.0 - t, replicas=none, spend=1.0, must=True) for t in cases]
    answer = solved(model, cuts, COST)
    hours = [case.hours for case in model.demand.cases]
    mean = sum(h * (2.0 + t) for t, h in enumerate(hours)) / sum(hours)
    least = solved(model, [], COST).value
    assert answer.value == pytest.approx(least + mean)


def test_tiny_slopes_are_counted_in_the_base() -> None:
    model = served_model()
    slope = np.full(model.upper.size, 1e-10)
    cut = CaseCut(case=0, base=0.1, replicas=slope, spend=0.0, must=False)
    loose = CaseCut(case=1, base=0.0, replicas=np.zeros(model.upper.size), spend=0.0, must=False)
    value = -solved(model, [cut, loose], QUALITY).value
    assert value == pytest.approx(0.1, abs=1e-7)


def test_spread_counts_on_what_is_left_on_evenly_filled_nodes() -> None:
    """One replica on each of two nodes and one node lost: one is left, not 1.5 of three."""
    seen = 0
    for seed in range(12):
        model = cell_model(random_demand(seed, "classes_lost"))
        demand, last = model.demand, len(model.demand.cases) - 1
        lost = demand.cases[last].lost_nodes
        need = CaseCut(
            case=last, base=-1.0, replicas=np.ones(model.upper.size), spend=0.0, must=True
        )
        program = build_master_program(model, [need], of=COST, spread=True)
        answer = solve_with_highs(program.linear, SolveSettings(abs_gap=1e-9))
        if answer.x is None or not any(lost):
            continue
        seen += 1
        whole = np.where(program.replicas >= 0, answer.x[program.replicas], 0)
        n = np.rint(whole).astype(int)[0]
        kept = 0.0
        for o, option in enumerate(demand.instance.options):
            pool = demand.instance.pools[option.pool]
            left = int(n[o]) - lost[option.pool] * ceil(n[o] / pool.nodes)
            share = 1.0 - lost[option.pool] / pool.nodes
            kept += left / share if share > 0 else 0.0
        assert kept >= 1.0 - 1e-6
    assert seen > 1
