"""What cases get, of a small day: costs add up to the plan, limits are measured from both ends."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.instance import Headroom
from planner.presentation.cells.case_results import (
    NEAREST,
    USED,
    case_limits_table,
    case_results_table,
    cells_of_worst_loss,
    quality_of_cells,
    setup_options_of_case,
)
from tests.support.demand.cells_by_hand import cells_demand, cells_plan
from tests.support.plans.cells_sources import day_planned, impossible_day


def plan_by_hand() -> dict[str, Any]:
    """With what the verifier does not read: the last rates of the curves."""
    plan = cells_plan()
    for option, most in zip(plan["setups"][0]["options"], (12.0, 8.0), strict=True):
        option["max_rate_per_replica_rps"] = most
    return plan


def test_the_parts_of_the_cost_add_up_to_the_plan_s() -> None:
    content, loaded = day_planned()
    assert loaded.demand is not None
    frame = case_results_table(content, loaded.demand)
    hours = frame["Duration (hours)"].to_numpy(dtype=float)
    for header, key in (("of GPUs", "gpus_usd_per_h"), ("outside", "outside_usd_per_h")):
        mean = np.average(frame[f"Cost {header} (USD/h)"].to_numpy(dtype=float), weights=hours)
        assert mean == pytest.approx(content["cost"][key])
    assert frame["Cost outside (USD/h)"].max() > 0.1
    assert frame["Rate in all (req/s)"].tolist() == [5.0, 2.0, 2.0]
    assert frame["Rate of chat (req/s)"].tolist() == [4.0, 0.0, 2.0]


def test_the_quality_of_a_case_is_that_of_its_worst_loss() -> None:
    demand = cells_demand()
    plan = cells_plan()
    for case in plan["cases"]:
        cells = cells_of_worst_loss(plan, demand, case["case"])
        assert quality_of_cells(cells, demand) == pytest.approx(case["quality"])
    assert len({cell["loss"] for cell in plan["cells"] if cell["case"] == "lost"}) == 2
    assert len({cell["loss"] for cell in cells_of_worst_loss(plan, demand, "lost")}) == 1


def test_every_limit_of_a_sound_plan_is_used_by_100_per_cent_at_most() -> None:
    frame = case_limits_table(plan_by_hand(), cells_demand())
    used = frame[USED].to_numpy(dtype=float)
    assert (used > 0).all()
    assert (used <= 100.01).all()
    kinds = set(frame["What is limited"])
    assert {"quality", "rate sent to api", "load of a replica of a", "p95 TTFT"} <= kinds
    # chat keeps its own p95, all classes together the mean, and every LLM its p95.
    day = frame[(frame["Case"] == "day") & (frame["Unit"] == "ms")]
    assert set(day["Of"]) == {"chat", "batch", "all classes"}


def test_the_limit_with_least_room_is_named() -> None:
    plan, demand = plan_by_hand(), cells_demand()
    limits, frame = case_limits_table(plan, demand), case_results_table(plan, demand)
    for k, case in enumerate(frame["Case"]):
        own = limits[limits["Case"] == case]
        assert frame[USED][k] == own[USED].max()
        first = own.iloc[int(np.argmax(own[USED].to_numpy(dtype=float)))]
        assert frame[NEAREST][k].startswith(first["What is limited"])


def test_lanes_are_held_against_the_setup_of_their_case() -> None:
    plan = cells_plan()
    first = plan["setups"][0]
    other = {**first, "cases": ["night"], "options": first["options"][::-1]}
    plan["setups"] = [{**first, "cases": ["day", "lost"]}, other]
    assert setup_options_of_case(plan, "night") == first["options"][::-1]
    assert setup_options_of_case(plan, "lost") == first["options"]
    assert setup_options_of_case(plan, "none") == []


def test_without_a_plan_the_demand_is_shown_alone() -> None:
    content, loaded = impossible_day()
    assert loaded.demand is not None
    frame = case_results_table(content, loaded.demand)
    assert frame["Rate of batch (req/s)"].tolist() == [50000.0, 2.0, 0.0]
    assert frame["Quality (mean score)"].isna().all()
    assert not frame[NEAREST].any()


def test_rates_are_those_that_are_planned_for() -> None:
    demand = cells_demand()
    free = replace(demand.instance, headroom=Headroom(rate=0.5))
    frame = case_results_table(plan_by_hand(), replace(demand, instance=free))
    assert frame["Rate in all (req/s)"].tolist() == [12.0, 3.0, 6.0]
