"""Frontiers and sensitivity of a report, by sweeps (planner.studies.sweep): every point is planned
again, and a point without a plan is a row with its reason.

    frontier      the plan along the arrival rate and along the limit of the first SLO, all other
                  inputs as they are
    sensitivity   one change at a time: arrival rate and SLO limits 10 % down and up, the quality to
                  reach 1 % down and up, one node less and one more of every pool
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.plans.labels import objective_unit, slo_label
from planner.plans.numbers import tidy
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.presentation.formatting import format_exact
from planner.settings import Progress
from planner.studies.sweep import sweep
from planner.studies.sweep_point import SweepPoint

__all__ = [
    "VariedPoint",
    "frontier_report_table",
    "plan_report_sweep_points",
    "report_frontier_points",
    "report_sensitivity_points",
    "sensitivity_report_table",
]

RATES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5)
LIMITS = (0.5, 0.6, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0)
STEP, SMALL_STEP = 0.1, 0.01
THIS = "this plan"
NUMBERS = ("Gap (%)", "Quality (mean score)", "Cost (USD/h)", "GPUs used")


@dataclass(frozen=True, kw_only=True)
class VariedPoint:
    """One point: a value of the scenario that differs.

    path, value: what is changed; words, unit: its name in tables; before: as the plan has it; here:
    this very plan, which is not planned again.
    """

    path: str
    value: Any
    words: str
    unit: str
    before: Any
    here: bool = False


def _scaled(value: float, factor: float) -> float | int:
    """A product without rounding noise from binary numbers: 12 digits, whole numbers as such."""
    return tidy(float(f"{factor * value:.12g}"))


def report_frontier_points(source: PlanAndScenario) -> list[VariedPoint]:
    """Along the arrival rate, and along the first SLO's limit where there is one."""
    rate, spec = source.loaded.instance.arrival_rate, source.loaded.scenario.spec
    points = [
        VariedPoint(
            path="arrival_rate_rps",
            value=_scaled(rate, factor),
            words="arrival rate",
            unit="req/s",
            before=rate,
            here=factor == 1.0,
        )
        for factor in RATES
    ]
    for slo in spec.slo[:1]:
        points += [
            VariedPoint(
                path="slo.0.limit_ms",
                value=_scaled(slo.limit_ms, factor),
                words=f"limit on {slo_label(slo.metric, slo.statistic, slo.scope)}",
                unit="ms",
                before=slo.limit_ms,
                here=factor == 1.0,
            )
            for factor in LIMITS
        ]
    return points


def report_sensitivity_points(source: PlanAndScenario) -> list[VariedPoint]:
    """One change at a time, down then up."""
    spec, floor = source.loaded.scenario.spec, source.loaded.instance.quality_floor
    fields: list[tuple[str, str, str, float, float]] = [
        ("arrival_rate_rps", "arrival rate", "req/s", spec.rate_in_all, STEP)
    ]
    for j, slo in enumerate(spec.slo):
        words = f"limit on {slo_label(slo.metric, slo.statistic, slo.scope)}"
        fields.append((f"slo.{j}.limit_ms", words, "ms", slo.limit_ms, STEP))
    if floor is not None:
        path = "objective.quality_at_least"
        fields.append((path, "required quality", "mean score", floor, SMALL_STEP))
    points = [
        VariedPoint(
            path=path,
            value=_scaled(before, 1 + sign * step),
            words=words,
            unit=unit,
            before=before,
        )
        for path, words, unit, before, step in fields
        for sign in (-1, 1)
    ]
    for i, pool in enumerate(spec.pools):
        if not isinstance(pool.nodes, int):
            continue
        points += [
            VariedPoint(
                path=f"pools.{i}.nodes",
                value=pool.nodes + more,
                words=f"nodes of pool {pool.name}",
                unit="nodes",
                before=pool.nodes,
            )
            for more in (-1, 1)
            if pool.nodes + more >= 1
        ]
    return points


def plan_report_sweep_points(
    source: PlanAndScenario,
    points: Sequence[VariedPoint],
    progress: Callable[[Progress], None] | None,
    cancel: threading.Event | None,
) -> dict[VariedPoint, SweepPoint]:
    """Plan all points but this very plan, from the scenario's file with the plan's overrides; after
    an interrupt, those that are done.
    """
    scenario = source.loaded.scenario
    overrides = [f"{key}={json.dumps(value)}" for key, value in scenario.overrides.items()]
    waiting = [point for point in points if not point.here]
    changes = [{point.path: point.value} for point in waiting]
    done = sweep(scenario.path, overrides, changes, progress=progress, cancel=cancel)
    return {waiting[point.number]: point for point in done}


def _report_sweep_numbers(
    source: PlanAndScenario, point: SweepPoint | None
) -> tuple[str, list[Any], str]:
    """Status; objective, bound and NUMBERS; and reason of a point. point None: the plan itself."""
    content, unit = source.plan.content, objective_unit(source.plan.content)
    if point is None:
        objective, gap = content["objective"], content["objective"]["rel_gap"]
        values = [objective["value"], objective["bound"], None if gap is None else 100.0 * gap]
        others = [content["quality"], content["cost_usd_per_h"], content["gpus_used"]]
        return content["status"], [*values, *others], ""
    headers = (f"Found ({unit})", f"Best possible ({unit})", *NUMBERS)
    return point.status, [point.numbers.get(header) for header in headers], point.reason


def frontier_report_table(
    source: PlanAndScenario,
    points: Sequence[VariedPoint],
    done: Mapping[VariedPoint, SweepPoint],
) -> pd.DataFrame:
    """One row per point that is done, this plan among them."""
    unit, rows = objective_unit(source.plan.content), []
    for point in points:
        if point in done or point.here:
            status, numbers, reason = _report_sweep_numbers(source, done.get(point))
            mark = THIS if point.here else ""
            varied = (point.words, float(point.value), point.unit)
            rows.append((*varied, status, *numbers, mark, reason))
    objective = (f"Found ({unit})", f"Best possible ({unit})")
    heads = ["Varied", "Value", "Unit", "Status", *objective, *NUMBERS, "This plan", "Reason"]
    return pd.DataFrame(rows, columns=heads, dtype=object)


def sensitivity_report_table(
    source: PlanAndScenario,
    points: Sequence[VariedPoint],
    done: Mapping[VariedPoint, SweepPoint],
) -> pd.DataFrame:
    """One row per point that is done, with the change of the objective."""
    content, unit = source.plan.content, objective_unit(source.plan.content)
    base, rows = content["objective"]["value"], []
    for point in points:
        if point not in done:
            continue
        status, numbers, reason = _report_sweep_numbers(source, done[point])
        change = None if numbers[0] is None or base is None else numbers[0] - base
        of = "" if point.unit == "nodes" else f" {point.unit}"
        changed = f"{point.words}: {format_exact(point.value)}{of}"
        before = f"{format_exact(point.before)}{of}"
        rows.append((changed, before, status, *numbers[:2], change, *numbers[2:], reason))
    objective = (f"Found ({unit})", f"Best possible ({unit})")
    change_head = f"Change of {content['objective']['of']} ({unit})"
    heads = ["Changed", "In this plan", "Status", *objective, change_head, *NUMBERS, "Reason"]
    return pd.DataFrame(rows, columns=heads, dtype=object)
