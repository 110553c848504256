"""Edits of a day: rates stay with cases and classes whose names change, and so does what refers
to them.
"""

from typing import Any

import pytest

from planner.errors import DataError
from planner.scenario.demand.demand_edits import (
    demand_edit_cases,
    demand_edit_classes,
    demand_edit_rates,
    edit_demand_cases,
    edit_demand_classes,
    edit_demand_rates,
    edit_fleet_mode,
    edit_llms_at,
    follow_renamed_llms,
    follow_renamed_pools,
    scaled_demand_rates,
)
from planner.scenario.load import load_parsed_scenario
from profiles.io.yaml_text import parse_yaml
from tests.support.scenarios.demand_case import DAY

RATES = [{"chat": 4.0, "batch": 1.0}, {"chat": 0.0, "batch": 2.0}, {"chat": 2.0, "batch": 0.0}]


@pytest.fixture(scope="module")
def day() -> dict[str, Any]:
    """A day of two classes and three cases, complete with defaults."""
    return complete(parse_yaml(DAY, "", []))


def complete(content: Any) -> dict[str, Any]:
    return load_parsed_scenario(content, "day.yaml").spec.model_dump(mode="json")


def plain(rate: Any, **more: Any) -> dict[str, Any]:
    """The same without cases."""
    content = parse_yaml(DAY, "", [])
    return complete({**content, "cases": None, "arrival_rate_rps": rate, **more})


def test_rates_are_read_by_case_and_class(day: dict[str, Any]) -> None:
    assert demand_edit_rates(day, None) == RATES
    assert (demand_edit_cases(day), demand_edit_classes(day)) == (
        ["day", "night", "node-lost"],
        ["chat", "batch"],
    )
    one = plain({"chat": 3.0, "batch": 1.0})
    assert demand_edit_rates(one, None) == [{"chat": 3.0, "batch": 1.0}]


def test_rates_of_a_table_are_known_once_it_is_read(day: dict[str, Any]) -> None:
    cases = [{**case, "arrival_rate_rps": None} for case in day["cases"]]
    cases[1]["arrival_rate_rps"] = {"chat": 0.5}
    elsewhere = {**day, "cases": cases, "demand": "demand.csv"}
    assert demand_edit_rates(elsewhere, None) is None
    table = [[4.0, 1.0], [9.0, 2.0], [2.0, 0.0]]
    known = demand_edit_rates(elsewhere, table)
    assert known == [RATES[0], {"chat": 0.5, "batch": 2.0}, RATES[2]]
    # What is edited stands in the cases, and the table counts no more.
    edited = edit_demand_rates(elsewhere, known)
    assert edited["demand"] is None
    assert complete(edited) == edited
    assert demand_edit_rates(edited, None) == known


def test_rates_without_an_edit_change_nothing(day: dict[str, Any]) -> None:
    assert edit_demand_rates(day, RATES) == day
    single = {**plain(3.0, classes=None, llms=day["llms"][1:]), "cases": None}
    assert edit_demand_rates(single, [{"all": 3.0}]) == single
    assert edit_demand_rates(single, [{"all": 5.0}])["arrival_rate_rps"] == 5.0


def test_all_rates_are_scaled_without_noise() -> None:
    scaled = scaled_demand_rates([{"chat": 30.0, "batch": 0.0}], 1.1)
    assert scaled == [{"chat": 33.0, "batch": 0.0}]


def test_a_case_keeps_its_rates_when_it_is_renamed_moved_or_others_go(day: dict[str, Any]) -> None:
    old = day["cases"]
    entries = [{**old[2], "name": "failure"}, old[0], {**old[1], "name": "new"}]
    new = edit_demand_cases(day, RATES, entries, [2, 0, None])
    assert demand_edit_cases(new) == ["failure", "day", "new"]
    assert demand_edit_rates(new, None) == [RATES[2], RATES[0], {"chat": 0.0, "batch": 0.0}]
    assert complete(new) == new
    assert edit_demand_cases(day, RATES, [], [])["cases"] == []


