"""Assumptions of a report on classes and cases: each number with its place in the scenario."""

from dataclasses import replace

from models.instance import Headroom
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
    assert not any(what.startswith("Headroom") for what in frame.index)
    # batch may not be sent outside, so it has no price there.
    assert "Outside far: price of a request of batch" not in frame.index
    assert frame["Source"]["Class chat: p95 TTFT at most"] == "--set classes.0.slo.0.limit_ms"


def test_what_is_kept_free_is_among_them() -> None:
    _, loaded = day_planned()
    assert loaded.demand is not None
    instance = replace(loaded.demand.instance, headroom=Headroom(slo=0.1))
    frame = cells_assumptions_table(loaded, replace(loaded.demand, instance=instance))
    rows = {what: value for what, value in zip(frame["What"], frame["Value"], strict=True)}
    assert rows["Headroom: kept free of every SLO limit"] == 10
    assert rows["Headroom: requests planned for above all rates"] == 0
