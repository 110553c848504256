"""What a report may show beside the plan, computed on demand: the study of all setups, baselines,
frontiers, sensitivity.

    frontier      the plan along the arrival rate and along the limit of the first SLO, everything
                  else as asked
    sensitivity   one change at a time: arrival rate and SLO limits 10 % down and up, the quality
                  asked for 1 % down and up, one node less and one more of every pool

Frontiers and sensitivity are sweeps (planner.studies.sweep): every point is planned anew, and a
point without a plan is a row with its reason.
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
from planner.presentation.baselines import baselines_table
from planner.presentation.formatting import format_exact
from planner.presentation.setup_study import (
    histogram_table,
    setup_counts_line,
    setups_table,
    spread_line,
    spread_table,
)
from planner.settings import Progress, Settings
from planner.studies.baselines.comparison import compare_baselines
from planner.studies.setup_study import study_setups
from planner.studies.sweep import sweep
from planner.studies.sweep_point import SweepPoint

__all__ = ["KINDS", "Extra", "extra"]

KINDS = ("setups", "baselines", "frontier", "sensitivity")
RATES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5)
LIMITS = (0.5, 0.6, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0)
STEP, SMALL_STEP = 0.1, 0.01
THIS = "this plan"


@dataclass(frozen=True)
class Extra:
    """Named tables of one kind, sentences for the log, and whether all of it was computed."""

    tables: Mapping[str, pd.DataFrame]
    notes: Sequence[str]
    complete: bool


def extra(
    kind: str,
    source: PlanAndScenario,
    settings: Settings,
    progress: Callable[[Progress], None] | None,
    cancel: threading.Event | None,
) -> Extra:
    """Compute one of KINDS for a plan that has a setup. DataError when there are too many setups to
    study.
    """
    if kind == "setups":
        found = study_setups(source.loaded.instance, progress=progress, cancel=cancel)
        spread = spread_table(found)
        spread.loc[len(spread)] = [
            "Quality of this plan",
            source.plan.content["quality"],
            "mean score",
        ]
        frames = {"spread": spread, "histogram": histogram_table(found)}
        notes = [
            f"Setups: {setup_counts_line(found, exact_packing=False)}",
            f"Setups: {spread_line(found)}",
        ]
        return Extra(
            {**frames, "setups": setups_table(found, source.loaded.instance)}, notes, found.complete
        )
    if kind == "baselines":
        compared = compare_baselines(source.loaded, settings, progress, cancel)
        return Extra(
            {"baselines": baselines_table(compared, source.loaded.instance)},
            [],
            not compared.interrupted,
        )
    points = _frontier_points(source) if kind == "frontier" else _sensitivity_points(source)
    done = _swept(source, points, progress, cancel)
    make = _frontier_table if kind == "frontier" else _sensitivity_table
    return Extra(
        {kind: make(source, points, done)}, [], len(done) == sum(not point.here for point in points)
    )


@dataclass(frozen=True)
class _Asked:
    """One point.

    path, value: what is changed; words, unit: how it is told; before: as the plan has it; here:
    this very plan.
    """

    path: str
    value: Any
    words: str
    unit: str
    before: Any
    here: bool = False


def _swept(
    source: PlanAndScenario,
    points: Sequence[_Asked],
    progress: Callable[[Progress], None] | None,
    cancel: threading.Event | None,
) -> dict[_Asked, SweepPoint]:
    """Plan all points but this very plan, from the scenario's file with the plan's overrides; after
    an interrupt, those that are done.
    """
    scenario = source.loaded.scenario
    overrides = [f"{key}={json.dumps(value)}" for key, value in scenario.overrides.items()]
    waiting = [point for point in points if not point.here]
    found = sweep(
        scenario.path,
        overrides,
        [{point.path: point.value} for point in waiting],
        progress=progress,
        cancel=cancel,
    )
    return {waiting[point.number]: point for point in found}


def _frontier_points(source: PlanAndScenario) -> list[_Asked]:
    """Along the arrival rate, and along the first SLO's limit where there is one."""
    instance, spec = source.loaded.instance, source.loaded.scenario.spec
    points = [
        _Asked(
            "arrival_rate_rps",
            tidy(float(f"{f * instance.arrival_rate:.12g}")),
            "arrival rate",
            "req/s",
            instance.arrival_rate,
            f == 1.0,
        )
        for f in RATES
    ]
    for slo in spec.slo[:1]:
        words = f"limit on {slo_label(slo.metric, slo.statistic, slo.scope)}"
        points += [
            _Asked(
                "slo.0.limit_ms",
                tidy(float(f"{f * slo.limit_ms:.12g}")),
                words,
                "ms",
                slo.limit_ms,
                f == 1.0,
            )
            for f in LIMITS
        ]
    return points


