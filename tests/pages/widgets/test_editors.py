"""Cells of edited tables as the scenario's content has them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from app_pages.widgets.editors import (
    COLUMNS,
    Row,
    _editor_rows,
    _editor_value_text,
    editor_cell,
    editor_changes,
    editor_content,
    editor_row,
    row_origins,
)

CELLS = {**COLUMNS["llms"], **COLUMNS["pools"], **COLUMNS["slo"]}
LLMS = st.column_config.MultiselectColumn("LLMs", options=["a", "b"])


def edited(
    key: str, whole: list[dict[str, Any]], rows: list[Row], *marks: int
) -> list[dict[str, Any]]:
    """Rows in place of those there are. marks: of the rows, default: their places."""
    now, before = [editor_row(COLUMNS[key], row) for row in whole], range(len(whole))
    after = marks or range(len(rows))
    return editor_content(
        COLUMNS[key], whole, rows, row_origins(now, before, rows, after, len(now))
    )


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("name", "  a100 ", "a100"),
        ("name", "", None),
        ("nodes", 2.0, 2),
        ("memory_gib", 80, 80.0),
        ("memory_gib", float("nan"), None),
        ("limit_ms", pd.NA, None),
    ],
)
def test_cells_are_read(name: str, cell: Any, value: Any) -> None:
    read = editor_cell(CELLS[name], cell)
    assert read == value
    assert type(read) is type(value)


def test_lists_are_read() -> None:
    assert editor_cell(LLMS, np.array(["b", "a"])) == ["b", "a"]
    assert [editor_cell(LLMS, blank) for blank in ([], None, float("nan"))] == [None] * 3


def test_blank_rows_are_left_out_and_blank_cells_mean_their_default() -> None:
    frame = pd.DataFrame(
        {
            "name": ["small", None],
            "weights_gib": [None, None],
            "min_replicas": [None, None],
            "max_replicas": [2.0, None],
        }
    )
    small = {"name": "small", "weights_gib": None, "min_replicas": 0, "max_replicas": 2}
    assert _editor_rows(frame, COLUMNS["llms"]) == ([small], [0])


def test_what_has_no_cell_stays_with_its_entry() -> None:
    bounds, paid = {"at_least": 0, "at_most": 4}, {"nodes": 1, "price_usd_per_gpu_h": 1.0}
    usual = {"gpu": "g", "gpus_per_node": 2, "memory_gib": None, "price_usd_per_gpu_h": 2.0}
    whole = [
        {**usual, "name": "a", "nodes": bounds, "owned": False, "reserved": paid},
        {**usual, "name": "b", "nodes": 3, "owned": True, "reserved": None},
    ]
    shown = [editor_row(COLUMNS["pools"], row) for row in whole]
    assert [row["nodes"] for row in shown] == [None, 3]
    assert edited("pools", whole, shown) == whole
    # Another order, a number in place of the bounds, a new row.
    shown[0]["nodes"] = 2
    added = {**usual, "name": "c", "nodes": 1}
    b, a, c = edited("pools", whole, [shown[1], shown[0], added], 1, 0, 2)
    assert b == whole[1]
    assert a == {**whole[0], "nodes": 2}
    assert c == added
    # A new name at the same place.
    renamed = edited("pools", whole, [shown[0], {**shown[1], "name": "d"}])
    assert renamed[1] == {**whole[1], "name": "d"}


def test_changes_are_repeated_as_they_were_read() -> None:
    assert _editor_value_text([1, 4]) == "1; 4"
    assert _editor_value_text({"minimize": "cost", "quality_at_least": 0.7, "x": None}) == (
        "{minimize: cost, quality_at_least: 0.7}"
    )
    assert _editor_value_text(None) == "blank"


def test_rows_that_came_or_went_are_listed_row_by_row() -> None:
    base = {"pools": [{"name": "a", "nodes": 1}, {"name": "b", "nodes": 2}], "slo": []}
    after = {"pools": [{"name": "b", "nodes": 3}, {"name": "c", "nodes": 2}], "slo": []}
    paths = {"pools.0.nodes": 3, "pools.1.name": "c"}
    assert editor_changes(base, after, paths) == [
        "pools, b: nodes 3",
        "pools, new: {name: c, nodes: 2}",
        "pools, no longer: a",
    ]
    same = {**base, "pools": [{"name": "a", "nodes": 1}, {"name": "b", "nodes": 3}]}
    assert editor_changes(base, same, {"pools.1.nodes": 3}) == ["pools.1.nodes: 3"]
    assert editor_changes(base, {**base, "slo": [{}]}, {"slo": [{}]}) == ["slo: {}"]


def test_what_has_no_column_stays_with_its_entry() -> None:
    """An outside LLM keeps its API when another LLM is edited, renamed or added."""
    whole = [{"name": "far", "api": {"usd_per_request": 1}}, {"name": "near", "api": None}]
    moved = edited("llms", whole, [{"name": "near"}, {"name": "far"}], 1, 0)
    assert [row["api"] for row in moved] == [None, {"usd_per_request": 1}]
    renamed = edited("llms", whole, [{"name": "further"}, {"name": "near"}])
    assert renamed[0]["api"] == {"usd_per_request": 1}
    rows = [*({"name": row["name"]} for row in whole), {"name": "new"}]
    added = edited("llms", whole, rows)
    assert [row.get("api") for row in added] == [{"usd_per_request": 1}, None, None]


def test_a_row_is_found_again_by_its_mark_and_an_added_one_by_its_name() -> None:
    before: list[Row] = [{"name": "a"}, {"name": "b"}, {"name": "c"}]
    # a is gone, b has another name, c is where it was, and the new one is called as b was.
    after: list[Row] = [{"name": "B"}, {"name": "c"}, {"name": "b"}]
    assert row_origins(before, [0, 1, 2], after, [1, 2, 3], 3) == [1, 2, None]
    # b and c were added; when b goes, Streamlit counts c as it counted b.
    assert row_origins(before, [0, 1, 2], [{"name": "a"}, {"name": "c"}], [0, 1], 1) == [0, 2]
    assert row_origins(before, [0, 1, 2], [{"name": "a"}, {"name": "x"}], [0, 1], 1) == [0, 1]
    # Rows without names have their marks.
    assert row_origins([{"x": 1}, {"x": 2}], [0, 1], [{"x": 1}], [1], 2) == [1]
