"""The policy of a plan over cells realises the plan's fractions, class by class, and its lanes."""

import numpy as np
import pytest

from models.router import CellRouter
from planner.operation.cells.cell_policy import (
    build_cells_policy,
    cells_policy_plan_hash,
    default_class_name,
    lane_parts,
)
from planner.plans.cells.cells_states import read_cells_states
from tests.support.demand.cells_by_hand import cells_demand, cells_plan

PLAN = {"scenario": "by hand", "scenario_sha256": "0" * 64}


def test_every_cell_realises_its_routing_on_the_scores_of_its_class() -> None:
    demand, plan = cells_demand(), {**cells_plan(), **PLAN}
    router = CellRouter(build_cells_policy(plan, demand))
    assert router.classes == ("chat", "batch")
    for state in read_cells_states(plan, demand):
        router.use(demand.cases[state.case].name, state.loss)
        for c, cell in state.cells.items():
            scores = demand.classes[c].scores
            of_class = router.router(demand.classes[c].name)
            shares = of_class.shares(dict(zip(scores.llms, scores.values, strict=True)))
            realised = dict(zip(of_class.llms, shares @ scores.weights, strict=True))
            heaviest = float(scores.weights.max())
            for llm, part in cell["routing"].items():
                assert realised.get(llm, 0.0) == pytest.approx(part, abs=heaviest)


def test_lanes_share_an_llm_by_their_rates() -> None:
    demand, plan = cells_demand(), cells_plan()
    day = read_cells_states(plan, demand)[0]
    parts = lane_parts(demand, day, 0)
    assert {llm: [round(one["share"], 3) for one in own] for llm, own in parts.items()} == {
        "a": [round(2.5 / 3.5, 3), round(1.0 / 3.5, 3)],
        "b": [1.0],
        "api": [1.0],
    }
    assert set(lane_parts(demand, day, 1)) == {"a", "b"}


def test_the_hash_is_of_the_decision() -> None:
    plan = {**cells_plan(), **PLAN}
    assert cells_policy_plan_hash(plan) == cells_policy_plan_hash({**plan, "solver": {}})
    other = {**plan, "lanes": plan["lanes"][:-1]}
    assert cells_policy_plan_hash(plan) != cells_policy_plan_hash(other)


def test_the_default_class_sends_most_over_the_hours() -> None:
    demand = cells_demand()
    assert default_class_name(demand) == "chat"
    assert np.argmax(demand.rates() @ [case.hours for case in demand.cases]) == 0
