"""Groups of backends of a plan over cells, and the router's policy over them.

A gateway knows groups by name. For every class there is one group for each set of servers that is
a lane for it in any state, and one for each LLM outside that it uses; which group gets which part
of an LLM's requests is the policy's, case by case. A plan names one choice of lost nodes for all
that are alike; the bundle states each of them, since other servers survive each, up to
MOST_CHOICES.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.demand.requests import DemandInstance
from planner.export.cells.setup_deployments import SetupDeployment
from planner.export.deployment_names import deployment_labels
from planner.operation.cells.cell_policy import build_cell_policy, build_cells_policy
from planner.plans.cells.cells_states import CellsState, alike_losses, lane_replicas

__all__ = ["LaneGroup", "build_lane_groups"]

Content = Mapping[str, Any]
LABEL = 24
"""Most characters of a class's label."""
MOST_CHOICES = 200
"""Of lost nodes; of more only those that the plan names are stated."""


@dataclass(frozen=True, kw_only=True)
class LaneGroup:
    """name: of the gateway; request_class, llm: names; servers: names, () for an LLM outside."""

    name: str
    request_class: str
    llm: str
    servers: tuple[str, ...]


@dataclass(frozen=True)
class _LostState:
    """A state as it is when certain nodes are lost. loss: position in the bundle's list."""

    state: CellsState
    loss: int | None
    lost: Mapping[str, Sequence[int]]


def build_lane_groups(
    content: Content,
    demand: DemandInstance,
    states: Sequence[CellsState],
    setups: Sequence[SetupDeployment],
) -> tuple[list[LaneGroup], dict[str, Any], list[str]]:
    """The groups, the content of router_policy.json (version 2) with their names as lanes, and
    cautions.
    """
    losses, cautions = _stated_losses(content)
    groups = _Groups(content, demand, setups)
    cells = []
    same_as = [loss["same_as"] for loss in content["losses"]]
    for here in _lost_states(states, losses, same_as):
        names = groups.names_of(here)
        for c in here.state.cells:
            cell = build_cell_policy(demand, here.state, c, lanes=names)
            cells.append({**cell, "loss": here.loss})
    policy = {
        **build_cells_policy(content, demand),
        "losses": [
            {"case": case, "nodes": dict(nodes), "same_as": None, "loss_of_plan": k}
            for case, nodes, k in losses
        ],
        "cells": cells,
    }
    return groups.made, policy, cautions


def _stated_losses(
    content: Content,
) -> tuple[list[tuple[str, Mapping[str, Sequence[int]], int]], list[str]]:
    """(case, nodes, loss of the plan) of every choice of lost nodes; cautions."""
    whole = sum(loss["alike"] for loss in content["losses"]) <= MOST_CHOICES
    stated: list[tuple[str, Mapping[str, Sequence[int]], int]] = [
        (loss["case"], nodes, k)
        for k, loss in enumerate(content["losses"])
        for nodes in alike_losses(content, k, loss["alike"] if whole else 1)
    ]
    caution = (
        f"there are more than {MOST_CHOICES} choices of lost nodes: router_policy.json has those"
        " that the plan names, and others like them lose other servers"
    )
    return stated, [] if whole else [caution]


def _lost_states(
    states: Sequence[CellsState],
    losses: Sequence[tuple[str, Mapping[str, Sequence[int]], int]],
    same_as: Sequence[int | None],
) -> Iterator[_LostState]:
    """Every state without lost nodes, then every choice of lost nodes in the state that serves
    it. same_as: of the plan's losses.
    """
    routed = {state.loss: state for state in states if state.loss is not None}
    for state in states:
        if state.loss is None:
            yield _LostState(state, None, {})
    for position, (_, nodes, k) in enumerate(losses):
        other = same_as[k]
        yield _LostState(routed[k if other is None else other], position, nodes)


class _Groups:
    """Groups made so far. made: in the order of first use."""

    def __init__(
        self, content: Content, demand: DemandInstance, setups: Sequence[SetupDeployment]
    ) -> None:
        self._content, self._demand, self._setups = content, demand, setups
        self._classes = deployment_labels((c.name for c in demand.classes), LABEL)
        self._llms = deployment_labels(demand.served, LABEL)
        self._known: dict[tuple[str, str, tuple[str, ...]], str] = {}
        self.made: list[LaneGroup] = []

    def names_of(self, here: _LostState) -> dict[tuple[int, int], str]:
        """Names for `build_cell_policy` of the lanes of a state."""
        state, demand = here.state, self._demand
        setup = self._content["setups"][state.setup]
        dealt = lane_replicas(setup, state, here.lost)
        server_of, names = self._setups[state.setup].server_of, {}
        for lane, replicas in zip(state.lanes, dealt, strict=True):
            llm = setup["options"][lane.setup_option]["llm"]
            servers = tuple(server_of[lane.setup_option, replica] for replica in replicas)
            for c, entry in enumerate(demand.classes):
                if lane.rates[c] > 0:
                    names[lane.position, c] = self._name(entry.name, llm, servers)
        for e, outside in enumerate(demand.outside):
            for c, entry in enumerate(demand.classes):
                if state.outside[c, e] > 0:
                    names[-1 - e, c] = self._name(entry.name, outside.name, ())
        return names

    def _name(self, request_class: str, llm: str, servers: tuple[str, ...]) -> str:
        """The group of a class, an LLM and a set of servers, made where it is new."""
        key = request_class, llm, servers
        if key not in self._known:
            alike = sum(one[:2] == key[:2] for one in self._known)
            name = f"{self._classes[request_class]}.{self._llms[llm]}"
            name += f".{alike}" if servers else ""
            self._known[key] = name
            self.made.append(
                LaneGroup(name=name, request_class=request_class, llm=llm, servers=servers)
            )
        return self._known[key]
