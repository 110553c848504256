"""What tests of charts share: a plan with several replicas of one option, and the light theme."""

import sys

import pytest

from app_pages.jobs import planning
from app_pages.jobs.messages import PlanView
from tests.support.page.page_charts import idle_job
from tests.support.paths import EXAMPLES

CHARTS = ("compare", "gpu_map", "latency", "router", "routing", "setups", "what_if")


@pytest.fixture(scope="package")
def view() -> PlanView:
    path = EXAMPLES / "two-gpu-types" / "scenario.yaml"
    return planning.run_planning_job(str(path), {"llms.0.max_replicas": 8}, job=idle_job())


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """The theme is the browser's, and there is none."""
    for name in CHARTS:
        module = sys.modules.get(f"app_pages.charts.{name}")
        for colour in ("ink", "limit_colour", "quiet_colour"):
            if module is not None and hasattr(module, colour):
                monkeypatch.setattr(module, colour, lambda: "#31333F")
