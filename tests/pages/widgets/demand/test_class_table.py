"""Classes and their SLOs as rows of tables, and back."""

from typing import Any

import pytest

from app_pages.widgets.demand.class_table import (
    _class_columns,
    class_entries,
    class_slo_rows,
    classes_with_slos,
)
from app_pages.widgets.editors import editor_row
from planner.errors import DataError
from tests.pages.widgets.demand.test_case_table import day


def test_rows_are_the_classes_again() -> None:
    content = day()
    classes: list[dict[str, Any]] = content["classes"]
    columns = _class_columns(content)
    assert columns["llms"]["type_config"]["options"] == [
        {"value": name} for name in ("far", "NO", "NA")
    ]
    rows = [editor_row(columns, one) for one in classes]
    assert class_entries(columns, classes, rows, [0, 1]) == classes
    assert classes_with_slos(classes, class_slo_rows(classes)) == classes
    # A number in place of the work by LLM; a new class has that of the profile.
    (first, new) = class_entries(columns, classes, [{**rows[0], "work": 2.0}, rows[0]], [0, None])
    assert (first["work"], new["work"], new["slo"]) == (2.0, 1.0, [])
    assert set(new) == set(classes[0])


def test_an_slo_of_no_class_is_refused() -> None:
    row = {"class": None, "metric": "ttft", "statistic": "mean", "limit_ms": 9.0, "scope": "all"}
    with pytest.raises(DataError, match="choose one of chat, batch"):
        classes_with_slos(day()["classes"], [row])
