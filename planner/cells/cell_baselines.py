"""Simpler ways to plan a day than all its cells at once, each in its best variant, on the same
curves, scores and GPUs.

    peak alone          the setup is planned for the case with the highest rate
    mean alone          for one case of the rates' means over the hours
    strictest SLO       every class keeps the strictest limit of any class
    isolated            every class has replicas of its own (planner.cells.isolated_classes)
    blind to losses     cases with lost nodes are left out
    fixed               of a scheduled fleet: one setup for all cases

The setup of each is then held against the whole demand: every case, class and loss is routed anew
on it, as well as can be; fixed and isolated are plans of the whole demand as they are. What a setup
cannot serve is told by case.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from models.demand.demand_model import DemandModel
from models.demand.headroom import demand_with_headroom
from models.demand.requests import DemandCase, DemandInstance
from models.instance import Slo
from planner.cell_solution import (
    CellBaseline,
    CellBaselineKind,
    CellPlan,
    CellSolution,
    PlannedSetup,
)
from planner.cells.isolated_classes import isolated_demand
from planner.cells.search import CellSearch
from planner.cells.solve import class_qualities, solve_cells
from planner.joint.setups.search_state import SearchClock
from planner.settings import Progress, Settings

__all__ = ["compare_cell_baselines", "evaluate_setups"]


WHOLE = (CellBaselineKind.FIXED, CellBaselineKind.ISOLATED)
"""Ways whose plans serve the whole demand."""


def compare_cell_baselines(
    demand: DemandInstance,
    settings: Settings,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> tuple[CellSolution, list[CellBaseline]]:
    """The joint plan of a demand, and every simpler way that differs from it."""
    joint = solve_cells(demand, settings, progress=progress, cancel=cancel)
    baselines: list[CellBaseline] = []
    if joint.plan is None:
        return joint, baselines
    for kind, simpler in _simpler_demands(demand):
        if cancel is not None and cancel.is_set():
            break
        planned = solve_cells(simpler, settings, progress=progress, cancel=cancel, explain=False)
        plan, broken = None, tuple(range(len(demand.cases)))
        if planned.plan is not None and kind in WHOLE:
            plan, broken = planned.plan, ()
        elif planned.plan is not None:
            # The strictest limits are kept in operation too: the router does not know better.
            kept = simpler if kind is CellBaselineKind.STRICTEST else demand
            if len(planned.plan.setups) != len(kept.setups):
                kept = kept.fixed()
            plan, broken = evaluate_setups(kept, planned.plan.setups, settings, cancel)
        baselines.append(CellBaseline(kind=kind, planned=planned, plan=plan, broken=broken))
    return joint, baselines


def _simpler_demands(demand: DemandInstance) -> Iterator[tuple[CellBaselineKind, DemandInstance]]:
    """The demands that the simpler ways plan for."""
    if len(demand.setups) > 1:
        yield CellBaselineKind.FIXED, demand.fixed()
    lossless = [case for case in demand.cases if not case.loses_nodes]
    counted = [case for case in lossless if case.hours > 0 and any(case.rates)]
    if len(counted) > 1:
        peak = max(counted, key=lambda case: sum(case.rates))
        alone = (replace(peak, hours=1.0, of=None),)
        yield CellBaselineKind.PEAK, replace(demand.fixed(), cases=alone)
        hours = np.array([case.hours for case in counted])
        mean = hours @ np.array([case.rates for case in counted]) / hours.sum()
        pools = len(demand.instance.pools)
        case = DemandCase(
            name="mean", hours=1.0, rates=tuple(mean.tolist()), lost_nodes=(0,) * pools
        )
        yield CellBaselineKind.MEAN, replace(demand.fixed(), cases=(case,))
    strictest = _strictest_slos(demand)
    if strictest is not None:
        classes = tuple(replace(entry, slos=strictest) for entry in demand.classes)
        yield CellBaselineKind.STRICTEST, replace(demand, classes=classes)
    if any(sum(rate > 0 for rate in case.rates) > 1 for case in demand.cases):
        yield CellBaselineKind.ISOLATED, isolated_demand(demand)
    if len(lossless) < len(demand.cases) and counted:
        yield CellBaselineKind.BLIND, without_losses(demand)


def without_losses(demand: DemandInstance) -> DemandInstance:
    """The same demand without cases with lost nodes; no other case tests their setups."""
    kept = [t for t, case in enumerate(demand.cases) if not case.loses_nodes]
    at = {t: k for k, t in enumerate(kept)}
    cases = [demand.cases[t] for t in kept]
    own = (replace(case, of=None if case.of is None else at[case.of]) for case in cases)
    return replace(demand, cases=tuple(own))


def _strictest_slos(demand: DemandInstance) -> tuple[Slo, ...] | None:
    """The strictest limit of every kind of SLO that a class states; None where all classes state
    the same.
    """
    limits: dict[tuple[str, str, str], float] = {}
    for entry in demand.classes:
        for slo in entry.slos:
            kind = (slo.metric, slo.statistic, slo.scope)
            limits[kind] = min(limits.get(kind, np.inf), slo.limit)
    strictest = tuple(Slo(m, s, limit, scope) for (m, s, scope), limit in limits.items())
    if all(set(entry.slos) == set(strictest) for entry in demand.classes):
        return None
    return strictest


def evaluate_setups(
    demand: DemandInstance,
    setups: Sequence[PlannedSetup],
    settings: Settings,
    cancel: threading.Event | None = None,
) -> tuple[CellPlan | None, tuple[int, ...]]:
    """Setups on their GPUs held against a demand with as many, its headroom kept: the plan with
    every case routed anew, or None and the positions of the cases that break.
    """
    model = DemandModel(demand=demand_with_headroom(demand), qualities=class_qualities(demand))
    clock = SearchClock(time.perf_counter() + settings.time_limit, cancel)
    search = CellSearch(model=model, clock=clock, settings=settings)
    replicas = np.array([setup.replicas for setup in setups])
    return search.routing.evaluate(replicas, tuple(setup.packings for setup in setups))
