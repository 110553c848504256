"""What stops, starts and stays between setups: as many shards start as the plan pays for."""

from datetime import date
from pathlib import Path

import pytest

from planner.export.cells.setup_changes import build_setup_changes
from planner.export.cells.setup_deployments import build_setup_deployments
from tests.support.plans.cells_plans import day_source


def changes(folder: Path, *, scheduled: bool):
    source = day_source(folder, scheduled=scheduled)
    content, demand = source.plan.content, source.demand
    setups = build_setup_deployments(content, demand, date(2026, 11, 1))
    return source, setups, build_setup_changes(setups)


def test_a_cycle_of_setups_starts_what_the_plan_pays_for(tmp_path: Path) -> None:
    source, setups, rows = changes(tmp_path, scheduled=True)
    assert {(row["before"], row["after"]) for row in rows} == {("day", "night"), ("night", "day")}
    degree = {row["name"]: row["tp_degree"] for one in setups
              for node in one.deployment["nodes"] for row in node["servers"]}  # fmt: skip
    started = sum(degree[name] for row in rows for name in row["start"])
    hours = sum(case.hours for case in source.demand.cases)
    paid = source.plan.content["cost"]["starts_usd_per_h"]
    # A server may have to start anew for MPS or its memory where the plan's replica stays.
    assert 0.5 * started / hours >= paid - 1e-9
    for row in rows:
        known = {name for one in setups if one.label == row["before"]
                 for node in one.deployment["nodes"] if node["label"] == row["node"]
                 for name in (r["name"] for r in node["servers"])}  # fmt: skip
        assert {*row["stop"], *row["stay"]} == known
        assert not set(row["start"]) & set(row["stay"])


def test_one_setup_has_no_changes(tmp_path: Path) -> None:
    assert changes(tmp_path, scheduled=False)[2] == []


@pytest.mark.parametrize(
    ("gpus", "stays"), [([(0, True)], True), ([(0, True), (1, True)], False), ([], False)]
)
def test_shared_servers_stop_where_the_daemon_has_to_start_anew(
    gpus: list[tuple[int, bool]], stays: bool
) -> None:
    from planner.export.cells.setup_changes import _change_of_node

    server = {"name": "a-0", "utilization": 0.4, "memory_limit_mib": 9, "port": 1, "shared": True}
    whole = {**server, "name": "b-0", "shared": False}

    def node(shared: list[tuple[int, bool]]):
        return {
            "servers": [server, whole],
            "gpus": [
                {"key": f"GPU_{at}", "at": at, "shared": is_shared} for at, is_shared in shared
            ],
        }

    row = _change_of_node(node([(0, True)]), node(gpus))
    assert ("a-0" in row["stay"]) == stays
    assert "b-0" in row["stay"]
    assert bool(row["mps_stop"]) != stays
