"""Faults of a part of a scenario, and a scenario written from answers and tables."""

from pathlib import Path

import pandas as pd
import pytest

from planner.errors import DataError
from planner.scenario.assemble import assemble_instance
from planner.scenario.starting.new_scenario import (
    NewTables,
    merge_new_curves,
    new_scenario_content,
    new_scenario_faults,
    write_new_scenario,
)
from planner.scenario.templates import TEMPLATE_TEXTS

POOL = {"name": "a", "gpu": "A100-PCIe-80GB", "nodes": 1, "gpus_per_node": 2}
LLMS = {"llms": [{"name": "small"}, {"name": "large"}]}
DAY = {
    "classes": [{"name": "chat"}],
    "cases": [{"name": "day", "hours": 8}, {"name": "night", "hours": 16}],
    "demand": "demand.csv",
}
RATES = "case,class,rate_rps\nday,chat,10\nnight,chat,2\n"


def template(folder: Path) -> tuple[pd.DataFrame, Path]:
    """Curves and scores of the template."""
    for name in ("profiles.csv", "scores.csv"):
        (folder / name).write_text(TEMPLATE_TEXTS[name])
    return pd.read_csv(folder / "profiles.csv"), folder / "scores.csv"


def test_every_fault_of_a_part_is_reported_at_its_step() -> None:
    pools = [{**POOL, "nodes": None}, {**POOL, "name": "b", "gpu": "A100", "gpus_per_node": 0}]
    faults = new_scenario_faults({"pools": pools}, "GPUs")
    assert {fault.file for fault in faults} == {"GPUs"}
    assert {fault.where for fault in faults} == {"pools.0.nodes", "pools.1.gpus_per_node"}
    blank = new_scenario_faults({"pools": [{**POOL, "nodes": None}]}, "GPUs")
    assert [str(fault) for fault in blank] == [
        "GPUs:pools.0.nodes: this field is blank; fill it in"
    ]
    unknown = new_scenario_faults({"pools": [{**POOL, "gpu": "A100"}]}, "GPUs")
    assert [fault.problem for fault in unknown] == ["the GPU is not in the catalogue"]


def test_other_steps_count_as_sound() -> None:
    assert new_scenario_faults({"pools": [POOL]}, "GPUs") == ()
    assert new_scenario_faults({"arrival_rate_rps": 40}, "Demand") == ()
    assert new_scenario_faults(DAY, "Demand") == ()
    assert [fault.where for fault in new_scenario_faults({"llms": []}, "LLMs")] == ["llms"]


def test_a_cost_needs_the_prices_of_the_pools() -> None:
    part = {
        "pools": [{**POOL, "gpu": "own", "memory_gib": 40}],
        "objective": {"minimize": "cost", "quality_at_least": 0.5},
    }
    assert [one.where for one in new_scenario_faults(part, "Objective")] == [
        "pools.0.price_usd_per_gpu_h"
    ]


def test_measured_curves_come_before_estimated_ones(tmp_path: Path) -> None:
    estimated, _ = template(tmp_path)
    measured = estimated[estimated["llm"] == "small"].assign(
        ttft_mean_ms=[1.0, 2.0, 3.0], provenance="measured"
    )
    merged = merge_new_curves([measured, estimated], tmp_path)
    small = merged.frame[merged.frame["llm"] == "small"]
    assert list(small["ttft_mean_ms"]) == [1.0, 2.0, 3.0]
    assert set(merged.frame["llm"]) == {"small", "large"}
    with pytest.raises(DataError, match="there are no curves"):
        merge_new_curves([], tmp_path)


def test_what_is_written_is_an_ordinary_scenario(tmp_path: Path) -> None:
    curves, scores = template(tmp_path)
    (tmp_path / "new").mkdir()
    part = {"name": "mine", "pools": [POOL], **LLMS, "arrival_rate_rps": 5}
    path = write_new_scenario(tmp_path / "new", part, NewTables([curves], scores))
    loaded = assemble_instance(path)
    assert loaded.scenario.spec.name == "mine"
    assert [llm.name for llm in loaded.instance.llms] == ["small", "large"]
    assert loaded.instance.arrival_rate == 5


def test_a_day_brings_its_table_of_rates(tmp_path: Path) -> None:
    curves, scores = template(tmp_path)
    (tmp_path / "new").mkdir()
    part = {"name": "mine", "pools": [POOL], **LLMS, **DAY}
    assert "arrival_rate_rps" not in new_scenario_content(part)
    path = write_new_scenario(tmp_path / "new", part, NewTables([curves], scores, RATES))
    demand = assemble_instance(path, cells=True).demand
    assert demand is not None
    assert [sum(case.rates) for case in demand.cases] == [10.0, 2.0]
