"""What a purchase asks of a plan, and which numbers of nodes it considers."""

from planner.scenario.edits import ScenarioEdit, changed, content_of_edit
from planner.sizing.purchase import (
    most_nodes_to_buy,
    purchase_after_loss_content,
    purchase_content,
    purchase_range_words,
)
from tests.support.paths import EXAMPLES


def test_a_purchase_asks_for_the_cheapest_nodes_that_reach_what_a_plan_reached() -> None:
    content = {
        "objective": {"maximize": "quality"},
        "arrival_rate_rps": 10.0,
        "pools": [{"nodes": 3}, {"nodes": 1}, {"nodes": {"at_least": 1, "at_most": 2}}],
    }
    asked = purchase_content(content, 0.71239, 2.0)
    assert asked["objective"] == {"minimize": "cost", "quality_at_least": 0.712}
    assert asked["arrival_rate_rps"] == 20.0
    assert [pool["nodes"]["at_most"] for pool in asked["pools"]] == [12, 4, 2]
    assert [pool["nodes"]["at_least"] for pool in asked["pools"]] == [0, 0, 1]
    assert content["pools"][0] == {"nodes": 3}, "the scenario itself is left as it is"
    floored = content | {"objective": {"minimize": "cost", "quality_at_least": 0.4}}
    assert purchase_content(floored, 0.7)["objective"] == floored["objective"]


def test_a_purchase_for_a_failure_adds_to_what_is_there_and_tests_each_pool() -> None:
    edit = ScenarioEdit.of_file(str(EXAMPLES / "two-gpu-types" / "scenario.yaml"))
    content = content_of_edit(edit)
    nodes = [pool["nodes"] for pool in content["pools"]]
    spec = changed(edit, purchase_after_loss_content(content, 0.6)).scenario.spec
    assert [pool.nodes.at_least for pool in spec.pools] == nodes
    assert spec.arrival_rate_rps is None
    assert [dict(case.lost_nodes) for case in spec.cases] == [{}, {"a100": 1}, {"l40s": 1}]
    assert [case.hours for case in spec.cases] == [1.0, 0.0, 0.0]
    assert {case.arrival_rate_rps for case in spec.cases} == {content["arrival_rate_rps"]}
    floored = {**content, "objective": {"minimize": "cost", "quality_at_least": 0.4}}
    cases = purchase_after_loss_content(floored, 0.6)["cases"]
    assert [case["quality_at_least"] for case in cases] == [None, 0.4, 0.4]


def test_the_range_that_is_said_is_the_one_that_is_asked_for() -> None:
    decided = {"name": "c", "nodes": {"at_least": 1, "at_most": 2}}
    pools = [{"name": "a", "nodes": 3}, {"name": "b", "nodes": 1}, decided]
    assert purchase_range_words({"pools": pools}, 2.0) == "0 to 12 of a, 0 to 4 of b"
    assert [most_nodes_to_buy(3, times) for times in (1.0, 2.0)] == [6, 12]
