"""`planner.sweep` and `planner.baselines`."""

import numpy as np
import pytest

import planner
from tests.support.scenarios.small_scenario import small_content


def test_a_sweep_has_a_row_per_point_the_first_path_slowest() -> None:
    vary = {"slo.0.limit_ms": (500, 400), "arrival_rate_rps": np.array([10, 90])}
    frame = planner.sweep(small_content(), vary)
    assert frame[list(vary)].to_numpy().tolist() == [[500, 10], [500, 90], [400, 10], [400, 90]]
    assert frame["Status"].tolist() == ["optimal", "infeasible"] * 2
    assert frame["Found (mean score)"][0] == pytest.approx(0.9)
    assert frame["Reason"][1]


def test_a_sweep_starts_from_the_overrides() -> None:
    scenario = planner.load(small_content(), {"pools.0.nodes": 2})
    frame = planner.sweep(scenario, {"arrival_rate_rps": range(90, 91)})
    assert frame["Status"].tolist() == ["optimal"]


def test_a_value_that_is_no_scenario_is_a_row() -> None:
    frame = planner.sweep(small_content(), {"arrival_rate_rps": [-1]})
    assert frame["Status"].tolist() == ["bad input"]


def test_baselines_come_after_the_joint_plan() -> None:
    frame = planner.baselines(small_content())
    assert frame["Baseline"][0] == "joint plan"
    assert len(frame) == 9
    assert frame["Quality (mean score)"][0] == pytest.approx(0.9)


def test_baselines_need_a_joint_plan() -> None:
    with pytest.raises(planner.InfeasibleError):
        planner.baselines(small_content(arrival_rate_rps=90))


def test_studies_of_classes_and_cases() -> None:
    rates = {"day": 40, "night": 10}
    content = small_content(
        cases=[{"name": k, "hours": 12, "arrival_rate_rps": v} for k, v in rates.items()]
    )
    del content["arrival_rate_rps"]
    frame = planner.sweep(content, {"cases.0.arrival_rate_rps": [40, -1]})
    assert frame["Status"].tolist() == ["optimal", "bad input"]
    assert frame["night: quality (mean score)"][0] == pytest.approx(0.9)
    frame = planner.baselines(content)
    assert frame["Plan"].tolist() == ["joint plan", "peak alone", "mean alone"]
