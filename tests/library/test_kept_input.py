"""What is read back is not trusted: hashes, names, the scenario's hash, the verifier."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from planner.errors import DataError, LibraryError
from planner.library.kept_input import (
    load_kept_plan,
    load_kept_scenario,
    opened_kept_content,
    read_kept_content,
    write_kept_content,
)
from planner.library.kept_record import KeptAs, KeptRecord, RecordKind
from planner.library.kept_tables import Blob, FileEntry, RecordEntry
from planner.library.library_database import LibraryDatabase, open_library_database
from planner.library.record_keeping import keep_plan, keep_scenario, keep_study
from planner.library.record_search import RecordSearch, list_records
from planner.plans.cells.any_plan import load_any_plan
from planner.scenario.assemble import assemble_instance
from tests.support.kept.kept_plans import kept_scenario_folder, planned_day, small_plan


@pytest.fixture
def kept_plan(one_library: Path, tmp_path: Path) -> tuple[LibraryDatabase, KeptRecord]:
    assert not one_library.exists()
    plan, library = small_plan(tmp_path / "s"), open_library_database()
    return library, keep_plan(library, plan.content, plan.scenario.result)


def forge(library: LibraryDatabase, record: KeptRecord, content: dict[str, Any]) -> None:
    """Put another plan.json into a record, with its right hash."""
    raw = json.dumps(content).encode()
    digest = hashlib.sha256(raw).hexdigest()

    def put(session: Any) -> None:
        session.add(Blob(sha256=digest, size=len(raw), content=raw))
        session.flush()
        session.get(RecordEntry, record.number).content_sha256 = digest

    library.write_library(put)


def load(library: LibraryDatabase, record: KeptRecord, **options: bool) -> Any:
    kept = read_kept_content(library, record)
    with opened_kept_content(kept) as folder:
        return load_kept_plan(kept, folder, **options)


def test_a_forged_plan_does_not_pass(kept_plan: tuple[LibraryDatabase, KeptRecord]) -> None:
    library, record = kept_plan
    content = json.loads(read_kept_content(library, record).content or b"")
    forge(library, record, {**content, "quality": 0.99})
    with pytest.raises(DataError, match=f"library record {record.number}: plan.json: this plan is"):
        load(library, record)
    assert load(library, record, unverified=True).problems
    forge(library, record, {**content, "scenario_sha256": "0" * 64})
    with pytest.raises(DataError, match=r"is not .or no longer. the scenario of this plan"):
        load(library, record)
    forge(library, record, {"schema": 1})
    with pytest.raises(DataError, match=r"plan\.json"):
        load(library, record)


def test_a_changed_blob_is_damage(kept_plan: tuple[LibraryDatabase, KeptRecord]) -> None:
    library, record = kept_plan
    library.write_library(lambda session: session.execute(update(Blob).values(content=b"x")))
    with pytest.raises(LibraryError, match="a kept file is not what was kept"):
        read_kept_content(library, record)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"overrides": "[1]"}, "the overrides of a record cannot be read"),
        ({"overrides": "{"}, "the overrides of a record cannot be read"),
        ({"scenario_file": "other.yaml"}, "lacks a file"),
        ({"content_sha256": None}, "lacks a file"),
    ],
)
def test_a_changed_row_is_damage(
    kept_plan: tuple[LibraryDatabase, KeptRecord], values: dict[str, Any], said: str
) -> None:
    library, record = kept_plan
    library.write_library(lambda session: session.execute(update(RecordEntry).values(**values)))
    with pytest.raises(LibraryError, match=said):
        read_kept_content(library, record)


def test_names_out_of_the_folder_are_refused(
    kept_plan: tuple[LibraryDatabase, KeptRecord], tmp_path: Path
) -> None:
    library, record = kept_plan
    away = update(FileEntry).where(FileEntry.name == "profiles.csv").values(name="../../away.csv")
    library.write_library(lambda session: session.execute(away))
    kept = read_kept_content(library, record)
    with pytest.raises(DataError, match="leads out of its folder"), opened_kept_content(kept):
        pytest.fail("the folder was opened")
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match="leads out of its folder"):
        write_kept_content(kept, tmp_path / "out")
    assert not list(tmp_path.rglob("away.csv"))


def test_a_scenario_of_another_hash(
    kept_plan: tuple[LibraryDatabase, KeptRecord],
) -> None:
    library, _ = kept_plan
    [record] = list_records(library, RecordSearch(kind=RecordKind.SCENARIO))
    kept = read_kept_content(library, record)
    with opened_kept_content(kept) as folder:
        assert load_kept_scenario(kept, folder).sha256 == record.scenario_sha256
        table = folder / "profiles.csv"
        table.write_text(table.read_text().replace(",150,", ",149,"))
        with pytest.raises(LibraryError, match=r"not .or no longer. the scenario of its hash"):
            load_kept_scenario(kept, folder)
        with pytest.raises(LibraryError, match="this record is a scenario, not a plan"):
            load_kept_plan(kept, folder)


def test_records_are_written_as_files(library: LibraryDatabase, tmp_path: Path) -> None:
    plan = small_plan(tmp_path / "s", arrival_rate_rps=3)
    loaded = plan.scenario.result
    records = {
        "plan": keep_plan(library, plan.content, loaded),
        "scenario": keep_scenario(library, loaded),
        "study": keep_study(library, "sweep", {"rows": []}, loaded, KeptAs("x")),
    }
    for name, record in records.items():
        (tmp_path / name).mkdir()
        write_kept_content(read_kept_content(library, record), tmp_path / name)
    # The plan with the files as they were, and what was overridden in plan.json.
    original = kept_scenario_folder(tmp_path / "again").read_bytes()
    assert (tmp_path / "plan" / "scenario.yaml").read_bytes() == original
    source = load_any_plan(tmp_path / "plan" / "plan.json")
    assert source.loaded.sha256 == loaded.sha256
    # The scenario by itself has the overrides in its file.
    assert assemble_instance(tmp_path / "scenario" / "scenario.yaml").sha256 == loaded.sha256
    assert json.loads((tmp_path / "study" / "study.json").read_text()) == {"rows": []}


def test_a_plan_of_cases_is_written_as_files(library: LibraryDatabase, tmp_path: Path) -> None:
    plan = planned_day()
    record = keep_plan(library, plan.content, plan.scenario.result)
    write_kept_content(read_kept_content(library, record), tmp_path)
    source = load_any_plan(tmp_path / "plan.json")
    assert source.loaded.sha256 == plan.content["scenario_sha256"]
