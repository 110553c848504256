"""Small plans that are kept: a scenario of three files in a folder, planned within a tenth of a
second.
"""

from functools import cache
from pathlib import Path
from typing import Any

import planner
from planner.api.cells_plan_result import CellsPlanResult
from planner.api.plan_result import PlanResult
from tests.support.scenarios.scenario_case import PROFILES, SCENARIO, SCORES

__all__ = ["kept_scenario_folder", "planned_day", "small_plan"]

COMMENT = "# what a colleague must know\n"


def kept_scenario_folder(folder: Path) -> Path:
    """A scenario with its tables, one of them in a folder below; its file."""
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    scenario = COMMENT + SCENARIO.replace("scores.csv", "tables/scores.csv")
    (folder / "scenario.yaml").write_text(scenario, encoding="utf-8")
    (folder / "profiles.csv").write_text(PROFILES, encoding="utf-8")
    (folder / "tables" / "scores.csv").write_text(SCORES, encoding="utf-8")
    return folder / "scenario.yaml"


def small_plan(folder: Path, **values: Any) -> PlanResult:
    """The plan of that scenario. values: overrides of keys at the top."""
    path = kept_scenario_folder(folder)
    plan = planner.plan(planner.load(path, values))
    assert isinstance(plan, PlanResult)
    return plan


@cache
def planned_day() -> CellsPlanResult:
    """A plan of two cases."""
    from tests.support.scenarios.small_scenario import small_content

    cases = [
        {"name": "day", "hours": 10, "arrival_rate_rps": {"chat": 10}},
        {"name": "night", "hours": 14, "arrival_rate_rps": {"chat": 3}},
    ]
    content = small_content(classes=[{"name": "chat"}], cases=cases)
    del content["arrival_rate_rps"]
    plan = planner.plan(content)
    assert isinstance(plan, CellsPlanResult)
    return plan
