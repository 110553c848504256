"""Whether a plan holds when requests really arrive: its router and its replicas, replayed in
discrete events.

Knows nothing of budgets, cuts or linearizations. Requests arrive (Poisson, gamma with another
coefficient of variation, or those of a trace, `planner.operation.trace_replay`); each is a prompt
drawn from the scores by weight; the router sends it to the LLM of the highest score - dual price,
tied ones by the plan's split; among the options of an LLM and the replicas of an option it is drawn
by their rates. A replica is

    step-level engine   where the option's curve is estimated or calibrated and its LLM and GPU are
                        in the catalogues (`planner.operation.step_level_replica`)
    fitted queue        elsewhere: a queue fitted to the curve (models.serving.fitted_queue)

Everything is repeated RUNS times with different seeds; figures are means over the runs with 95 %
intervals (Student). The first WARM_UP of every run is not counted.

    mean SLO        mean latency of all requests (scope all), of every option by itself (each_llm)
                    holds when <= limit
    pNN SLO         the NN-th percentile, likewise
    verdict         misses when the whole interval is above the limit, uncertain when the limit is
                    inside, else holds

Of each_llm the option with the highest mean over the runs counts, not the mean of each run's
highest: that would lie above every option.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from models.instance import Instance
from models.serving.fitted_queue import fit_queue, fitted_latencies_over_load
from planner.operation.simulation_outcomes import (
    Demand,
    Latencies,
    Replica,
    SimulatedRun,
    Simulation,
    Station,
    judge_simulated_slo,
    simulation_estimate95,
    summarise_simulated_option,
)
from planner.operation.trace_replay import replay_trace
from planner.plans.option_index import OptionIndex
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.settings import Progress

__all__ = [
    "RUNS",
    "WARM_UP",
    "Engine",
    "ReplayablePlan",
    "run_simulation",
    "seconds_of_short_run",
    "simulation_arrivals",
    "simulation_targets",
]

Engine = Callable[[Instance, int, float], tuple[Replica, str] | str]
"""(instance, option, req/s of one replica) -> a step-level replica and its assumptions, or why
there is none.
"""

RUNS = 5
WARM_UP = 0.1
WANTED = 42_000
"""Requests of a short run."""
SHORTEST, LONGEST = 60.0, 600.0
"""Seconds of a short run."""


def seconds_of_short_run(rate: float) -> float:
    """Seconds of a run that is one of many, or made beside something else, at a rate (req/s)."""
    return min(max(WANTED / rate, SHORTEST), LONGEST)


def run_simulation(
    source: PlanAndScenario,
    demand: Demand,
    *,
    engine: Engine | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Simulation:
    """Replay the plan. engine(instance, option, rate): a step-level replica and its assumptions,
    or why there is none.

    The plan must have a setup (`Plan.demand_setup`). Cancelled, the runs done so far count (at
    least one).
    """
    began = time.perf_counter()
    plan, instance = source.plan.demand_setup(), source.loaded.instance
    replay = ReplayablePlan(source, engine)
    runs: list[SimulatedRun] = []
    for number in range(RUNS):
        if cancel is not None and cancel.is_set() and runs:
            break
        runs.append(replay.run(demand, number))
        if progress is not None:
            progress(
                Progress(time.perf_counter() - began, f"simulated {number + 1} of {RUNS} runs")
            )
    metrics = tuple(sorted({metric for run in runs for part in run.latencies for metric in part}))
    return Simulation(
        slos=tuple(
            judge_simulated_slo(slo, entry, runs)
            for slo, entry in zip(instance.slos, plan.content["slo"], strict=True)
        ),
        options=tuple(
            summarise_simulated_option(station, k, runs)
            for k, station in enumerate(replay.stations)
        ),
        planned=np.array([plan.content["routing"][llm.name] for llm in instance.llms]),
        fractions=tuple(
            simulation_estimate95([run.fractions[i] for run in runs])
            for i in range(len(instance.llms))
        ),
        metrics=metrics,
        requests=sum(int(run.counted.sum()) for run in runs),
        demand=demand,
        wall=time.perf_counter() - began,
    )


class ReplayablePlan:
    """A plan's router and replicas, ready for any number of runs; engine as in `run_simulation`."""

    def __init__(self, source: PlanAndScenario, engine: Engine | None) -> None:
        content, self.instance = source.plan.demand_setup().content, source.loaded.instance
        self.stations = _simulation_stations(content, self.instance, engine)
        names = [llm.name for llm in self.instance.llms]
        self._target = simulation_targets(content, self.instance.scores.values, names)

    def run(self, demand: Demand, number: int) -> SimulatedRun:
        """One run, by its number: the same demand and number give the same run."""
        rng = np.random.default_rng([demand.seed, number])
        return _run_simulated_requests(self.instance, self.stations, self._target, demand, rng)


# ---------------------------------------------------------------- stations and router


def _simulation_stations(
    content: Any,
    instance: Instance,
    engine: Engine | None,
) -> list[Station]:
    """Every deployed option as it will serve."""
    deployed = OptionIndex(instance).deployed(content["options"])
    of_llm: dict[int, float] = {}
    for entry in deployed:
        llm = instance.options[entry.position].llm
        of_llm[llm] = of_llm.get(llm, 0.0) + entry.rate
    stations = []
    for entry in deployed:
        option = instance.options[entry.position]
        share = entry.rate / of_llm[option.llm] if of_llm[option.llm] > 0 else 0.0
        made: tuple[Replica, str] | str = "its curve was measured"
        if entry.entry["provenance"] in ("estimated", "calibrated") and engine is not None:
            made = engine(instance, entry.position, entry.rate_per_replica)
        kind = "fitted queue" if isinstance(made, str) else "step-level"
        serve, note = (
            _simulation_queue(instance, entry.position, entry.rate_per_replica, made)
            if isinstance(made, str)
            else made
        )
        predicted = {
            name.split("_")[0]: value / 1000.0
            for name, value in entry.entry["latency_ms"].items()
            if name.endswith("_mean")
        }
        stations.append(
            Station(
                option=entry.position,
                replicas=entry.replicas,
                rate=entry.rate,
                share=share,
                predicted=predicted,
                engine=kind,
                note=note,
                serve=serve,
            )
        )
    return stations


