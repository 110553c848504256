"""Questions of the form "what if": fields of a scenario that a sweep may vary, and a sweep's points
as a frontier.

Fields come with values worth trying, in the notation of `sweep --vary` (START:STOP:STEP, or values
with commas):

    arrival rate, SLO limits      FACTORS of what is asked               nodes, GPUs a node      1
                                  to twice as many, at least 3 more
    quality asked for             FLOORS of it; for a plan of best quality, the cheapest GPUs for
                                  parts of that quality
    memory kept free, compute given out at least, replicas of an LLM     round numbers

frontier    one row a point in the order of its values: value, status, found and best possible, gap,
            quality, cost, GPUs, SLOs, fractions, which point is the plan shown, reason
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

import pandas as pd

from planner.plans.labels import slo_name
from planner.plans.numbers import tidy
from planner.presentation.sentences import exact
from planner.scenario.edits import ScenarioEdit, changed, content_of
from planner.scenario.schema import ScenarioSpec
from planner.scenario.schema_faults import set_path
from planner.studies.sweep import Axis, SweepPoint, points_table, read_axis
from profiles.io.faults import DataError, Fault, shown

__all__ = [
    "MOST_POINTS",
    "THIS",
    "Field",
    "apart_from",
    "asked_at",
    "axis_for",
    "fields_of",
    "frontier_lines",
    "frontier_table",
    "measures_of",
    "span_of",
    "sweep_command",
    "value_at",
    "value_words",
]

FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5)
FLOORS = (0.9, 0.92, 0.94, 0.96, 0.98, 0.99, 1.0, 1.01)
MOST_POINTS = 60
"""Of a frontier that somebody waits for; the command has no such limit."""
THIS = "This plan"
FREE = "Memory kept free (%)"

Content = Mapping[str, Any]


@dataclass(frozen=True)
class Field:
    """What may be varied.

    path: dotted; label: words and unit; values: worth trying, as `--vary` reads them.

    cheapest: values are qualities, and each asks for the cheapest GPUs that reach it.
    """

    path: str
    label: str
    values: str
    cheapest: bool = False


def fields_of(asked: Content, quality: float | None = None) -> list[Field]:
    """The fields of a scenario's content.

    quality: of its best plan, for the cheapest GPUs that reach parts of it.
    """
    found = [
        Field(
            "arrival_rate_rps", "Arrival rate (req/s)", _parts(asked["arrival_rate_rps"], FACTORS)
        )
    ]
    for k, slo in enumerate(asked["slo"]):
        found.append(
            Field(
                f"slo.{k}.limit_ms",
                f"Limit on {slo_name(slo)} (ms)",
                _parts(slo["limit_ms"], FACTORS),
            )
        )
    pools = list(enumerate(asked["pools"]))
    found += [
        Field(f"pools.{k}.nodes", f"Nodes of pool {pool['name']}", _counts(pool["nodes"]))
        for k, pool in pools
    ]
    floor = asked["objective"].get("quality_at_least")
    if floor is not None:
        found.append(
            Field(
                "objective.quality_at_least", "Quality at least (mean score)", _parts(floor, FLOORS)
            )
        )
    elif quality is not None:
        values = ",".join(f"{factor * quality:.4g}" for factor in FLOORS[:-1])
        found.append(
            Field(
                "objective",
                "Cheapest GPUs for a quality of at least (mean score)",
                values,
                cheapest=True,
            )
        )
    for k, pool in pools:
        found.append(
            Field(
                f"pools.{k}.gpus_per_node",
                f"GPUs per node of pool {pool['name']}",
                _counts(pool["gpus_per_node"]),
            )
        )
    found.append(Field("setups.memory_headroom_pct", FREE, "0,5,10,15,20,30"))
    found.append(
        Field("setups.min_gpu_utilization_pct", "Compute given out at least (%)", "0,25,50,75,90")
    )
    found += [
        Field(f"llms.{k}.max_replicas", f"Replicas of {llm['name']} at most", "0,1,2,3,4")
        for k, llm in enumerate(asked["llms"])
    ]
    return found


def _parts(value: float, factors: Sequence[float]) -> str:
    return ",".join(str(tidy(float(f"{factor * value:.6g}"))) for factor in factors)


def _counts(count: int) -> str:
    return f"1:{max(2 * count, count + 3)}:1"


def span_of(value: float, start: float, whole: bool) -> tuple[float, float, float]:
    """Lowest, highest and step of a slider.

    value: where it stands; start: where it stood first, so that its ends stay where they are.
    """
    if whole:
        return 1, max(2 * int(start), int(start) + 3, int(value)), 1
    high = max(2.0 * start, value)
    step = 10.0 ** math.floor(math.log10(max(start, 1e-9) / 20.0))
    return min(0.1 * math.ceil(start / step) * step, value), high, step


def asked_at(asked: ScenarioEdit, path: str, value: Any) -> ScenarioEdit:
    """The same question with one field at another value."""
    content = content_of(asked)
    set_path(ScenarioSpec, content, path, value)
    return changed(asked, content)


def value_at(asked: ScenarioEdit, path: str) -> Any:
    """What a field is asked to be; None where the path leads nowhere."""
    found: Any = content_of(asked)
    for part in path.split("."):
        try:
            found = found[int(part)] if isinstance(found, list) else found[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return found


def apart_from(asked: ScenarioEdit, path: str) -> dict[str, Any]:
    """The changes of a question but for one field: points of one frontier have all of them in
    common.
    """
    return {
        key: value
        for key, value in asked.overrides.items()
        if key != path and not key.startswith(f"{path}.")
    }


def axis_for(field: Field, values: str) -> Axis:
    """The axis of a field; DataError for what is none, and for more points than somebody waits
    for.
    """
    axis = read_axis(f"{field.path}={values}")
    if len(axis.values) > MOST_POINTS:
        problem, mend = (
            f"these are {len(axis.values):,} points, more than {MOST_POINTS}",
            "take fewer here, or use the command `sweep`",
        )
        raise DataError([Fault("values", field.path, shown(values), problem, mend)])
    return (
        Axis(axis.key, tuple(_cheapest(value) for value in axis.values)) if field.cheapest else axis
    )


def _cheapest(quality: Any) -> dict[str, Any]:
    return {"minimize": "cost", "quality_at_least": quality}


def sweep_command(file: str, overrides: Mapping[str, Any], axis: Axis) -> str:
    """The command line that gives the same points as a file."""
    changes = [f"--set {quote(f'{key}={json.dumps(value)}')}" for key, value in overrides.items()]
    varied = quote(f"{axis.key}={','.join(json.dumps(value) for value in axis.values)}")
    return " ".join(
        ["python -m planner sweep", quote(file), *changes, "--vary", varied, "--csv frontier.csv"]
    )


def value_words(value: Any) -> str:
    """A varied value, as it is told and drawn; of an objective, the quality it asks for."""
    if isinstance(value, Mapping):
        return (
            exact(value["quality_at_least"]) if "quality_at_least" in value else json.dumps(value)
        )
    return (
        exact(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else json.dumps(value)
    )


def frontier_table(points: Sequence[SweepPoint], field: Field, here: Any = None) -> pd.DataFrame:
    """Tabulate a sweep along one field, in the order of its values.

    here: the field's value in the plan shown.

    Numbers stay numbers; values that are none (lists, names) are told in words.
    """
    frame = points_table(sorted(points, key=lambda point: point.number), [field.path])
    frame = frame.rename(columns={field.path: field.label})
    values = [point.values[field.path] for point in sorted(points, key=lambda point: point.number)]
    asked = [
        value.get("quality_at_least") if isinstance(value, Mapping) else value for value in values
    ]
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in asked)
    frame[field.label] = (
        [float(str(value)) for value in asked]
        if numeric
        else [value_words(value) for value in values]
    )
    frame[THIS] = [THIS if here is not None and value == here else "" for value in values]
    return frame


def measures_of(frame: pd.DataFrame) -> list[str]:
    """What can be drawn over the field: the objective first, then quality, cost, GPUs, SLOs and
    fractions.
    """
    left_out = ("Best possible", "Gap", "Time", "Status", "Reason", THIS)
    heads = [str(head) for head in frame.columns[1:] if not str(head).startswith(left_out)]
    return [head for head in heads if frame[head].notna().any()]


def frontier_lines(frame: pd.DataFrame) -> list[str]:
    """Tell the frontier in sentences: from where to where, the largest step, and which points have
    no plan and why.
    """
    label, found = (
        str(frame.columns[0]),
        next((str(head) for head in frame.columns if str(head).startswith("Found")), None),
    )
    lines: list[str] = []
    good = frame[frame[found].notna()] if found is not None else frame.iloc[:0]
    if found is not None and len(good) > 1:
        first, last = good.iloc[0], good.iloc[-1]
        unit = found.partition(" (")[2].rstrip(")")
        lines.append(
            f"From {label} {_told(first[label])} to {_told(last[label])}: {first[found]:.5g} to"
            f" {last[found]:.5g} {unit}."
        )
        steps = good[found].diff().abs()
        if steps.max() > 0:
            at = int(steps.to_numpy()[1:].argmax()) + 1
            lines.append(
                f"The largest step lies between {_told(good[label].iloc[at - 1])} and"
                f" {_told(good[label].iloc[at])}:"
                f" {good[found].iloc[at] - good[found].iloc[at - 1]:+.3g} {unit}."
            )
    for reason, part in frame[frame["Reason"].astype(str) != ""].groupby("Reason", sort=False):
        lines.append(f"No plan at {', '.join(map(_told, part[label]))}: {reason}.")
    return lines


def _told(value: Any) -> str:
    return exact(value) if isinstance(value, float) else str(value)
