"""The estimate of a setup's quality: near the quality of the relaxation, and the dual around it."""

import numpy as np
import pytest
from scipy.optimize import minimize

from models.moves.setup_curvature import SetupCurvature, SetupPrices, setup_curvature
from planner.joint.costs.cost_annealing import annealing_prices
from planner.joint.costs.cost_neighbourhood import price_of_floor
from planner.joint.programs.root_relaxation import RootRelaxation, relax_root
from planner.joint.setups.goal_state import GoalState
from tests.joint.steps.test_plunging import cost_goal_state
from tests.support.smooth_fleet import smooth_fleet


def floor_price(relaxation: RootRelaxation) -> float:
    """USD/h of quality at the floor."""
    price = price_of_floor(relaxation)
    assert price > 0
    return price


@pytest.fixture(scope="module")
def relaxed() -> tuple[GoalState, RootRelaxation, SetupCurvature]:
    state = cost_goal_state(smooth_fleet(0), 1e-3)
    relaxation = relax_root(state)
    assert relaxation is not None
    shared, price = state.shared, floor_price(relaxation)
    near = setup_curvature(
        shared.quality.values,
        shared.quality.weights,
        annealing_prices(state, relaxation.point, relaxation.layout, price),
        [shared.pieces[o] for o in range(len(shared.instance.options))],
        np.array([o.llm for o in shared.instance.options]),
    )
    return state, relaxation, near


def test_at_the_relaxation_the_estimate_is_its_quality(
    relaxed: tuple[GoalState, RootRelaxation, SetupCurvature],
) -> None:
    _, relaxation, near = relaxed
    point = relaxation.point
    assert near.at(point.replicas[None])[0] == pytest.approx(point.quality, abs=3e-4)


def test_around_it_the_estimate_is_the_least_of_the_dual(
    relaxed: tuple[GoalState, RootRelaxation, SetupCurvature],
) -> None:
    """Minimised without derivatives, over curves and scores as they are."""
    state, relaxation, near = relaxed
    shared, point = state.shared, relaxation.point
    instance, quality = shared.instance, shared.quality
    prices = annealing_prices(state, point, relaxation.layout, floor_price(relaxation))
    curves = []
    for o, option in enumerate(instance.options):
        rates = np.linspace(0, option.curve.max_rate, 300)
        curves.append((rates, np.array([shared.pieces[o].spend(rate)[0] for rate in rates])))

    def dual(at: np.ndarray, replicas: np.ndarray) -> float:
        llms, budget = at[:4], abs(at[4]) * prices.budgets[0]
        best = (quality.values - llms[:, None]).max(axis=0) @ quality.weights
        earned = [
            (llms[option.llm] * rates / prices.rate - budget * spent).max()
            for option, (rates, spent) in zip(instance.options, curves, strict=True)
        ]
        return float(best + budget * prices.sides[0] + replicas @ np.array(earned))

    rng, start = np.random.default_rng(1), np.append(prices.llms, 1.0)
    setups = point.replicas * (1 + 0.04 * rng.random((4, point.replicas.size)))
    exact = np.array(
        [minimize(dual, start, (n,), "Nelder-Mead", options={"adaptive": True}).fun for n in setups]
    )
    estimates = near.at(setups)
    assert exact.max() > point.quality + 5e-4
    assert np.abs(estimates - exact).max() < 2e-4
    assert [near.at(one[None])[0] for one in setups] == pytest.approx(estimates)


def test_a_budget_without_a_price_plays_no_part(
    relaxed: tuple[GoalState, RootRelaxation, SetupCurvature],
) -> None:
    """Replicas then run at their highest rates."""
    shared = relaxed[0].shared
    rate = shared.instance.arrival_rate
    llm = np.array([o.llm for o in shared.instance.options])
    prices = SetupPrices(
        llms=np.full(4, 0.1), budgets=np.zeros(1), sides=rate * shared.allowances, rate=rate
    )
    pieces = [shared.pieces[o] for o in range(llm.size)]
    near = setup_curvature(shared.quality.values, shared.quality.weights, prices, pieces, llm)
    assert near.offset.shape == (4,)
    highest = [o.curve.max_rate for o in shared.instance.options]
    assert rate * near.push[np.arange(llm.size), llm] == pytest.approx(highest)