def _simulation_queue(
    instance: Instance, option: int, rate: float, why: str
) -> tuple[Replica, str]:
    """The queue fitted to the mean TTFT; TPOT and E2E follow the load."""
    curve = instance.options[option].curve
    means = [metric for metric, statistic in curve.latency if statistic == "mean"]
    fit = fit_queue(curve, "ttft", rate) if "ttft" in means else None

    def serve_in_simulation(arrivals: np.ndarray, rng: np.random.Generator) -> Latencies:
        latencies = {
            metric: fitted_latencies_over_load(curve, metric, rate, arrivals, rng)
            for metric in means
            if metric != "ttft"
        }
        return latencies if fit is None else {**latencies, "ttft": fit.latencies(arrivals, rng)}

    notes = [why]
    if fit is not None:
        notes.append(
            f"the queue's mean TTFT is off {100 * fit.error_here:.1f} % at the planned rate"
        )
        notes += (
            []
            if fit.sigma > 0
            else ["no p50 and p95 of TTFT: requests that do not wait are identical"]
        )
    return serve_in_simulation, "; ".join(notes)


def simulation_targets(
    content: Mapping[str, Any], values: np.ndarray, names: Sequence[str]
) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
    """The plan's router: prompts (N,) -> LLMs (N,), positions in `names`.

    content: with `dual_prices` and `router`; values: (M, N) scores of the LLMs.
    """
    stated = [content["dual_prices"].get(name) for name in names]
    prices = np.array([np.inf if price is None else price for price in stated])
    net = values - prices[:, None]
    best = net.argmax(axis=0)
    close = net >= net.max(axis=0) - content["router"]["tie_eps"]
    group = (close * (1 << np.arange(len(names)))[:, None]).sum(axis=0)
    splits = {
        sum(1 << names.index(llm) for llm in tie["llms"]): tie for tie in content["router"]["ties"]
    }

    def route_in_simulation(prompts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        chosen = best[prompts]
        for mask, tie in splits.items():
            tied = np.flatnonzero(group[prompts] == mask)
            chosen[tied] = rng.choice(
                [names.index(llm) for llm in tie["llms"]],
                size=tied.size,
                p=np.array(tie["split"]) / sum(tie["split"]),
            )
        return chosen

    return route_in_simulation


# ---------------------------------------------------------------- one run


def simulation_arrivals(rate: float, demand: Demand, rng: np.random.Generator) -> np.ndarray:
    """Times (N,) in [0, seconds), ascending, at a rate (req/s)."""
    if demand.gaps is not None:
        return replay_trace(demand.gaps, rate, demand.seconds, demand.scale, rng)
    count = int(
        rate * demand.seconds + 12 * max(demand.cv, 1.0) * np.sqrt(rate * demand.seconds) + 20
    )
    shape = 1.0 / demand.cv**2
    times = rng.gamma(shape, 1.0 / (shape * rate), count).cumsum()
    return times[times < demand.seconds]


def _run_simulated_requests(
    instance: Instance,
    stations: Sequence[Station],
    target: Callable[[np.ndarray, np.random.Generator], np.ndarray],
    demand: Demand,
    rng: np.random.Generator,
) -> SimulatedRun:
    arrivals = simulation_arrivals(instance.arrival_rate, demand, rng)
    prompts = rng.choice(
        instance.scores.weights.size, size=arrivals.size, p=instance.scores.weights
    )
    llm = target(prompts, rng)
    station = np.full(arrivals.size, -1)
    for i in range(len(instance.llms)):
        own = [k for k, s in enumerate(stations) if instance.options[s.option].llm == i]
        sent = np.flatnonzero(llm == i)
        if own and sent.size:
            shares = np.array([stations[k].share for k in own])
            station[sent] = rng.choice(
                own, size=sent.size, p=shares / shares.sum() if shares.sum() > 0 else None
            )
    counted = arrivals >= WARM_UP * demand.seconds
    latencies, positions = [], []
    for k, one in enumerate(stations):
        of = np.flatnonzero(station == k)
        latencies.append(_at_simulated_replicas(one, arrivals[of], rng))
        positions.append(of)
    fractions = np.bincount(llm[counted], minlength=len(instance.llms)) / max(int(counted.sum()), 1)
    span = demand.seconds * (1.0 - WARM_UP)
    rates = np.array(
        [counted[of].sum() / span / s.replicas for of, s in zip(positions, stations, strict=True)]
    )
    return SimulatedRun(
        counted=counted,
        station=station,
        latencies=tuple(latencies),
        of=tuple(positions),
        fractions=fractions,
        rates=rates,
    )


def _at_simulated_replicas(
    station: Station, arrivals: np.ndarray, rng: np.random.Generator
) -> Latencies:
    """Latencies of an option's requests, each at a replica drawn for it."""
    replica = rng.integers(station.replicas, size=arrivals.size)
    latencies: Latencies = {}
    for r in range(station.replicas):
        of = np.flatnonzero(replica == r)
        for metric, values in station.serve(arrivals[of], rng).items():
            latencies.setdefault(metric, np.full(arrivals.size, np.nan))[of] = values
    return latencies


# ---------------------------------------------------------------- figures
