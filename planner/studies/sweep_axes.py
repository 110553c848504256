"""What a sweep varies: the values of each key, and the grid they make."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from planner.errors import DataError
from profiles.io.faults import Fault, shown_in_fault
from profiles.io.yaml_text import parse_yaml

__all__ = ["MOST_POINTS", "STEP_NOISE", "Axis", "read_sweep_axis", "sweep_axes_points"]


MOST_POINTS = 100_000


STEP_NOISE = 1e-9
"""A last step this short of STOP (relative to the step) reaches it."""


@dataclass(frozen=True)
class Axis:
    """One varied key (dotted path) and its values in order."""

    key: str
    values: tuple[Any, ...]


def read_sweep_axis(text: str) -> Axis:
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
        return Axis(key.strip(), _axis_steps(text, *parts))
    return Axis(key.strip(), tuple(_axis_yaml_value(text, one) for one in _split_axis_list(values)))


def _fault(text: str, problem: str, fix: str) -> Fault:
    return Fault("--vary", "", shown_in_fault(text), problem, fix)


def _axis_steps(text: str, *parts: str) -> tuple[Any, ...]:
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


def _split_axis_list(text: str) -> Iterator[str]:
    """Parts between commas outside brackets."""
    depth, part = 0, ""
    for sign in text:
        depth += (sign in "[{") - (sign in "]}")
        if sign == "," and depth == 0:
            yield part
            part = ""
        else:
            part += sign
    yield part


def _axis_yaml_value(text: str, value: str) -> Any:
    faults: list[Fault] = []
    content = parse_yaml(value, "--vary", faults)
    if faults:
        raise DataError(
            [
                _fault(
                    text,
                    f"{shown_in_fault(value)} is not a YAML value",
                    "put text with special signs in quotes",
                )
            ]
        )
    return content


def sweep_axes_points(axes: Sequence[Axis]) -> list[dict[str, Any]]:
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
