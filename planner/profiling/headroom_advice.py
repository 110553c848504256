"""Which headroom to plan with, where nobody says one.

    rate    RATE_PCT of the arrival rate: hours are not alike, and a cheapest plan is full
    SLOs    so many per cent of every limit that latencies as much longer than their estimates as
            those that were held against measurements still keep it, and UNMEASURED_PCT at least,
            since what was not measured may be further off; none where all curves are measured

A median that is off by more than FAR says that the measurements are not of what they are taken for;
no headroom follows from it.
"""

import math
from dataclasses import dataclass

from planner.profiling.known_errors import TPOT_MEDIAN_PCT
from planner.profiling.measured_errors import EQUAL, FAR, MeasuredErrors

__all__ = ["HeadroomAdvice", "advise_headroom"]

RATE_PCT, UNMEASURED_PCT = 20.0, 20.0
"""A judgement: the latter lies between the median and the 90th percentile of errors of TPOT."""
STEP_PCT = 5.0


@dataclass(frozen=True, kw_only=True)
class HeadroomAdvice:
    """rate_pct, slo_pct: of the arrival rate and of every limit. why: of the latter, in words."""

    rate_pct: float
    slo_pct: float
    why: str


def advise_headroom(errors: MeasuredErrors, *, has_estimates: bool) -> HeadroomAdvice:
    """errors: of estimates, where something was measured; has_estimates: whether the plan may use
    estimated curves.
    """
    if not has_estimates:
        return HeadroomAdvice(rate_pct=RATE_PCT, slo_pct=0.0, why="all curves are measured")
    short = errors.short_pct
    if short > 100 * FAR:
        why = f"estimates are {short:.0f} % too short where you measured: look at step 3 first"
        return HeadroomAdvice(rate_pct=RATE_PCT, slo_pct=UNMEASURED_PCT, why=why)
    why = f"only half of all estimates of TPOT are within {TPOT_MEDIAN_PCT} %"
    if short >= 100 * EQUAL:
        why = f"estimates are up to {short:.0f} % too short where you measured"
    slo_pct = max(UNMEASURED_PCT, STEP_PCT * math.ceil(short / STEP_PCT))
    return HeadroomAdvice(rate_pct=RATE_PCT, slo_pct=slo_pct, why=why)
