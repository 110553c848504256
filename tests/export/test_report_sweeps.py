"""Frontiers and sensitivity of a report: this plan among the points, the others planned again."""

import numpy as np
import pytest

from tests.support.plans.report_cases import planned, small_source, studies


def test_the_frontier_holds_this_plan_and_reasons() -> None:
    frame = studies()["frontier"]
    here = frame[frame["This plan"] == "this plan"]
    assert list(here["Value"]) == [20.0, 300.0]
    assert set(here["Found (mean score)"]) == {small_source().plan.content["objective"]["value"]}
    rates = frame[frame["Varied"] == "arrival rate"]["Found (mean score)"].dropna()
    assert (np.diff(rates.astype(float)) <= 1e-6).all(), "more demand is never better"
    lost = frame[frame["Status"] == "infeasible"]
    assert all(lost["Reason"])


def test_sensitivity_is_planned_again() -> None:
    frame = studies()["sensitivity"].set_index("Changed")
    again = planned(small_source().loaded.scenario.path, "pools.0.nodes=2")
    row = frame.loc["nodes of pool a100: 2"]
    assert row["Found (mean score)"] == pytest.approx(
        again.plan.content["objective"]["value"], abs=1e-4
    )
    assert row["Change of quality (mean score)"] == pytest.approx(
        row["Found (mean score)"] - small_source().plan.content["objective"]["value"]
    )
