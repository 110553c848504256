"""Sweeps: the same scenario planned at every point of a grid of its own values.

A point is the scenario with one value for each varied key; the points are the product of the axes,
the first axis slowest. Points are
independent of each other and are handed to joblib: processes of this machine, or whatever backend
is active (a Dask cluster, see docs/sweeps.md). Every process reads the tables once and keeps the
quality cuts of the scores: they depend on nothing else.

A point that is infeasible, or whose values are no scenario, is a row with its reason, not an end.
"""

import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from models.instance import Instance
from models.quality import Quality
from planner.errors import DataError, VerificationError
from planner.joint import solve as joint
from planner.plans.labels import slo_name
from planner.plans.solved_content import solved_content
from planner.scenario.assemble import load_instance
from planner.settings import Progress
from planner.studies.quality_cache import quality_of
from profiles.io.faults import Fault, shown
from profiles.io.yaml_text import parse_yaml

__all__ = ["Axis", "SweepPoint", "grid_points", "plan_point", "points_table", "read_axis", "sweep"]

MOST_POINTS = 100_000
STEP_NOISE = 1e-9
"""A last step this short of STOP (relative to the step) reaches it."""
ROUGH_GAP = 1e9
REASON_SECONDS = 5.0


@dataclass(frozen=True)
class Axis:
    """One varied key (dotted path) and its values in order."""

    key: str
    values: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class SweepPoint:
    """One row.

    values: by key; status: as a plan's, or `bad input`; told: numbers by header, None where there
    are none; reason: words.
    """

    number: int
    values: Mapping[str, Any]
    status: str
    told: Mapping[str, Any]
    reason: str
    seconds: float


def read_axis(text: str) -> Axis:
    """Read KEY=START:STOP:STEP (STOP inclusive) or KEY=V1,V2,...

    (values are YAML; commas in brackets do not part). DataError else.
    """
    key, equals, values = text.partition("=")
    if not equals or not key.strip() or not values.strip():
        raise DataError(
            [_fault(text, "this varies nothing", "write KEY=START:STOP:STEP or KEY=V1,V2,...")]
        )
    parts = values.split(":")
    if len(parts) == 3:
        return Axis(key.strip(), _steps(text, *parts))
    return Axis(key.strip(), tuple(_yaml(text, one) for one in _split_list(values)))


def _fault(text: str, problem: str, fix: str) -> Fault:
    return Fault("--vary", "", shown(text), problem, fix)


def _steps(text: str, *parts: str) -> tuple[Any, ...]:
    try:
        start, stop, step = (float(part) for part in parts)
    except ValueError:
        raise DataError(
            [
                _fault(
                    text,
                    "START, STOP and STEP are not all numbers",
                    "write e.g. arrival_rate_rps=40:80:5",
                )
            ]
        ) from None
    if (
        not all(map(math.isfinite, (start, stop, step)))
        or step == 0
        or (stop - start) / step < -STEP_NOISE
    ):
        raise DataError(
            [
                _fault(
                    text,
                    "STEP does not lead from START to STOP",
                    "give a step of the right sign, other than 0",
                )
            ]
        )
    count = math.floor((stop - start) / step + STEP_NOISE) + 1
    if count > MOST_POINTS:
        raise DataError(
            [_fault(text, f"this is {count:,} points", f"take at most {MOST_POINTS:,}")]
        )
    whole = all(
        float(part).is_integer() and "." not in part and "e" not in part.lower() for part in parts
    )
    values = [start + k * step for k in range(count)]
    return tuple(int(value) if whole else float(f"{value:.12g}") for value in values)


def _split_list(text: str) -> Iterator[str]:
    """Parts between commas that stand in no bracket."""
    depth, part = 0, ""
    for sign in text:
        depth += (sign in "[{") - (sign in "]}")
        if sign == "," and depth == 0:
            yield part
            part = ""
        else:
            part += sign
    yield part


def _yaml(text: str, value: str) -> Any:
    faults: list[Fault] = []
    content = parse_yaml(value, "--vary", faults)
    if faults:
        raise DataError(
            [
                _fault(
                    text,
                    f"{shown(value)} is not a YAML value",
                    "put text with special signs in quotes",
                )
            ]
        )
    return content


