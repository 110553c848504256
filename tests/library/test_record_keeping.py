"""What is kept comes back as it was, by the same hash, and nothing is kept twice."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

import planner
from planner.errors import DataError
from planner.library import input_files, record_keeping
from planner.library.kept_input import (
    load_kept_plan,
    load_kept_scenario,
    opened_kept_content,
    read_kept_content,
)
from planner.library.kept_record import KeptAs, RecordKind
from planner.library.kept_tables import Blob
from planner.library.library_database import LibraryDatabase
from planner.library.record_keeping import keep_plan, keep_scenario, keep_study
from planner.library.record_search import RecordSearch, list_records
from tests.support.kept.kept_plans import kept_scenario_folder, planned_day, small_plan


def sizes(library: LibraryDatabase) -> list[int]:
    return library.read_library(lambda session: sorted(session.scalars(select(Blob.size))))


def test_a_plan_comes_back_with_the_files_it_was_made_of(
    library: LibraryDatabase, tmp_path: Path
) -> None:
    plan = small_plan(tmp_path / "s")
    files = {
        path.relative_to(tmp_path / "s").as_posix(): path.read_bytes()
        for path in (tmp_path / "s").rglob("*")
        if path.is_file()
    }
    record = keep_plan(library, plan.content, plan.scenario.result, KeptAs("first", ("a", "b")))
    assert (record.kind, record.name, record.tags) == (RecordKind.PLAN, "first", ("a", "b"))
    assert record.scenario_sha256 == plan.content["scenario_sha256"]
    assert record.figures["value"] == plan.objective
    # The kept files are all there is.
    for path in files:
        (tmp_path / "s" / path).unlink()
    kept = read_kept_content(library, record)
    assert dict(kept.input.files) == files
    assert b"what a colleague must know" in kept.input.files["scenario.yaml"]
    with opened_kept_content(kept) as folder:
        source = load_kept_plan(kept, folder)
    same = {"scenario_path": "scenario.yaml"}
    assert source.plan.content == {**plan.content, **same}


def test_the_scenario_of_a_plan_is_kept_once(library: LibraryDatabase, tmp_path: Path) -> None:
    plan = small_plan(tmp_path)
    first = keep_scenario(library, plan.scenario.result)
    keep_plan(library, plan.content, plan.scenario.result)
    again = keep_scenario(library, plan.scenario.result, KeptAs("named", ("x",), "why"))
    assert (again.number, again.name, again.tags, again.note) == (
        first.number, "named", ("x",), "why",
    )  # fmt: skip
    kinds = [record.kind for record in list_records(library)]
    assert kinds == [RecordKind.PLAN, RecordKind.SCENARIO]
    # scenario.yaml, two tables and plan.json: what both records need is there once.
    assert len(sizes(library)) == 4


def test_the_same_plan_again_is_the_record_that_is_there(
    library: LibraryDatabase, tmp_path: Path
) -> None:
    plan = small_plan(tmp_path)
    first = keep_plan(library, plan.content, plan.scenario.result, KeptAs("one", ("a",)))
    again = keep_plan(library, plan.content, plan.scenario.result, KeptAs(tags=("b",)))
    assert (again.number, again.name, again.tags) == (first.number, "one", ("a", "b"))
    other = keep_plan(library, plan.content, plan.scenario.result, KeptAs(owner="someone"))
    assert other.number != first.number


def test_plans_of_other_rates_share_their_tables(library: LibraryDatabase, tmp_path: Path) -> None:
    for rate in (2, 3, 4):
        plan = small_plan(tmp_path, arrival_rate_rps=rate)
        record = keep_plan(library, plan.content, plan.scenario.result)
        kept = read_kept_content(library, record)
        with opened_kept_content(kept) as folder:
            source = load_kept_plan(kept, folder)
        assert source.loaded.instance.arrival_rate == rate
    assert len(list_records(library, RecordSearch(kind=RecordKind.SCENARIO))) == 3
    assert len(sizes(library)) == 3 + 3


def test_a_plan_of_cases_from_memory(library: LibraryDatabase) -> None:
    """Its tables are DataFrames: they lie in no folder of the scenario's own."""
    plan = planned_day()
    record = keep_plan(library, plan.content, plan.scenario.result)
    kept = read_kept_content(library, record)
    assert set(kept.input.files) == {"scenario.yaml", "profiles.csv", "scores.csv"}
    with opened_kept_content(kept) as folder:
        source = load_kept_plan(kept, folder)
        assert source.plan.content["setups"] == plan.content["setups"]
        assert load_kept_scenario(kept, folder).demand is not None


