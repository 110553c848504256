"""Two plans over cells compared: setups paired by the cases they serve, cells by their names."""

import copy

from planner.plans.cells.setup_as_plan import setup_as_plan
from planner.plans.changes.cells_diff import diff_cells_plans
from planner.plans.changes.node_matching import replicas_by_node_to_match
from tests.support.plans.cells_plans import day_content


def test_a_plan_and_itself_differ_in_nothing() -> None:
    for scheduled in (False, True):
        content = day_content(scheduled=scheduled)
        found = diff_cells_plans(content, copy.deepcopy(content))
        assert [change.cases for change in found.setups] == [
            tuple(setup["cases"]) for setup in content["setups"]
        ]
        assert not any(change.diff.steps for change in found.setups)
        assert all(cell.before == cell.after for cell in found.cells)
        assert len(found.cells) == len(content["cells"])
        assert found.gone == found.new == found.gone_cells == found.new_cells == ()


def test_a_fixed_fleet_becomes_a_schedule_setup_by_setup() -> None:
    fixed, schedule = day_content(), day_content(scheduled=True)
    found = diff_cells_plans(fixed, schedule)
    assert [change.cases for change in found.setups] == [("day", "node-lost"), ("night",)]
    for k, change in enumerate(found.setups):
        before = replicas_by_node_to_match(setup_as_plan(fixed, 0))
        after = replicas_by_node_to_match(setup_as_plan(schedule, k))
        starts = sum(step.action == "start" for step in change.diff.steps)
        stops = len(change.diff.steps) - starts
        assert len(before) - stops + starts == len(after)
        assert len(change.diff.stays) + starts == len(after)


def test_cases_and_cells_of_one_plan_alone_are_reported() -> None:
    old, new = day_content(), day_content()
    for part in ("cases", "cells", "lanes", "losses"):
        new[part] = [entry for entry in new[part] if entry["case"] != "node-lost"]
    new["setups"][0]["cases"] = ["day", "night"]
    new["cells"] = [c for c in new["cells"] if (c["class"], c["case"]) != ("batch", "day")]
    new["cells"][0]["rate_rps"] = 9.0
    found = diff_cells_plans(old, new)
    assert (found.gone, found.new) == (("node-lost",), ())
    assert (found.gone_cells, found.new_cells) == ((("batch", "day"),), ())
    back = diff_cells_plans(new, old)
    assert (back.new, back.new_cells) == (("node-lost",), (("batch", "day"),))
    chat = next(cell for cell in found.cells if cell.request_class == "chat")
    assert chat.rates == (4.0, 9.0)
