"""The arrivals of a trace, brought to the rate of a plan.

    superpose   as many copies of the trace in real time as the plan's rate is a multiple of its
                own, each begun at another place (the trace is a circle); of a part of a copy every
                request is drawn with that probability. Bursts last as long as they did, and more
                users smooth them.
    compress    one copy, its clock that many times as fast. Bursts keep their height and are that
                many times shorter.

The two can differ several times over in the waits they cause; superposing is what more of the
same users do.
"""

from enum import StrEnum

import numpy as np

from planner.errors import DataError
from profiles.io.faults import Fault

__all__ = ["TraceScale", "check_trace_copies", "replay_trace", "trace_copies"]

MOST_COPIES = 10_000
FASTEST_RPS = 10_000.0
"""A trace that is drawn from is replayed whole first: so many requests in a second at most."""


class TraceScale(StrEnum):
    """How a trace is brought to a rate."""

    SUPERPOSE = "superpose"
    COMPRESS = "compress"


def trace_copies(gaps: np.ndarray, rate: float) -> float:
    """The rate (req/s) as a multiple of the trace's own. gaps: (N,) s."""
    return float(rate * gaps.mean())


def check_trace_copies(file: str, gaps: np.ndarray, rate: float, scale: TraceScale) -> None:
    """DataError for so many copies that nothing of the trace would be left in them, and for a trace
    of too many requests to draw from.
    """
    copies = trace_copies(gaps, rate)
    if scale is TraceScale.SUPERPOSE and copies < 1 and gaps.mean() * FASTEST_RPS < 1:
        problem = f"the trace has {1 / gaps.mean():,.4g} req/s, which are too many to draw from"
        fix = "write seconds, keep every hundredth request, or use --scale compress"
        raise DataError([Fault(file, "column arrival_s", "", problem, fix)])
    if scale is TraceScale.SUPERPOSE and copies > MOST_COPIES:
        problem = f"the plan has {copies:,.0f} times its rate; so many copies are Poisson arrivals"
        fix = "leave the trace away, or use --scale compress"
        raise DataError([Fault(file, "column arrival_s", "", problem, fix)])


def replay_trace(
    gaps: np.ndarray, rate: float, seconds: float, scale: TraceScale, rng: np.random.Generator
) -> np.ndarray:
    """Times (N,) in [0, seconds), ascending."""
    copies = trace_copies(gaps, rate)
    if scale is TraceScale.COMPRESS:
        return _trace_from(gaps / copies, seconds, rng)
    whole = [_trace_from(gaps, seconds, rng) for _ in range(int(copies))]
    part = _trace_from(gaps, seconds, rng)
    part = part[rng.random(part.size) < copies - int(copies)]
    return np.sort(np.concatenate([*whole, part]))


def _trace_from(gaps: np.ndarray, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """The circle of gaps from a random moment on: times in [0, seconds)."""
    length = float(gaps.sum())
    begin = rng.random() * length
    turns = int(np.ceil((begin + seconds) / length))
    times = (gaps.cumsum()[None, :] + length * np.arange(turns)[:, None]).ravel() - begin
    return times[(times >= 0) & (times < seconds)]
