"""Every page opens, on the solved example and on a scenario without a plan; people are apart."""

import pytest

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


@pytest.mark.parametrize("page", ["plan", "new", "inputs", "what_if", "compare"])
def test_a_page_drawn_again_leaves_the_fields_as_they_stand_in_the_browser(page: str) -> None:
    """What a person enters while a script runs would be lost if it gave the field a value."""
    app = opened(page).run()
    kinds = (app.number_input, app.text_input, app.selectbox, app.multiselect, app.radio)
    fields = [field for kind in (*kinds, app.slider) for field in kind if field.key]
    assert fields
    assert [field.key for field in fields if field.proto.set_value] == []


def test_people_do_not_see_each_other() -> None:
    one, other = opened(), opened()
    knob(one, "arrival_rate_rps").set_value(11.0).run()
    other.run()
    assert knob(other, "arrival_rate_rps").value != 11.0
    assert "This plan is out of date" not in words(other)
