"""Cells of edited tables as the scenario's content has them."""

from typing import Any

import pandas as pd
import pytest

from app_pages.widgets.editors import (
    _editor_cell_value,
    _editor_row,
    _editor_rows,
    _editor_value_text,
    editor_content,
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
    read = _editor_cell_value(name, cell)
    assert read == value
    assert type(read) is type(value)


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
    assert _editor_rows(frame, "llms") == [small]


def test_what_has_no_cell_stays_with_its_entry() -> None:
    bounds, paid = {"at_least": 0, "at_most": 4}, {"nodes": 1, "price_usd_per_gpu_h": 1.0}
    usual = {"gpu": "g", "gpus_per_node": 2, "memory_gib": None, "price_usd_per_gpu_h": 2.0}
    whole = [
        {**usual, "name": "a", "nodes": bounds, "owned": False, "reserved": paid},
        {**usual, "name": "b", "nodes": 3, "owned": True, "reserved": None},
    ]
    shown = [_editor_row("pools", row) for row in whole]
    assert [row["nodes"] for row in shown] == [None, 3]
    assert editor_content("pools", whole, shown) == whole
    # Another order, a number in place of the bounds, a new row.
    shown[0]["nodes"] = 2
    added = {**usual, "name": "c", "nodes": 1}
    b, a, c = editor_content("pools", whole, [shown[1], shown[0], added])
    assert b == whole[1]
    assert a == {**whole[0], "nodes": 2}
    assert c == added
    # A new name at the same place.
    renamed = editor_content("pools", whole, [shown[0], {**shown[1], "name": "d"}])
    assert renamed[1] == {**whole[1], "name": "d"}


def test_changes_are_repeated_as_they_were_read() -> None:
    assert _editor_value_text([1, 4]) == "1; 4"
    assert _editor_value_text({"minimize": "cost", "quality_at_least": 0.7, "x": None}) == (
        "{minimize: cost, quality_at_least: 0.7}"
    )
    assert _editor_value_text(None) == "blank"


def test_what_has_no_column_stays_with_its_entry() -> None:
    """An outside LLM keeps its API when another LLM is edited, renamed or added."""
    whole = [{"name": "far", "api": {"usd_per_request": 1}}, {"name": "near", "api": None}]
    moved = editor_content("llms", whole, [{"name": "near"}, {"name": "far"}])
    assert [row["api"] for row in moved] == [None, {"usd_per_request": 1}]
    renamed = editor_content("llms", whole, [{"name": "further"}, {"name": "near"}])
    assert renamed[0]["api"] == {"usd_per_request": 1}
    rows = [*({"name": row["name"]} for row in whole), {"name": "new"}]
    added = editor_content("llms", whole, rows)
    assert [row.get("api") for row in added] == [{"usd_per_request": 1}, None, None]
