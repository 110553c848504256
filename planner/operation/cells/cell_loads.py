"""What other routing fractions of one class do to a state of a plan over cells: loads of lanes,
latencies, and whether limits are kept, all other classes as planned.

    rate of lane j       x_cj f_i / planned f_i       of the class's own LLM i
    load of lane j       sum_c work_ci x_cj / m_j
    rates                as they are stated, without the headroom that the plan was made with
    limits               every SLO of every class of the case, those over all its requests, each
                         times its slo_factor (ms); the rate limit of each LLM outside that is used,
                         and the fullest replica (% of its highest profiled rate)

Lanes of an LLM keep their parts of its requests. Beyond the profiled rates no latency is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.demand.requests import DemandInstance
from models.instance import Slo
from planner.operation.replica_loads import FULLEST, LIMIT_NOISE
from planner.plans.cells.cells_states import (
    CellsState,
    state_at_stated_rates,
    state_operating_points,
)
from planner.plans.labels import slo_label
from planner.plans.latencies import achieved_latency

__all__ = ["CellLoads", "StateLimit", "state_limits"]


@dataclass(frozen=True)
class StateLimit:
    """An SLO in a state. request_class: None = over all requests; slo: with the case's factor."""

    request_class: int | None
    slo: Slo

    def name(self, demand: DemandInstance) -> str:
        """`p95 TTFT of chat`, `mean TTFT of all`."""
        label = slo_label(self.slo.metric, self.slo.statistic, self.slo.scope)
        whose = None if self.request_class is None else demand.classes[self.request_class].name
        return f"{label}, {whose or 'all classes'}"


def state_limits(demand: DemandInstance, state: CellsState) -> list[StateLimit]:
    """SLOs of the classes that have requests in the state, then those over all of them."""
    factor = demand.cases[state.case].slo_factor
    own = [(c, slo) for c in sorted(state.cells) for slo in demand.classes[c].slos]
    everyone = [(None, slo) for slo in demand.instance.slos] if state.cells else []
    return [StateLimit(c, replace(slo, limit=slo.limit * factor)) for c, slo in (*own, *everyone)]


class CellLoads:
    """Fractions (L,) of one class over `llms` (positions of served LLMs) -> what limits achieve."""

    def __init__(
        self, demand: DemandInstance, state: CellsState, request_class: int, llms: Sequence[int]
    ) -> None:
        self.demand, self.request_class = demand, request_class
        self.state = state = state_at_stated_rates(demand, state)
        routing = state.cells[request_class]["routing"]
        self.planned = np.array([routing.get(demand.served[i], 0.0) for i in llms])
        at = {i: k for k, i in enumerate(llms)}
        self._of_lane = [at.get(demand.instance.options[lane.option].llm) for lane in state.lanes]
        inside = len(demand.instance.llms)
        self._of_outside = [at.get(inside + e) for e in range(len(demand.outside))]
        self._limits = state_limits(demand, state)
        self._capped = [
            e
            for e, llm in enumerate(demand.outside)
            if llm.max_rate is not None and state.outside[:, e].any()
        ]
        self.names: tuple[str, ...] = (
            *(limit.name(demand) for limit in self._limits),
            *(f"rate limit of {demand.outside[e].name}" for e in self._capped),
            FULLEST,
        )
        self.units: tuple[str, ...] = (
            *("ms" for _ in self._limits),
            *("%" for _ in self._capped),
            "%",
        )
        rest = [100.0] * (len(self._capped) + 1)
        self.limits = np.array([*(1000.0 * limit.slo.limit for limit in self._limits), *rest])

    def moved(self, fractions: np.ndarray) -> CellsState:
        """The state with the class's requests moved to other fractions."""
        planned = np.where(self.planned > 0, self.planned, 1.0)
        scale = np.where(self.planned > 0, fractions / planned, 0.0)
        c, demand = self.request_class, self.demand
        lanes = []
        for lane, at in zip(self.state.lanes, self._of_lane, strict=True):
            rates = lane.rates.copy()
            rates[c] *= 0.0 if at is None else scale[at]
            llm = demand.instance.options[lane.option].llm
            work = np.array([entry.work[llm] for entry in demand.classes])
            lanes.append(replace(lane, rates=rates, load=float(work @ rates) / lane.replicas))
        outside = self.state.outside.copy()
        outside[c] *= [0.0 if at is None else scale[at] for at in self._of_outside]
        return replace(self.state, lanes=tuple(lanes), outside=outside)

    def achieved(self, fractions: np.ndarray) -> np.ndarray:
        """(S,) of the limits; latencies are inf beyond the profiled rates and where requests go to
        an LLM that the cell does not use.
        """
        state, demand = self.moved(fractions), self.demand
        parts = [
            lane.load / demand.instance.options[lane.option].curve.max_rate for lane in state.lanes
        ]
        fullest = max(parts, default=0.0)
        stray = float(fractions[self.planned <= 0].sum()) > LIMIT_NOISE
        latencies = np.full(len(self._limits), np.inf)
        if fullest <= 1.0 + LIMIT_NOISE and not stray:
            latencies = np.array([self._latency(state, limit) for limit in self._limits])
        rates = state.outside.sum(axis=0)
        caps = [100.0 * rates[e] / (demand.outside[e].max_rate or np.inf) for e in self._capped]
        return np.array([*latencies, *caps, np.inf if stray else 100.0 * fullest])

    def _latency(self, state: CellsState, limit: StateLimit) -> float:
        """ms; 0 where nothing is sent."""
        own = limit.request_class
        classes = sorted(state.cells) if own is None else [own]
        points = state_operating_points(self.demand, state, classes)
        latency = achieved_latency(points, limit.slo)
        if latency is None:
            return np.inf if points else 0.0
        return 1000.0 * latency

    def kept(self, achieved: np.ndarray) -> np.ndarray:
        """Which limits (S,) are kept."""
        return np.asarray(achieved <= self.limits * (1 + LIMIT_NOISE))
