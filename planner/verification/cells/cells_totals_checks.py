"""Checks of cases and totals: hours, quality with the weights of cells, GPUs, cost, objective.

    quality of a case    sum_c weight_c l_ct Q_ct / sum_c weight_c l_ct, of the worst loss
    quality              sum_ct om_ct Q_ct,   om_ct = h_t weight_c l_ct / sum of the same
    cost of a case       GPUs (verification.fleet_cost) + 3600 sum_ci usd_ci l_ct f_cti, of the
                         worst loss
    cost                 sum_t h_t / H of it, and what starts in a cycle of setups

Where several losses of a case are the worst, what is sent outside in any of them may be counted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.verification.cells.cell_routing_checks import permitted_scores
from planner.verification.cells.setup_by_case_checks import gpus_held_by_setup
from planner.verification.cells.start_checks import recomputed_starts_cost
from planner.verification.cells.stated_cells import StatedCells, StatedSetup
from planner.verification.change_checks import recomputed_changes_cost
from planner.verification.fleet_cost import recompute_fleet_cost
from planner.verification.objective_checks import check_gap_and_status, check_objective_sense
from planner.verification.tolerances import (
    BUDGET_TOL,
    FLOOR_TOL,
    RANGE_TOL,
    RESTATE_TOL,
)

__all__ = [
    "check_cells_budget",
    "check_cells_cost",
    "check_cells_gpus",
    "check_cells_objective",
    "check_cells_quality",
]

HOUR = 3600.0


@dataclass(frozen=True)
class CaseTotals:
    """A case recomputed. quality: None without requests. outside: (least, most) USD/h, over the
    losses of the least quality.
    """

    quality: float | None
    outside: tuple[float, float]


def case_totals(stated: StatedCells, case: int) -> CaseTotals:
    """Quality and spend outside of a case, from the stated qualities and fractions of its cells."""
    demand = stated.demand
    weights = demand.case_weights(case)
    states = []
    for state in stated.states(case):
        cells = stated.cells_of(*state)
        quality = sum(weights[cell.request_class] * cell.quality for cell in cells)
        spend = HOUR * sum(
            cell.rate
            * float(
                np.array(demand.classes[cell.request_class].outside_usd, dtype=float)
                @ cell.fractions[len(demand.instance.llms) :]
            )
            for cell in cells
        )
        states.append((float(quality), spend))
    if not states or not weights.any():
        return CaseTotals(None, (0.0, 0.0))
    worst = min(quality for quality, _ in states)
    spends = [s for quality, s in states if quality <= worst + RANGE_TOL * (1 + abs(worst))]
    return CaseTotals(worst, (min(spends), max(spends)))


def check_cells_quality(stated: StatedCells) -> Iterator[str]:
    """Hours, quality and floor of every case, quality of the plan and its mean floor."""
    demand, quality = stated.demand, 0.0
    weights = demand.cell_weights().sum(axis=0)
    for entry in stated.plan["cases"]:
        case = [c.name for c in demand.cases].index(entry["case"])
        totals, where = case_totals(stated, case), f"cases ({entry['case']})"
        hours, floor = demand.cases[case].hours, demand.cases[case].quality_floor
        if abs(entry["hours"] - hours) > RESTATE_TOL * hours:
            yield f"{where}: hours {entry['hours']:.9g} but the demand says {hours:.9g}"
        yield from _check_restated(f"{where}: quality", entry["quality"], totals.quality)
        if totals.quality is None:
            continue
        quality += weights[case] * totals.quality
        if floor is not None and totals.quality < floor - FLOOR_TOL:
            yield (
                f"{where}: quality {totals.quality:.9g} is below quality_at_least {floor:.9g} of"
                " the case"
            )
    yield from _check_restated("quality", stated.plan["quality"], quality)
    floor = demand.instance.quality_floor
    if demand.instance.objective == "cost" and floor is not None and quality < floor - FLOOR_TOL:
        yield f"quality: {quality:.9g} is below quality_at_least {floor:.9g}"


def _check_restated(where: str, value: float | None, expected: float | None) -> Iterator[str]:
    """A number that follows from others of the plan; None without requests."""
    if value is None or expected is None:
        if value is not expected:
            yield f"{where} {value} but recomputed {expected}"
    elif abs(value - expected) > RANGE_TOL * (1 + abs(expected)):
        yield f"{where} {value:.12g} but its cells give {expected:.12g}"


def check_cells_gpus(stated: StatedCells) -> Iterator[str]:
    """GPUs of the pools, of every case, and the largest of all setups."""
    plan, held = stated.plan, {}
    for setup in stated.setups:
        for case in setup.cases:
            held[stated.demand.cases[case].name] = gpus_held_by_setup(setup).total()
    if plan["gpus_total"] != stated.demand.instance.gpus:
        yield (f"gpus_total: {plan['gpus_total']} but the pools have {stated.demand.instance.gpus}")
    if plan["gpus_used"] != max(held.values()):
        yield f"gpus_used: {plan['gpus_used']} but {max(held.values())} GPUs hold a shard"
    for entry in plan["cases"]:
        used = held[entry["case"]]
        if entry["gpus_used"] != used:
            yield (
                f"cases ({entry['case']}): gpus_used {entry['gpus_used']} but {used} GPUs hold a"
                " shard"
            )


def check_cells_cost(stated: StatedCells) -> Iterator[str]:
    """Cost of GPUs and of LLMs outside, of every case and by hours, and of starts."""
    demand = stated.demand
    gpus, outside = _cost_by_hours(stated)
    for entry in stated.plan["cases"]:
        case = [c.name for c in demand.cases].index(entry["case"])
        own = _gpus_cost(stated, stated.setup_of(case))
        spend = case_totals(stated, case).outside
        where = f"cases ({entry['case']}): cost_usd_per_h"
        yield from _check_cost(stated, where, entry["cost_usd_per_h"], _total(own, spend))
    split: Mapping[str, Any] = stated.plan["cost"]
    own_range = None if gpus is None else (gpus, gpus)
    yield from _check_cost(stated, "cost.gpus_usd_per_h", split["gpus_usd_per_h"], own_range)
    yield from _check_cost(stated, "cost.outside_usd_per_h", split["outside_usd_per_h"], outside)
    starts = recomputed_starts_cost(stated)
    told = split["starts_usd_per_h"]
    yield from _check_cost(stated, "cost.starts_usd_per_h", told, (starts, starts))
    total = stated.plan["cost_usd_per_h"]
    fixed = None if gpus is None else gpus + starts
    yield from _check_cost(stated, "cost_usd_per_h", total, _total(fixed, outside))


def check_cells_budget(stated: StatedCells) -> Iterator[str]:
    """cost_at_most_usd_per_h is kept by the recomputed cost with that of changes."""
    most = stated.demand.cost_at_most
    if most is None:
        return
    gpus, outside = _cost_by_hours(stated)
    if gpus is None:
        yield f"cost_usd_per_h: a used GPU has no price, but at most {most:.9g} may be spent"
        return
    cost = gpus + outside[0] + recomputed_starts_cost(stated)
    cost += recomputed_changes_cost(stated.plan)
    if cost > most * (1 + BUDGET_TOL):
        yield f"cost_usd_per_h: {cost:.9g} is above cost_at_most_usd_per_h {most:.9g}"


def check_cells_objective(stated: StatedCells, rel_gap_target: float) -> Iterator[str]:
    """Objective, value, bound, gap and status; the range of scores is that of all classes."""
    instance = stated.demand.instance
    values = [permitted_scores(entry).values for entry in stated.demand.classes]
    span = float(max(v.max() for v in values) - min(v.min() for v in values))
    yield from check_objective_sense(stated.plan, instance)
    yield from check_gap_and_status(stated.plan, instance, span, rel_gap_target)


def _gpus_cost(stated: StatedCells, setup: StatedSetup) -> float | None:
    """USD/h of the GPUs that are paid for with a setup; None where one has no price."""
    return recompute_fleet_cost(stated.demand.instance.pools, gpus_held_by_setup(setup))


def _cost_by_hours(stated: StatedCells) -> tuple[float | None, tuple[float, float]]:
    """USD/h of GPUs, and the least and most of LLMs outside, over all cases by hours."""
    demand = stated.demand
    parts = [case.hours / demand.hours for case in demand.cases]
    costs = [_gpus_cost(stated, stated.setup_of(t)) for t in range(len(parts))]
    spends = [case_totals(stated, t).outside for t in range(len(parts))]
    known = [part * cost for part, cost in zip(parts, costs, strict=True) if cost is not None]
    low, high = (
        sum(part * spend[side] for part, spend in zip(parts, spends, strict=True))
        for side in (0, 1)
    )
    return sum(known) if len(known) == len(costs) else None, (low, high)


def _total(gpus: float | None, outside: tuple[float, float]) -> tuple[float, float] | None:
    return None if gpus is None else (gpus + outside[0], gpus + outside[1])


def _check_cost(
    stated: StatedCells, where: str, value: float | None, expected: tuple[float, float] | None
) -> Iterator[str]:
    """A cost between the least and the most recomputed; null where a used GPU has no price, and
    allowed where any GPU has none.
    """
    if expected is None:
        if value is not None:
            yield f"{where}: {value} although a used GPU has no price"
        return
    if value is None:
        if all(pool.price is not None for pool in stated.demand.instance.pools):
            yield f"{where}: null but recomputed {expected[0]:.9g}"
        return
    slack = RESTATE_TOL * abs(expected[1]) + RANGE_TOL
    if not expected[0] - slack <= value <= expected[1] + slack:
        yield f"{where}: {value:.9g} but recomputed {expected[0]:.9g}"
