"""A moved input against the same move made in the scenario's file and tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import planner
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.studies.sensitivity.moved_inputs import scenario_with_moved_input
from planner.studies.sensitivity.studied_inputs import StudiedInput, studied_inputs
from tests.support.scenarios.demand_case import write_day
from tests.support.scenarios.small_scenario import small_content

CONTENT: Mapping[str, Any] = {
    "objective": {"minimize": "cost", "quality_at_least": 0.6},
    "headroom": {"slo_pct": 10, "rate_pct": 20, "utilization_pct": 30},
}

BY_OVERRIDE = {
    "arrival rate": "arrival_rate_rps",
    "limit on mean TTFT": "slo.0.limit_ms",
    "price of a GPU of pool p": "pools.0.price_usd_per_gpu_h",
    "nodes of pool p": "pools.0.nodes",
    "headroom.slo_pct": "headroom.slo_pct",
    "headroom.rate_pct": "headroom.rate_pct",
    "headroom.utilization_pct": "headroom.utilization_pct",
    "required quality": "objective.quality_at_least",
}


def moved(loaded: LoadResult, words: str) -> tuple[StudiedInput, LoadResult]:
    """One input at its higher value."""
    one = next(one for one in studied_inputs(loaded, 10.0) if one.words == words)
    assert one.high is not None
    return one, scenario_with_moved_input(loaded, one, one.high)


@pytest.mark.parametrize("words", BY_OVERRIDE)
def test_a_move_is_what_the_override_does(words: str) -> None:
    scenario = planner.load(small_content(**CONTENT))
    one, found = moved(scenario.result, words)
    wanted = assemble_instance(scenario.path, {BY_OVERRIDE[words]: one.high}).instance
    for name in ("pools", "slos", "headroom"):
        assert getattr(found.instance, name) == getattr(wanted, name)
    assert found.instance.arrival_rate == pytest.approx(wanted.arrival_rate)
    assert found.instance.quality_floor == pytest.approx(wanted.quality_floor)
    changed = [found.instance.pools, found.instance.slos, found.instance.headroom]
    before = scenario.result.instance
    assert [before.pools, before.slos, before.headroom] != changed or (
        (before.arrival_rate, before.quality_floor)
        != (found.instance.arrival_rate, found.instance.quality_floor)
    )


def test_scores_and_latencies_of_one_llm_alone() -> None:
    scenario = planner.load(small_content())
    before = scenario.result.instance
    _, found = moved(scenario.result, "scores of beta")
    assert np.allclose(found.instance.scores.values - before.scores.values, [[0.0], [0.07]])
    _, found = moved(scenario.result, "latencies of beta")
    for old, new in zip(before.options, found.instance.options, strict=True):
        factor = 1.1 if old.llm == 1 else 1.0
        for column, values in old.curve.latency.items():
            assert new.curve.latency[column] == pytest.approx(factor * values)


def test_todays_value_changes_nothing() -> None:
    scenario = planner.load(small_content())
    one = studied_inputs(scenario.result, 10.0)[0]
    assert scenario_with_moved_input(scenario.result, one, one.today) is scenario.result


DAY_OVERRIDE = {
    "limit on p95 TTFT of class chat": "classes.0.slo.0.limit_ms",
    "limit on mean TTFT": "slo.0.limit_ms",
    "budget": "objective.cost_at_most_usd_per_h",
    "nodes of pool a": "pools.0.nodes",
}


@pytest.mark.parametrize("words", DAY_OVERRIDE)
def test_a_move_of_a_day_is_what_the_override_does(tmp_path: Path, words: str) -> None:
    path = write_day(tmp_path)
    loaded = assemble_instance(path, cells=True)
    one, found = moved(loaded, words)
    wanted = assemble_instance(path, {DAY_OVERRIDE[words]: one.high}, cells=True).demand
    assert found.demand is not None
    assert wanted is not None
    assert found.demand.instance is found.instance
    assert found.demand.instance.slos == wanted.instance.slos
    assert found.demand.instance.pools == wanted.instance.pools
    assert [c.slos for c in found.demand.classes] == [c.slos for c in wanted.classes]
    assert found.demand.cost_at_most == pytest.approx(wanted.cost_at_most)
    assert found.demand.cases == wanted.cases


def test_what_only_classes_and_cases_have(tmp_path: Path) -> None:
    loaded = assemble_instance(write_day(tmp_path), cells=True)
    before = loaded.demand
    assert before is not None
    _, found = moved(loaded, "all arrival rates (largest case)")
    assert found.demand is not None
    assert found.demand.rates() == pytest.approx(1.1 * before.rates())
    _, found = moved(loaded, "prices of far")
    assert found.demand is not None
    for old, new in zip(before.classes, found.demand.classes, strict=True):
        assert new.outside_usd == pytest.approx([1.1 * usd for usd in old.outside_usd])
    _, found = moved(loaded, "latencies of far")
    assert found.demand is not None
    for column, seconds in before.outside[0].latency.items():
        assert found.demand.outside[0].latency[column] == pytest.approx(1.1 * seconds)
    one, found = moved(loaded, "scores of far")
    assert found.demand is not None
    row, shift = one.at[0], (one.high or 0.0) - one.today
    for old, new in zip(before.classes, found.demand.classes, strict=True):
        assert new.scores.values[row] == pytest.approx(old.scores.values[row] + shift)


def test_fewer_nodes_than_a_case_loses_are_all_lost(tmp_path: Path) -> None:
    loaded = assemble_instance(write_day(tmp_path), {"cases.2.lost_nodes.a": 2}, cells=True)
    one = next(i for i in studied_inputs(loaded, 10.0) if i.words == "nodes of pool a")
    found = scenario_with_moved_input(loaded, one, 1).demand
    assert found is not None
    assert found.cases[2].lost_nodes == (1,)
