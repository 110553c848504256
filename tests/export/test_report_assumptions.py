"""Assumptions of a report: every number of the scenario with the place it comes from."""

from planner.export.report_assumptions import assumptions_table
from tests.support.plans.report_cases import infeasible, planned, small_source


def test_each_number_says_where_it_comes_from() -> None:
    small = small_source()
    source = planned(small.loaded.scenario.path, "pools.0.nodes=2", "solver.rel_gap=0.001")
    frame = assumptions_table(source.plan.content, source.loaded).set_index("Name")
    assert frame.loc["pool_1_nodes", "Source"] == "--set pools.0.nodes"
    assert frame.loc["gap_target_pct", ["Value", "Source"]].tolist() == [
        0.1,
        "--set solver.rel_gap",
    ]
    assert frame.loc["pool_1_memory_gib", "Source"] == "catalogue"
    assert frame.loc["slo_1_limit_ms", "Source"] == "scenario.yaml: slo.0.limit_ms"
    assert frame.loc["memory_headroom_pct", "Source"] == "default"
    assert not frame.index.has_duplicates


def test_a_best_effort_shows_the_number_after_its_change() -> None:
    source = infeasible()
    effort = source.plan.best_effort
    assert effort is not None
    frame = assumptions_table(effort.content, source.loaded).set_index("Name")
    change = source.plan.content["conflict"]["best_effort"]["change"]
    assert frame.loc["arrival_rate_rps", "Value"] == change["to"]
    assert frame.loc["arrival_rate_rps", "Path"] == "", "it has no cell on the input sheets"


def test_headroom_of_limits_is_listed_where_there_is_any() -> None:
    small = small_source()
    source = planned(small.loaded.scenario.path, "headroom.slo_pct=20")
    frame = assumptions_table(source.plan.content, source.loaded).set_index("Path")
    assert frame.loc["headroom.slo_pct", ["Value", "Name"]].tolist() == [20.0, ""]
    plain = assumptions_table(small.plan.content, small.loaded)
    assert "headroom.slo_pct" not in set(plain["Path"])
