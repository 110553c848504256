"""Every page opens, on the solved example and on a scenario without a plan; people are apart."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.session import reruns
from tests.support.page.page_app import knob, opened, too_many_requests, words

TITLES = {
    "plan": "Plan",
    "new": "New scenario",
    "inputs": "Inputs",
    "what_if": "What-if",
    "setups": "Setups",
    "compare": "Compare",
    "router": "Router",
    "export": "Export",
    "library": "Library",
}


@pytest.mark.parametrize("page", TITLES)
def test_every_page_opens_on_the_solved_example(page: str) -> None:
    app = opened(page)
    assert [title.value for title in app.title] == [TITLES[page]]
    assert not app.error
    assert app.session_state["shown"].content["status"] == "optimal"
    assert app.button(key="solve")


def test_every_page_bears_a_scenario_without_a_plan() -> None:
    app = too_many_requests()
    assert app.session_state["shown"].content["status"] == "infeasible"
    for page, title in TITLES.items():
        app.switch_page(f"views/{page}.py").run()
        assert not app.exception
        assert [one.value for one in app.title] == [title]


def test_fields_are_given_their_values_until_the_browser_has_sent_them() -> None:
    """A field that the browser sees for the first time would show another one."""
    fields = [one for one in shown_fields(opened()) if one.key.startswith(("knob-", "choose-"))]
    assert [field.proto.set_value for field in fields] == [True] * 4


@pytest.mark.parametrize("page", ["plan", "new", "inputs", "what_if", "compare"])
def test_fields_that_the_browser_has_sent_stay_as_they_are_there(page: str) -> None:
    """What a person enters while a script runs would be lost if it gave the field a value."""
    app = opened(page).run()
    assert {field.proto.set_value for field in shown_fields(app)} == {False}


def test_fields_are_given_their_values_again_after_another_page() -> None:
    """The browser has taken them off, and its click may have left before that."""
    app = opened("inputs").run()
    app.switch_page("views/compare.py").run()
    app.session_state[reruns.SENT] |= {"in-arrival_rate_rps"}
    app.switch_page("views/inputs.py").run()
    rate = next(one for one in app.number_input if one.key == "in-arrival_rate_rps")
    assert rate.proto.set_value


def shown_fields(app: AppTest) -> list[Any]:
    """All fields that show an input, under whichever key."""
    kinds = (app.number_input, app.text_input, app.selectbox, app.multiselect, app.radio)
    return [field for kind in (*kinds, app.slider) for field in kind if field.key]


def test_people_do_not_see_each_other() -> None:
    one, other = opened(), opened()
    knob(one, "arrival_rate_rps").set_value(11.0).run()
    other.run()
    assert knob(other, "arrival_rate_rps").value != 11.0
    assert "This plan is out of date" not in words(other)
