"""Links to records: random, one a record, taken back, gone with the record."""

from pathlib import Path

import pytest

from planner.errors import LibraryError
from planner.library.library_database import LibraryDatabase
from planner.library.record_changes import remove_records
from planner.library.record_keeping import keep_plan
from planner.library.share_links import (
    find_share_link,
    make_share_link,
    open_share_link,
    revoke_share_link,
)
from tests.support.kept.kept_plans import small_plan

NOTHING = "nothing is shared under this link"


def test_a_link_opens_its_record_until_it_is_taken_back(
    library: LibraryDatabase, tmp_path: Path
) -> None:
    with pytest.raises(LibraryError, match=NOTHING):
        open_share_link(library, "A" * 43)
    plan = small_plan(tmp_path)
    record = keep_plan(library, plan.content, plan.scenario.result)
    assert find_share_link(library, record.number) == ""
    key = make_share_link(library, record.number)
    assert len(key) == 43
    assert make_share_link(library, record.number) == key == find_share_link(library, record.number)
    assert open_share_link(library, key) == record
    for other in ("", key[:-1], key + "A", f"{key[:-1]}%", "' OR 1=1", str(record.number)):
        with pytest.raises(LibraryError, match=NOTHING):
            open_share_link(library, other)
    revoke_share_link(library, record.number)
    with pytest.raises(LibraryError, match=NOTHING):
        open_share_link(library, key)
    second = make_share_link(library, record.number)
    assert second != key
    remove_records(library, [record.number])
    with pytest.raises(LibraryError, match=NOTHING):
        open_share_link(library, second)
    with pytest.raises(LibraryError, match="not there any more"):
        make_share_link(library, record.number)
