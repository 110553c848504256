"""The page Setups: the list with the plan's place, the baselines, and words where setups cannot be
listed.
"""

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.page.page_app import opened, settle, words

PAGE = "setups"


@pytest.fixture(scope="module")
def app() -> AppTest:
    """The example whose setups are few."""
    return opened(PAGE, example="from-benchmarks")


def test_all_setups_with_the_plans_place_and_the_baselines(app: AppTest) -> None:
    app.button(key="setups-setups").click().run()
    settle(app, "setups")
    outcome = app.session_state["job-slots"]["setups"].outcome
    quality = app.session_state["shown"].content["quality"]
    assert outcome.has_result, outcome.message or outcome.faults
    reported = words(app)
    assert f"The plan reaches quality {quality:.5f}" in reported
    assert "spread best / worst" in reported
    pictures = [element.proto.alt for element in app.get("vega_lite_chart")]
    assert any(text.startswith("Histogram") and f"{quality:.5f}" in text for text in pictures)
    assert not any("two-stage" in text for text in pictures)
    app.button(key="setups-baselines").click().run()
    settle(app, "baselines")
    pictures = [element.proto.alt for element in app.get("vega_lite_chart")]
    assert any("two-stage" in text and "joint plan" in text for text in pictures)


def test_another_plan_asks_for_another_list(app: AppTest) -> None:
    app.number_input(key="knob-arrival_rate_rps").set_value(7.0).run()
    app.button(key="solve").click().run()
    settle(app, "plan")
    assert app.button(key="setups-setups").disabled is False
    assert "The plan reaches quality" not in words(app)


def test_setups_that_cannot_be_listed_are_reported() -> None:
    app = opened(PAGE, example="two-gpu-types")
    app.button(key="setups-setups").click().run()
    settle(app, "setups")
    reported = words(app)
    assert "cannot be listed one by one" in reported
    assert "proves its bound without it" in reported
    assert not app.exception
