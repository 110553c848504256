"""Requests of one state of a plan over cells, replayed: arrivals by class, the router's choice by
class, lanes by their parts, replicas of a lane at random.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.demand.requests import DemandInstance
from planner.operation.cells.lane_stations import CellEngine, LaneStation, build_lane_stations
from planner.operation.simulation import WARM_UP, simulation_arrivals, simulation_targets
from planner.operation.simulation_outcomes import Demand, Latencies, SimulatedRun
from planner.plans.cells.cells_states import CellsState

__all__ = ["ReplayableState", "StateRun", "run_of_classes"]


@dataclass(frozen=True, kw_only=True)
class StateRun:
    """One run. times, classes: (N,); counted: (N,) after the warm-up; llms: (N,) of served LLMs; by
    station: of, positions of its requests, replica of each, latencies by metric.
    """

    times: np.ndarray
    classes: np.ndarray
    counted: np.ndarray
    llms: np.ndarray
    of: tuple[np.ndarray, ...]
    replica: tuple[np.ndarray, ...]
    latencies: tuple[Latencies, ...]

    def fractions(self, request_class: int, count: int) -> np.ndarray:
        """(count,) of a class's counted requests by served LLM."""
        own = self.llms[self.counted & (self.classes == request_class)]
        return np.bincount(own, minlength=count) / max(own.size, 1)


class ReplayableState:
    """Router, lanes and replicas of a state, ready for any number of runs."""

    def __init__(
        self, demand: DemandInstance, state: CellsState, engine: CellEngine | None
    ) -> None:
        self.demand, self.state = demand, state
        self.stations: list[LaneStation] = build_lane_stations(demand, state, engine)
        self._targets: dict[int, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {}
        self._llms: dict[int, np.ndarray] = {}
        for c, cell in state.cells.items():
            sent = list(cell["routing"])
            self._llms[c] = np.array([demand.served.index(name) for name in sent])
            values = demand.classes[c].scores.values[self._llms[c]]
            self._targets[c] = simulation_targets(cell, values, sent)

    def run(self, demand: Demand, number: int) -> StateRun:
        """One run, by its number: the same demand and number give the same run."""
        loss = 0 if self.state.loss is None else self.state.loss + 1
        rng = np.random.default_rng([demand.seed, number, self.state.case, loss])
        parts = [self._requests_of_class(c, demand, rng) for c in sorted(self.state.cells)]
        times, classes, llms, stations = (
            np.concatenate(columns) if columns else np.zeros(0, dtype=int)
            for columns in zip(*parts, strict=True)
        )
        order = np.argsort(times, kind="stable")
        times, classes, llms, stations = (one[order] for one in (times, classes, llms, stations))
        of = tuple(np.flatnonzero(stations == k) for k in range(len(self.stations)))
        served = [
            self._serve(station, times[own], classes[own], rng)
            for station, own in zip(self.stations, of, strict=True)
        ]
        return StateRun(
            times=times,
            classes=classes,
            counted=times >= WARM_UP * demand.seconds,
            llms=llms,
            of=of,
            replica=tuple(replica for replica, _ in served),
            latencies=tuple(latencies for _, latencies in served),
        )

    def _requests_of_class(
        self, c: int, demand: Demand, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Times, class, LLM and station of every request of a class."""
        rate = self.demand.cases[self.state.case].rates[c]
        times = simulation_arrivals(rate, demand, rng)
        weights = self.demand.classes[c].scores.weights
        prompts = rng.choice(weights.size, size=times.size, p=weights)
        llms = self._llms[c][self._targets[c](prompts, rng)]
        station = np.full(times.size, -1)
        for llm in np.unique(llms):
            own = [k for k, s in enumerate(self.stations) if s.llm == llm and s.rates[c] > 0]
            sent = np.flatnonzero(llms == llm)
            if own:
                parts = np.array([self.stations[k].rates[c] for k in own])
                station[sent] = rng.choice(own, size=sent.size, p=parts / parts.sum())
        return times, np.full(times.size, c), llms, station

    @staticmethod
    def _serve(
        station: LaneStation, times: np.ndarray, classes: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, Latencies]:
        """The replica of every request, drawn, and its latencies there."""
        replica = rng.integers(station.replicas, size=times.size)
        latencies: Latencies = {}
        for r in range(station.replicas):
            own = np.flatnonzero(replica == r)
            for metric, values in station.serve(times[own], classes[own], rng).items():
                latencies.setdefault(metric, np.full(times.size, np.nan))[own] = values
        return replica, latencies


def run_of_classes(run: StateRun, classes: Sequence[int]) -> SimulatedRun:
    """The requests of some classes in a run, as its SLOs are judged by."""
    chosen = np.isin(run.classes, classes)
    kept = [chosen[own] for own in run.of]
    return SimulatedRun(
        counted=run.counted,
        station=np.zeros(0),
        latencies=tuple(
            {metric: values[keep] for metric, values in known.items()}
            for known, keep in zip(run.latencies, kept, strict=True)
        ),
        of=tuple(own[keep] for own, keep in zip(run.of, kept, strict=True)),
        fractions=np.zeros(0),
        rates=np.zeros(0),
    )