def test_an_infeasible_plan_is_kept_too(library: LibraryDatabase, tmp_path: Path) -> None:
    plan = small_plan(tmp_path, slo=[{"metric": "ttft", "statistic": "mean", "limit_ms": 20}])
    record = keep_plan(library, plan.content, plan.scenario.result)
    assert record.figures["status"] == "infeasible"
    assert record.figures["value"] is None
    kept = read_kept_content(library, record)
    with opened_kept_content(kept) as folder:
        assert load_kept_plan(kept, folder).plan.status == "infeasible"


def test_a_study_is_kept_with_its_scenario(library: LibraryDatabase, tmp_path: Path) -> None:
    loaded = planner.load(kept_scenario_folder(tmp_path)).result
    content = {"rows": [{"arrival_rate_rps": 2, "quality": 0.5}]}
    record = keep_study(library, "sweep", content, loaded, KeptAs(note="rates"))
    assert (record.kind, record.study, record.note) == (RecordKind.STUDY, "sweep", "rates")
    assert keep_study(library, "sweep", content, loaded).number == record.number
    assert b'"quality": 0.5' in (read_kept_content(library, record).content or b"")
    with pytest.raises(ValueError, match="not JSON compliant"):
        keep_study(library, "sweep", {"rows": float("nan")}, loaded)


def test_files_that_have_changed_since_are_not_kept(tmp_path: Path, one_library: Path) -> None:
    from planner.library.library_database import open_library_database

    plan = small_plan(tmp_path)
    table = tmp_path / "profiles.csv"
    table.write_text(table.read_text().replace(",150,", ",140,"))
    with pytest.raises(DataError, match="the files have changed since they were read"):
        keep_plan(open_library_database(), plan.content, plan.scenario.result)
    table.unlink()
    with pytest.raises(DataError, match="the files have changed since they were read"):
        keep_plan(open_library_database(), plan.content, plan.scenario.result)
    assert not one_library.exists()


def test_what_is_too_large_is_refused(
    tmp_path: Path, one_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planner.library.library_database import open_library_database

    plan, library = small_plan(tmp_path), open_library_database()
    with monkeypatch.context() as patch:
        patch.setattr(input_files, "MOST_INPUT_BYTES", 500)
        with pytest.raises(DataError, match="its files are too large to be kept"):
            keep_scenario(library, plan.scenario.result)
    monkeypatch.setattr(record_keeping, "MOST_STUDY_BYTES", 500)
    with pytest.raises(DataError, match="too large to be kept"):
        keep_plan(library, plan.content, plan.scenario.result)
    assert not one_library.exists()


def test_names_that_cannot_be_printed_are_refused(library: LibraryDatabase) -> None:
    for words in ({"name": "a\x1b[1m"}, {"tags": ("",)}, {"note": "x" * 10_001}, {"name": "\x00"}):
        with pytest.raises(DataError, match="library: "):
            KeptAs(**words)
    assert not list_records(library)


def test_blobs_are_counted_by_content(library: LibraryDatabase, tmp_path: Path) -> None:
    first = small_plan(tmp_path / "one")
    second = small_plan(tmp_path / "two")
    keep_plan(library, first.content, first.scenario.result)
    keep_plan(library, second.content, second.scenario.result)
    count = library.read_library(lambda session: session.scalar(select(func.count(Blob.sha256))))
    assert count == 3 + 2
