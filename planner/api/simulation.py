"""`planner.simulate`: a plan's requests replayed in discrete events."""

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models.instance import Instance
from planner.api.interrupts import with_interrupts
from planner.api.plan_result import PlanSource, plan_and_scenario
from planner.operation.simulation import run_simulation as replay
from planner.operation.simulation_outcomes import Demand, Simulation
from planner.operation.step_level_replica import build_step_level_replica
from planner.operation.trace_replay import TraceScale, check_trace_copies
from planner.presentation.simulation import (
    simulated_options_table,
    simulated_routing_table,
    simulated_slos_table,
    simulation_advice_lines,
    simulation_verdict_line,
)
from profiles.trace import load_trace

__all__ = ["SimulationResult", "simulate"]


@dataclass(frozen=True, repr=False, eq=False)
class SimulationResult:
    """Predicted and simulated figures of a plan, with 95 % intervals over independent runs."""

    simulation: Simulation
    _instance: Instance

    @property
    def verdict(self) -> str:
        """holds, uncertain (a limit lies within its interval), misses, or not simulated."""
        return self.simulation.verdict

    @property
    def slo(self) -> pd.DataFrame:
        """One row per SLO: limit, planned and simulated latency (ms), requests within (%)."""
        return simulated_slos_table(self.simulation)

    @property
    def options(self) -> pd.DataFrame:
        """One row per deployed option: rates (req/s), mean and p99 latencies (ms), the engine."""
        return simulated_options_table(self.simulation, self._instance)

    @property
    def routing(self) -> pd.DataFrame:
        """One row per LLM: planned and realised fraction of the requests (%)."""
        return simulated_routing_table(self.simulation, self._instance)

    @property
    def advice(self) -> tuple[str, ...]:
        """The limit to plan with where the present one may be missed."""
        return tuple(simulation_advice_lines(self.simulation))

    def __repr__(self) -> str:
        requests = f"{self.simulation.requests:,} requests"
        return f"SimulationResult({simulation_verdict_line(self.simulation)}; {requests})"


def simulate(
    plan: PlanSource,
    *,
    scenario: str | os.PathLike[str] | None = None,
    minutes: float = 10.0,
    cv: float = 1.0,
    seed: int = 0,
    trace: str | os.PathLike[str] | None = None,
    scale: str = "superpose",
) -> SimulationResult:
    """Replay a plan's requests: its router and its replicas, in discrete events.

    Parameters
    ----------
    plan
        A plan of `planner.plan`, or its file (plan.json).
    scenario
        The plan's scenario file, where the path in the plan's file does not lead to it.
    minutes
        Length of each of the five runs.
    cv
        Coefficient of variation of the gaps between arrivals; 1 = Poisson.
    seed
        Seed of arrivals and prompts.
    trace
        A trace (.csv) with `arrival_s`, replayed at the plan's rate.
    scale
        How: `superpose` copies of the trace in real time, or `compress` its clock.

    Returns
    -------
    SimulationResult
        Verdict and tables; after an interrupt, of the runs done so far.

    Raises
    ------
    DataError
        When the plan's file, its scenario or the trace cannot be read.
    InfeasibleError, NoPlanInTimeError
        When the plan has no setup.
    ValueError
        When minutes or cv is not positive, or scale is another word.

    """
    if not (minutes > 0 and cv > 0):
        raise ValueError(f"minutes and cv are greater than 0, not {minutes} and {cv}")
    source = plan_and_scenario(plan, scenario)
    source.plan.demand_setup()
    gaps = None if trace is None else load_trace(Path(trace)).gaps
    replayed = TraceScale(scale)
    if gaps is not None:
        check_trace_copies(str(trace), gaps, source.loaded.instance.arrival_rate, replayed)
    demand = Demand(60.0 * minutes, cv, seed, gaps, replayed)
    simulation = with_interrupts(
        lambda cancel: replay(source, demand, engine=build_step_level_replica, cancel=cancel)
    )
    return SimulationResult(simulation, source.loaded.instance)
