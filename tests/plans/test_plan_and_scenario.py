"""A plan finds its scenario, and refuses another."""

import json
from pathlib import Path

import pytest

from planner.errors import DataError
from planner.plans.plan_and_scenario import load_plan_and_scenario
from tests.support.paths import HOME
from tests.support.plans.built_plans import TRIO, write_trio_plan


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """plan.json of the first example with few shares."""
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    write_trio_plan(path)
    return path


def test_a_plan_finds_its_scenario_and_refuses_another(planned: Path, tmp_path: Path) -> None:
    source = load_plan_and_scenario(planned)
    assert source.loaded.sha256 == source.plan.content["scenario_sha256"]
    assert load_plan_and_scenario(planned, TRIO).loaded.sha256 == source.loaded.sha256
    with pytest.raises(DataError, match="is not \\(or no longer\\) the scenario of this plan"):
        load_plan_and_scenario(planned, HOME / "examples" / "percentile-slo" / "scenario.yaml")
    lost = tmp_path / "plan.json"
    lost.write_text(
        json.dumps({**source.plan.content, "scenario_path": "gone.yaml"}), encoding="utf-8"
    )
    with pytest.raises(DataError, match="name it with --scenario"):
        load_plan_and_scenario(lost)
