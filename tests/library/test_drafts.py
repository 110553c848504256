"""Drafts: found by their visitor alone, replaced, limited in number and age, gone with what only
they needed.
"""

from pathlib import Path

import pytest
from sqlalchemy import select

from planner.errors import LibraryError
from planner.library import drafts
from planner.library.drafts import DraftContent, keep_draft, list_drafts, read_draft, remove_drafts
from planner.library.input_files import KeptInput
from planner.library.kept_tables import Blob, DraftFileEntry
from planner.library.library_database import LibraryDatabase
from planner.library.record_keeping import keep_plan
from planner.library.record_search import list_records
from tests.support.kept.kept_plans import small_plan

FILES = {"scenario.yaml": b"name: a", "scores.csv": b"prompt_id,a"}


def draft(
    name: str = "work", plan: dict[str, object] | None = None, **files: bytes
) -> DraftContent:
    stored = {**FILES, **{key.replace("_", "."): value for key, value in files.items()}}
    return DraftContent(name, KeptInput(stored, "scenario.yaml", {"arrival_rate_rps": 3}), plan)


def names(library: LibraryDatabase, visitor: str) -> list[str]:
    return [one.name for one in list_drafts(library, visitor)]


def blobs(library: LibraryDatabase) -> set[bytes]:
    return library.read_library(lambda session: set(session.scalars(select(Blob.content))))


def test_a_draft_is_found_by_its_visitor_alone(library: LibraryDatabase) -> None:
    assert list_drafts(library, "anna") == ()
    number = keep_draft(library, "anna", draft(plan={"quality": 0.5}))
    [kept] = list_drafts(library, "anna")
    assert (kept.number, kept.name, kept.has_plan) == (number, "work", True)
    stored, plan = read_draft(library, "anna", number)
    assert (stored.files, stored.overrides) == (FILES, {"arrival_rate_rps": 3})
    assert plan is not None
    assert b'"scenario_path": "scenario.yaml"' in plan
    assert list_drafts(library, "berta") == ()
    with pytest.raises(LibraryError, match="this draft is not there any more"):
        read_draft(library, "berta", number)
    remove_drafts(library, "berta", [number])
    # A number is no right: what another visitor writes under it becomes a draft of that visitor's.
    assert keep_draft(library, "berta", draft("other"), number) != number
    assert (names(library, "anna"), names(library, "berta")) == (["work"], ["other"])
    # Nothing that lists records shows drafts.
    assert list_records(library) == ()
    with pytest.raises(ValueError, match="needs a visitor"):
        list_drafts(library, "")


def test_a_draft_is_replaced_and_removed_with_what_only_it_needed(
    library: LibraryDatabase, tmp_path: Path
) -> None:
    plan = small_plan(tmp_path)
    record = keep_plan(library, plan.content, plan.scenario.result)
    before = blobs(library)
    shared = {path.name: path.read_bytes() for path in [tmp_path / "profiles.csv"]}
    first = keep_draft(library, "anna", draft(profiles_csv=shared["profiles.csv"], new_csv=b"1"))
    again = keep_draft(library, "anna", draft("renamed", new_csv=b"2"), first)
    assert again == first
    assert names(library, "anna") == ["renamed"]
    assert blobs(library) == before | {*FILES.values(), b"2"}
    remove_drafts(library, "anna", [first])
    assert blobs(library) == before
    rows = library.read_library(lambda session: session.scalars(select(DraftFileEntry)).all())
    assert rows == []
    assert list_records(library)[0] == record


def test_drafts_that_are_too_many_or_too_old_go(
    library: LibraryDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000_000_000.0
    monkeypatch.setattr(drafts, "MOST_DRAFTS", 3)
    monkeypatch.setattr("time.time", lambda: now)
    keep_draft(library, "berta", draft("b"))
    now += drafts.LONGEST_S - 10
    for k in range(5):
        now += 1
        keep_draft(library, "anna", draft(str(k), new_csv=str(k).encode()))
    assert names(library, "anna") == ["4", "3", "2"]
    assert names(library, "berta") == ["b"]
    assert {b"0", b"1"}.isdisjoint(blobs(library))
    now += 10
    assert names(library, "berta") == []
    number = list_drafts(library, "anna")[0].number
    keep_draft(library, "anna", draft("4"), number)
    now -= 10  # also where the clock goes back: the row is gone
    assert names(library, "berta") == []


def test_the_oldest_drafts_of_all_go_where_they_take_too_much(
    library: LibraryDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    monkeypatch.setenv("PLANNER_DRAFTS_MB", "1")
    large = 400_000 * b"x"
    for visitor in ("anna", "berta", "anna"):
        now += 1
        keep_draft(library, visitor, draft(str(now), new_csv=large))
    # The same content three times is there once.
    assert (len(names(library, "anna")), len(names(library, "berta"))) == (2, 1)
    for k in range(3):
        now += 1
        keep_draft(library, "berta", draft(str(k), new_csv=large[:-1] + bytes([k])))
    assert names(library, "anna") == []
    assert names(library, "berta") == ["2", "1"]
    assert len(blobs(library)) == len(FILES) + 2
    keep_draft(library, "anna", draft("alone", new_csv=3 * large))
    assert (names(library, "anna"), names(library, "berta")) == (["alone"], [])
    for wrong in ("much", "0", "-1"):
        monkeypatch.setenv("PLANNER_DRAFTS_MB", wrong)
        with pytest.raises(LibraryError, match="no number of MB"):
            keep_draft(library, "anna", draft())
