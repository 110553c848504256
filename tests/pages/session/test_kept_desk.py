"""What a visit leaves on the pages New scenario and Compare comes back in a new session of the same
browser.
"""

import json
import uuid
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.jobs import kept_desk as contents
from app_pages.jobs.draft_keeper import PLANS_FILE, ComparedState, DraftState
from app_pages.session import kept_desk
from app_pages.session.draft import Draft
from app_pages.session.server import draft_keeper
from planner.library.drafts import DraftContent
from planner.scenario.edits import ScenarioEdit
from tests.support.kept.kept_plans import kept_scenario_folder
from tests.support.page.page_app import knob, opened, solved, unescaped, unopened

VALUES = {
    **{"gpus": ["H100-SXM-80GB"], "nodes H100-SXM-80GB": 2, "llms": ["a", "b"], "rate": None},
    **{"pool H100-SXM-80GB rows": [0, 1], "pool 1: how many H100-SXM-80GB": "decided"},
    **{"outside rows": [0], "outside 0 name": "api", "slo 0 class": "chat"},
}


def opened_by(key: str, page: str) -> AppTest:
    """A page of a browser that has said its key, as the component does."""
    app = unopened(page)
    app.session_state["visitor-key"] = key
    return app.run()


def names_of(key: str) -> list[str]:
    """What is kept of a browser, once all that waited is."""
    return [one.name for one in draft_keeper().list_states(f"browser {key}").result(60)]


def half_filled(key: str, folder: Path) -> AppTest:
    """A session at step 5 of New scenario, with a file."""
    table = folder / "0"
    table.write_bytes(b"prompt_id,a,b\n")
    app = opened_by(key, "new")
    values = {**VALUES, "measured": object()}
    files = {"new-scores": (("my *scores*.csv", str(table)),)}
    app.session_state["draft"] = Draft(step=4, values=values, files=files)
    return app.run()


def test_a_half_filled_scenario_comes_back_with_its_files(tmp_path: Path) -> None:
    key = uuid.uuid4().hex * 2
    half_filled(key, tmp_path)
    assert names_of(key) == ["New scenario, step 5"]
    (tmp_path / "0").unlink()  # the session and its folders are gone
    again = opened_by(key, "new")
    assert "Half-filled in an earlier visit: New scenario, step 5" in unescaped(again).replace(
        "*", ""
    )
    again.button(key="resume-desk").click().run()
    assert not again.exception
    draft = again.session_state["draft"]
    assert (draft.step, draft.values) == (2, VALUES)
    [(name, path)] = draft.files["new-scores"]
    assert name == "my *scores*.csv"
    assert Path(path).read_bytes() == b"prompt_id,a,b\n"
    assert "Half-filled" not in unescaped(again)
    # What follows stands in its place.
    assert names_of(key) == ["New scenario, step 3"]
    again.button(key="forget-draft").click().run()
    assert names_of(key) == []


def test_files_that_are_too_large_are_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "MOST_ANSWER_BYTES", 3)
    key = uuid.uuid4().hex * 2
    half_filled(key, tmp_path)
    assert names_of(key) == ["New scenario, step 5"]
    again = opened_by(key, "new")
    again.button(key="resume-desk").click().run()
    assert again.session_state["draft"].files == {}
    assert "upload them again" in unescaped(again)
    again = opened_by(key, "new")
    again.button(key="decline-desk").click().run()
    assert "Half-filled" not in unescaped(again)
    assert again.session_state["draft"].values == {}


def test_the_plans_of_compare_come_back_under_their_names() -> None:
    key = uuid.uuid4().hex * 2
    app = opened_by(key, "compare")
    knob(app, "arrival_rate_rps").set_value(50.0).run()
    app.button(key="solve").click().run()
    solved(app)
    app.selectbox(key="compare-which").select("paper-trio-4xa100, 50 req/s").run()
    field = next(one for one in app.text_input if one.label == "Its name")
    field.set_value("half the load").run()
    plans = app.session_state["saved"]
    assert list(plans) == ["paper-trio-4xa100, as given", "half the load"]
    assert "Compare: 2 plans" in names_of(key)
    again = opened_by(key, "compare")
    assert "Plans of an earlier visit: Compare: 2 plans" in unescaped(again).replace("*", "")
    again.button(key="resume-desk").click().run()
    assert not again.exception
    back = again.session_state["saved"]
    assert set(back) == set(plans)
    assert back["half the load"].content["routing"] == plans["half the load"].content["routing"]
    assert back["half the load"].edit == plans["half the load"].edit
    assert again.session_state["named"] == {"half the load"}
    assert "Plans of an earlier visit" not in unescaped(again)
    assert len([one for one in names_of(key) if one.startswith("Compare")]) == 1


def test_of_plans_that_are_too_large_together_the_newest_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = []
    for k in range(3):
        path = kept_scenario_folder(tmp_path / str(k))
        (path.parent / "profiles.csv").write_bytes(1_000 * str(k).encode())
        edit = ScenarioEdit(str(path), ScenarioEdit.of_file(str(path)).base)
        states.append((False, "", DraftState(str(k), edit, {"quality": 0.5})))
    one = ComparedState("Compare", tuple(states))
    assert len(plans_in(contents.desk_content(one))) == 3
    whole = sum(map(len, set(contents.desk_content(one).input.files.values())))
    monkeypatch.setattr(contents, "MOST_INPUT_BYTES", whole - 1_000)
    assert plans_in(contents.desk_content(one)) == ["1", "2"]


def plans_in(content: DraftContent) -> list[str]:
    return [row["name"] for row in json.loads(content.input.files[PLANS_FILE])]


def test_nothing_is_kept_of_who_has_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []
    keeper = type("Keeper", (), {"keep_state": lambda *args: kept.append("state")})()
    monkeypatch.setattr(kept_desk, "draft_keeper", lambda: keeper)
    app = opened("new")
    app.session_state["draft"] = Draft(values=dict(VALUES))
    app.run()
    assert kept == []
