"""The page Compare: plans side by side, what differs in words, the steps between them, and the
plans that are kept.
"""

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.session.saved_plans import shorten_saved_names
from planner.plans.changes.diff import diff_plans
from planner.presentation.comparison_lines import comparison_lines
from planner.presentation.diff import diff_line
from tests.support.page.page_app import opened, settle, unescaped

PAGE = "compare"


@pytest.fixture
def app() -> AppTest:
    """Two plans of one example."""
    app = opened(PAGE, example="percentile-slo")
    assert "There is one plan so far" in unescaped(app)
    app.number_input(key="knob-arrival_rate_rps").set_value(40.0).run()
    app.button(key="solve").click().run()
    return settle(app, "plan")


def test_what_differs_is_in_words_tables_and_charts(app: AppTest) -> None:
    saved = app.session_state["saved"]
    (first, second), (old, new) = shorten_saved_names(list(saved)), saved.values()
    reported = unescaped(app)
    assert f"**{second}** against **{first}**" in reported
    for line in comparison_lines(old.content, new.content):
        assert line in reported
    assert diff_line(diff_plans(old.content, new.content)) in reported
    pictures = [element.proto.alt for element in app.get("vega_lite_chart")]
    assert len(pictures) == 2
    assert all(first in text and second in text for text in pictures)


def test_the_way_back_is_another_order(app: AppTest) -> None:
    saved = app.session_state["saved"]
    (first, second), (old, new) = shorten_saved_names(list(saved)), saved.values()
    app.selectbox(key="compare-steps").select_index(1).run()
    assert app.session_state["compare"]["steps"] == f"{second} to {first}"
    assert diff_line(diff_plans(new.content, old.content)) in unescaped(app)


def test_kept_plans_are_renamed_opened_and_forgotten(app: AppTest) -> None:
    first = next(iter(app.session_state["saved"]))
    app.text_input(key="compare-name").set_value("before *the* rush").run()
    assert "before *the* rush" in app.session_state["saved"]
    assert not app.exception
    app.selectbox(key="compare-which").select("before *the* rush").run()
    app.button(key="compare-open").click().run()
    assert app.session_state["shown"] is app.session_state["saved"]["before *the* rush"]
    assert first not in app.session_state["saved"]
    other = next(name for name in app.session_state["saved"] if name != "before *the* rush")
    app.selectbox(key="compare-which").select(other).run()
    app.button(key="compare-forget").click().run()
    assert list(app.session_state["saved"]) == ["before *the* rush"]
    assert "There is one plan so far" in unescaped(app)


def test_fewer_than_two_chosen_is_reported(app: AppTest) -> None:
    app.multiselect(key="compare-chosen").set_value([]).run()
    assert "Choose at least two plans" in unescaped(app)
    assert not app.exception
