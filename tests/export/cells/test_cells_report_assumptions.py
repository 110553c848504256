"""Assumptions of a report on classes and cases: each number with its place in the scenario."""

from planner.export.cells.cells_report_assumptions import cells_assumptions_table
from tests.support.plans.cells_sources import day_planned


def test_each_number_says_where_it_comes_from() -> None:
    _, loaded = day_planned()
    assert loaded.demand is not None
    frame = cells_assumptions_table(loaded, loaded.demand).set_index("What")
    assert not frame.index.has_duplicates
    rows = {
        "Budget: GPUs and requests outside": (40, "objective.cost_at_most_usd_per_h"),
        "Class chat: load of a request on NA": (1.5, "classes.0.work.NA"),
        "Class batch: load of a request": (1, "classes.1.work"),
        "Class batch: quality in every case at least": (0.3, "classes.1.quality_at_least"),
        "Case node-lost: limits of SLOs times": (1.5, "cases.2.slo_factor"),
        "Case node-lost: lost nodes of a": (1, "cases.2.lost_nodes.a"),
        "Outside far: price of a request of chat": (0.0032, "llms.0.api"),
        "Outside far: rate at most": (50, "llms.0.api.max_rate_rps"),
        "Pool a: nodes": (2, "pools.0.nodes"),
        "SLO 1: mean TTFT": (300, "slo.0.limit_ms"),
    }
    for what, (value, path) in rows.items():
        assert (frame["Value"][what], frame["Source"][what]) == (value, f"scenario.yaml: {path}")
    # batch may not be sent outside, so it has no price there.
    assert "Outside far: price of a request of batch" not in frame.index
    assert frame["Source"]["Class chat: p95 TTFT at most"] == "--set classes.0.slo.0.limit_ms"
