"""The moment in which nodes are lost: what is on their replicas then.

A plan states how a loss is served once requests are routed anew. In the moment of the loss the
setup still serves one of its cases without lost nodes, and requests on the lost replicas do not
come back: they are lost, or are sent again. Of a run of such a case, at moments t after its
warm-up,

    on lost replicas(t) = number of requests there with  arrival <= t < arrival + stay

stay is the end-to-end latency, where that is not profiled the time to first token. Which replicas a
lane has is as in `planner.plans.cells.cells_states.lane_replicas`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.operation.cells.state_replay import ReplayableState, StateRun
from planner.operation.simulation import WARM_UP
from planner.operation.simulation_outcomes import Demand
from planner.plans.cells.cells_states import lane_replicas, replica_nodes

__all__ = ["LossMoment", "count_on_lost_replicas"]

MOMENTS = 400
"""Moments of a run."""
STAYS = ("e2e", "ttft")


@dataclass(frozen=True, kw_only=True)
class LossMoment:
    """A loss (position in plan["losses"]) while a case without lost nodes is served.

    rate: req/s that go to the lost replicas; mean, most: requests there, over moments of all runs;
    stay: metric of how long a request is there.
    """

    loss: int
    before: int
    rate: float
    mean: float
    most: int
    stay: str


def count_on_lost_replicas(
    content: Mapping[str, Any], replay: ReplayableState, runs: Sequence[StateRun], demand: Demand
) -> list[LossMoment]:
    """Every loss of a case of the same setup, from the runs of a state without lost nodes."""
    state = replay.state
    setup = content["setups"][state.setup]
    seats, dealt = replica_nodes(setup), lane_replicas(setup, state, {})
    by_position = {
        lane.position: (lane.setup_option, own)
        for lane, own in zip(state.lanes, dealt, strict=True)
    }
    names = {f"lane {position}": entry for position, entry in by_position.items()}
    moments = []
    for k, loss in enumerate(content["losses"]):
        if loss["case"] not in setup["cases"]:
            continue
        lost = []
        for station in replay.stations:
            option, own = names.get(station.name, (0, ()))
            places = [seats[option, replica] for replica in own]
            lost.append(np.array([node in loss["nodes"].get(pool, ()) for pool, node, _ in places]))
        moments.append(_moment(k, replay, runs, demand, lost))
    return moments


def _moment(
    loss: int,
    replay: ReplayableState,
    runs: Sequence[StateRun],
    demand: Demand,
    lost: Sequence[np.ndarray],
) -> LossMoment:
    """lost: by station, whether each of its replicas is lost."""
    at = np.linspace(WARM_UP * demand.seconds, demand.seconds, MOMENTS, endpoint=False)
    counts, span, sent = [], demand.seconds * (1 - WARM_UP), 0
    known = {metric for run in runs for part in run.latencies for metric in part}
    stay = next((metric for metric in STAYS if metric in known), STAYS[-1])
    for run in runs:
        begin, end = _stays_on_lost(run, lost, stay)
        sent += int((begin >= WARM_UP * demand.seconds).sum())
        counts.append(np.searchsorted(begin, at, "right") - np.searchsorted(end, at, "right"))
    each = np.concatenate(counts)
    return LossMoment(
        loss=loss,
        before=replay.state.case,
        rate=sent / span / len(runs),
        mean=float(each.mean()),
        most=int(each.max()),
        stay=stay,
    )


def _stays_on_lost(
    run: StateRun, lost: Sequence[np.ndarray], stay: str
) -> tuple[np.ndarray, np.ndarray]:
    """Arrivals and ends, each ascending, of the requests that go to lost replicas."""
    begins, ends = [np.zeros(0)], [np.zeros(0)]
    for of, replica, latencies, gone in zip(run.of, run.replica, run.latencies, lost, strict=True):
        if gone.any() and of.size:
            own = gone[replica]
            begin = run.times[of[own]]
            begins.append(begin)
            ends.append(begin + np.nan_to_num(latencies.get(stay, np.zeros(of.size))[own]))
    return np.sort(np.concatenate(begins)), np.sort(np.concatenate(ends))
