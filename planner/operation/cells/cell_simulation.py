"""Whether a plan over classes and cases holds when requests really arrive: every case replayed on
its own, and every loss of nodes that has a routing of its own.

As `planner.operation.simulation`, with Poisson arrivals (or others) for each class. A case with
lost nodes is replayed as the plan states it: its own rates, the survivors, the routing of the loss.
What is in the air in the moment of the loss is counted beside that (`loss_moment`). Rates and
limits are those that the scenario states; planned figures are at the rates that the plan is made
for, its headroom included.

    SLO of a class     over its requests in a case, limit x slo_factor
    SLO at the top     over all requests of a case; each_llm: of the worst lane or LLM outside
    verdict            of a cell, of a case, of the plan: the worst of its SLOs
"""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.demand.requests import DemandInstance
from planner.operation.cells.cell_loads import StateLimit, state_limits
from planner.operation.cells.lane_stations import CellEngine
from planner.operation.cells.loss_moment import LossMoment, count_on_lost_replicas
from planner.operation.cells.state_replay import ReplayableState, StateRun, run_of_classes
from planner.operation.simulation import RUNS, WARM_UP, seconds_of_short_run
from planner.operation.simulation_outcomes import (
    FROM_GOOD_TO_BAD,
    Demand,
    Estimate95,
    SloOutcome,
    judge_simulated_slo,
    simulation_estimate95,
)
from planner.operation.verdicts import SloVerdict
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.cells.cells_states import (
    CellsState,
    read_cells_states,
    state_name,
    state_operating_points,
)
from planner.plans.latencies import achieved_latency
from planner.settings import Progress

__all__ = [
    "CellOutcome",
    "CellSimulation",
    "LaneOutcome",
    "SimulationScope",
    "StateOutcome",
    "run_cell_simulation",
    "worst_slo_verdict",
]


def worst_slo_verdict(slos: Collection[SloOutcome]) -> SloVerdict:
    """The worst verdict; holds where there is no SLO."""
    verdicts = (slo.verdict for slo in slos)
    return max(verdicts, key=FROM_GOOD_TO_BAD.index, default=SloVerdict.HOLDS)


@dataclass(frozen=True, kw_only=True)
class SimulationScope:
    """What is replayed and reported. classes, cases: names; all classes of a case are replayed, and
    where not all are reported, no SLO over all requests is. short: runs of a state with many
    requests are shorter (`planner.operation.simulation.seconds_of_short_run`).
    """

    classes: Collection[str]
    cases: Collection[str]
    short: bool = False


@dataclass(frozen=True, kw_only=True)
class CellOutcome:
    """A class in a state. rate: stated and replayed, req/s; planned, fractions: (M + E,) of served
    LLMs.
    """

    request_class: int
    rate: float
    simulated_rate: Estimate95
    slos: tuple[SloOutcome, ...]
    planned: np.ndarray
    fractions: tuple[Estimate95, ...]

    @property
    def verdict(self) -> SloVerdict:
        """The worst of the class's SLOs."""
        return worst_slo_verdict(self.slos)


@dataclass(frozen=True, kw_only=True)
class LaneOutcome:
    """A lane with requests, or an LLM outside (option None).

    load: planned, of one replica in req/s of the profile (outside: of all); predicted, simulated:
    mean s by metric, of all its requests; p99: s.
    """

    name: str
    llm: int
    option: int | None
    replicas: int
    engine: str
    note: str
    planned_load: float
    load: Estimate95
    predicted: dict[str, float]
    simulated: dict[str, Estimate95]
    p99: dict[str, Estimate95]


@dataclass(frozen=True, kw_only=True)
class StateOutcome:
    """A case, or one loss of it. slos: those over all its requests."""

    state: CellsState
    name: str
    cells: tuple[CellOutcome, ...]
    slos: tuple[SloOutcome, ...]
    lanes: tuple[LaneOutcome, ...]
    requests: int

    @property
    def verdict(self) -> SloVerdict:
        """The worst of all its SLOs."""
        return worst_slo_verdict([*self.slos, *(slo for cell in self.cells for slo in cell.slos)])


@dataclass(frozen=True, kw_only=True)
class CellSimulation:
    """moments: every loss of a reported case, while each case without lost nodes is served.
    demand: seconds of the longest run; short: those of many requests are shorter. complete: not
    interrupted.
    """

    states: tuple[StateOutcome, ...]
    moments: tuple[LossMoment, ...]
    demand: Demand
    wall: float
    complete: bool
    short: bool = False

    @property
    def verdict(self) -> SloVerdict:
        """The worst of all states."""
        verdicts = (state.verdict for state in self.states)
        return max(verdicts, key=FROM_GOOD_TO_BAD.index, default=SloVerdict.HOLDS)


