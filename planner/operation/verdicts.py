"""Verdicts on a plan in operation."""

from enum import StrEnum

__all__ = ["DifferenceVerdict", "SloVerdict"]


class SloVerdict(StrEnum):
    """Whether a limit is kept: certainly, perhaps, certainly not; NOT_SIMULATED: nothing is
    known.
    """

    HOLDS = "holds"
    UNCERTAIN = "uncertain"
    MISSES = "misses"
    NOT_SIMULATED = "not simulated"


class DifferenceVerdict(StrEnum):
    """Whether one routing does better than another, beyond the noise of the sample."""

    BETTER = "better"
    WORSE = "worse"
    NOISE = "within noise"