def _sensitivity_points(source: PlanAndScenario) -> list[_Asked]:
    """One change at a time, down then up."""
    spec = source.loaded.scenario.spec
    changed: list[tuple[str, str, str, float, float]] = [
        ("arrival_rate_rps", "arrival rate", "req/s", spec.arrival_rate_rps, STEP)
    ]
    changed += [
        (
            f"slo.{j}.limit_ms",
            f"limit on {slo_label(s.metric, s.statistic, s.scope)}",
            "ms",
            s.limit_ms,
            STEP,
        )
        for j, s in enumerate(spec.slo)
    ]
    floor = source.loaded.instance.quality_floor
    if floor is not None:
        changed.append(
            ("objective.quality_at_least", "quality asked for", "mean score", floor, SMALL_STEP)
        )
    points = [
        _Asked(path, tidy(float(f"{before * (1 + sign * step):.12g}")), words, unit, before)
        for path, words, unit, before, step in changed
        for sign in (-1, 1)
    ]
    for i, pool in enumerate(spec.pools):
        points += [
            _Asked(
                f"pools.{i}.nodes",
                pool.nodes + more,
                f"nodes of pool {pool.name}",
                "nodes",
                pool.nodes,
            )
            for more in (-1, 1)
            if pool.nodes + more >= 1
        ]
    return points


NUMBERS = ("Gap (%)", "Quality (mean score)", "Cost (USD/h)", "GPUs used")


def _numbers(source: PlanAndScenario, point: SweepPoint | None) -> tuple[str, list[Any], str]:
    """Status, found, best possible and the rest of a point, and its reason; point None: the plan
    itself.
    """
    content, unit = source.plan.content, objective_unit(source.plan.content)
    if point is None:
        objective, gap = content["objective"], content["objective"]["rel_gap"]
        told = [objective["value"], objective["bound"], None if gap is None else 100.0 * gap]
        return (
            content["status"],
            [*told, content["quality"], content["cost_usd_per_h"], content["gpus_used"]],
            "",
        )
    headers = (f"Found ({unit})", f"Best possible ({unit})", *NUMBERS)
    return point.status, [point.numbers.get(header) for header in headers], point.reason


def _frontier_table(
    source: PlanAndScenario, points: Sequence[_Asked], done: Mapping[_Asked, SweepPoint]
) -> pd.DataFrame:
    unit = objective_unit(source.plan.content)
    told = []
    for point in points:
        if point not in done and not point.here:
            continue
        status, numbers, reason = _numbers(source, done.get(point))
        told.append(
            (
                point.words,
                float(point.value),
                point.unit,
                status,
                *numbers,
                THIS if point.here else "",
                reason,
            )
        )
    heads = [
        "Varied",
        "Value",
        "Unit",
        "Status",
        f"Found ({unit})",
        f"Best possible ({unit})",
        *NUMBERS,
        "This plan",
        "Reason",
    ]
    return pd.DataFrame(told, columns=heads, dtype=object)


def _sensitivity_table(
    source: PlanAndScenario, points: Sequence[_Asked], done: Mapping[_Asked, SweepPoint]
) -> pd.DataFrame:
    content, of = source.plan.content, objective_unit(source.plan.content)
    base = content["objective"]["value"]
    told = []
    for point in points:
        if point not in done:
            continue
        status, numbers, reason = _numbers(source, done[point])
        change = None if numbers[0] is None or base is None else numbers[0] - base
        unit = "" if point.unit == "nodes" else f" {point.unit}"
        changed = f"{point.words}: {format_exact(point.value)}{unit}"
        told.append(
            (
                changed,
                f"{format_exact(point.before)}{unit}",
                status,
                *numbers[:2],
                change,
                *numbers[2:],
                reason,
            )
        )
    heads = [
        "Changed",
        "As asked",
        "Status",
        f"Found ({of})",
        f"Best possible ({of})",
        f"Change of {content['objective']['of']} ({of})",
    ]
    return pd.DataFrame(told, columns=[*heads, *NUMBERS, "Reason"], dtype=object)