def run_cell_simulation(
    source: CellsPlanAndScenario,
    demand: Demand,
    scope: SimulationScope,
    *,
    engine: CellEngine | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> CellSimulation:
    """Replay a plan with a setup.

    Cancelled, the states done so far count (at least one, and of that one run).
    """
    began, content, instance = time.perf_counter(), source.plan.content, source.demand
    states = read_cells_states(content, instance)
    reported = [state for state in states if instance.cases[state.case].name in scope.cases]
    # The moment of a loss is seen from the cases that were served before it.
    setups = {state.setup for state in reported if state.loss is not None}
    before = [s for s in states if s.loss is None and s.setup in setups and s not in reported]
    outcomes: list[StateOutcome] = []
    moments: list[LossMoment] = []
    complete = True
    for number, state in enumerate([*reported, *before]):
        if progress is not None:
            what = f"{state_name(content, instance, state)}, {number + 1} of"
            seconds = time.perf_counter() - began
            progress(Progress(seconds, f"simulated {what} {len(reported) + len(before)}"))
        rate = sum(instance.cases[state.case].rates)
        seconds = min(demand.seconds, seconds_of_short_run(rate)) if scope.short else demand.seconds
        how = replace(demand, seconds=seconds)
        replay = ReplayableState(instance, state, engine)
        runs = _runs_of_state(replay, how, cancel, at_least=0 if number else 1)
        if cancel is not None and cancel.is_set() and number:
            complete = False
            break
        if number < len(reported):
            name = state_name(content, instance, state)
            outcomes.append(_state_outcome(instance, replay, runs, how, name, scope.classes))
        if state.loss is None and state.setup in setups and runs:
            moments += count_on_lost_replicas(content, replay, runs, how)
    shown = [m for m in moments if content["losses"][m.loss]["case"] in scope.cases]
    return CellSimulation(
        states=tuple(outcomes),
        moments=tuple(sorted(shown, key=lambda moment: (moment.loss, moment.before))),
        demand=demand,
        wall=time.perf_counter() - began,
        complete=complete,
        short=scope.short,
    )


def _runs_of_state(
    replay: ReplayableState, how: Demand, cancel: threading.Event | None, at_least: int
) -> list[StateRun]:
    """All runs, cancelled those done so far; none where nothing arrives."""
    runs: list[StateRun] = []
    for number in range(RUNS if replay.state.cells else 0):
        if cancel is not None and cancel.is_set() and len(runs) >= at_least:
            break
        runs.append(replay.run(how, number))
    return runs


def _state_outcome(
    demand: DemandInstance,
    replay: ReplayableState,
    runs: Sequence[StateRun],
    how: Demand,
    name: str,
    classes: Collection[str],
) -> StateOutcome:
    state = replay.state
    limits = state_limits(demand, state)
    everyone = all(entry.name in classes for entry in demand.classes)
    shown = [c for c in sorted(state.cells) if demand.classes[c].name in classes]
    judged = {
        c: [run_of_classes(run, sorted(state.cells) if c is None else [c]) for run in runs]
        for c in [*shown, *([None] if everyone else [])]
    }

    def judge(request_class: int | None) -> tuple[SloOutcome, ...]:
        return tuple(
            judge_simulated_slo(limit.slo, _planned(demand, state, limit), judged[request_class])
            for limit in limits
            if limit.request_class == request_class
        )

    span = how.seconds * (1 - WARM_UP)
    return StateOutcome(
        state=state,
        name=name,
        cells=tuple(
            CellOutcome(
                request_class=c,
                rate=float(demand.cases[state.case].rates[c]),
                simulated_rate=simulation_estimate95(
                    [float((run.counted & (run.classes == c)).sum()) / span for run in runs]
                ),
                slos=judge(c),
                planned=np.array(
                    [state.cells[c]["routing"].get(llm, 0.0) for llm in demand.served]
                ),
                fractions=_cell_fractions(runs, c, len(demand.served)),
            )
            for c in shown
        ),
        slos=judge(None) if everyone and runs else (),
        lanes=tuple(_lane_outcome(replay, k, runs, span) for k in range(len(replay.stations))),
        requests=sum(int(run.counted.sum()) for run in runs),
    )


def _planned(
    demand: DemandInstance, state: CellsState, limit: StateLimit
) -> dict[str, float | None]:
    """What the plan's rates achieve, in the words of an SLO of plan.json."""
    own = limit.request_class
    points = state_operating_points(demand, state, sorted(state.cells) if own is None else [own])
    achieved = achieved_latency(points, limit.slo)
    return {"achieved_ms": None if achieved is None else 1000.0 * achieved}


def _cell_fractions(
    runs: Sequence[StateRun], request_class: int, count: int
) -> tuple[Estimate95, ...]:
    """(count,) by served LLM."""
    fractions = np.array([run.fractions(request_class, count) for run in runs])
    return tuple(simulation_estimate95(column.tolist()) for column in fractions.T)


def _lane_outcome(
    replay: ReplayableState, k: int, runs: Sequence[StateRun], span: float
) -> LaneOutcome:
    """What one station was planned to do, and did."""
    station = replay.stations[k]
    counted = [run.counted[run.of[k]] for run in runs]
    loads = [
        float(station.work[run.classes[run.of[k]]][own].sum()) / span / station.replicas
        for run, own in zip(runs, counted, strict=True)
    ]
    simulated, p99 = {}, {}
    for metric in sorted({metric for run in runs for metric in run.latencies[k]}):
        values = [
            run.latencies[k][metric][own]
            for run, own in zip(runs, counted, strict=True)
            if metric in run.latencies[k]
        ]
        known = [one[~np.isnan(one)] for one in values]
        known = [one for one in known if one.size]
        if known:
            simulated[metric] = simulation_estimate95([float(one.mean()) for one in known])
            p99[metric] = simulation_estimate95([float(np.quantile(one, 0.99)) for one in known])
    return LaneOutcome(
        name=station.name,
        llm=station.llm,
        option=station.option,
        replicas=station.replicas,
        engine=station.engine,
        note=station.note,
        planned_load=station.load,
        load=simulation_estimate95(loads),
        predicted=dict(station.predicted),
        simulated=simulated,
        p99=p99,
    )
