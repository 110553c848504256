"""Scenario files and overrides: what is read, what is a fault, and where."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.scenario.assemble import assemble_instance
from planner.scenario.load import load_parsed_scenario, load_scenario
from profiles.io.faults import Fault, ScenarioError
from profiles.io.yaml_text import parse_yaml
from tests.support.scenarios.scenario_case import (
    PROFILES,
    SCENARIO,
    assert_sound_or_faulty,
    fault_lines,
)
from tests.support.walls import wall_size


def test_bom_crlf_spaces_and_blank_rows_are_harmless(case: Path) -> None:
    before = assemble_instance(case / "scenario.yaml").sha256
    text = (
        PROFILES.replace("\n", ",\n", 1).replace("NO,G,1", "NO , G,1").replace("\n", "\r\n")
        + "\r\n,,,,,,,,,\r\n"
    )
    (case / "profiles.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (case / "scenario.yaml").write_bytes(b"\xef\xbb\xbf" + SCENARIO.replace("\n", "\r\n").encode())
    assert assemble_instance(case / "scenario.yaml").sha256 == before


def test_overrides_are_yaml_and_the_last_one_counts(case: Path) -> None:
    texts = [
        "slo.0.limit_ms=1",
        "slo.0.limit_ms=250",
        "setups.tp_degrees=[1]",
        "solver.seed=7",
        "llms.1.max_replicas=null",
        "name=NO",
    ]
    scenario = load_scenario(case / "scenario.yaml", texts)
    assert scenario.spec.slo[0].limit_ms == 250
    assert scenario.spec.setups.tp_degrees == (1,)
    assert scenario.spec.llms[1].max_replicas is None
    assert scenario.spec.name == "NO"
    assert scenario.overrides["setups.tp_degrees"] == [1]
    assert load_scenario(case / "scenario.yaml", dict(scenario.overrides)) == scenario


def test_override_of_a_list_then_its_entry_leaves_the_record_alone(case: Path) -> None:
    scenario = load_scenario(
        case / "scenario.yaml", ["setups.tp_degrees=[1, 2]", "setups.tp_degrees.0=4"]
    )
    assert scenario.spec.setups.tp_degrees == (4, 2)
    assert scenario.overrides["setups.tp_degrees"] == [1, 2]


def test_yaml_1_2_keeps_norway(case: Path) -> None:
    faults: list[Fault] = []
    text = "{a: NO, b: on, c: y, d: 1.0e-4, e: 0o17, f: 2024-01-01, g: ~, h: '60', i: 010, j: true}"
    values = {
        "a": "NO",
        "b": "on",
        "c": "y",
        "d": 1e-4,
        "e": 15,
        "f": "2024-01-01",
        "g": None,
        "h": "60",
        "i": 10,
        "j": True,
    }
    assert parse_yaml(text, "f", faults) == values
    assert not faults


def test_scenario_file_that_is_none(case: Path) -> None:
    assert "no such file" in fault_lines(case / "scenario.yaml")
    (case / "scenario.yaml").write_text("")
    assert "not a scenario" in fault_lines(case)
    (case / "scenario.yaml").write_text("[1, 2]")
    assert "not a scenario" in fault_lines(case)
    (case / "scenario.yaml").write_bytes(b"name: \xff\xfe")
    assert "not UTF-8" in fault_lines(case)
    (case / "scenario.yaml").write_text("#" * 1_000_001)
    assert "bytes" in fault_lines(case)
    with pytest.raises(ScenarioError, match="folder"):
        load_scenario(case)


ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)

JUNK = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)

KEYS = [
    "pools",
    "pools.0",
    "llms.0.name",
    "slo",
    "slo.0.metric",
    "objective",
    "setups",
    "setups.tp_degrees",
    "solver.seed",
    "version",
    "a.b",
]


@settings(max_examples=wall_size(60, 200), deadline=None)
@given(overrides=st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=12), JUNK, max_size=3))
def test_any_override_gives_a_scenario_or_faults(overrides: dict[str, object]) -> None:
    content = parse_yaml(SCENARIO, "f", [])
    assert_sound_or_faulty(lambda: load_parsed_scenario(content, "f", overrides))


def test_a_plan_in_the_place_of_a_scenario_is_one_fault(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text('{"schema": 1, "scenario_sha256": "x", "scenario_path": "s.yaml"}')
    with pytest.raises(ScenarioError, match="a plan, not a scenario"):
        load_scenario(path)


@pytest.mark.parametrize("name", ["profiles.csv", "profiles.parquet"])
def test_a_table_in_the_place_of_a_scenario_is_named_as_such(tmp_path: Path, name: str) -> None:
    table = tmp_path / name
    table.write_bytes(b"llm,gpu\na,G\n")
    with pytest.raises(ScenarioError, match="this is a table, not a scenario") as caught:
        load_scenario(table)
    assert "init --from-tables PROFILES SCORES" in caught.value.faults[0].fix
