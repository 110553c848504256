"""One point of a sweep: planned in the current process, as a row of numbers or with the reason
why there is none.
"""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from models.instance import Instance, ObjectiveKind
from models.quality import Quality
from planner.errors import DataError, VerificationError
from planner.joint import solve as joint
from planner.plans.labels import slo_name
from planner.plans.solved_content import solved_content
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.settings import Settings
from planner.sizing.rate_sizing import solve_sized_rate
from planner.solution import Status
from planner.studies.cell_sweep_point import cell_point_numbers, plan_cell_point
from planner.studies.quality_cache import cached_quality_of

__all__ = [
    "PointStatus",
    "SweepPoint",
    "plan_content_of_point",
    "plan_sweep_point",
    "sweep_points_table",
]

ROUGH_GAP = 1e9
"""A gap that any plan closes: only whether there is a plan matters."""

REASON_SECONDS = 5.0
"""Longest search for the reason of one point."""


class PointStatus(StrEnum):
    """A plan's status, or why there is no plan: the values are no scenario, or the plan failed its
    own check.
    """

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"
    BAD_INPUT = "bad input"
    BUG = "bug"


@dataclass(frozen=True, kw_only=True)
class SweepPoint:
    """One row.

    values: of the varied keys; numbers: of the plan by header, None where there are none; reason:
    why there is no plan, "" where there is one.
    """

    number: int
    values: Mapping[str, Any]
    status: PointStatus
    numbers: Mapping[str, Any]
    reason: str
    seconds: float


def plan_sweep_point(
    scenario: str,
    overrides: Sequence[str],
    number: int,
    values: dict[str, Any],
    cancel: threading.Event | None = None,
) -> SweepPoint:
    """Plan one point, with the quality cuts that this process has kept.

    scenario: its file; overrides: `KEY=VALUE` texts; values: by dotted path, over the overrides.
    """
    began = time.perf_counter()
    texts = [*overrides, *(f"{key}={json.dumps(value)}" for key, value in values.items())]
    numbers: Mapping[str, Any] = {}
    try:
        loaded = assemble_instance(Path(scenario), texts, cells=True, sizing=True)
        status, content, reason = plan_content_of_point(loaded, cancel)
        cells = loaded.demand is not None
        numbers = cell_point_numbers(content) if cells else _sweep_point_numbers(content)
    except DataError as error:
        status, reason = PointStatus.BAD_INPUT, str(error)
    except VerificationError as error:
        status, reason = PointStatus.BUG, str(error)
    return SweepPoint(
        number=number,
        values=values,
        status=status,
        numbers=numbers,
        reason=reason,
        seconds=time.perf_counter() - began,
    )


def plan_content_of_point(
    loaded: LoadResult, cancel: threading.Event | None = None
) -> tuple[PointStatus, Mapping[str, Any], str]:
    """Plan what is assembled, with the quality cuts that this process has kept: status, what of
    plan.json a solution gives, and the reason where there is no plan.

    VerificationError when the plan fails the verifier.
    """
    if loaded.demand is not None:
        found, content, reason = plan_cell_point(loaded, loaded.demand, cancel)
        return PointStatus(found), content, reason
    instance, settings = loaded.instance, loaded.settings
    quality = cached_quality_of(instance.scores)
    instance, solution = solve_sized_rate(
        instance, settings, quality=quality, explain=False, cancel=cancel
    )
    reason = ""
    if solution.status == Status.INFEASIBLE:
        reason = _sweep_point_reason(instance, settings, quality, cancel)
    elif solution.status == Status.UNKNOWN:
        reason = f"stopped by {solution.effort.termination} before a plan was found"
    solved = solved_content(instance, solution, settings.rel_gap)
    return PointStatus(solution.status), cast("Mapping[str, Any]", solved), reason


def _sweep_point_reason(
    instance: Instance, settings: Settings, quality: Quality, cancel: threading.Event | None
) -> str:
    """Why there is no plan, by leaving out one kind of limit."""
    rough = replace(
        settings, rel_gap=ROUGH_GAP, time_limit=min(settings.time_limit, REASON_SECONDS)
    )
    without = [
        ("the SLOs cannot be kept", replace(instance, slos=())),
        ("the required quality cannot be reached", replace(instance, quality_floor=-np.inf)),
    ]
    for words, other in without:
        changed = other.slos != instance.slos or other.quality_floor != instance.quality_floor
        if (
            changed
            and joint.solve_joint(
                other, rough, quality=quality, explain=False, lean=False, cancel=cancel
            ).has_plan
        ):
            return f"{words} at {instance.arrival_rate:g} req/s"
    return f"the GPUs and replica limits do not carry {instance.arrival_rate:g} req/s"


def _sweep_point_numbers(content: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a plan by their headers."""
    objective = content["objective"]
    unit = "USD/h" if objective["of"] == ObjectiveKind.COST else "mean score"
    numbers = {
        f"Found ({unit})": objective["value"],
        f"Best possible ({unit})": objective["bound"],
        "Gap (%)": None if objective["rel_gap"] is None else 100.0 * objective["rel_gap"],
        "Quality (mean score)": content["quality"],
        "Cost (USD/h)": content["cost_usd_per_h"],
        "GPUs used": content["gpus_used"],
    }
    numbers |= {f"{pool['pool']}: nodes": pool["nodes"] for pool in content.get("pools", ())}
    numbers |= {f"{slo_name(slo)} (ms)": slo["achieved_ms"] for slo in content["slo"]}
    return numbers | {
        f"{llm}: fraction (%)": 100.0 * part for llm, part in content["routing"].items()
    }


def sweep_points_table(points: Sequence[SweepPoint], keys: Sequence[str]) -> pd.DataFrame:
    """Tabulate points: the varied keys, status, the plan's numbers, reason, seconds."""
    headers = list(dict.fromkeys(header for point in points for header in point.numbers))
    rows = [
        [
            *(point.values[key] for key in keys),
            point.status,
            *(point.numbers.get(h) for h in headers),
            point.reason,
            point.seconds,
        ]
        for point in points
    ]
    return pd.DataFrame(rows, columns=[*keys, "Status", *headers, "Reason", "Time (s)"])
