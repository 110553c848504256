"""Cases as rows of a table, and back."""

from typing import Any

from app_pages.widgets.demand.case_table import _case_columns, case_entries, case_rows
from planner.scenario.load import load_parsed_scenario
from profiles.io.yaml_text import parse_yaml
from tests.support.scenarios.demand_case import DAY


def day() -> dict[str, Any]:
    """A day with a case that loses a node, complete with defaults."""
    spec = load_parsed_scenario(parse_yaml(DAY, "", []), "day.yaml").spec
    return spec.model_dump(mode="json")


def test_rows_are_the_cases_again() -> None:
    content = day()
    columns = _case_columns(content)
    assert list(columns) == ["name", "hours", "slo_factor", "quality_at_least", "lost:a"]
    rows = case_rows(columns, content["cases"])
    assert [row["lost:a"] for row in rows] == [None, None, 1]
    assert case_entries(columns, content["cases"], rows, [0, 1, 2]) == content["cases"]


def test_a_scheduled_fleet_says_whose_setup_a_case_tests() -> None:
    content = {**day(), "fleet": {"mode": "scheduled", "start_usd_per_gpu": 0.0}}
    columns = _case_columns(content)
    assert columns["of"]["type_config"]["options"] == ["day", "night", "node-lost"]
    row = {**case_rows(columns, content["cases"])[2], "of": "day", "lost:a": 2}
    (entry,) = case_entries(columns, content["cases"], [row], [None])
    assert (entry["of"], entry["lost_nodes"]) == ("day", {"a": 2})
    assert set(entry) == set(content["cases"][0])
