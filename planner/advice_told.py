"""What to plan with where a limit is not surely kept by what was replayed: the room that was missing, taken off the limit before planning.

limit to plan with = least(planned, limit) * limit / (upper end of what came out), three digits, rounded downwards
"""

import math
from collections.abc import Mapping, Sequence

__all__ = ["room_for", "try_line"]

DIGITS = 3


def room_for(limit: float, planned: float | None, upper: float) -> float:
    """The limit to plan with, in the unit of the three. planned: what the plan came to, None where it is not known."""
    aim = limit / upper * (limit if planned is None else min(planned, limit))
    unit = 10.0 ** (math.floor(math.log10(aim)) - DIGITS + 1)
    return float(f"{math.floor(aim / unit + 1e-9) * unit:.{DIGITS}g}")


def try_line(changes: Mapping[str, float], asked: Sequence[str], again: str) -> str:
    """Tell the changes (path -> value) as arguments. asked: the limits as they stand, in words; again: the command to repeat."""
    arguments = " ".join(f"--set {path}={value:.12g}" for path, value in changes.items())
    return (
        f"Try: plan with {arguments} and {again} again; compare with the limits asked for here: {', '.join(asked)}. A guess, not a promise."
    )
