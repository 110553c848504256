"""Records as a table and in words."""

from typing import Any

import pytest

from planner.library.kept_record import KeptRecord, RecordKind, kept_record_time
from planner.library.record_table import (
    kept_record_lines,
    kept_record_result,
    kept_records_table,
)


def record(kind: str = "plan", **values: Any) -> KeptRecord:
    return KeptRecord(
        **{
            **{"number": 7, "kind": RecordKind(kind), "name": "n", "note": "", "owner": None},
            **{"tags": (), "created": kept_record_time(0), "changed": kept_record_time(60)},
            **{"planner_version": "0.2.0", "scenario": "s", "scenario_sha256": "ab" * 32},
            **values,
        }
    )


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (record("scenario"), "hash abababababab"),
        (record("study", study="sweep"), "sweep"),
        (record(figures={"status": "infeasible", "value": None}), "infeasible"),
        (
            record(figures={"status": "optimal", "value": 5.369, "objective_of": "cost"}),
            "cost 5.37 USD/h",
        ),
        (
            record(figures={"status": "feasible", "value": 0.5, "objective_of": "quality"}),
            "quality 0.50000, feasible",
        ),
    ],
)
def test_what_a_record_says(kept: KeptRecord, said: str) -> None:
    assert kept_record_result(kept) == said


def test_the_table_has_its_columns_also_without_rows() -> None:
    empty = kept_records_table([])
    full = kept_records_table([record(tags=("a", "b"), figures={"rel_gap": 1e-4})])
    assert list(empty.columns) == list(full.columns)
    row = full.iloc[0]
    assert (row["Tags"], row["Gap (%)"], row["Owner"]) == ("a, b", 0.01, "")
    assert str(row["Kept (UTC)"]) == "1970-01-01 00:00:00"


def test_the_head_of_a_report() -> None:
    head = kept_record_lines(record(owner="me", tags=("a",), note="why"))
    assert head[0] == "plan 7: n"
    assert head[2:] == ["owner: me", "tags: a", "note: why"]
    assert len(kept_record_lines(record())) == 2
