"""The exact routing of one setup: it keeps every limit on the raw curves, and on convex curves no
point of a fine grid is better.
"""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import Instance
from planner.decomposition.spend_tables import admissible_spend, shared_slos, spends_at
from planner.joint.setups.search_state import SearchState
from planner.joint.setups.setup_routing import (
    RoutedSetup,
    RoutingLimits,
    _SetupProgram,
    route_setup,
    worth_of_routed_budgets,
)
from planner.joint.solve import solve_joint
from planner.settings import Settings
from tests.support.instances.oracle import feasible_setups, quality_cuts
from tests.support.instances.search_states import QUALITY, feasible_instances, fresh_state
from tests.support.instances.tiny import random_instance

TOLERANCE = 1e-7
STEPS = 60
PRICED = 5e-5
"""What Newton's prices may lack, 0..1 scale: plans are settled exactly afterwards."""


def routed_setup(
    state: SearchState, replicas: np.ndarray, rng: np.random.Generator
) -> RoutedSetup | None:
    """Routed from random rates."""
    deployed = np.flatnonzero(replicas)
    form = state.formulation(QUALITY, tuple(deployed.tolist()))
    start = np.zeros(replicas.size)
    start[deployed] = rng.dirichlet(np.ones(deployed.size)) * state.instance.arrival_rate
    return route_setup(
        form,
        state.quality,
        state.pieces,
        replicas,
        start,
        state.settings(),
        RoutingLimits(TOLERANCE),
    )


def keeps_limits(instance: Instance, replicas: np.ndarray, rates: np.ndarray) -> bool:
    """By the decomposition's own reading of the curves."""
    slos = shared_slos(instance)
    spent = np.zeros(len(slos))
    for o in np.flatnonzero(replicas):
        curve, each = instance.options[o].curve, float(rates[o] / replicas[o])
        if not admissible_spend(curve, instance.slos, min(each, curve.max_rate)):
            return False
        if each > curve.max_rate * (1 + 1e-9):
            return False
        spent += replicas[o] * spends_at(curve, slos, instance.arrival_rate, each)
    return bool(np.all(spent <= 1 + 1e-9))


def grid_rates(instance: Instance, deployed: np.ndarray) -> np.ndarray:
    """(K, O) rates of the deployed options on an even grid of the simplex."""
    part = np.linspace(0.0, 1.0, STEPS + 1)
    if deployed.size == 1:
        shares = np.ones((1, 1))
    elif deployed.size == 2:
        shares = np.stack([part, 1 - part], axis=1)
    else:
        a, b = (grid.ravel() for grid in np.meshgrid(part, part))
        shares = np.stack([a, b, 1 - a - b], axis=1)[a + b <= 1 + 1e-12]
    rates = np.zeros((len(shares), len(instance.options)))
    rates[:, deployed] = instance.arrival_rate * np.maximum(shares, 0.0)
    return rates


def best_on_grid(instance: Instance, replicas: np.ndarray) -> float | None:
    """The best quality (score) of a grid of routings that keep every limit."""
    base, alpha = quality_cuts(instance.scores.values, instance.scores.weights)
    llm = np.array([o.llm for o in instance.options])
    rates = grid_rates(instance, np.flatnonzero(replicas))
    kept = rates[[keeps_limits(instance, replicas, row) for row in rates]]
    if not len(kept):
        return None
    fractions = np.stack(
        [np.bincount(llm, weights=row, minlength=len(instance.llms)) for row in kept]
    )
    return float((base + fractions / instance.arrival_rate @ alpha.T).min(axis=1).max())


@pytest.mark.parametrize("kind", ["convex", "nonconvex", "percentile", "each_llm", "two_pools"])
def test_every_limit_is_kept(kind: str) -> None:
    rng, routed = np.random.default_rng(2), 0
    for instance in feasible_instances(kind, 5):
        state = fresh_state(instance)
        for setup in feasible_setups(instance)[-6:]:
            replicas = np.array(setup.replicas)
            if not set(np.flatnonzero(replicas).tolist()) <= set(state.arms):
                continue  # an SLO of each LLM leaves such an option no rate
            answer = routed_setup(state, replicas, rng)
            if answer is None:
                continue
            routed += 1
            assert keeps_limits(instance, replicas, answer.rates)
            assert answer.rates.sum() == pytest.approx(instance.arrival_rate, rel=1e-9)
            assert np.all(answer.rates[replicas == 0] == 0)
            assert answer.fractions.sum() == pytest.approx(1.0)
            exact = state.quality.from_score(state.quality.settle(answer.fractions).value)
            assert exact - 1e-9 <= answer.quality <= exact + PRICED
    assert routed >= 5


