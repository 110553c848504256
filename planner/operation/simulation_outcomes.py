"""Results of a simulation: figures over the runs with their intervals, and the verdict of every
SLO.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from models.instance import Slo
from planner.operation.trace_replay import TraceScale
from planner.operation.verdicts import SloVerdict

__all__ = [
    "Demand",
    "Estimate95",
    "Latencies",
    "OptionOutcome",
    "Replica",
    "Simulation",
    "SloOutcome",
    "Station",
]


FROM_GOOD_TO_BAD = (
    SloVerdict.HOLDS,
    SloVerdict.NOT_SIMULATED,
    SloVerdict.UNCERTAIN,
    SloVerdict.MISSES,
)

Latencies = dict[str, np.ndarray]
"""Metric -> (N,) s of every request at one replica."""


Replica = Callable[[np.ndarray, np.random.Generator], Latencies]


@dataclass(frozen=True)
class Demand:
    """seconds: of one run; cv: coefficient of variation of the gaps between arrivals, 1 = Poisson;
    gaps: of a trace (s), or None; scale: how they are brought to the plan's rate.
    """

    seconds: float = 600.0
    cv: float = 1.0
    seed: int = 0
    gaps: np.ndarray | None = None
    scale: TraceScale = TraceScale.SUPERPOSE


@dataclass(frozen=True)
class Estimate95:
    """A figure over the runs: mean and half of its 95 % interval."""

    mean: float
    half: float

    @property
    def low(self) -> float:
        """Lower end."""
        return self.mean - self.half

    @property
    def high(self) -> float:
        """Upper end."""
        return self.mean + self.half


@dataclass(frozen=True, kw_only=True)
class SloOutcome:
    """predicted: s, as the plan says (None: it does not); simulated: s (None: not simulated, `note`
    says why).

    within: share of the requests within the limit, 0..1.
    """

    slo: Slo
    predicted: float | None
    simulated: Estimate95 | None
    within: Estimate95 | None
    verdict: SloVerdict
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class OptionOutcome:
    """One deployed option.

    engine: step-level | fitted queue; predicted, simulated: mean s by metric; rates in req/s of one
    replica.
    """

    option: int
    engine: str
    note: str
    planned_rate: float
    rate: Estimate95
    predicted: dict[str, float]
    simulated: dict[str, Estimate95]
    p99: dict[str, Estimate95]


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """fractions: (M,) realised and planned; requests: of all runs together; metrics: which were
    simulated.
    """

    slos: tuple[SloOutcome, ...]
    options: tuple[OptionOutcome, ...]
    planned: np.ndarray
    fractions: tuple[Estimate95, ...]
    metrics: tuple[str, ...]
    requests: int
    demand: Demand
    wall: float

    @property
    def verdict(self) -> SloVerdict:
        """The worst of the SLOs' verdicts; holds when there are none."""
        verdicts = (slo.verdict for slo in self.slos)
        return max(verdicts, key=FROM_GOOD_TO_BAD.index, default=SloVerdict.HOLDS)


@dataclass(frozen=True, kw_only=True)
class Station:
    """A deployed option at work.

    share: part of its LLM's requests, 0..1; predicted: mean s by metric, as the plan says.
    """

    option: int
    replicas: int
    rate: float
    share: float
    predicted: dict[str, float]
    engine: str
    note: str
    serve: Replica


@dataclass(frozen=True, kw_only=True)
class SimulatedRun:
    """counted: (N,) requests after the warm-up; station: (N,); latencies: per station its requests'
    by metric, `of` their positions.
    """

    counted: np.ndarray
    station: np.ndarray
    latencies: tuple[Latencies, ...]
    of: tuple[np.ndarray, ...]
    fractions: np.ndarray
    rates: np.ndarray


def simulation_estimate95(values: Sequence[float]) -> Estimate95:
    """Mean and half of the 95 % interval over runs."""
    runs = np.asarray(values, dtype=float)
    half = (
        float(stdtrit(runs.size - 1, 0.975) * runs.std(ddof=1) / np.sqrt(runs.size))
        if runs.size > 1
        else float("inf")
    )
    return Estimate95(float(runs.mean()), half)


def _counted_outcomes(run: SimulatedRun, k: int, metric: str) -> np.ndarray:
    """Latencies of a station's counted requests; a response of one token has no time per output
    token and is left out there.
    """
    values = run.latencies[k][metric][run.counted[run.of[k]]]
    return values[~np.isnan(values)]


