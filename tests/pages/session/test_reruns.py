"""Clicks that follow each other fast: what the browser sends late for an old key is ignored,
and no callback is left half done.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import streamlit as st
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime import Runtime
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import RerunData, RerunException, ScriptRunnerEvent
from streamlit.runtime.state import SessionState
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from app_pages.session.reruns import (
    accept_value_across_reruns,
    defer,
    run_deferred_before_rerun,
    survive_reruns,
    take_clicks_in_first,
    widget_key_across_reruns,
)
from tests.support.paths import HOME


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.session_state", {})


def test_a_widget_keeps_its_key_while_it_is_the_one_that_changes() -> None:
    first = widget_key_across_reruns("rate", 60.0)
    assert accept_value_across_reruns("rate", first, 61.0)
    assert widget_key_across_reruns("rate", 61.0) == first
    assert widget_key_across_reruns("rate", 61.0) == first


def test_a_change_elsewhere_gives_it_another_key_and_the_old_one_counts_for_nothing() -> None:
    first = widget_key_across_reruns("rate", 60.0)
    second = widget_key_across_reruns("rate", 30.0)
    assert second != first
    assert not accept_value_across_reruns("rate", first, 60.0)
    assert widget_key_across_reruns("rate", 30.0) == second
    assert accept_value_across_reruns("rate", second, 31.0)
    assert widget_key_across_reruns("rate", 31.0) == second
    assert widget_key_across_reruns("limit", 60.0) == "limit"


def test_a_value_that_was_refused_gives_it_another_key() -> None:
    first = widget_key_across_reruns("nodes", 2)
    assert accept_value_across_reruns("nodes", first, -1)
    assert widget_key_across_reruns("nodes", 2) != first


def interrupted_once() -> Callable[[], None]:
    """What Streamlit does at the next look into session_state when another click has come."""
    left = [RerunException(RerunData(page_script_hash="newer"))]

    def look() -> None:
        if left:
            raise left.pop()

    return look


def test_a_callback_is_finished_before_the_next_click_is_heard() -> None:
    look, done = interrupted_once(), []

    @survive_reruns
    def clicked(value: int) -> None:
        look()
        done.append(value)

    with pytest.raises(RerunException) as heard:
        clicked(7)
    assert done == [7]
    assert heard.value.rerun_data.page_script_hash == "newer"
    clicked(8)
    assert done == [7, 8]


def button(key: str) -> RerunData:
    """A click on a button, on the page `key`."""
    pressed = WidgetStates(widgets=[WidgetState(id=key, trigger_value=True)])
    return RerunData(page_script_hash=key, widget_states=pressed)


def test_two_clicks_that_come_during_a_callback_are_both_heard() -> None:
    left, done = [button("second"), button("first")], []

    @survive_reruns
    def clicked() -> str:
        if left:
            raise RerunException(left.pop())
        done.append("whole")
        return "whole"

    with pytest.raises(RerunException) as heard:
        clicked()
    assert done == ["whole"]
    states = heard.value.rerun_data.widget_states
    assert states is not None
    assert {one.id for one in states.widgets} == {"first", "second"}
    assert heard.value.rerun_data.page_script_hash == "second"
    assert clicked() == "whole"


def test_a_run_takes_its_own_click_in_before_it_hears_a_newer_one() -> None:
    taken: list[str] = []

    class State:
        def on_script_will_rerun(self, states: str, **_: object) -> None:
            taken.append(states)

    session = SafeSessionState(State(), interrupted_once())  # type: ignore[arg-type]
    take_clicks_in_first()
    session.on_script_will_rerun("the click")  # type: ignore[arg-type]
    assert taken == ["the click"]


def test_what_is_done_later_is_done_again_until_it_is_whole_and_then_no_more() -> None:
    look, done = interrupted_once(), []

    def action(value: int) -> None:
        look()
        done.append(value)

    defer(action, 3)
    with pytest.raises(RerunException):
        run_deferred_before_rerun()
    run_deferred_before_rerun()
    run_deferred_before_rerun()
    assert done == [3]


def test_what_fails_later_is_reported_once() -> None:
    def action() -> None:
        raise ValueError("broken")

    defer(action)
    with pytest.raises(ValueError, match="broken"):
        run_deferred_before_rerun()
    run_deferred_before_rerun()
    assert st.session_state["deferred"] is None


PAGE_WITH_FRAGMENT = """
import streamlit as st
{first}
with st.container():
    st.fragment(lambda: st.markdown("how far"))()
st.markdown("below")
"""


@pytest.mark.parametrize(
    ("first", "place"),
    [
        pytest.param("", [0, 0, 2], id="Streamlit alone draws it within the fragment's box"),
        pytest.param(
            "from app_pages.session import reruns; reruns.leave_fragment_before_rerun()",
            [0, 1],
            id="at its place",
        ),
    ],
)
def test_a_click_while_a_fragment_ends_draws_the_page_at_its_place(
    first: str, place: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first case is for the day when Streamlit does it right: the remedy can go then."""
    monkeypatch.setattr(Runtime, "_instance", MagicMock())
    script = tmp_path / "page.py"
    script.write_text(PAGE_WITH_FRAGMENT.format(first=first), encoding="utf-8")
    storage = MemoryFragmentStorage()
    state = SafeSessionState(SessionState(), lambda: None)
    runner = LocalScriptRunner(
        str(script), state, PagesManager(str(script)), fragment_storage=storage
    )
    places: list[list[int]] = []

    def follow(_: object, event: ScriptRunnerEvent, **data: Any) -> None:
        if event is ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS and len(places) == 1:
            runner.request_rerun(RerunData(fragment_id=next(iter(storage._fragments))))
        elif event is ScriptRunnerEvent.FRAGMENT_STOPPED_WITH_SUCCESS:
            runner.request_rerun(RerunData())
        elif event is ScriptRunnerEvent.ENQUEUE_FORWARD_MSG:
            message = data["forward_msg"]
            if message.delta.new_element.markdown.body == "below":
                places.append(list(message.metadata.delta_path))

    runner.on_event.connect(follow, weak=False)
    runner.run()
    assert places == [[0, 1], place]


def test_the_page_leaves_the_fragment_before_anything_else_is_drawn() -> None:
    main = (HOME / "app_pages" / "main.py").read_text(encoding="utf-8")
    _, calls = main.split('opens first."""')
    assert calls.split()[0] == "reruns.leave_fragment_before_rerun()"
