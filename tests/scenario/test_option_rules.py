"""The rules by which options are dropped."""

from pathlib import Path

from planner.scenario.assemble import assemble_instance
from tests.support.scenarios.scenario_case import change, fault_lines


def test_memory_that_fills_the_room_exactly_fits(case: Path) -> None:
    change(case / "profiles.csv", "150,400,12", "150,400,93")
    change(case / "profiles.csv", "100,200,12", "100,200,93")
    loaded = assemble_instance(
        case / "scenario.yaml", ["pools.0.memory_gib=100", "setups.memory_headroom_pct=7"]
    )
    assert loaded.instance.dropped == ()


def test_memory_rule(case: Path) -> None:
    change(case / "profiles.csv", "150,400,12", "150,400,14")
    loaded = assemble_instance(case / "scenario.yaml")
    assert loaded.instance.options[0].memory == 14
    assert any(
        "differs between rows (12, 14); the largest is taken" in warning
        for warning in loaded.instance.warnings
    )
    change(case / "profiles.csv", "80,,8,", "80,,,")
    loaded = assemble_instance(case / "scenario.yaml")
    assert loaded.instance.options[1].memory == 5  # 10 GiB of weights over 2 shards
    assert any("and no KV cache" in warning for warning in loaded.instance.warnings)
    lines = fault_lines(case, "llms.0.weights_gib=null")
    assert "scenario.yaml:llms.0.weights_gib: the memory of NO is not known" in lines
    assert (
        assemble_instance(
            case / "scenario.yaml", ["llms.0.weights_gib=null", "setups.tp_degrees=[1]"]
        )
        .instance.options[0]
        .memory
        == 14
    )