def _all_simulated_latencies(run: SimulatedRun, metric: str) -> np.ndarray | None:
    """Latencies of all counted requests of a run; None when a station does not know the metric."""
    parts = []
    for k, (known, of) in enumerate(zip(run.latencies, run.of, strict=True)):
        if metric not in known and of.size:
            return None
        if of.size:
            parts.append(_counted_outcomes(run, k, metric))
    return np.concatenate(parts) if parts else np.zeros(0)


def _simulation_statistic(values: np.ndarray, statistic: str) -> float:
    return (
        float(values.mean())
        if statistic == "mean"
        else float(np.quantile(values, int(statistic[1:]) / 100.0))
    )


def _estimate_over_runs(runs: Sequence[np.ndarray], statistic: str) -> Estimate95 | None:
    """A statistic of the latencies of each run, over the runs that have any; None where none has:
    an average of nothing is no number, and compares with no limit.
    """
    figures = [_simulation_statistic(values, statistic) for values in runs if values.size]
    return simulation_estimate95(figures) if figures else None


def judge_simulated_slo(slo: Slo, planned: Any, runs: Sequence[SimulatedRun]) -> SloOutcome:
    """Judge one SLO over the runs."""
    predicted = None if planned["achieved_ms"] is None else planned["achieved_ms"] / 1000.0
    together = [_all_simulated_latencies(run, slo.metric) for run in runs]
    known = [values for values in together if values is not None and values.size]
    if any(values is None for values in together):
        note = f"no mean {slo.metric.upper()} is profiled to fit a queue to"
        return _not_simulated(slo, predicted, note)
    if slo.scope == "all":
        parts = [known]
    else:
        parts = [
            [_counted_outcomes(run, k, slo.metric) for run in runs if run.of[k].size]
            for k in range(len(runs[0].of))
        ]
    estimates = (_estimate_over_runs(part, slo.statistic) for part in parts)
    judged = [estimate for estimate in estimates if estimate is not None]
    if not judged:
        return _not_simulated(slo, predicted, "no request was counted; simulate more minutes")
    return SloOutcome(
        slo=slo,
        predicted=predicted,
        simulated=max(judged, key=lambda one: one.mean),
        within=simulation_estimate95([float((values <= slo.limit).mean()) for values in known]),
        verdict=_simulation_verdict(judged, slo.limit),
    )


def slo_in_one_run(slo: Slo, run: SimulatedRun) -> float | None:
    """What one run gives for an SLO, s (of each_llm, of the worst option); None where it cannot be
    simulated.
    """
    simulated = judge_simulated_slo(slo, {"achieved_ms": None}, [run]).simulated
    return None if simulated is None else simulated.mean


def _not_simulated(slo: Slo, predicted: float | None, note: str) -> SloOutcome:
    return SloOutcome(
        slo=slo,
        predicted=predicted,
        simulated=None,
        within=None,
        verdict=SloVerdict.NOT_SIMULATED,
        note=note,
    )


def _simulation_verdict(judged: Sequence[Estimate95], limit: float) -> SloVerdict:
    """Of the worst: an option misses when its whole interval is above the limit."""
    if any(one.low > limit for one in judged):
        return SloVerdict.MISSES
    uncertain = any(one.high > limit for one in judged)
    return SloVerdict.UNCERTAIN if uncertain else SloVerdict.HOLDS


def summarise_simulated_option(
    station: Station, k: int, runs: Sequence[SimulatedRun]
) -> OptionOutcome:
    """What one option was planned to do, and did."""
    metrics = sorted({metric for run in runs for metric in run.latencies[k]})
    counted = {
        metric: [_counted_outcomes(run, k, metric) for run in runs if run.of[k].size]
        for metric in metrics
    }
    simulated, p99 = (
        {
            metric: estimate
            for metric, values in counted.items()
            if (estimate := _estimate_over_runs(values, statistic)) is not None
        }
        for statistic in ("mean", "p99")
    )
    rate = simulation_estimate95([run.rates[k] for run in runs])
    return OptionOutcome(
        option=station.option,
        engine=station.engine,
        note=station.note,
        planned_rate=station.rate / station.replicas,
        rate=rate,
        predicted=station.predicted,
        simulated=simulated,
        p99=p99,
    )
