"""How a solve is asked for and how it tells its progress."""

import math
from dataclasses import dataclass

CLOSE_ENOUGH = 1e-6
"""A bound and a value this close, in shares of the range of scores, have met whatever gap was asked
for (the contract).
"""


@dataclass(frozen=True)
class Settings:
    """rel_gap: as the contract defines it. time_limit: s. threads, seed: of HiGHS."""

    rel_gap: float = 1e-4
    time_limit: float = 60.0
    threads: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Progress:
    """elapsed: s.

    value, bound: of the objective in its own unit, None while unknown; value NaN (default) where no
    plan is sought.
    """

    elapsed: float
    phase: str
    value: float | None = math.nan
    bound: float | None = None
