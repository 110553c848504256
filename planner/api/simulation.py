"""`planner.simulate`: a plan's requests replayed in discrete events."""

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from models.instance import Instance
from planner.api.interrupts import with_interrupts
from planner.api.plan_source import PlanSource, plan_source_with_scenario
from planner.operation.cells.cell_choice import chosen_case_names, chosen_class_names
from planner.operation.cells.cell_simulation import (
    CellSimulation,
    SimulationScope,
    run_cell_simulation,
)
from planner.operation.simulation import run_simulation as replay
from planner.operation.simulation_outcomes import Demand, Simulation
from planner.operation.step_level_replica import build_step_level_replica
from planner.operation.trace_replay import TraceScale, check_trace_copies
from planner.plans.cells.cells_plan import CellsPlanAndScenario
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.presentation.cells.cell_simulation import (
    cell_simulation_advice_lines,
    cell_simulation_verdict_lines,
    simulated_cell_lanes_table,
    simulated_cell_limits_table,
    simulated_cell_metrics,
    simulated_cell_routing_table,
    simulated_loss_moments_table,
)
from planner.presentation.simulation import (
    simulated_options_table,
    simulated_routing_table,
    simulated_slos_table,
    simulation_advice_lines,
    simulation_verdict_line,
)
from profiles.trace import load_trace

__all__ = ["CellsSimulationResult", "SimulationResult", "simulate"]

LONGEST_MINUTES = 10.0
"""Length of a run where none is asked for."""


@dataclass(frozen=True, repr=False, eq=False)
class SimulationResult:
    """Predicted and simulated figures of a plan of one class in one case, with 95 % intervals over
    independent runs.
    """

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


@dataclass(frozen=True, repr=False, eq=False)
class CellsSimulationResult:
    """The same of a plan of classes and cases: every case, and every loss of nodes, by itself."""

    simulation: CellSimulation
    _source: CellsPlanAndScenario

    @property
    def verdict(self) -> str:
        """The worst of all cases: holds, uncertain, misses, or not simulated."""
        return str(self.simulation.verdict)

    @property
    def slo(self) -> pd.DataFrame:
        """One row per SLO of a class in a case, or over a whole case: limit, planned and simulated
        latency (ms), requests within (%), verdict.
        """
        return simulated_cell_limits_table(self._source, self.simulation)

    @property
    def lanes(self) -> pd.DataFrame:
        """One row per lane of a case: loads (req/s), mean and p99 latencies (ms)."""
        metrics = simulated_cell_metrics(self.simulation)
        tables = [simulated_cell_lanes_table(self._source, self.simulation, m) for m in metrics]
        whole = tables[0] if tables else pd.DataFrame()
        for table in tables[1:]:
            whole = whole.join(table[table.columns.difference(whole.columns, sort=False)])
        return whole

    @property
    def routing(self) -> pd.DataFrame:
        """One row per LLM of a class in a case: planned and realised fraction of the requests
        (%).
        """
        return simulated_cell_routing_table(self._source, self.simulation)

    @property
    def moments(self) -> pd.DataFrame:
        """One row per loss and case: requests on the lost replicas in that moment."""
        return simulated_loss_moments_table(self._source, self.simulation)

    @property
    def advice(self) -> tuple[str, ...]:
        """The `slo_factor` to plan with where limits may be missed."""
        return tuple(cell_simulation_advice_lines(self._source, self.simulation))

    def __repr__(self) -> str:
        first, *_ = cell_simulation_verdict_lines(self._source, self.simulation)
        requests = sum(state.requests for state in self.simulation.states)
        return f"CellsSimulationResult({first}; {requests:,} requests)"


def simulate(
    plan: PlanSource,
    *,
    scenario: str | os.PathLike[str] | None = None,
    minutes: float | None = None,
    cv: float = 1.0,
    seed: int = 0,
    trace: str | os.PathLike[str] | None = None,
    scale: str = "superpose",
) -> SimulationResult | CellsSimulationResult:
    """Replay a plan's requests: its router and its replicas, in discrete events.

    Parameters
    ----------
    plan
        A plan of `planner.plan`, or its file (plan.json).
    scenario
        The plan's scenario file, where the path in the plan's file does not lead to it.
    minutes
        Length of each of the five runs: 10 where none is given, and of classes and cases less
        where a case has many requests.
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
    SimulationResult, or CellsSimulationResult of a plan of classes and cases
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
    longest = LONGEST_MINUTES if minutes is None else minutes
    if not (longest > 0 and cv > 0):
        raise ValueError(f"minutes and cv are greater than 0, not {longest} and {cv}")
    source = plan_source_with_scenario(plan, scenario)
    source.plan.demand_setup()
    demand = _demand_to_simulate(source, 60.0 * longest, cv, seed, trace, scale)
    if isinstance(source, CellsPlanAndScenario):
        return _simulate_cells(source, demand, short=minutes is None)
    rate = source
    simulation = with_interrupts(
        lambda cancel: replay(rate, demand, engine=build_step_level_replica, cancel=cancel)
    )
    return SimulationResult(simulation, source.loaded.instance)


def _demand_to_simulate(
    source: PlanAndScenario | CellsPlanAndScenario,
    seconds: float,
    cv: float,
    seed: int,
    trace: str | os.PathLike[str] | None,
    scale: str,
) -> Demand:
    """How requests arrive. DataError where a trace has too few of them for a rate of the plan."""
    replayed = TraceScale(scale)
    gaps = None if trace is None else load_trace(Path(trace)).gaps
    if gaps is not None:
        rates = [source.loaded.instance.arrival_rate]
        if isinstance(source, CellsPlanAndScenario):
            rates = source.demand.rates().ravel().tolist()
        for rate in rates:
            check_trace_copies(str(trace), gaps, rate, replayed)
    return Demand(seconds, cv, seed, gaps, replayed)


def _simulate_cells(
    source: CellsPlanAndScenario, demand: Demand, *, short: bool
) -> CellsSimulationResult:
    """Every case and loss. short: shorter runs where a case has many requests."""
    scope = SimulationScope(
        classes=chosen_class_names(source, ()), cases=chosen_case_names(source, ()), short=short
    )
    simulation = with_interrupts(
        lambda cancel: run_cell_simulation(
            source, demand, scope, engine=build_step_level_replica, cancel=cancel
        )
    )
    return CellsSimulationResult(simulation, source)
