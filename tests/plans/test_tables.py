"""The plan's named tables: units in the headers, there for every status."""

from copy import deepcopy
from typing import Any

import pandas as pd
import pytest

from planner.plans.tables import plan_tables
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import infeasible, trio, unsolved


def test_tables_have_units_and_all_rows() -> None:
    frames = plan_tables(built_plan().content)
    assert list(frames) == [
        "summary",
        "slo",
        "setup",
        "routing",
        "gpu_map",
        "shadow_prices",
        "dropped",
        "notices",
        "effort",
    ]
    assert [len(frame) for frame in frames.values()] == [14, 2, 3, 3, 6, 4, 3, 2, 10]
    setup = frames["setup"]
    assert list(setup["Utilisation (%)"]) == [50.0, 50.0, 50.0]
    assert {"TTFT mean (ms)", "TTFT p99 (ms)", "E2E mean (ms)", "Memory (GiB per GPU)"} <= set(
        setup.columns
    )
    for name, frame in frames.items():
        for column in frame.select_dtypes("number"):
            assert "(" in column or column in {"Replicas", "Node", "GPU", "Replica", "Shard"}, (
                name,
                column,
            )


def test_a_limit_that_is_reached_within_the_tolerance_has_no_headroom() -> None:
    content: Any = deepcopy(dict(built_plan().content))
    slo = content["slo"][0]
    slo["achieved_ms"] = slo["limit_ms"] * (1 + 1e-9)
    assert f"{plan_tables(content)['slo']['Below the limit (%)'][0]:.2f}" == "0.00"


@pytest.mark.parametrize("status", ["infeasible", "unknown"])
def test_tables_exist_without_a_plan(status: str) -> None:
    solution = infeasible(trio()) if status == "infeasible" else unsolved("unknown", "time")
    frames = plan_tables(built_plan(solution).content)
    assert len(frames["setup"]) == 0
    assert isinstance(frames["slo"], pd.DataFrame)
