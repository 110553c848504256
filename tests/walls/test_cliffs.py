"""The hard instances of `python -m bench cliffs`, made by its own generator: they load, and the
small ones are what their names say.
"""

from pathlib import Path

import pytest

from bench.cliffs.instances import CASES, write_cliff
from bench.cliffs.measure import measure_cliff
from planner.scenario.assemble import assemble_instance
from tests.support.walls import first_fast, usually

SMALL = [name for name, case in CASES.items() if case.llms * case.prompts <= 80_000]


@pytest.mark.parametrize("name", first_fast(SMALL))
def test_they_load(name: str, tmp_path: Path) -> None:
    write_cliff(name, 3, tmp_path)
    instance = assemble_instance(tmp_path / "scenario.yaml").instance
    assert len(instance.llms) == CASES[name].llms
    assert instance.quality_floor is None or 0 < instance.quality_floor < 1


@pytest.mark.parametrize("name", first_fast(["inf-grid", "inf-rate"]))
def test_what_is_infeasible_is_explained_with_proof(name: str, tmp_path: Path) -> None:
    write_cliff(name, 3, tmp_path)
    found = measure_cliff(tmp_path / "scenario.yaml", 60.0)
    assert found["status"] == "infeasible"
    assert found["repairs"] >= 2
    assert found["proved"] == found["repairs"]


@pytest.mark.slow
@pytest.mark.parametrize("name", usually(["tight6x16", "maxrep3-grid"], [0]))
def test_a_plan_of_one_is_verified(name: str, tmp_path: Path) -> None:
    write_cliff(name, 3, tmp_path)
    found = measure_cliff(tmp_path / "scenario.yaml", 60.0)
    assert found["verified"] is True
    assert found["gap"] <= 1e-3
