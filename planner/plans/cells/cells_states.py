"""A plan over cells by position: what is served how in every state.

A *state* is a case, or one loss of its nodes with a routing of its own. Of each the lanes with the
rates of every class, the load that follows, and what is sent outside:

    rho_j = sum_c work_ci x_cj / m_j        z_ce = l_ct f_cte

Rates are those that the plan is made for, its headroom included.

The plan must be readable for its demand (`planner.plans.cells.any_plan`). Units: s, req/s.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, islice, product
from typing import Any

import numpy as np

from models.demand.requests import DemandInstance
from planner.plans.latencies import OperatingPoint
from planner.plans.option_index import OptionIndex
from profiles.records import Curve

__all__ = [
    "CellsState",
    "StateCell",
    "StateLane",
    "alike_losses",
    "lane_replicas",
    "read_cells_states",
    "replica_nodes",
    "state_at_stated_rates",
    "state_name",
    "state_operating_points",
]

Content = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class StateLane:
    """A lane. position: in plan["lanes"]; option: of the instance; setup_option: in the options of
    the setup; rates: (C,) of all its replicas; load: of one replica.
    """

    position: int
    option: int
    setup_option: int
    replicas: int
    rates: np.ndarray
    load: float


@dataclass(frozen=True, kw_only=True)
class CellsState:
    """A state. case: position in the demand; loss: position in plan["losses"], None without;
    setup: position in plan["setups"]; cells: by class, entries of plan["cells"]; outside: (C, E).
    """

    case: int
    loss: int | None
    setup: int
    lanes: tuple[StateLane, ...]
    cells: Mapping[int, Content]
    outside: np.ndarray


@dataclass(frozen=True)
class StateCell:
    """A class in a state, by its position in the demand."""

    state: CellsState
    request_class: int

    @property
    def content(self) -> Content:
        """The entry of plan["cells"]."""
        return self.state.cells[self.request_class]


def read_cells_states(content: Content, demand: DemandInstance) -> tuple[CellsState, ...]:
    """All states of a plan with a setup, case by case in the demand's order."""
    cases = {case.name: t for t, case in enumerate(demand.cases)}
    setup_of = {
        cases[name]: k for k, setup in enumerate(content["setups"]) for name in setup["cases"]
    }
    index = OptionIndex(demand.instance)
    positions = [[index.position(o) for o in setup["options"]] for setup in content["setups"]]
    found: list[CellsState] = []
    for t, case in enumerate(demand.cases):
        for loss in _losses_with_routing(content["losses"], case.name):
            setup = setup_of[t]
            lanes = tuple(
                _state_lane(lane, k, positions[setup], demand)
                for k, lane in enumerate(content["lanes"])
                if lane["case"] == case.name and lane["loss"] == loss
            )
            cells = {
                c: cell
                for c, entry in enumerate(demand.classes)
                for cell in content["cells"]
                if (cell["class"], cell["case"], cell["loss"]) == (entry.name, case.name, loss)
            }
            found.append(
                CellsState(
                    case=t,
                    loss=loss,
                    setup=setup,
                    lanes=lanes,
                    cells=cells,
                    outside=_state_outside(cells, demand),
                )
            )
    return tuple(found)


def _losses_with_routing(losses: Sequence[Content], case: str) -> list[int | None]:
    own: list[int | None] = [
        k for k, loss in enumerate(losses) if loss["case"] == case and loss["same_as"] is None
    ]
    return own or [None]


def _state_lane(
    lane: Content, position: int, positions: Sequence[int | None], demand: DemandInstance
) -> StateLane:
    option = positions[lane["option"]]
    if option is None:
        raise AssertionError("a readable plan names options of its scenario")
    rates = np.array([float(lane["rates"].get(entry.name, 0.0)) for entry in demand.classes])
    llm = demand.instance.options[option].llm
    work = np.array([entry.work[llm] for entry in demand.classes])
    return StateLane(
        position=position,
        option=option,
        setup_option=lane["option"],
        replicas=lane["replicas"],
        rates=rates,
        load=float(work @ rates) / lane["replicas"],
    )


def _state_outside(cells: Mapping[int, Content], demand: DemandInstance) -> np.ndarray:
    """(C, E) req/s, at the rates of the plan."""
    sent = np.zeros((len(demand.classes), len(demand.outside)))
    for c, cell in cells.items():
        sent[c] = [cell["rate_rps"] * cell["routing"].get(llm.name, 0.0) for llm in demand.outside]
    return sent


