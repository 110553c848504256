"""What `drift --json` writes."""

import json
from pathlib import Path

import numpy as np

from planner.monitoring.drift import DriftChoice, drift_of_metered
from planner.plans.plan_file import plan_file_text
from planner.presentation.monitoring.drift_content import drift_content
from tests.support.scenarios.played_day import PlayedDay, day_source, metered_day


def test_everything_that_was_found(tmp_path: Path):
    source = day_source(tmp_path)
    day = PlayedDay(load=lambda at: np.full(len(at), 1.5), seconds=28_800.0)
    found = drift_of_metered(source, metered_day(source, day), DriftChoice())
    content = json.loads(plan_file_text(drift_content(source, found)))
    assert content["findings"] == [finding.value for finding in found.findings]
    assert content["drift"] is True
    assert content["rate"]["level_rps"] == found.rate.level
    assert content["rate"]["place"] == "above"
    assert {one["llm"] for one in content["curves"]} == {"alpha", "beta"}
    assert content["curves"][0]["input_tokens"] is None
    assert [one["limit_ms"] for one in content["slo"]] == [160.0, 400.0]
    assert content["replan"]["pays"] is True
    assert content["replan"]["today_impossible"] is True
    assert content["replan"]["changes"].startswith("Replicas: 2 stay")
    assert content["scenario_sha256"] == source.plan.content["scenario_sha256"]
