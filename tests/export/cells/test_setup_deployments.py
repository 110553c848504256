"""Setups as servers: one name and one port for a server in all setups, replicas by their seats."""

from datetime import date
from pathlib import Path

import pytest

from planner.export.cells.setup_deployments import build_setup_deployments, case_period
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.cells.cells_states import replica_nodes
from tests.support.plans.cells_plans import day_source

ON = date(2026, 11, 1)


def setups_of(source: CellsPlanAndScenario):
    content, demand = source.plan.content, source.demand
    return build_setup_deployments(content, demand, ON)


@pytest.fixture(scope="module")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> CellsPlanAndScenario:
    return day_source(Path(tmp_path_factory.mktemp("scheduled")), scheduled=True)


def rows(deployment):
    return {row["name"]: (node, row) for node in deployment["nodes"] for row in node["servers"]}


def test_every_replica_is_a_server_on_its_seat(scheduled: CellsPlanAndScenario) -> None:
    made = setups_of(scheduled)
    assert [(one.label, one.cases) for one in made] == [
        ("day", ("day", "node-lost")),
        ("night", ("night",)),
    ]
    for one, setup in zip(made, scheduled.plan.content["setups"], strict=True):
        seats, known = replica_nodes(setup), rows(one.deployment)
        assert set(one.server_of) == set(seats)
        assert len(set(one.server_of.values())) == len(seats) == len(known)
        for (option, replica), (pool, node, gpus) in seats.items():
            where, row = known[one.server_of[option, replica]]
            assert (where["pool"], row["node_at"], row["gpus"]) == (pool, node, gpus)
            assert row["llm_name"] == setup["options"][option]["llm"]


def test_a_server_of_both_setups_has_one_name_and_port(scheduled: CellsPlanAndScenario) -> None:
    day, night = (rows(one.deployment) for one in setups_of(scheduled))
    both = day.keys() & night.keys()
    assert both
    for name in both:
        for key in ("port", "gpus", "node_at", "llm_name", "mps_share_pct"):
            assert day[name][1][key] == night[name][1][key]
    ports = [(node["label"], row["port"], name) for known in (day, night)
             for name, (node, row) in known.items()]  # fmt: skip
    assert len({port[:2] for port in ports}) == len({port[2] for port in ports})


def test_one_setup_has_no_label_and_names_of_its_own(tmp_path: Path) -> None:
    (only,) = setups_of(day_source(tmp_path))
    assert only.label == ""
    assert {row["port"] for _, row in rows(only.deployment).values()} >= {8001}
    for node in only.deployment["nodes"]:
        names = {row["name"] for row in node["servers"]}
        assert all(set(gpu["servers"]) <= names for gpu in node["gpus"])
        assert all(set(row["after"]) <= names for row in node["servers"])
    assert "p95 TTFT of chat <= 500 ms" in only.deployment["about"]["slo"]


@pytest.mark.parametrize(
    ("name", "period"),
    [
        ("07:00-16:30", (420, 990)),
        ("7:00-16:30", (420, 990)),
        ("21:00-24:00", (1260, 0)),
        ("22:15-06:00", (1335, 360)),
        ("day", None),
        ("07:00-16:30 peak", None),
        ("25:00-26:00", None),
    ],
)
def test_a_case_is_when_its_name_says(name: str, period: tuple[int, int] | None) -> None:
    assert case_period(name) == period
