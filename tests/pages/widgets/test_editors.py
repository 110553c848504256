"""Cells of edited tables as the scenario's content has them."""

from typing import Any

import pandas as pd
import pytest

from app_pages.widgets.editors import _editor_cell_value, _editor_rows, _editor_value_text


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


def test_changes_are_repeated_as_they_were_read() -> None:
    assert _editor_value_text([1, 4]) == "1; 4"
    assert _editor_value_text({"minimize": "cost", "quality_at_least": 0.7, "x": None}) == (
        "{minimize: cost, quality_at_least: 0.7}"
    )
    assert _editor_value_text(None) == "blank"
