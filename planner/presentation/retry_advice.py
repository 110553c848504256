"""TODO."""

import math
from collections.abc import Mapping, Sequence

DIGITS = 3


def tightened_limit(limit: float, planned: float | None, upper: float) -> float:
    """The limit to plan with, in the unit of the three.

    planned: what the plan came to, None where it is not known.
    """
    aim = limit / upper * (limit if planned is None else min(planned, limit))
    unit = 10.0 ** (math.floor(math.log10(aim)) - DIGITS + 1)
    return float(f"{math.floor(aim / unit + 1e-9) * unit:.{DIGITS}g}")


def retry_line(changes: Mapping[str, float], asked: Sequence[str], again: str) -> str:
    """Tell the changes (path -> value) as arguments.

    asked: the limits as they stand, in words; again: the command to repeat.
    """
    arguments = " ".join(f"--set {path}={value:.12g}" for path, value in changes.items())
    return (
        f"Try: plan with {arguments} and {again} again; compare with the limits asked for here:"
        f" {', '.join(asked)}. A guess, not a promise."
    )
