"""The page What-if: sliders, marginal values, frontiers and their points, sensitivity, other
setups; faults are shown, not thrown.
"""

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.jobs.messages import JobOutcome, OutcomeKind
from app_pages.session.state import ShownPlan
from models.instance import ObjectiveKind
from planner.presentation.alternatives import alternatives_table
from planner.presentation.what_if import what_if_fields
from planner.studies.sensitivity.moved_plans import MovedPlan
from planner.studies.sensitivity.studied_inputs import InputKind, StudiedInput
from planner.studies.sensitivity.thresholds import Threshold, ThresholdEnd, Thresholds
from planner.studies.sweep_point import PointStatus
from tests.support.page.page_app import opened, settle, unescaped, words

PAGE = "what_if"
SMALL = {"example": "percentile-slo", "pools.0.nodes": "1", "arrival_rate_rps": "20"}


@pytest.fixture
def app() -> AppTest:
    return settle(opened(PAGE, **SMALL), "plan")


def shown(app: AppTest) -> ShownPlan:
    return app.session_state["shown"]


def alts(app: AppTest, kind: str) -> list[str]:
    """The texts for those who hear the page."""
    return [element.proto.alt for element in app.get(kind)]


def test_the_required_quality_ends_at_what_is_possible() -> None:
    app = settle(opened(PAGE, example="cheapest-floor"), "plan")
    slider, best = app.slider(key="what-if-objective.quality_at_least"), shown(app).meta
    assert best["best_quality"] - slider.step < slider.max <= best["best_quality"]


@pytest.mark.usefixtures("marginals_at_once")
def test_the_page_says_what_binds_and_what_one_more_buys(app: AppTest) -> None:
    content = shown(app).content
    assert shown(app).meta["binding"].partition(":")[0] in words(app)
    settle(app.run(), "marginals")
    reported = words(app)
    assert "Exact: planned again with one unit more and one less" in reported
    assert f"+1 node of pool {content['context']['pools'][0]['name']} (2 instead of 1)" in reported


def test_a_slider_is_planned_at_once_and_compared_with_the_start(app: AppTest) -> None:
    before = shown(app)
    app.slider(key="what-if-arrival_rate_rps").set_value(24.0).run()
    settle(app, "plan")
    after = shown(app)
    assert after.content["context"]["arrival_rate_rps"] == 24
    assert after.content["quality"] < before.content["quality"]
    assert "arrival rate 24 req/s instead of 20 req/s" in words(app)
    app.button(key="what-if-back").click().run()
    assert shown(app) is before
    assert app.slider(key="what-if-arrival_rate_rps~1").value == 20
    app.slider(key="what-if-arrival_rate_rps~1").set_value(120.0).run()
    further = app.slider(key="what-if-arrival_rate_rps to 240")
    assert (further.value, further.max) == (120.0, 240.0)


def test_the_frontier_is_planned_shown_and_opened(app: AppTest) -> None:
    app.text_input(key="what-if-values").set_value("10,20,2000").run()
    assert "arrival_rate_rps=10,20,2000" in app.code[0].value
    app.button(key="what-if-frontier-start").click().run()
    settle(app, "frontier")
    reported = words(app)
    assert "No plan at 2,000" in reported
    assert "From Arrival rate" in reported
    charts = [text for text in alts(app, "vega_lite_chart") if "over Arrival rate" in text]
    assert len(charts) == 1
    assert "No plan at 2000.0" in charts[0]
    assert app.selectbox(key="what-if-point").options == ["10", "20"]
    app.button(key="what-if-open-point").click().run()
    settle(app, "plan")
    assert shown(app).content["context"]["arrival_rate_rps"] == 10
    assert "This frontier is out of date" not in words(app)
    app.slider(key="what-if-slo.0.limit_ms").set_value(800.0).run()
    settle(app, "plan")
    assert "This frontier is out of date" in words(app)


