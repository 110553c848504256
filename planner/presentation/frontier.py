"""The points of a sweep along one field of a scenario, as a frontier.

frontier    one row per point in the order of its values: value, status, found and best possible,
            gap, quality, cost, GPUs, SLOs, fractions, which point is the plan shown, reason
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from planner.presentation.formatting import format_exact
from planner.presentation.what_if import ScenarioField
from planner.studies.sweep_point import SweepPoint, sweep_points_table

__all__ = ["THIS", "format_frontier_value", "frontier_lines", "frontier_measures", "frontier_table"]

THIS = "This plan"


def format_frontier_value(value: Any) -> str:
    """Write a varied value as tables and charts show it; of an objective, its required quality."""
    if isinstance(value, Mapping):
        return (
            format_exact(value["quality_at_least"])
            if "quality_at_least" in value
            else json.dumps(value)
        )
    return (
        format_exact(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else json.dumps(value)
    )


def frontier_table(
    points: Sequence[SweepPoint], field: ScenarioField, here: Any = None
) -> pd.DataFrame:
    """Tabulate a sweep along one field, in the order of its values.

    here: the field's value in the plan shown.

    Numbers stay numbers; values that are not numbers (lists, names) are written as text.
    """
    frame = sweep_points_table(sorted(points, key=lambda point: point.number), [field.path])
    frame = frame.rename(columns={field.path: field.label})
    values = [point.values[field.path] for point in sorted(points, key=lambda point: point.number)]
    numbers = [
        value.get("quality_at_least") if isinstance(value, Mapping) else value for value in values
    ]
    numeric = all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in numbers
    )
    frame[field.label] = (
        [float(str(value)) for value in numbers]
        if numeric
        else [format_frontier_value(value) for value in values]
    )
    frame[THIS] = [THIS if here is not None and value == here else "" for value in values]
    return frame


def frontier_measures(frame: pd.DataFrame) -> list[str]:
    """What can be drawn over the field: the objective first, then quality, cost, GPUs, SLOs and
    fractions.
    """
    left_out = ("Best possible", "Gap", "Time", "Status", "Reason", THIS)
    heads = [str(head) for head in frame.columns[1:] if not str(head).startswith(left_out)]
    return [head for head in heads if frame[head].notna().any()]


def frontier_lines(frame: pd.DataFrame) -> list[str]:
    """Describe the frontier: from where to where, the largest step, and which points have
    no plan and why.
    """
    label, header = (
        str(frame.columns[0]),
        next((str(head) for head in frame.columns if str(head).startswith("Found")), None),
    )
    lines: list[str] = []
    good = frame[frame[header].notna()] if header is not None else frame.iloc[:0]
    if header is not None and len(good) > 1:
        first, last = good.iloc[0], good.iloc[-1]
        unit = header.partition(" (")[2].rstrip(")")
        lines.append(
            f"From {label} {_text(first[label])} to {_text(last[label])}: {first[header]:.5g} to"
            f" {last[header]:.5g} {unit}."
        )
        steps = good[header].diff().abs()
        if steps.max() > 0:
            at = int(steps.to_numpy()[1:].argmax()) + 1
            lines.append(
                f"The largest step lies between {_text(good[label].iloc[at - 1])} and"
                f" {_text(good[label].iloc[at])}:"
                f" {good[header].iloc[at] - good[header].iloc[at - 1]:+.3g} {unit}."
            )
    for reason, part in frame[frame["Reason"].astype(str) != ""].groupby("Reason", sort=False):
        lines.append(f"No plan at {', '.join(map(_text, part[label]))}: {reason}.")
    return lines


def _text(value: Any) -> str:
    return format_exact(value) if isinstance(value, float) else str(value)
