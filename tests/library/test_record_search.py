"""Records are found by text, kind, tags, number, name and hash."""

from pathlib import Path

import pytest

from planner.errors import LibraryError
from planner.library.kept_record import KeptAs, KeptRecord, RecordKind
from planner.library.library_database import LibraryDatabase, open_library_database
from planner.library.record_keeping import keep_plan, keep_study
from planner.library.record_search import RecordSearch, find_record, list_records
from tests.support.kept.kept_plans import small_plan


@pytest.fixture
def records(library: LibraryDatabase, tmp_path: Path) -> list[KeptRecord]:
    """Two plans of one name and a study; the scenario comes with the first."""
    plan = small_plan(tmp_path)
    loaded = plan.scenario.result
    first = keep_plan(
        library, plan.content, loaded, KeptAs("Größe 100 %", ("July", "a"), owner="me")
    )
    other = {**plan.content, "gpus_used": 1}
    second = keep_plan(library, other, loaded, KeptAs("Größe 100 %", ("a",), "a note_x"))
    return [first, second, keep_study(library, "sweep", {}, loaded, KeptAs("rates"))]


def numbers(library: LibraryDatabase, *words: object, **named: object) -> list[int]:
    found = list_records(library, RecordSearch(*words, **named))  # type: ignore[arg-type]
    return [record.number for record in found]


def test_searches(library: LibraryDatabase, records: list[KeptRecord]) -> None:
    first, second, study = (record.number for record in records)
    assert numbers(library, kind=RecordKind.PLAN) == [second, first]
    assert numbers(library, "grösse") == [second, first]
    assert numbers(library, "groesse") == []
    assert numbers(library, "GRÖßE 100 %") == [second, first]
    assert numbers(library, "note_") == [second]
    assert numbers(library, "note%") == []
    assert numbers(library, "july") == [first]
    assert numbers(library, "sweep") == [study]
    assert numbers(library, tags=("a",)) == [second, first]
    assert numbers(library, tags=("a", "July")) == [first]
    assert numbers(library, owner="me", kind=RecordKind.PLAN) == [first]
    assert len(numbers(library, records[0].scenario_sha256[:8])) == len(numbers(library)) >= 4
    assert numbers(library, records[0].scenario_sha256[:3] + "zz") == []


def test_one_record_is_meant(library: LibraryDatabase, records: list[KeptRecord]) -> None:
    first, _, study = records
    assert find_record(library, str(first.number)) == first
    assert find_record(library, f"0{first.number}") == first
    assert find_record(library, "rates") == study
    with pytest.raises(LibraryError, match=r"2 records have this name.*name one by number"):
        find_record(library, "Größe 100 %")
    for reference in ("nothing", "99", "9" * 60, "-1", "", "\x00", "²"):
        with pytest.raises(LibraryError, match="there is no such record"):
            find_record(library, reference)
    with pytest.raises(LibraryError, match="there is no such plan"):
        find_record(library, "rates", RecordKind.PLAN)


def test_by_name_a_plan_is_meant_and_by_hash_its_scenario(
    library: LibraryDatabase, tmp_path: Path
) -> None:
    plan = small_plan(tmp_path)
    record = keep_plan(library, plan.content, plan.scenario.result)
    assert find_record(library, "tiny") == record
    assert find_record(library, record.scenario_sha256[:10]).kind == RecordKind.SCENARIO


def test_nothing_is_found_where_nothing_was_kept(one_library: Path) -> None:
    library = open_library_database()
    with pytest.raises(LibraryError, match="there is no such record"):
        find_record(library, "1")
    assert not one_library.exists()
