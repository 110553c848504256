"""Records are checked when they are read, and their words when they are written."""

from datetime import UTC, datetime
from typing import Any

import pytest

from planner.errors import DataError, LibraryError
from planner.library.kept_record import KeptAs, RecordKind, kept_record, kept_record_time
from planner.library.kept_tables import Figures, RecordEntry


def entry(**values: Any) -> RecordEntry:
    return RecordEntry(
        **{
            **{"id": 3, "kind": "plan", "name": "n", "note": "", "owner": None},
            **{"created_s": 0, "changed_s": 86_400, "planner_version": "0.2.0"},
            **{"scenario_sha256": "ab" * 32, "scenario_name": "s", "scenario_file": "s.yaml"},
            **{"overrides": "{}", "study": "", "figures": None},
            **values,
        }
    )


def test_a_row_is_a_record() -> None:
    figures = Figures(status="optimal", objective_of="quality", value=1, gpus_used=4)
    record = kept_record(entry(figures=figures), ["b", "a"], "L")
    assert (record.number, record.kind, record.tags) == (3, RecordKind.PLAN, ("a", "b"))
    assert record.changed == datetime(1970, 1, 2, tzinfo=UTC)
    assert record.figures["value"] == 1.0
    assert record.figures["bound"] is None
    shown = record.as_json()
    assert shown["created"] == "1970-01-01T00:00:00+00:00"
    assert shown["figures"]["gpus_used"] == 4
    assert "figures" not in kept_record(entry(kind="scenario"), [], "L").as_json()


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "recipe"},
        {"name": 7},
        {"name": None},
        {"created_s": "soon"},
        {"created_s": 10**18},
        {"planner_version": b"x"},
        {"figures": Figures(status="optimal", objective_of="quality", value="much")},
    ],
)
def test_a_row_that_was_damaged(values: dict[str, Any]) -> None:
    with pytest.raises(LibraryError, match="L: record 3 is damaged"):
        kept_record(entry(**values), [], "L")


def test_words_that_are_refused_are_listed_at_once() -> None:
    with pytest.raises(DataError) as refused:
        KeptAs("x" * 201, ("a\tb", " "), "\x07")
    assert len(refused.value.faults) == 4
    with pytest.raises(DataError, match="more than 50 tags"):
        KeptAs(tags=tuple(map(str, range(51))))
    assert KeptAs("größer ½", ("ok",), "two\nlines").name == "größer ½"


def test_times_are_of_utc() -> None:
    assert kept_record_time(1_795_807_200) == datetime(2026, 11, 27, 19, 20, tzinfo=UTC)
