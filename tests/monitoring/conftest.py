"""One plan for all tests of this folder."""

import pytest

from planner.plans.plan_and_scenario import PlanAndScenario
from tests.support.scenarios.played_day import day_source


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> PlanAndScenario:
    return day_source(tmp_path_factory.mktemp("day"))
