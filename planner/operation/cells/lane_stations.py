"""Where requests of a state go in a simulation: every lane of replicas with its engine, and every
LLM outside.

    step-level engine   where the curve is estimated or calibrated, its LLM and GPU are in the
                        catalogues, and no class in the lane has a curve of its own
    fitted queue        elsewhere: one queue a curve, in which all requests of the lane wait; each
                        class takes its latencies from the queue of its own curve
    outside             draws from what the scenario states of the API (`outside_latency`)

A request of a class with another `work` loads a replica that many times as much: prompt and answer
are that many times as long in the engine, and its service is in the queue.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.demand.requests import DemandInstance
from models.serving.fitted_queue import FittedQueue, fit_queue, fitted_latencies_over_load
from planner.operation.cells.cell_policy import plain_lane_name
from planner.operation.cells.outside_latency import CLOSE, outside_latencies
from planner.operation.simulation_outcomes import Latencies
from planner.plans.cells.cells_states import CellsState, StateLane
from planner.plans.latencies import latency_provenance_at
from profiles.records import Curve

__all__ = ["CellEngine", "LaneStation", "build_lane_stations"]

CellEngine = Callable[..., tuple[Callable[..., Latencies], str] | str]
"""(instance, option, load of one replica) -> a step-level replica that takes `work`, and its
assumptions, or why there is none.
"""

LaneServe = Callable[[np.ndarray, np.ndarray, np.random.Generator], Latencies]
"""(arrivals, classes, rng) -> latencies (s) by metric at one replica; arrivals ascend."""


@dataclass(frozen=True, kw_only=True)
class LaneStation:
    """A lane, or an LLM outside (option None).

    name: of the lane; llm: position among served LLMs; rates: (C,) planned req/s; load: planned, of
    one replica; work: (C,); predicted: mean s by metric at that load (of the option's own curve).
    """

    name: str
    llm: int
    option: int | None
    replicas: int
    rates: np.ndarray
    load: float
    work: np.ndarray
    predicted: Mapping[str, float]
    engine: str
    note: str
    serve: LaneServe


def build_lane_stations(
    demand: DemandInstance, state: CellsState, engine: CellEngine | None
) -> list[LaneStation]:
    """Every lane with requests, then every LLM outside that gets some."""
    lanes = [_lane_station(demand, lane, engine) for lane in state.lanes if lane.rates.any()]
    inside = len(demand.instance.llms)
    outside = [
        _outside_station(demand, inside + e, state.outside[:, e])
        for e in range(len(demand.outside))
        if state.outside[:, e].any()
    ]
    return [*lanes, *outside]


def _lane_station(
    demand: DemandInstance, lane: StateLane, engine: CellEngine | None
) -> LaneStation:
    option = demand.instance.options[lane.option]
    work = np.array([entry.work[option.llm] for entry in demand.classes])
    busy = np.flatnonzero(lane.rates > 0).tolist()
    curves = {c: demand.curve(lane.option, c) for c in busy}
    made: tuple[Callable[..., Latencies], str] | str = "its curve was measured"
    if any((lane.option, c) in demand.class_curves for c in busy):
        made = "a class has a curve of its own"
    elif engine is not None and latency_provenance_at(option.curve, lane.load) in (
        "estimated",
        "calibrated",
    ):
        made = engine(demand.instance, lane.option, lane.load)
    if isinstance(made, str):
        kind, (serve, note) = "fitted queue", _queues(curves, lane.load, work, made)
    else:
        kind, note = "step-level", made[1]
        serve = _engine(made[0], work)
    return LaneStation(
        name=plain_lane_name(lane.position),
        llm=option.llm,
        option=lane.option,
        replicas=lane.replicas,
        rates=lane.rates,
        load=lane.load,
        work=work,
        predicted={
            metric: float(np.interp(lane.load, option.curve.rates, values))
            for (metric, statistic), values in option.curve.latency.items()
            if statistic == "mean"
        },
        engine=kind,
        note=note,
        serve=serve,
    )


def _engine(replica: Callable[..., Latencies], work: np.ndarray) -> LaneServe:
    def serve_by_engine(
        arrivals: np.ndarray, classes: np.ndarray, rng: np.random.Generator
    ) -> Latencies:
        return replica(arrivals, rng, work[classes])

    return serve_by_engine


def _queues(
    curves: Mapping[int, Curve], load: float, work: np.ndarray, why: str
) -> tuple[LaneServe, str]:
    """A queue for every curve in the lane. curves: by class."""
    kinds: list[tuple[Curve, list[int], FittedQueue | None]] = []
    for c, curve in curves.items():
        own = next((classes for known, classes, _ in kinds if known is curve), None)
        if own is None:
            fit = fit_queue(curve, "ttft", load) if ("ttft", "mean") in curve.latency else None
            kinds.append((curve, [c], fit))
        else:
            own.append(c)

    def serve_by_queues(
        arrivals: np.ndarray, classes: np.ndarray, rng: np.random.Generator
    ) -> Latencies:
        latencies: Latencies = {}
        for curve, own, fit in kinds:
            of = np.isin(classes, own)
            for metric in _mean_metrics(curve):
                if metric == "ttft" and fit is not None:
                    values = fit.latencies(arrivals, rng, work[classes])
                else:
                    values = fitted_latencies_over_load(
                        curve, metric, load, arrivals, rng, work[classes]
                    )
                latencies.setdefault(metric, np.full(arrivals.size, np.nan))[of] = values[of]
        return latencies

    return serve_by_queues, "; ".join([why, *_queue_notes([fit for _, _, fit in kinds])])


def _mean_metrics(curve: Curve) -> list[str]:
    return [metric for metric, statistic in curve.latency if statistic == "mean"]


def _queue_notes(fits: Sequence[FittedQueue | None]) -> list[str]:
    known = [fit for fit in fits if fit is not None]
    if not known:
        return []
    off = max(fit.error_here for fit in known)
    notes = [f"the queue's mean TTFT is off {100 * off:.1f} % at the planned load"]
    if any(fit.sigma <= 0 for fit in known):
        notes.append("no p50 and p95 of TTFT: requests that do not wait are identical")
    return notes


def _outside_station(demand: DemandInstance, llm: int, rates: np.ndarray) -> LaneStation:
    outside = demand.outside[llm - len(demand.instance.llms)]
    metrics = outside_latencies(outside.latency)

    def serve_outside(
        arrivals: np.ndarray, classes: np.ndarray, rng: np.random.Generator
    ) -> Latencies:
        return {metric: one.draw(arrivals.size, rng) for metric, one in metrics.items()}

    off = {metric: one.off for metric, one in metrics.items() if abs(one.off) > CLOSE}
    notes = [
        f"its stated percentiles give a mean {metric.upper()} {100 * value:+.1f} % off the stated"
        for metric, value in off.items()
    ]
    return LaneStation(
        name=outside.name,
        llm=llm,
        option=None,
        replicas=1,
        rates=rates,
        load=float(rates.sum()),
        work=np.ones(len(demand.classes)),
        predicted={
            metric: value
            for (metric, statistic), value in outside.latency.items()
            if statistic == "mean"
        },
        engine="outside",
        note="; ".join(["latencies as the scenario states them, at any rate", *notes]),
        serve=serve_outside,
    )