def test_what_tests_the_setup_of_a_case_follows_its_name(day: dict[str, Any]) -> None:
    scheduled = edit_fleet_mode(day, "scheduled", day)
    assert [case["of"] for case in scheduled["cases"]] == [None, None, "day"]
    entries = [{**scheduled["cases"][0], "name": "morning"}, *scheduled["cases"][1:]]
    renamed = edit_demand_cases(scheduled, RATES, entries, [0, 1, 2])
    assert [case["of"] for case in renamed["cases"]] == [None, None, "morning"]
    assert complete(renamed) == renamed
    # A name that is chosen in the same edit stays as it was chosen.
    chosen = [*entries[:2], {**entries[2], "of": "night"}]
    assert edit_demand_cases(scheduled, RATES, chosen, [0, 1, 2])["cases"][2]["of"] == "night"


def test_a_fleet_goes_to_setups_by_case_and_back(day: dict[str, Any]) -> None:
    scheduled = edit_fleet_mode(day, "scheduled", day)
    assert complete(scheduled) == scheduled
    assert edit_fleet_mode(scheduled, "fixed", day) == day
    # What the file says comes back.
    cases = [*scheduled["cases"][:2], {**scheduled["cases"][2], "of": "night"}]
    file = {**scheduled, "cases": cases}
    again = edit_fleet_mode(edit_fleet_mode(file, "fixed", file), "scheduled", file)
    assert again == file
    assert edit_fleet_mode({**day, "cases": None}, "scheduled", day)["cases"] is None


def test_a_class_keeps_its_rates_when_it_is_renamed_and_takes_them_along(
    day: dict[str, Any],
) -> None:
    old = day["classes"]
    entries = [{**old[1], "name": "jobs"}, {**old[0], "name": "new"}]
    new = edit_demand_classes(day, RATES, entries, [1, None])
    assert demand_edit_rates(new, None) == [
        {"jobs": 1.0, "new": 0.0},
        {"jobs": 2.0, "new": 0.0},
        {"jobs": 0.0, "new": 0.0},
    ]
    assert edit_demand_classes(day, RATES, [], [])["classes"] == []


def test_the_first_case_and_class_take_the_rate_there_is(day: dict[str, Any]) -> None:
    llms = day["llms"][1:]
    single = plain(3.0, classes=None, llms=llms)
    case = {**day["cases"][0], "arrival_rate_rps": None}
    cases = [case, {**case, "name": "more"}]
    by_case = edit_demand_cases(single, [{"all": 3.0}], cases, [None, None])
    assert [one["arrival_rate_rps"] for one in by_case["cases"]] == [3.0, 0.0]
    assert complete(by_case) == by_case
    classes = [{**one, "llms": None, "work": 1.0} for one in day["classes"]]
    rates = demand_edit_rates(by_case, None)
    assert rates is not None
    both = edit_demand_classes(by_case, rates, classes, [None, None])
    assert both["cases"][0]["arrival_rate_rps"] == {"chat": 3.0, "batch": 0.0}
    assert complete(both) == both


def test_lost_nodes_follow_the_name_of_their_pool(day: dict[str, Any]) -> None:
    pools = [{**day["pools"][0], "name": "b"}]
    new = follow_renamed_pools(day, pools, [0])
    assert new["cases"][2]["lost_nodes"] == {"b": 1}
    assert complete(new) == new
    # A pool that goes is not forgotten silently.
    with pytest.raises(DataError, match="there is no such pool"):
        complete(follow_renamed_pools(day, pools, [None]))


def test_what_classes_say_of_an_llm_follows_its_name(day: dict[str, Any]) -> None:
    far, no, na = day["llms"]
    new = follow_renamed_llms(day, [{**na, "name": "NB"}, far, no], [2, 0, 1])
    assert [one["llms"] for one in new["classes"]] == [None, ["NB", "NO"]]
    assert new["classes"][0]["work"] == {"NB": 1.5}
    assert complete(new) == new
    with pytest.raises(DataError, match="there is no such LLM"):
        complete(follow_renamed_llms(day, [far, no], [0, 1]))


def test_llms_are_edited_where_they_are(day: dict[str, Any]) -> None:
    far, no, na = day["llms"]
    added = {**no, "name": "NN"}
    new = edit_llms_at(day, [1, 2], [{**na, "name": "NB"}, added], [1, None])
    assert new["llms"] == [far, {**na, "name": "NB"}, added]
    assert new["classes"][1]["llms"] == ["NB", "NO"]
    assert edit_llms_at(day, [0], [far], [0]) == day
