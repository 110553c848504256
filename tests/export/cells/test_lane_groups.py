"""Groups of backends: the servers of every lane, for every class, and who survives a loss."""

from datetime import date
from pathlib import Path

import pytest

from models.router import CellRouter
from planner.export.cells.lane_groups import build_lane_groups
from planner.export.cells.setup_deployments import build_setup_deployments
from planner.plans.cells.cells_states import read_cells_states
from tests.support.plans.cells_plans import day_source


@pytest.mark.parametrize("scheduled", [False, True])
def test_lanes_are_groups_of_their_servers(scheduled: bool, tmp_path: Path) -> None:
    source = day_source(tmp_path, scheduled=scheduled)
    content, demand = source.plan.content, source.demand
    states = read_cells_states(content, demand)
    setups = build_setup_deployments(content, demand, date(2026, 11, 1))
    groups, policy, cautions = build_lane_groups(content, demand, states, setups)
    assert cautions == []
    by_name = {group.name: group for group in groups}
    assert len(by_name) == len(groups)
    router = CellRouter(policy)
    # One entry for every choice of a lost node, though the plan names one of those alike.
    assert len(router.losses) == 2
    nodes = {row["name"]: row["node_at"] for one in setups
             for node in one.deployment["nodes"] for row in node["servers"]}  # fmt: skip
    for cell in policy["cells"]:
        lost = set() if cell["loss"] is None else set(policy["losses"][cell["loss"]]["nodes"]["a"])
        for llm, lanes in cell["lanes"].items():
            for lane in lanes:
                group = by_name[lane["lane"]]
                assert (group.request_class, group.llm) == (cell["class"], llm)
                assert not {nodes[name] for name in group.servers} & lost
    for state in states:
        for lane in state.lanes:
            for c in range(len(demand.classes)):
                if lane.rates[c] > 0 and state.loss is None:
                    sizes = {len(group.servers) for group in groups
                             if group.request_class == demand.classes[c].name}  # fmt: skip
                    assert lane.replicas in sizes
