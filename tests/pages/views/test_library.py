"""The page Library: what is kept can be found, opened and removed; a shared page has none."""

import uuid

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.session.server import worker_pool
from planner.scenario.templates import TEMPLATE_TEXTS
from tests.support.page.page_app import knob, opened, settle, solved, unescaped, upload, words


def kept(app: AppTest, name: str, tags: str = "") -> int:
    """Keep the plan shown; its number."""
    app.text_input[0].set_value(name)
    app.text_input[1].set_value(tags)
    next(one for one in app.button if one.label == "Keep this plan").click().run()
    settle(app, "keep-plan")
    app.run()
    done = app.session_state["job-slots"]["keep-plan"].outcome
    assert done.has_result, done
    assert f"Kept as number {done.result}" in "\n".join(one.value for one in app.success)
    return int(done.result)


def found(app: AppTest, text: str) -> list[int]:
    """Numbers of the records that fit a text."""
    next(one for one in app.text_input if one.label == "Find").set_value(text).run()
    return [] if not app.dataframe else [int(n) for n in app.dataframe[-1].value["Number"]]


def test_a_kept_plan_is_found_opened_and_removed() -> None:
    app = opened(example="from-benchmarks")
    knob(app, "arrival_rate_rps").set_value(11.0).run()
    app.button(key="solve").click().run()
    solved(app)
    quality = app.session_state["shown"].content["quality"]
    app.switch_page("views/library.py").run()
    name = f"kept {uuid.uuid4()}"
    number = kept(app, name, "july, august")
    assert found(app, name) == [number]
    assert found(app, "july")[:1] == [number]

    other = opened("library")
    assert found(other, name) == [number]
    next(one for one in other.selectbox if one.label == "Record").set_value(number).run()
    other.button(key="open-kept").click().run()
    # Another run would be one of the page Library again: AppTest does not follow a page's switch.
    assert settle(other, "upload").title[0].value == "Plan"
    solved(other)
    assert other.session_state["example"] == f"library: {number}: {name} (plan)"
    assert knob(other, "arrival_rate_rps").value == 11.0
    assert other.session_state["shown"].content["quality"] == pytest.approx(quality, abs=1e-9)

    other.switch_page("views/library.py").run()
    assert found(other, name) == [number]
    other.button(key="remove-kept").click().run()
    assert found(other, name) == []
    assert "Nothing fits" in words(other)
    assert not other.exception


def test_a_link_opens_an_uploaded_plan_until_it_is_taken_back() -> None:
    named = {k: v.replace("my-cluster", "our-own") for k, v in TEMPLATE_TEXTS.items()}
    app = solved(upload(opened("inputs"), named))
    quality = app.session_state["shown"].content["quality"]
    app.switch_page("views/export.py").run()
    app.button(key="share-plan").click().run()
    settle(app, "share-plan").run()
    number, key = app.session_state["job-slots"]["share-plan"].outcome.result
    assert len(key) == 43
    assert any(one.value.endswith(f"/?kept={key}") for one in app.code)

    other = settle(opened(kept=key), "upload")
    assert "Opened from a link, read-only" in words(other)
    assert other.session_state["example"].startswith("link: our-own")
    assert other.session_state["shown"].content["quality"] == quality
    assert other.query_params["kept"] in (key, [key])
    assert not other.error
    knob(other, "arrival_rate_rps").set_value(11.0).run()
    assert "This plan is out of date" in words(other)

    app.switch_page("views/library.py").run()
    next(one for one in app.selectbox if one.label == "Record").set_value(number).run()
    app.button(key="find-link").click().run()
    assert any(key in one.value for one in app.code)
    app.button(key="revoke-link").click().run()
    gone = settle(opened(kept=key), "upload")
    assert "nothing is shared under this link" in unescaped(gone)
    assert gone.session_state["example"] == "paper-trio"


def test_a_page_that_others_can_open_has_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.get_option", lambda name: "0.0.0.0")  # noqa: S104
    app = opened("library", kept=43 * "A")
    assert "There is no log-in" in unescaped(app)
    assert "every machine that reaches this one can open it" in unescaped(app)
    assert "links to kept plans do not open on this server" in unescaped(app)
    assert not [one for one in app.button if one.label == "Keep this plan"]
    monkeypatch.setenv("PLANNER_PAGE_LIBRARY", "shared")
    app.run()
    assert [one for one in app.button if one.label == "Keep this plan"]


def test_a_library_that_cannot_be_used_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    worker_pool()  # workers keep the environment that they are started in, for later tests too
    monkeypatch.setenv("PLANNER_DATABASE_URL", "mysql://me:secret@there/x")
    app = opened("library")
    assert "does not know databases of this kind" in unescaped(app)
    assert "secret" not in unescaped(app)
    assert not app.exception


def test_without_a_log_in_whoever_uses_the_browser_sees_unsaved_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def drawn() -> None:
        from app_pages.widgets.kept.resume import draw_resume_list

        draw_resume_list()

    monkeypatch.setattr("app_pages.widgets.kept.resume.visitor_of_drafts", lambda: "someone")
    monkeypatch.setattr("app_pages.session.kept_drafts.drafts_of_visitor", list)
    for sign_in, said in (
        (False, "Whoever uses this browser sees it."),
        (True, "Only you see it."),
    ):
        monkeypatch.setattr(
            "app_pages.widgets.kept.resume.visitors_sign_in", lambda known=sign_in: known
        )
        assert AppTest.from_function(drawn).run().markdown[0].value.endswith(said)


@pytest.mark.parametrize(("count", "words"), [(1, "1 is left out"), (2, "2 are left out")])
def test_one_option_is_and_several_are_left_out(count: int, words: str) -> None:
    def drawn(count: int) -> None:
        import pandas as pd

        from app_pages.widgets import scenario_files

        frame = pd.DataFrame({"LLM": ["a"]})
        scenario_files._draw_scenario_file_summary(
            {
                **{"options": 3, "left_out": count, "prompts": 5, "dropped_prompts": 0},
                **{"profiles": frame, "scores": frame, "notices": []},
            }
        )

    app = AppTest.from_function(drawn, args=(count,)).run()
    assert words in app.markdown[0].value
