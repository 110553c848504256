"""What is said of a day with and without drift."""

from pathlib import Path

import numpy as np
import pytest

from planner.monitoring.drift import Drift, DriftChoice, drift_of_metered
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.presentation.monitoring.drift_lines import (
    drift_advice_lines,
    drift_curves_table,
    drift_rate_lines,
    drift_replan_lines,
    drift_slo_table,
    drift_span_line,
    drift_verdict_line,
)
from tests.support.scenarios.played_day import PlayedDay, day_source, metered_day


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> PlanAndScenario:
    return day_source(tmp_path_factory.mktemp("day"))


def drift(source: PlanAndScenario, day: PlayedDay) -> Drift:
    return drift_of_metered(source, metered_day(source, day), DriftChoice())


def test_a_day_as_planned(source: PlanAndScenario):
    found = drift(source, PlayedDay())
    assert drift_verdict_line(found) == "no drift, nothing to do"
    assert "2 servers, 576 windows of 5 minutes" in drift_span_line(found)
    assert drift_span_line(found).startswith("2026-11-24T06:00Z to 2026-11-25T06:00Z")
    assert "within" in drift_rate_lines(found.rate)[1]
    assert set(drift_curves_table(found)["Verdict"]) == {"holds"}
    assert len(drift_curves_table(found)) == 6
    assert list(drift_slo_table(found)["Verdict"]) == ["holds", "holds"]
    assert "the same plan would come out" in drift_replan_lines(source, found)[0]
    assert drift_advice_lines(found) == []


def test_a_day_with_half_as_many_requests_again(source: PlanAndScenario):
    found = drift(source, PlayedDay(load=lambda at: np.full(len(at), 1.5)))
    assert drift_verdict_line(found).startswith("DRIFT: the rate has left")
    assert any("LEFT, above it" in line for line in drift_rate_lines(found.rate))
    said = " ".join(drift_replan_lines(source, found))
    assert "keeps what the scenario requires with no routing." in said
    assert "Replicas: 2 stay, 2 start, 0 stop" in said
    (advice,) = drift_advice_lines(found)
    assert f"--set arrival_rate_rps={found.rate.level:.4g}" in advice


def test_a_slower_curve(source: PlanAndScenario):
    found = drift(source, PlayedDay(slower={"beta": lambda at: np.where(at > 0.5, 1.5, 1.0)}))
    table = drift_curves_table(found)
    slower = table[table["Verdict"] == "SLOWER"]
    assert list(slower["Option"]) == ["beta on GPU-X, tp1 100 %"]
    assert list(slower["Of"]) == ["last quarter"]
    assert "1 corrected curve today's setup has quality" in drift_replan_lines(source, found)[0]
    assert "% better" in drift_replan_lines(source, found)[1]
    assert "profile import --prometheus" in drift_advice_lines(found)[0]


def test_a_document_of_what_is_written(tmp_path: Path):
    """Two hours are too few windows for a verdict on the last quarter."""
    source = day_source(tmp_path)
    found = drift(source, PlayedDay(seconds=7200.0))
    assert set(drift_curves_table(found)["Of"]) == {"whole time"}
