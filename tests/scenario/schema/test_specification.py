"""The schema of a scenario: its defaults, and the JSON Schema that documents it."""

import json
from pathlib import Path

import jsonschema
import pytest

from planner.scenario.load import load_scenario
from planner.scenario.schema.specification import scenario_schema
from profiles.io.yaml_text import parse_yaml
from tests.support.paths import HOME
from tests.support.scenarios.scenario_case import SCENARIO


def test_defaults_are_the_contract_s(case: Path) -> None:
    spec = load_scenario(case / "scenario.yaml").spec
    assert (
        spec.scores_missing,
        spec.slo[0].scope,
        spec.llms[0].min_replicas,
        spec.llms[0].max_replicas,
    ) == ("error", "all", 0, None)
    assert spec.setups.model_dump() == {
        "tp_degrees": None,
        "mps_shares_pct": None,
        "mig_profiles": None,
        "memory_headroom_pct": 10.0,
        "min_gpu_utilization_pct": 0.0,
    }
    assert spec.solver.model_dump() == {
        "rel_gap": 1e-4,
        "time_limit_s": 60.0,
        "threads": 1,
        "seed": 0,
    }


def test_schema_file_is_current_and_accepts_the_scenario(case: Path) -> None:
    stored = json.loads((HOME / "docs" / "scenario.schema.json").read_text(encoding="utf-8"))
    assert stored == scenario_schema(), (
        'python -c "from pathlib import Path; from planner.scenario.load import *;'
        ' write_schema(Path(...))"'
    )
    content = parse_yaml(SCENARIO, "f", [])
    jsonschema.Draft202012Validator.check_schema(stored)
    jsonschema.validate(content, stored)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content | {"sloo": []}, stored)
