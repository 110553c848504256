"""A tornado: ranked by what re-planning gives, ends without a plan first, gaps stated."""

import threading

import pytest

import planner
from planner.studies.sensitivity import tornado as study
from planner.studies.sensitivity.moved_plans import MovedPlan
from planner.studies.sensitivity.tornado import Tornado, plan_tornado
from planner.studies.sweep_point import PointStatus
from tests.support.scenarios.small_scenario import small_content

OPEN = MovedPlan(status=PointStatus.FEASIBLE, value=0.5, bound=0.6)


def tornado_of(
    percent: float = 10.0, cancel: threading.Event | None = None, **values: object
) -> Tornado:
    scenario = planner.load(small_content(**values))
    return plan_tornado(scenario.path, [], percent=percent, jobs=1, cancel=cancel)


def test_ends_are_what_planning_there_gives_and_the_largest_swing_comes_first() -> None:
    found = tornado_of(arrival_rate_rps=70)
    assert found.complete
    swings = [bar.swing for bar in found.bars if not bar.blocked]
    assert swings == sorted(swings, reverse=True)
    bars = {bar.moved.words: bar for bar in found.bars}
    rate = bars["arrival rate"]
    for end in rate.ends:
        plan = planner.plan(small_content(arrival_rate_rps=end.value))
        assert end.plan.value == pytest.approx(plan.quality, abs=1e-4)
    scores = bars["scores of alpha"]
    assert scores.high is not None
    # Half of the prompts go to alpha, whose scores are 0.07 higher.
    assert scores.high.change == pytest.approx(0.035, abs=1e-4)
    assert scores.high.certain
    assert scores.high.same_setup


def test_an_end_without_a_plan_comes_first_and_is_certain() -> None:
    found = tornado_of(arrival_rate_rps=76)
    first = found.bars[0]
    assert first.moved.words == "arrival rate"
    assert first.blocked
    assert first.high is not None
    assert (first.high.change, first.high.certain) == (None, True)
    assert "do not carry 83.6 req/s" in first.high.plan.reason


def test_a_change_within_the_gaps_is_uncertain(monkeypatch: pytest.MonkeyPatch) -> None:
    def planned(loaded, moved, cancel=None):  # type: ignore[no-untyped-def]
        del loaded, cancel
        if moved is None:
            return OPEN
        value = 0.62 if moved[0].words == "arrival rate" else 0.75
        return MovedPlan(status=PointStatus.OPTIMAL, value=value, bound=value)

    monkeypatch.setattr(study, "plan_moved_input", planned)
    bars = {bar.moved.words: bar for bar in tornado_of().bars}
    assert bars["arrival rate"].swing == pytest.approx(0.12)
    assert bars["arrival rate"].certain, "0.12 is more than the gap of 0.1"
    monkeypatch.setattr(study, "plan_moved_input", lambda *_: OPEN)
    assert not any(bar.certain for bar in tornado_of().bars)


def test_without_a_plan_today_nothing_is_moved() -> None:
    found = tornado_of(arrival_rate_rps=900)
    assert found.today.status == PointStatus.INFEASIBLE
    assert found.bars == ()


def test_a_stopped_study_has_what_was_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    cancel, real, made = threading.Event(), study.plan_moved_input, []

    def planned(loaded, moved, stop=None):  # type: ignore[no-untyped-def]
        made.append(moved)
        if len(made) == 4:
            cancel.set()
        return real(loaded, moved, stop)

    monkeypatch.setattr(study, "plan_moved_input", planned)
    found = tornado_of(cancel=cancel)
    assert not found.complete
    assert sum(len(bar.ends) for bar in found.bars) == 2