def test_every_field_can_be_chosen_and_one_by_its_path(app: AppTest) -> None:
    labels = [field.label for field in what_if_fields(shown(app).edit.base, 0.5)]
    offered = app.selectbox(key="what-if-field").options
    assert set(labels) <= set(offered)
    app.selectbox(key="what-if-field").select(offered[-1]).run()
    app.text_input(key="what-if-path").set_value("setups.tp_degrees").run()
    app.text_input(key="what-if-values").set_value("[2],[2, 4]").run()
    app.button(key="what-if-frontier-start").click().run()
    settle(app, "frontier")
    assert [point.values for point in app.session_state["job-slots"]["frontier"].parts] == [
        {"setups.tp_degrees": [2]},
        {"setups.tp_degrees": [2, 4]},
    ]


def test_impossible_values_are_reported(app: AppTest) -> None:
    app.text_input(key="what-if-values").set_value("1:900:1").run()
    assert not app.exception
    assert "more than 60" in words(app)


@pytest.mark.slow
def test_what_moves_the_plan_is_drawn_and_tabulated(app: AppTest) -> None:
    app.button(key="what-if-tornado").click().run()
    settle(app, "tornado")
    assert any("one input at a time" in text for text in alts(app, "vega_lite_chart"))
    assert any(text.startswith("One moved input per row") for text in alts(app, "dataframe"))
    assert "Most by " in words(app)
    assert not [button for button in app.button if button.key == "what-if-tornado"]


def test_how_far_the_setup_holds_is_said(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    today = MovedPlan(status=PointStatus.OPTIMAL, value=0.5, bound=0.5)
    moved = StudiedInput(
        kind=InputKind.RATE, at=(), words="arrival rate", unit="req/s", today=20, low=19, high=21
    )
    low = ThresholdEnd(kept=15.0, beyond=14.8, plan=today, certain=True, complete=True)
    high = ThresholdEnd(kept=22.0, beyond=22.2, plan=None, certain=True, complete=True)
    found = Thresholds(
        objective=ObjectiveKind.QUALITY,
        today=today,
        rows=(Threshold(moved=moved, low=low, high=high),),
        precision=1.0,
        complete=False,
    )
    done = JobOutcome(kind=OutcomeKind.RESULT, result=found)
    monkeypatch.setattr(
        "app_pages.widgets.what_if.sensitivity.job_slots.slot_outcome_for",
        lambda slot, args: done if slot == "thresholds" else None,
    )
    app.run()
    reported = unescaped(app)
    assert "Arrival rate: it stays the best from 15 to 22 req/s" in reported
    assert "Above, at 22.2 req/s: no plan" in reported
    assert "Stopped: what was planned until then" in reported


def test_other_setups_are_found_and_opened(app: AppTest) -> None:
    before = shown(app)
    app.number_input(key="what-if-near-number").set_value(1).run()
    app.number_input(key="what-if-near-loss").set_value(20.0).run()
    app.button(key="what-if-near").click().run()
    settle(app, "alternatives")
    found = app.session_state["job-slots"]["alternatives"].outcome.result
    content = {**before.content, "context": {**before.content["context"], "alternatives": found}}
    assert len(alternatives_table(content)) == len(found["plans"]) >= 1
    app.button(key="what-if-open-0").click().run()
    assert not app.exception
    after = shown(app)
    assert after.content["options"] == found["plans"][0]["options"]
    assert after.edit == before.edit
    assert len(app.session_state["saved"]) >= 2


def test_fewest_changes_from_a_kept_plan(app: AppTest) -> None:
    first = next(iter(app.session_state["saved"]))
    app.slider(key="what-if-arrival_rate_rps").set_value(26.0).run()
    settle(app, "plan")
    app.number_input(key="what-if-near-number").set_value(1).run()
    app.number_input(key="what-if-near-loss").set_value(30.0).run()
    app.selectbox(key="what-if-near-current").select(first).run()
    app.button(key="what-if-near").click().run()
    settle(app, "alternatives")
    assert f"Fewest replicas to start or stop from {first}: " in unescaped(app)


def test_without_a_plan_the_page_still_works() -> None:
    app = settle(
        opened(
            PAGE, example="percentile-slo", **{"pools.0.nodes": "1", "arrival_rate_rps": "5000"}
        ),
        "plan",
    )
    assert shown(app).content["status"] == "infeasible"
    assert "Infeasible: no plan keeps all limits" in unescaped(app)
    assert not [button for button in app.button if button.key == "what-if-near"]
    assert app.button(key="what-if-frontier-start").disabled is False
