"""The inputs of a tornado: those that have a meaning for the scenario, and their ends."""

from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.scenario.assemble import assemble_instance
from planner.studies.sensitivity.studied_inputs import InputKind, StudiedInput, studied_inputs
from tests.support.scenarios.demand_case import write_day
from tests.support.scenarios.small_scenario import small_content

COST = {"minimize": "cost", "quality_at_least": 0.6}


def listed(**values: object) -> dict[str, StudiedInput]:
    scenario = planner.load(small_content(**values))
    return {one.words: one for one in studied_inputs(scenario.result, 10.0)}


def ends(one: StudiedInput) -> tuple[float | None, float | None]:
    return one.low, one.high


def test_values_move_by_a_part_of_themselves_and_nodes_by_whole_ones() -> None:
    found = listed()
    assert ends(found["arrival rate"]) == pytest.approx((9, 11))
    assert ends(found["limit on mean TTFT"]) == pytest.approx((450, 550))
    assert ends(found["scores of alpha"]) == pytest.approx((0.63, 0.77))
    assert ends(found["latencies of beta"]) == pytest.approx((0.9, 1.1))
    assert ends(found["nodes of pool p"]) == (None, 2)
    pool = {"name": "p", "gpu": "GPU-X", "nodes": 40, "gpus_per_node": 2, "memory_gib": 80}
    assert ends(listed(pools=[pool])["nodes of pool p"]) == (36, 44)


def test_prices_and_floors_count_only_where_cost_does() -> None:
    assert not [words for words in listed() if "price" in words or "quality" in words]
    found = listed(objective=COST)
    assert ends(found["price of a GPU of pool p"]) == pytest.approx((1.8, 2.2))
    assert ends(found["required quality"]) == pytest.approx((0.54, 0.66))


def test_latencies_need_an_slo_and_headroom_a_statement() -> None:
    assert not [words for words in listed(slo=[]) if "latencies" in words]
    assert not [words for words in listed() if "headroom" in words]
    found = listed(headroom={"slo_pct": 95, "rate_pct": 20})
    assert ends(found["headroom.rate_pct"]) == pytest.approx((18, 22))
    assert "headroom.slo_pct" not in found, "more than all of a limit cannot be kept free"


def test_scores_without_a_zero_of_their_own_move_by_their_range() -> None:
    prompts = pd.Index(["a", "b"], name="prompt_id")
    scores = pd.DataFrame({"alpha": [-3.0, 3.0], "beta": [1.0, 1.0]}, index=prompts)
    found = listed(scores=scores)
    assert ends(found["scores of alpha"]) == pytest.approx((-0.6, 0.6))
    assert ends(found["scores of beta"]) == pytest.approx((0.4, 1.6))


def test_a_decided_number_of_nodes_is_no_input() -> None:
    pool = {"name": "p", "gpu": "GPU-X", "gpus_per_node": 2, "memory_gib": 80}
    nodes = {"at_least": 0, "at_most": 3}
    decided = {**pool, "nodes": nodes, "price_usd_per_gpu_h": 2.0}
    content = small_content(pools=[decided], objective=COST)
    loaded = planner.load(content)
    # The file of a mapping is temporary: it stays while `loaded` does.
    result = assemble_instance(loaded.path, sizing=True)
    kinds = {one.kind for one in studied_inputs(result, 10.0)}
    assert InputKind.NODES not in kinds
    assert InputKind.PRICE in kinds


def test_classes_cases_and_llms_outside(tmp_path: Path) -> None:
    loaded = assemble_instance(write_day(tmp_path), cells=True)
    found = {one.words: one for one in studied_inputs(loaded, 10.0)}
    assert found["all arrival rates (largest case)"].today == 5
    assert found["limit on p95 TTFT of class chat"].today == 500
    wanted = {"prices of far", "scores of far", "latencies of far", "budget"}
    assert wanted <= set(found)
    assert found["budget"].high == pytest.approx(44)
