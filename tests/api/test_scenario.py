"""`planner.load`: files, mappings with DataFrames, overrides, and all faults at once."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from tests.support.paths import EXAMPLES
from tests.support.scenarios.small_scenario import small_content

TRIO = EXAMPLES / "paper-trio" / "scenario.yaml"


def test_a_file() -> None:
    scenario = planner.load(TRIO)
    assert scenario.name == "paper-trio-4xa100"
    assert scenario.path == TRIO
    assert scenario.pools["Nodes"].tolist() == [1]
    assert len(scenario.options) == len(scenario.result.instance.options) == 72
    assert any("from the catalogue" in notice for notice in scenario.notices)
    assert "3 LLMs, 72 options on 1 x 4 A100-SXM-80GB; 70 req/s, 2,000 prompts" in repr(scenario)


def test_overrides_by_path_and_by_name() -> None:
    scenario = planner.load(TRIO, {"slo.0.limit_ms": 400}, arrival_rate_rps=np.int64(80))
    assert scenario.overrides == {"slo.0.limit_ms": 400, "arrival_rate_rps": 80}
    assert scenario.result.instance.arrival_rate == 80
    assert scenario.result.instance.slos[0].limit == pytest.approx(0.4)


def test_a_loaded_scenario_is_changed_into_another() -> None:
    first = planner.load(TRIO, arrival_rate_rps=80)
    second = planner.load(first, {"slo.0.limit_ms": 400})
    assert first.overrides == {"arrival_rate_rps": 80}
    assert second.overrides == {"arrival_rate_rps": 80, "slo.0.limit_ms": 400}


def test_a_mapping_with_data_frames_is_the_scenario_of_the_same_files(tmp_path: Path) -> None:
    content = small_content()
    content["profiles"].to_csv(tmp_path / "profiles.csv", index=False)
    content["scores"].to_csv(tmp_path / "scores.csv")
    files = {key: tmp_path / f"{key}.csv" for key in ("profiles", "scores")}
    in_memory, by_path = planner.load(content), planner.load(small_content(**files))
    assert in_memory.result.sha256 == by_path.result.sha256
    assert len(in_memory.result.instance.options) == 2


def test_a_relative_path_starts_at_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small_content()["scores"].to_csv("scores.csv")
    assert planner.load(small_content(scores="scores.csv")).name == "two"


def test_a_data_frame_takes_the_place_of_a_table() -> None:
    content = small_content()
    scenario = planner.load(content)
    better = planner.load(scenario, scores=content["scores"].assign(alpha=1.0))
    assert scenario.result.instance.scores.values.max() == 0.9
    assert better.result.instance.scores.values[0].tolist() == [1.0] * 20


def test_all_faults_come_at_once_and_name_the_data_frame() -> None:
    content = small_content(arrival_rate_rps=-1, pols=[])
    content["profiles"] = content["profiles"].assign(ttft_mean_ms=[50, -1, 60, 50, 60, 70])
    with pytest.raises(planner.DataError) as caught:
        planner.load(content)
    where = {(fault.file, fault.where) for fault in caught.value.faults}
    assert where >= {
        ("scenario (mapping)", "arrival_rate_rps"),
        ("scenario (mapping)", "pols"),
        ("profiles (DataFrame)", "row 3, column ttft_mean_ms"),
    }


def test_faults_of_one_table_are_of_its_kind() -> None:
    content = small_content()
    content["scores"] = content["scores"].drop(columns="beta")
    with pytest.raises(planner.ScoresError, match="beta"):
        planner.load(content)


@pytest.mark.parametrize(
    ("overrides", "where"),
    [({"slo.7.limit_ms": 1}, "slo.7"), ({"pools": {1, 2}}, "pools"), ({"nope": 1}, "nope")],
)
def test_faults_of_overrides(overrides: dict, where: str) -> None:
    with pytest.raises(planner.ScenarioError, match=where):
        planner.load(small_content(), overrides)


def test_the_mapping_and_its_frames_stay_as_they_are() -> None:
    content, before = small_content(), small_content()
    planner.load(content, {"pools.0.nodes": 2})
    for key in ("profiles", "scores"):
        pd.testing.assert_frame_equal(content.pop(key), before.pop(key))
    assert content == before


def test_a_folder_of_it_loads_again(tmp_path: Path) -> None:
    scenario = planner.load(small_content(), arrival_rate_rps=12)
    again = planner.load(scenario.to_folder(tmp_path / "kept"))
    assert again.result.sha256 == scenario.result.sha256
    assert again.overrides == {}
