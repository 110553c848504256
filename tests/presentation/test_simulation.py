"""A simulation in sentences: advice where a limit is missed."""

from dataclasses import replace
from pathlib import Path

import pytest

from planner.operation.simulation import run_simulation
from planner.operation.simulation_outcomes import Demand
from planner.plans.plan_and_scenario import load_plan_and_scenario
from planner.presentation.simulation import simulation_advice_lines
from tests.support.plans.built_plans import write_trio_plan


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """plan.json of the first example with few shares."""
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    write_trio_plan(path)
    return path


def test_the_advice_is_the_limit_less_the_room_that_was_missing(planned: Path) -> None:
    source = load_plan_and_scenario(planned)
    found = run_simulation(source, Demand(cv=2.0))
    (slo,) = found.slos
    assert slo.simulated is not None
    assert slo.predicted is not None
    assert slo.verdict == "misses"
    (line,) = simulation_advice_lines(found)
    limit = float(line.partition("slo.0.limit_ms=")[2].split()[0])
    aim = 1000 * slo.predicted * slo.slo.limit / slo.simulated.high
    assert 0.99 * aim < limit <= aim
    assert f"mean TTFT {1000 * slo.slo.limit:.1f} ms" in line
    easy = replace(slo, verdict="holds")
    assert simulation_advice_lines(replace(found, slos=(easy,))) == []
