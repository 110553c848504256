"""Which tests run when: `make test` takes one small case of every kind, `make test-slow` the walls,
of which every second case of a parametrisation is the rest (marked `slow`). CI runs both. `make
walls` runs all of them at full size, which takes several times as long (PLANNER_WALLS=full).
"""

import os
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

__all__ = ["UNHURRIED_S", "first_fast", "usually", "wall_size"]

UNHURRIED_S = 600.0
"""A time limit of searches that end by themselves within a second or two, however busy the machine
is.
"""


def usually(values: Iterable[Any], keep: Sequence[int]) -> list[Any]:
    """Values of a parametrisation: those at the positions `keep`, in `make walls` all."""
    listed = list(values)
    return listed if wall_size(0, 1) else [listed[k] for k in keep]


def wall_size(usual: int, full: int) -> int:
    """How many cases a test has: `full` of them in `make walls` alone."""
    return full if os.environ.get("PLANNER_WALLS") == "full" else usual


def first_fast(
    values: Iterable[Any], fast: Sequence[int] = (0,), *, every: bool = False
) -> list[Any]:
    """Values of a parametrisation: those at the positions `fast` as they are, the others slow:
    every second one of them, in `make walls` (or with `every`) all.
    """
    listed = list(values)
    others = [k for k in range(len(listed)) if k not in fast]
    kept = set(others if every or wall_size(0, 1) else others[::2]) | set(fast)
    return [value if k in fast else _slow(value) for k, value in enumerate(listed) if k in kept]


def _slow(value: Any) -> Any:
    if hasattr(value, "marks"):  # pytest.param
        return pytest.param(*value.values, marks=[*value.marks, pytest.mark.slow], id=value.id)
    values = value if isinstance(value, tuple) else (value,)
    return pytest.param(*values, marks=pytest.mark.slow)
