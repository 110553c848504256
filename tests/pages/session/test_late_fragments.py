"""Runs of fragments that come after their page was left."""

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.runtime.scriptrunner import RerunData
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests

from app_pages.session import late_fragments


@pytest.fixture(autouse=True)
def dropping(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server of the page; other tests keep Streamlit as they found it."""
    monkeypatch.setattr(ScriptRunner, "_run_script", ScriptRunner._run_script)
    monkeypatch.setattr(ScriptRequests, "request_rerun", ScriptRequests.request_rerun)


@pytest.mark.parametrize(
    ("page", "fragments", "runs"),
    [("left", ["line"], False), ("here", ["line"], True), ("", ["line"], True), ("left", [], True)],
)
def test_a_fragment_of_a_page_that_was_left_does_not_run(
    monkeypatch: pytest.MonkeyPatch, page: str, fragments: list[str], runs: bool
) -> None:
    done: list[RerunData] = []
    monkeypatch.setattr(late_fragments, "_RUN", lambda _, data: done.append(data))
    late_fragments.drop_late_fragments()
    runner: Any = SimpleNamespace(_pages_manager=SimpleNamespace(current_page_script_hash="here"))
    data = RerunData(page_script_hash=page, fragment_id_queue=fragments)
    ScriptRunner._run_script(runner, data)
    assert done == [data] * runs


def test_a_fragment_does_not_take_the_page_of_a_click_that_waits() -> None:
    late_fragments.drop_late_fragments()
    line = RerunData(page_script_hash="left", fragment_id="line", is_auto_rerun=True)
    requests = ScriptRequests()
    assert requests.request_rerun(RerunData(page_script_hash="here"))
    assert requests.request_rerun(line)
    waiting = requests.on_scriptrunner_ready().rerun_data
    assert (waiting.page_script_hash, waiting.fragment_id_queue) == ("here", [])


def test_a_fragment_runs_where_nothing_waits() -> None:
    late_fragments.drop_late_fragments()
    requests = ScriptRequests()
    for name in ("line", "other"):
        line = RerunData(page_script_hash="here", fragment_id=name, is_auto_rerun=True)
        assert requests.request_rerun(line)
    assert requests.on_scriptrunner_ready().rerun_data.fragment_id_queue == ["line", "other"]
