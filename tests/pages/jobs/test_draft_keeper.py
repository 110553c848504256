"""Of the states of one draft that wait, the last is kept; what cannot be kept says why."""

import threading
from pathlib import Path

import pytest

from app_pages.jobs.draft_keeper import DraftKeeper, DraftState
from planner.library.drafts import read_draft
from planner.library.library_database import open_library_database
from planner.scenario.edits import ScenarioEdit
from tests.support.kept.kept_plans import kept_scenario_folder

ANNA = "anna"


def test_only_the_last_state_that_waits_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_LIBRARY", str(tmp_path / "kept"))
    path = kept_scenario_folder(tmp_path)
    base = ScenarioEdit.of_file(str(path)).base
    keeper, gate = DraftKeeper(), threading.Event()
    keeper._thread.submit(gate.wait)
    for rate in (2.0, 3.0, 4.0):
        edit = ScenarioEdit(str(path), base, {"arrival_rate_rps": rate})
        keeper.keep_state(ANNA, "a", DraftState(f"{rate:g}", edit))
    keeper.keep_state(ANNA, "b", DraftState("other", ScenarioEdit(str(path), base)))
    gate.set()
    kept = keeper.list_states(ANNA).result(60)
    assert [one.name for one in kept] == ["other", "4"]
    stored, plan = read_draft(open_library_database(), ANNA, kept[1].number)
    assert stored.overrides == {"arrival_rate_rps": 4.0}
    assert set(stored.files) == {"scenario.yaml", "profiles.csv", "tables/scores.csv"}
    assert plan is None
    assert keeper.fault_of("a") == ""
    path.unlink()
    keeper.keep_state(ANNA, "c", DraftState("gone", ScenarioEdit(str(path), base)))
    keeper.remove_states(ANNA, [one.number for one in kept]).result(60)
    assert keeper.fault_of("c") == "there is no such file"
    assert keeper.list_states(ANNA).result(60) == ()
    keeper.close()