@pytest.mark.parametrize(("kind", "seed"), [("convex", 2), ("six_gpus", 7)])
def test_a_budget_used_up_is_kept_to_the_last_digits(
    monkeypatch: pytest.MonkeyPatch, kind: str, seed: int
) -> None:
    """Here HiGHS lands beyond the budget, within its tolerance: a trace of it is kept back."""
    excess: list[float] = []
    real = _SetupProgram._spent

    def recording(self: _SetupProgram, rates: np.ndarray) -> float:
        excess.append(real(self, rates) - 1)
        return excess[-1] + 1

    monkeypatch.setattr(_SetupProgram, "_spent", recording)
    instance = random_instance(seed, kind)
    solution = solve_joint(instance, Settings(), explain=False)
    assert max(excess) > 0
    assert keeps_limits(instance, solution.replicas, solution.routed_rates)
    slos = shared_slos(instance)
    spent = sum(
        n * spends_at(instance.options[o].curve, slos, instance.arrival_rate, rate / n)
        for o, (n, rate) in enumerate(zip(solution.replicas, solution.routed_rates, strict=True))
        if n
    )
    assert np.all(spent <= 1 + 1e-11)


def test_no_routing_of_a_grid_is_better_on_convex_curves() -> None:
    rng, compared = np.random.default_rng(3), 0
    for instance in feasible_instances("convex", 6):
        state = fresh_state(instance)
        for setup in feasible_setups(instance)[-3:]:
            replicas = np.array(setup.replicas)
            known = best_on_grid(instance, replicas)
            answer = routed_setup(state, replicas, rng)
            if known is None:
                continue
            assert answer is not None
            value = state.quality.settle(answer.fractions).value
            assert value >= known - 1e-6 * state.quality.scale
            compared += 1
    assert compared >= 6


def test_budgets_are_worth_no_less_than_more_of_them_brings() -> None:
    worths = []
    for instance in feasible_instances("convex", 4):
        rng, state = np.random.default_rng(3), fresh_state(instance)
        for setup in feasible_setups(instance)[:6]:
            replicas = np.array(setup.replicas)
            routed = routed_setup(state, replicas, rng)
            if routed is None:
                continue
            form = state.formulation(QUALITY, tuple(np.flatnonzero(replicas).tolist()))
            program = _SetupProgram(
                form,
                state.quality,
                state.pieces,
                routed.replicas,
                state.settings(),
                RoutingLimits(TOLERANCE),
            )
            per_replica = routed.rates / np.maximum(routed.replicas, 1)
            more = max(program.solve_around(per_replica, side, -0.01).quality for side in (-1, 1))
            worth = worth_of_routed_budgets(
                form, state.quality, state.pieces, routed, state.settings()
            )
            assert more - routed.quality <= 0.01 * worth + PRICED
            worths.append(worth)
    assert min(worths) == pytest.approx(0.0, abs=1e-9)
    assert max(worths) > 0.01


def test_nothing_deployed_and_no_way_to_keep_an_slo() -> None:
    instance = feasible_instances("convex", 1)[0]
    state = fresh_state(instance)
    nothing = np.zeros(len(instance.options), dtype=int)
    form = state.formulation(QUALITY, ())
    settings, limits = state.settings(), RoutingLimits(1e-6)
    assert (
        route_setup(
            form, state.quality, state.pieces, nothing, nothing * 1.0, settings, RoutingLimits(1e-6)
        )
        is None
    )
    one = nothing.copy()
    one[0] = 1
    rates = nothing * 1.0
    rates[0] = instance.options[0].curve.max_rate
    busy = fresh_state(replace(instance, arrival_rate=2.0 * float(rates[0])))
    form = busy.formulation(QUALITY, (0,))
    assert route_setup(form, busy.quality, busy.pieces, one, rates, settings, limits) is None
