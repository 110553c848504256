"""What runs where, of a small day and of a plan with two setups."""

import pytest

from planner.presentation.cells.setup_results import (
    SERVES,
    lane_results_table,
    setup_map_tables,
    setup_pools_table,
    setup_results_table,
)
from tests.support.plans.cells_sources import day_planned


def two_setups() -> dict:
    """The day with a second setup of one option for the night."""
    content, _ = day_planned()
    first = content["setups"][0]
    shards = [shard for shard in first["placement"] if shard["option"] == 0]
    night = {
        "cases": ["night"],
        "options": first["options"][:1],
        "placement": shards,
        "gpus_used": len({(s["node"], s["gpu"]) for s in shards}),
    }
    lanes = [lane for lane in content["lanes"] if lane["case"] != "night" or lane["option"] == 0]
    setups = [{**first, "cases": ["day", "node-lost"]}, night]
    return {**content, "setups": setups, "lanes": lanes}


def test_loads_are_the_largest_of_any_case() -> None:
    content, _ = day_planned()
    frame = setup_results_table(content)
    assert SERVES not in frame
    for k, load in enumerate(frame["Highest load in any case (req/s)"]):
        assert load == max(lane["load_rps"] for lane in content["lanes"] if lane["option"] == k)
    assert (frame["Utilisation (%)"] <= 100.01).all()


def test_lanes_hold_all_replicas_and_all_requests() -> None:
    content, _ = day_planned()
    frame = lane_results_table(content)
    assert list(frame)[:3] == ["Case", "Lost nodes", "LLM"]
    day = frame[frame["Case"] == "day"]
    setup = content["setups"][0]["options"]
    assert day["Replicas"].sum() == sum(option["replicas"] for option in setup)
    outside = next(cell for cell in content["cells"] if cell["case"] == "day")["routing"]["far"]
    assert day["Rate of chat (req/s)"].sum() == pytest.approx(4.0 * (1.0 - outside))
    assert "TTFT p95 (ms)" in frame, "a class limits it"


def test_two_setups_are_told_apart() -> None:
    content = two_setups()
    frame = setup_results_table(content)
    first = len(content["setups"][0]["options"])
    assert frame[SERVES].tolist() == ["day (also node-lost)"] * first + ["night"]
    pools = setup_pools_table(content)
    assert pools["GPUs used"].tolist() == [setup["gpus_used"] for setup in content["setups"]]
    assert (pools["GPUs used"] + pools["GPUs idle"]).tolist() == [8, 8]
    maps = setup_map_tables(content)
    assert [cases for cases, _ in maps] == ["day (also node-lost)", "night"]
    assert set(maps[1][1]["LLM"]) == {content["setups"][0]["options"][0]["llm"]}
    lanes = lane_results_table(content)
    assert len(lanes) == len(content["lanes"])
