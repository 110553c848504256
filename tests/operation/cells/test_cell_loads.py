"""Other fractions of one class: at the planned ones everything is as stated, others move loads."""

from dataclasses import replace

import numpy as np
import pytest

from models.instance import Headroom
from planner.operation.cells.cell_loads import CellLoads, state_limits
from planner.plans.cells.cells_states import read_cells_states
from tests.support.demand.cells_by_hand import cells_demand, cells_plan


def loads(case: int = 0, request_class: int = 0) -> CellLoads:
    demand = cells_demand()
    state = next(s for s in read_cells_states(cells_plan(), demand) if s.case == case)
    return CellLoads(demand, state, request_class, [0, 1, 2] if request_class == 0 else [0, 1])


def test_planned_fractions_achieve_what_the_plan_states() -> None:
    day = loads()
    achieved = dict(zip(day.names, day.achieved(day.planned), strict=True))
    stated = [slo["achieved_ms"] for c in (0, 1) for slo in day.state.cells[c]["slo"]]
    stated += [slo["achieved_ms"] for slo in cells_plan()["cases"][0]["slo"]]
    assert list(achieved.values())[: len(stated)] == pytest.approx(stated)
    assert achieved["rate limit of api"] == pytest.approx(100.0, abs=0.01)
    assert day.kept(day.achieved(day.planned))[:-2].all()


def test_a_plan_with_headroom_is_held_against_the_stated_rates() -> None:
    demand = cells_demand()
    instance = replace(demand.instance, headroom=Headroom(rate=0.25, slo=0.1))
    state = read_cells_states(cells_plan(), demand)[0]
    day = CellLoads(replace(demand, instance=instance), state, 0, [0, 1, 2])
    achieved = dict(zip(day.names, day.achieved(day.planned), strict=True))
    assert achieved["rate limit of api"] == pytest.approx(80.0, abs=0.01)
    assert achieved["fullest replica"] == pytest.approx(0.8 * loads().achieved(day.planned)[-1])
    assert day.limits == pytest.approx(loads().limits)


def test_more_to_one_llm_fills_its_lanes() -> None:
    day = loads()
    moved = day.moved(np.array([0.9, 0.05, 0.05]))
    scale = 0.9 / day.planned[0]
    before, after = day.state.lanes[0], moved.lanes[0]
    assert after.rates[0] == pytest.approx(scale * before.rates[0])
    assert after.load == pytest.approx(scale * before.load)
    batch_too = moved.lanes[1]  # batch weighs twice on a, and stays
    assert batch_too.load == pytest.approx(scale * 1.0 + 2 * 1.5, rel=1e-3)
    assert moved.outside[0, 0] == pytest.approx(0.05 * 6.0)


def test_what_no_lane_can_carry_has_no_latency() -> None:
    batch = loads(request_class=1)
    achieved = batch.achieved(np.array([1.0, 0.0]) * 9)
    assert np.isinf(achieved[0])
    assert achieved[-1] > 100
    night = loads(case=1)
    stray = night.achieved(np.array([0.5, 0.4, 0.1]))
    assert np.isinf(stray[-1])


def test_limits_carry_the_factor_of_their_case() -> None:
    demand = cells_demand()
    lost = next(s for s in read_cells_states(cells_plan(), demand) if s.case == 2)
    limits = state_limits(demand, lost)
    assert [round(1000 * limit.slo.limit) for limit in limits] == [840, 540, 960, 600, 1080]
    assert limits[0].name(demand) == "p95 TTFT, chat"
    assert limits[-1].name(demand) == "p95 TTFT of each LLM, all classes"