def grid_points(axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """The values of every point, the first axis slowest.

    DataError for too many, or for an axis twice.
    """
    keys = [axis.key for axis in axes]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise DataError(
            [
                _fault(key, "this key is varied twice", "put all its values into one --vary")
                for key in twice
            ]
        )
    count = math.prod(len(axis.values) for axis in axes)
    if count > MOST_POINTS:
        raise DataError(
            [
                _fault(
                    " x ".join(keys),
                    f"the product is {count:,} points",
                    f"take at most {MOST_POINTS:,}",
                )
            ]
        )
    return [
        dict(zip(keys, values, strict=True)) for values in product(*(axis.values for axis in axes))
    ]


def sweep(
    scenario: Path,
    overrides: Sequence[str],
    points: Sequence[Mapping[str, Any]],
    *,
    jobs: int = 0,
    done: Mapping[int, SweepPoint] | None = None,
    keep: Callable[[SweepPoint], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> list[SweepPoint]:
    """Plan every point; those in `done` are taken as they are.

    jobs: processes, 0 = one a core. keep(point): called as each one finishes.

    Cancelled, the points finished so far. The scenario file is read with `overrides`, then with the
    point's values.
    """
    began, planned = time.perf_counter(), dict(done or {})
    waiting = [number for number in range(len(points)) if number not in planned]
    tasks = (
        delayed(plan_point)(str(scenario), tuple(overrides), number, dict(points[number]))
        for number in waiting
    )
    results = (
        Parallel(n_jobs=jobs or -1, return_as="generator_unordered")(tasks) if waiting else iter(())
    )
    for finished, point in enumerate(results, start=1):
        planned[point.number] = point
        if keep is not None:
            keep(point)
        if progress is not None:
            now = time.perf_counter() - began
            left = now / finished * (len(waiting) - finished)
            progress(
                Progress(
                    now, f"{len(planned):,} of {len(points):,} points planned, {left:.0f} s left"
                )
            )
        if cancel is not None and cancel.is_set():
            results.close()
            break
    return [planned[number] for number in sorted(planned)]


# ---------------------------------------------------------------- one point


def plan_point(
    scenario: str,
    overrides: Sequence[str],
    number: int,
    values: dict[str, Any],
    cancel: threading.Event | None = None,
) -> SweepPoint:
    """Plan one point in whatever process this is, with the quality cuts that this process has
    kept.
    """
    began = time.perf_counter()
    texts = [*overrides, *(f"{key}={json.dumps(value)}" for key, value in values.items())]
    try:
        loaded = load_instance(Path(scenario), texts)
    except DataError as error:
        return SweepPoint(
            number=number,
            values=values,
            status="bad input",
            told={},
            reason=str(error),
            seconds=time.perf_counter() - began,
        )
    solver = loaded.scenario.spec.solver
    settings = joint.Settings(solver.rel_gap, solver.time_limit_s, solver.threads, solver.seed)
    quality = quality_of(loaded.instance.scores)
    solution = joint.solve(loaded.instance, settings, quality=quality, explain=False, cancel=cancel)
    numbers: Mapping[str, Any] = {}
    reason = ""
    try:
        content = solved_content(loaded.instance, solution, settings.rel_gap)
        numbers = _numbers(content)
    except VerificationError as error:
        return SweepPoint(
            number=number,
            values=values,
            status="bug",
            told={},
            reason=str(error),
            seconds=time.perf_counter() - began,
        )
    if solution.status == "infeasible":
        reason = _reason(loaded.instance, settings, quality, cancel)
    elif solution.status == "unknown":
        reason = f"stopped by {solution.effort.termination} before a plan was found"
    return SweepPoint(
        number=number,
        values=values,
        status=solution.status,
        told=numbers,
        reason=reason,
        seconds=time.perf_counter() - began,
    )


def _reason(
    instance: Instance, settings: joint.Settings, quality: Quality, cancel: threading.Event | None
) -> str:
    """Why there is no plan, by leaving out one kind of limit."""
    rough = replace(
        settings, rel_gap=ROUGH_GAP, time_limit=min(settings.time_limit, REASON_SECONDS)
    )
    without = [
        ("the SLOs cannot be kept", replace(instance, slos=())),
        ("the quality asked for cannot be reached", replace(instance, quality_floor=-np.inf)),
    ]
    for words, other in without:
        changed = other.slos != instance.slos or other.quality_floor != instance.quality_floor
        if (
            changed
            and joint.solve(
                other, rough, quality=quality, explain=False, lean=False, cancel=cancel
            ).has_plan
        ):
            return f"{words} at {instance.arrival_rate:g} req/s"
    return f"the GPUs and replica limits do not carry {instance.arrival_rate:g} req/s"


def _numbers(content: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a plan by their headers."""
    objective, unit = (
        content["objective"],
        ("USD/h" if content["objective"]["of"] == "cost" else "mean score"),
    )
    numbers = {
        f"Found ({unit})": objective["value"],
        f"Best possible ({unit})": objective["bound"],
        "Gap (%)": None if objective["rel_gap"] is None else 100.0 * objective["rel_gap"],
        "Quality (mean score)": content["quality"],
        "Cost (USD/h)": content["cost_usd_per_h"],
        "GPUs used": content["gpus_used"],
    }
    numbers |= {f"{slo_name(slo)} (ms)": slo["achieved_ms"] for slo in content["slo"]}
    return numbers | {
        f"{llm}: fraction (%)": 100.0 * part for llm, part in content["routing"].items()
    }


def points_table(points: Sequence[SweepPoint], keys: Sequence[str]) -> pd.DataFrame:
    """Tabulate points: the varied keys, status, the plan's numbers, reason, seconds."""
    headers = list(dict.fromkeys(header for point in points for header in point.told))
    rows = [
        [
            *(point.values[key] for key in keys),
            point.status,
            *(point.told.get(h) for h in headers),
            point.reason,
            point.seconds,
        ]
        for point in points
    ]
    return pd.DataFrame(rows, columns=[*keys, "Status", *headers, "Reason", "Time (s)"])
