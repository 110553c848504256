"""The steps of a search for a cost: in which order they come, and which of them brings the plan."""

import numpy as np
import pytest

from planner.joint.costs import cost_steps
from planner.joint.costs.cost_steps import CostSteps
from planner.joint.programs.root_relaxation import relax_root
from planner.joint.search import Search
from planner.joint.setups.goal_state import GoalState
from tests.joint.steps.test_plunging import cost_goal_state
from tests.support.instances.search_states import feasible_instances, goal_state

POINT = np.array([0.5, 0.5])


def steps_of(
    state: GoalState, monkeypatch: pytest.MonkeyPatch, finds: str = "nothing"
) -> tuple[CostSteps, list[str]]:
    """The steps of a state, in which the one that is named finds a plan; and those that came."""
    came: list[str] = []
    relaxation = relax_root(state)
    assert relaxation is not None

    def stand_in(name: str) -> None:
        def step(*_: object) -> tuple[np.ndarray, ...]:
            came.append(name)
            if name == finds:
                monkeypatch.setattr(GoalState, "loss", -1.0)
            return (POINT,)

        monkeypatch.setattr(cost_steps, name, step)

    for name in (
        *("search_cost_neighbourhood", "round_for_cost", "reach_floor_at_any_cost"),
        *("plunge_for_cost", "rule_out_costs"),
    ):
        stand_in(name)
    return CostSteps(state, relaxation, lambda *_: state), came


@pytest.mark.parametrize(
    ("finds", "steps"),
    [
        ("search_cost_neighbourhood", ["search_cost_neighbourhood"]),
        (
            "nothing",
            [
                *("search_cost_neighbourhood", "round_for_cost", "reach_floor_at_any_cost"),
                "plunge_for_cost",
            ],
        ),
        (
            "round_for_cost",
            ["search_cost_neighbourhood", "round_for_cost", "reach_floor_at_any_cost"],
        ),
    ],
)
def test_steps_come_until_one_brings_a_plan(
    finds: str, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost_steps, "NEARBY_LLMS", 0)
    monkeypatch.setattr(cost_steps, "price_of_floor", lambda _: 0.0)
    state = cost_goal_state(feasible_instances("cost", 1)[0], 1e-6)
    cost, came = steps_of(state, monkeypatch, finds)
    met = cost.seek_cheap_setups()
    assert came == steps
    assert len(met) == len([name for name in came if name in ("round_for_cost", "plunge_for_cost")])


def test_with_few_llms_neither_neighbourhood_nor_single_costs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instance = feasible_instances("cost", 1)[0]
    state = cost_goal_state(instance, 1e-6)
    cost, came = steps_of(state, monkeypatch)
    cost.seek_cheap_setups()
    cost.close_cost(None, lambda _: True)  # type: ignore[arg-type]
    assert came == ["round_for_cost", "reach_floor_at_any_cost", "plunge_for_cost"]


def test_at_any_cost_the_plan_is_one_that_reaches_the_floor() -> None:
    """Its loss is its cost; a search that stays below the floor brings none."""
    instance = feasible_instances("cost", 1)[0]
    state = cost_goal_state(instance, 1e-6)
    floor = state.goal.quality_at_least or 0.0
    below, best = goal_state(instance), goal_state(instance)
    cost_steps.reach_floor_at_any_cost(state, lambda *_: below)
    assert state.incumbent is None
    search = Search(best.shared, best.goal, lambda _: 1e-6)
    search.run()
    assert search.incumbent is not None
    assert search.loss <= -floor
    cost_steps.reach_floor_at_any_cost(state, lambda *_: search.state)
    assert state.incumbent is not None
    assert state.loss == pytest.approx(search.incumbent.cost)
