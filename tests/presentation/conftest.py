"""Plans of the template's scenario after some changes, made once."""

from typing import Any

import pytest

from planner.joint import solve as joint
from planner.plans.plan_content import build_plan_content
from planner.scenario.assemble import assemble_instance
from planner.scenario.templates import TEMPLATE_TEXTS

CASES: dict[str, dict[str, Any]] = {
    "small": {"arrival_rate_rps": 10},
    "fast": {"slo.0.limit_ms": 200, "pools.0.gpus_per_node": 4},
    "cheap": {"objective": {"minimize": "cost", "quality_at_least": 0.4}, "arrival_rate_rps": 10},
    "none": {"arrival_rate_rps": 900},
}


@pytest.fixture(scope="session")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Plans of the template after some changes."""
    folder = tmp_path_factory.mktemp("template")
    for name, text in TEMPLATE_TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    found = {}
    for name, changes in CASES.items():
        loaded = assemble_instance(folder / "scenario.yaml", changes)
        found[name] = build_plan_content(
            loaded, joint.solve_joint(loaded.instance, loaded.settings), loaded.settings, {}
        )
    return found


@pytest.fixture(scope="session")
def contents(plans: dict[str, Any]) -> dict[str, Any]:
    return {name: plan.content for name, plan in plans.items()}
