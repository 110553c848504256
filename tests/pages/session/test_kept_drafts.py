"""What is on the page is kept as it changes, and comes back in a new session of the same browser:
inputs, uploads, the plan. Nobody else sees it.
"""

import uuid

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.session.kept_drafts import is_work_draft
from app_pages.session.server import draft_keeper
from planner.library.drafts import KeptDraft
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.page.page_app import (
    knob,
    settle,
    solved,
    unescaped,
    unopened,
    upload,
    words,
)

NAMED = {name: text.replace("my-cluster", "our-own") for name, text in TEMPLATE_TEXTS.items()}


def opened_by(key: str, page: str = "") -> AppTest:
    """A page of a browser that has said its key, as the component does."""
    app = unopened(page)
    app.session_state["visitor-key"] = key
    return app.run()


def drafts_of(key: str) -> list[KeptDraft]:
    """Drafts of a browser that are scenarios, once all that waited are kept."""
    listed = draft_keeper().list_states(f"browser {key}").result(60)
    return [one for one in listed if is_work_draft(one)]


def test_an_upload_is_kept_at_once_and_comes_back_with_its_plan() -> None:
    key, other = uuid.uuid4().hex * 2, uuid.uuid4().hex * 2
    app = opened_by(key, "inputs")
    assert drafts_of(key) == [], "an example as it is needs no draft"
    upload(app, NAMED)
    kept = drafts_of(key)
    assert [one.name for one in kept] == ["uploaded: our-own"]
    solved(app)
    knob(app, "arrival_rate_rps").set_value(11.0).run()
    app.button(key="solve").click().run()
    quality = solved(app).session_state["shown"].content["quality"]
    knob(app, "arrival_rate_rps").set_value(12.0).run()
    names = [one.name for one in drafts_of(key)]
    # Every plan stays, with its inputs; what is edited after it is a draft of its own.
    assert names == [f"uploaded: our-own{more}" for more in (", 12 req/s", ", 11 req/s", "")]
    assert all(one.has_plan for one in drafts_of(key))

    assert "Work of an earlier visit" not in words(opened_by(other))
    again = opened_by(key)
    assert "Work of an earlier visit: uploaded: our-own, 12 req/s" in unescaped(again).replace(
        "*", ""
    )
    again.button(key="resume-draft").click().run()
    settle(again, "upload")
    assert again.session_state["example"] == "resumed: our-own"
    assert knob(again, "arrival_rate_rps").value == 12.0
    assert again.session_state["shown"].content["quality"] == quality
    assert "This plan is out of date" in words(again)
    assert "Work of an earlier visit" not in words(again)
    # What was resumed is not kept twice; what follows stands in its place until it is solved.
    assert len(drafts_of(key)) == 3
    knob(again, "arrival_rate_rps").set_value(13.0).run()
    assert drafts_of(key)[0].name == "resumed: our-own, 13 req/s"
    assert len(drafts_of(key)) == 3
    again.switch_page("views/library.py").run()
    again.button(key="remove-draft").click().run()
    assert len(drafts_of(key)) == 2
    again.button(key="remove-drafts").click().run()
    assert drafts_of(key) == []
    assert "There is none" in words(again)
    assert not again.exception


def test_an_edited_example_is_that_example_again() -> None:
    key = uuid.uuid4().hex * 2
    app = opened_by(key)
    knob(app, "arrival_rate_rps").set_value(50.0).run()
    assert [one.name for one in drafts_of(key)] == ["paper-trio, 50 req/s"]
    again = opened_by(key)
    again.button(key="decline-drafts").click().run()
    assert "Work of an earlier visit" not in words(again)
    again = opened_by(key)
    again.button(key="resume-draft").click().run()
    settle(again, "upload")
    assert again.session_state["example"] == "paper-trio"
    assert again.query_params["arrival_rate_rps"] in ("50", ["50"])
    assert "This plan is out of date" in words(again)


def test_nothing_is_kept_where_the_library_is_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    key = uuid.uuid4().hex * 2
    monkeypatch.setattr("streamlit.get_option", lambda name: "0.0.0.0")  # noqa: S104
    app = opened_by(key)
    knob(app, "arrival_rate_rps").set_value(50.0).run()
    assert drafts_of(key) == []
    monkeypatch.setenv("PLANNER_PAGE_LIBRARY", "shared")
    app.run()
    assert len(drafts_of(key)) == 1
