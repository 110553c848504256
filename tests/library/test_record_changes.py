"""Names, tags, notes, and records that go with what only they needed."""

from pathlib import Path

import pytest
from sqlalchemy import select

from planner.errors import DataError, LibraryError
from planner.library.kept_input import load_kept_plan, opened_kept_content, read_kept_content
from planner.library.kept_record import KeptAs, RecordKind
from planner.library.kept_tables import Blob, FileEntry, TagEntry
from planner.library.library_database import LibraryDatabase
from planner.library.record_changes import (
    note_record,
    remove_records,
    rename_record,
    tag_record,
)
from planner.library.record_keeping import keep_plan
from planner.library.record_search import RecordSearch, find_record, list_records
from tests.support.kept.kept_plans import small_plan


def test_words_are_changed(library: LibraryDatabase, tmp_path: Path) -> None:
    plan = small_plan(tmp_path)
    number = keep_plan(library, plan.content, plan.scenario.result, KeptAs(tags=("a",))).number
    assert rename_record(library, number, "new").name == "new"
    assert note_record(library, number, "why").note == "why"
    assert note_record(library, number, "").note == ""
    assert tag_record(library, number, ("b", "a", "b"), ("nothing",)).tags == ("a", "b")
    record = tag_record(library, number, (), ("a",))
    assert record.tags == ("b",)
    assert find_record(library, "new") == record
    with pytest.raises(DataError, match="library: tag"):
        tag_record(library, number, [""])
    with pytest.raises(LibraryError, match="not there any more"):
        rename_record(library, 10**12, "x")


def test_what_others_need_stays(library: LibraryDatabase, tmp_path: Path) -> None:
    plan = small_plan(tmp_path)
    loaded = plan.scenario.result
    first = keep_plan(library, plan.content, loaded, KeptAs(tags=("a",)))
    second = keep_plan(library, {**plan.content, "gpus_used": 1}, loaded)
    [scenario] = list_records(library, RecordSearch(kind=RecordKind.SCENARIO))
    remove_records(library, [second.number, scenario.number, second.number])
    [left] = list_records(library)
    assert left == first
    kept = read_kept_content(library, left)
    with opened_kept_content(kept) as folder:
        assert load_kept_plan(kept, folder).plan.status == plan.status
    remove_records(library, [first.number])

    def rows(session: object) -> list[object]:
        return [
            row for table in (Blob, FileEntry, TagEntry) for row in session.scalars(select(table))
        ]  # type: ignore[attr-defined]

    assert library.read_library(rows) == []
    # Numbers are not given again: one that somebody has written down never means another record.
    assert keep_plan(library, plan.content, loaded).number > second.number


def test_all_are_removed_or_none(library: LibraryDatabase, tmp_path: Path) -> None:
    plan = small_plan(tmp_path)
    record = keep_plan(library, plan.content, plan.scenario.result)
    with pytest.raises(LibraryError, match="not there any more, got 99"):
        remove_records(library, [record.number, 99])
    assert find_record(library, str(record.number)) == record
