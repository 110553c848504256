"""Kept plans made again and compared: verdicts, parts, and a library that is damaged meanwhile."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from planner.library.kept_record import KeptAs, KeptRecord, RecordKind
from planner.library.library_database import LibraryDatabase, open_library_database
from planner.library.record_keeping import keep_plan
from planner.library.record_search import RecordSearch, list_records
from planner.studies.replanning.record_plan import RecordPlan
from planner.studies.replanning.record_replan import (
    RecordVerdict,
    ReplannedRecord,
    replan_records,
    replanned_records_content,
    replanned_records_table,
)
from planner.studies.sweep_point import PointStatus
from tests.support.kept.kept_plans import small_plan


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LibraryDatabase:
    """A library of two plans of one scenario at two rates."""
    monkeypatch.setenv("PLANNER_LIBRARY", str(tmp_path / "library"))
    library = open_library_database()
    for rate in (1.0, 2.0):
        plan = small_plan(tmp_path / "s", arrival_rate_rps=rate)
        keep_plan(library, plan.content, plan.scenario.result, KeptAs(f"at {rate:g}"))
    return library


def plans(library: LibraryDatabase) -> tuple[KeptRecord, ...]:
    return list_records(library, RecordSearch(kind=RecordKind.PLAN))


def again(before: dict[str, Any], now: dict[str, Any] | None) -> ReplannedRecord:
    """A record with figures, and what its plan is now."""
    record = KeptRecord(
        number=4,
        kind=RecordKind.PLAN,
        name="x",
        note="",
        owner=None,
        tags=(),
        created=datetime.now(UTC),
        changed=datetime.now(UTC),
        planner_version="0.1.0",
        scenario="x",
        scenario_sha256="0" * 64,
        figures=before,
    )
    content = None if now is None else {"objective": now, "gpus_used": 3}
    status = PointStatus.BAD_INPUT if now is None else PointStatus.OPTIMAL
    plan = RecordPlan(number=4, status=status, content=content, reason="", seconds=1.0)
    return ReplannedRecord(record, plan)


@pytest.mark.parametrize(
    ("of", "before", "now", "verdict"),
    [
        ("quality", (0.70, 0.71), (0.705, 0.715), RecordVerdict.AS_BEFORE),
        ("quality", (0.70, 0.71), (0.69, 0.70), RecordVerdict.AS_BEFORE),
        ("quality", (0.70, 0.71), (0.712, 0.713), RecordVerdict.BETTER),
        ("quality", (0.70, 0.71), (0.68, 0.699), RecordVerdict.WORSE),
        ("cost", (10.0, 9.9), (9.95, 9.8), RecordVerdict.AS_BEFORE),
        ("cost", (10.0, 9.9), (9.8, 9.7), RecordVerdict.BETTER),
        ("cost", (10.0, 9.9), (10.2, 10.1), RecordVerdict.WORSE),
        ("cost", (10.0, 9.9), (None, 10.1), RecordVerdict.NO_PLAN),
        ("cost", (None, None), (10.2, 10.1), RecordVerdict.NEW_PLAN),
    ],
)
def test_better_and_worse_lie_beyond_the_others_bound(
    of: str, before: tuple, now: tuple, verdict: RecordVerdict
) -> None:
    figures = {"value": before[0], "bound": before[1], "objective_of": of}
    one = again(figures, {"value": now[0], "bound": now[1], "of": of})
    assert one.verdict == verdict


def test_another_objective_and_faults() -> None:
    figures = {"value": 0.7, "bound": 0.7, "objective_of": "quality"}
    other = again(figures, {"value": 3.0, "bound": 3.0, "of": "cost"})
    assert other.verdict == RecordVerdict.NEW_PLAN
    assert again(figures, None).verdict == RecordVerdict.NO_PLAN


def test_the_same_rules_make_the_same_plans(library: LibraryDatabase) -> None:
    replanned = list(replan_records(library, plans(library), (), jobs=1))
    assert [one.verdict for one in replanned] == [RecordVerdict.AS_BEFORE] * 2
    table = replanned_records_table(replanned)
    assert table["Name"].tolist() == ["at 2", "at 1"]
    assert table["Now"].tolist() == pytest.approx(table["Before"].tolist())
    content = replanned_records_content(replanned, {replanned[0].record.number: 9})
    assert [one["kept_as"] for one in content] == [9, None]
    assert content[1]["now"]["value"] == pytest.approx(content[1]["before"]["value"])


def test_a_change_moves_them_and_two_processes_do_too(library: LibraryDatabase) -> None:
    alone = list(replan_records(library, plans(library), ["arrival_rate_rps=500"], jobs=1))
    assert [one.verdict for one in alone] == [RecordVerdict.NO_PLAN] * 2
    spread = list(replan_records(library, plans(library), ["arrival_rate_rps=500"], jobs=2))
    assert sorted(one.record.number for one in spread) == sorted(one.record.number for one in alone)
    assert {one.now.status for one in spread} == {PointStatus.INFEASIBLE}


def test_cancelled_it_keeps_what_is_done(library: LibraryDatabase) -> None:
    cancel, done = threading.Event(), []
    for one in replan_records(library, plans(library), (), jobs=1, cancel=cancel):
        done.append(one)
        cancel.set()
    assert len(done) == 1
