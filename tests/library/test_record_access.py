"""Everybody reads and changes their own; what is shared with all, or of nobody, is read only."""

from pathlib import Path

import pytest

from planner.errors import LibraryError
from planner.library.kept_record import KeptAs
from planner.library.library_database import LibraryDatabase
from planner.library.record_access import list_readable_records, own_record, readable_record
from planner.library.record_changes import share_record_with_all
from planner.library.record_keeping import keep_scenario
from planner.library.record_search import RecordSearch
from tests.support.kept.kept_plans import small_plan

ANNA, BERTA = "https://login.example anna", "https://login.example berta"


def test_who_may_read_and_change_a_record(library: LibraryDatabase, tmp_path: Path) -> None:
    loaded = small_plan(tmp_path).scenario.result
    of_anna, of_berta, of_nobody = (
        keep_scenario(library, loaded, KeptAs(name, owner=owner, owner_name=name)).number
        for name, owner in (("Anna", ANNA), ("Berta", BERTA), ("", None))
    )

    def readable(owner: str | None) -> set[int]:
        return {one.number for one in list_readable_records(library, RecordSearch(), owner)}

    assert readable(ANNA) == {of_anna, of_nobody}
    assert readable(None) == {of_anna, of_berta, of_nobody}
    assert own_record(library, of_anna, ANNA).owner_name == "Anna"
    assert own_record(library, of_berta, None).number == of_berta
    for read in (readable_record, own_record):
        with pytest.raises(LibraryError, match="there is no such record"):
            read(library, of_berta, ANNA)
    share_record_with_all(library, of_berta, is_shared=True)
    assert readable(ANNA) == {of_anna, of_berta, of_nobody}
    assert readable_record(library, of_berta, ANNA).is_shared
    with pytest.raises(LibraryError, match="this record belongs to Berta"):
        own_record(library, of_berta, ANNA)
    with pytest.raises(LibraryError, match="this record belongs to nobody who signs in"):
        own_record(library, of_nobody, ANNA)
    share_record_with_all(library, of_berta, is_shared=False)
    assert readable(ANNA) == {of_anna, of_nobody}