def state_at_stated_rates(demand: DemandInstance, state: CellsState) -> CellsState:
    """The state with the requests that the scenario states, where its plan is made for more."""
    part = 1.0 / (1.0 + demand.instance.headroom.rate)
    lanes = tuple(
        replace(lane, rates=part * lane.rates, load=part * lane.load) for lane in state.lanes
    )
    return replace(state, lanes=lanes, outside=part * state.outside)


def state_name(content: Content, demand: DemandInstance, state: CellsState) -> str:
    """`node-lost, lost node 0 of a100`."""
    name = demand.cases[state.case].name
    if state.loss is None:
        return name
    parts = [
        f"node{'s' if len(nodes) > 1 else ''} {', '.join(map(str, nodes))} of {pool}"
        for pool, nodes in content["losses"][state.loss]["nodes"].items()
    ]
    return f"{name}, lost {'; '.join(parts)}"


def state_operating_points(
    demand: DemandInstance, state: CellsState, classes: Sequence[int]
) -> list[OperatingPoint]:
    """Where the requests of some classes go: lanes at their loads, and LLMs outside."""
    points = [
        OperatingPoint(demand.curve(lane.option, c), float(lane.rates[c]), lane.load)
        for lane in state.lanes
        for c in classes
        if lane.rates[c] > 0
    ]
    for e, llm in enumerate(demand.outside):
        latency = {column: np.array([value]) for column, value in llm.latency.items()}
        curve = Curve(np.ones(1), latency, ("measured",))
        points += [
            OperatingPoint(curve, float(state.outside[c, e]), 1.0)
            for c in classes
            if state.outside[c, e] > 0
        ]
    return points


def replica_nodes(setup: Content) -> dict[tuple[int, int], tuple[str, int, tuple[int, ...]]]:
    """(position in options, replica) -> pool, node and GPUs by shard, in the order of pools, nodes
    and GPUs.
    """
    shards: dict[tuple[int, int], list[Content]] = {}
    for shard in setup["placement"]:
        shards.setdefault((shard["option"], shard["replica"]), []).append(shard)
    seats = {}
    for key, own in shards.items():
        own = sorted(own, key=lambda shard: shard["shard"])
        seats[key] = (own[0]["pool"], own[0]["node"], tuple(shard["gpu"] for shard in own))
    return dict(sorted(seats.items(), key=lambda item: item[1]))


def lane_replicas(
    setup: Content, state: CellsState, lost: Mapping[str, Sequence[int]]
) -> tuple[tuple[int, ...], ...]:
    """Replicas of every lane of a state, by their numbers within the option.

    A plan says how many replicas a lane has, not which: those of an option that no lost node (by
    pool) holds are dealt to its lanes in the order of nodes and GPUs.
    """
    left: dict[int, list[int]] = {}
    for (option, replica), (pool, node, _) in replica_nodes(setup).items():
        if node not in lost.get(pool, ()):
            left.setdefault(option, []).append(replica)
    dealt = []
    for lane in state.lanes:
        own = left.get(lane.setup_option, [])
        dealt.append(tuple(own[: lane.replicas]))
        left[lane.setup_option] = own[lane.replicas :]
    return tuple(dealt)


def alike_losses(content: Content, loss: int, most: int) -> list[dict[str, tuple[int, ...]]]:
    """The choices of lost nodes that an entry of plan["losses"] stands for, its own first: in every
    pool nodes with the same numbers of shards of each option. At most `most` of them.
    """
    entry = content["losses"][loss]
    setup = next(one for one in content["setups"] if entry["case"] in one["cases"])
    holds: dict[tuple[str, int], Counter[int]] = {}
    for shard in setup["placement"]:
        holds.setdefault((shard["pool"], shard["node"]), Counter())[shard["option"]] += 1
    nodes = {pool["name"]: pool["nodes"] for pool in content["context"]["pools"]}
    by_pool = []
    for pool, lost in entry["nodes"].items():
        kinds: dict[frozenset[tuple[int, int]], list[int]] = {}
        for node in range(nodes[pool]):
            held = frozenset(holds.get((pool, node), Counter()).items())
            kinds.setdefault(held, []).append(node)
        taken = [(own, len(set(own) & set(lost))) for own in kinds.values()]
        parts = [combinations(own, count) for own, count in taken if count]
        by_pool.append([(pool, tuple(sorted(chain(*choice)))) for choice in product(*parts)])
    first = {pool: tuple(sorted(lost)) for pool, lost in entry["nodes"].items()}
    others = (dict(choice) for choice in product(*by_pool))
    return [first, *islice((choice for choice in others if choice != first), max(most - 1, 0))]
