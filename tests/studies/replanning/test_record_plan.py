"""One kept plan made again in some process."""

import threading
from pathlib import Path

import pytest

from planner.library.input_files import KeptInput, read_input_files
from planner.studies.replanning import record_plan
from planner.studies.replanning.record_plan import plan_record_again, record_override_texts
from planner.studies.sweep_point import PointStatus
from tests.support.kept.kept_plans import planned_day, small_plan


@pytest.fixture
def kept(tmp_path: Path) -> KeptInput:
    """The files of a small scenario, with an override."""
    plan = small_plan(tmp_path / "s", arrival_rate_rps=1.0)
    return read_input_files(plan.scenario.result.scenario)


def test_the_plan_is_made_of_the_files_that_come_along(tmp_path: Path, kept: KeptInput) -> None:
    before = small_plan(tmp_path / "again", arrival_rate_rps=1.0).content
    one = plan_record_again(7, kept, ())
    assert (one.number, one.status, one.reason) == (7, PointStatus.OPTIMAL, "")
    assert one.content is not None
    assert one.content["objective"] == before["objective"]
    assert one.content["scenario_sha256"] == before["scenario_sha256"]
    assert one.content["checks"]["verified"]


def test_changes_come_over_what_was_kept(kept: KeptInput) -> None:
    one = plan_record_again(7, kept, ["arrival_rate_rps=2"])
    assert one.content is not None
    assert one.content["context"]["arrival_rate_rps"] == 2


def test_classes_and_cases_are_planned_too() -> None:
    scenario = planned_day().scenario.result.scenario
    one = plan_record_again(3, read_input_files(scenario), ())
    assert one.status == PointStatus.OPTIMAL
    assert one.content is not None
    assert one.content["schema"] == 2


def test_what_cannot_be_planned_has_a_reason(kept: KeptInput) -> None:
    one = plan_record_again(7, kept, ["arrival_rate_rps=1000"])
    assert (one.status, one.reason) == (PointStatus.INFEASIBLE, "no plan keeps all limits")
    one = plan_record_again(7, kept, ["arrival_rate_rps=none"])
    assert one.status == PointStatus.BAD_INPUT
    assert one.content is None
    assert "arrival_rate_rps" in one.reason
    assert "joint-llm-planner" not in one.reason
    stopped = threading.Event()
    stopped.set()
    one = plan_record_again(7, kept, (), cancel=stopped)
    assert one.status in (PointStatus.UNKNOWN, PointStatus.FEASIBLE)


def test_a_plan_that_fails_its_check_is_no_plan(
    kept: KeptInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> object:
        raise record_plan.VerificationError(["the cost is wrong"])

    monkeypatch.setattr(record_plan, "build_plan_content", fails)
    one = plan_record_again(7, kept, ())
    assert (one.status, one.content) == (PointStatus.BUG, None)
    assert "the cost is wrong" in one.reason


def test_overrides_become_texts_that_mean_the_same() -> None:
    overrides = {"name": "yes", "slo.0.limit_ms": 1.5, "setups.tp_degrees": [1, 2]}
    assert record_override_texts(overrides) == [
        'name="yes"',
        "slo.0.limit_ms=1.5",
        "setups.tp_degrees=[1, 2]",
    ]
