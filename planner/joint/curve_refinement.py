"""Refinement: where the program under-rated a curve at its own operating rates, it gets supporting
lines there, or a split arm.
"""

import numpy as np

from models.envelope import Arm
from planner.joint.search_state import COARSE_ERROR, Ground

SAME_BUDGET = 1e-6
"""An under-estimate this close to the curve, in shares of the SLO's allowance, is exact enough: no
line is added.
"""

WORTH_A_SPLIT = 1e-5
"""A hull that lies further below the curve than this, in shares of the SLO's allowance, is split.
"""


def refine_lines(ground: Ground, replicas: np.ndarray, rates: np.ndarray) -> list[int]:
    """Supporting lines at the operating rates of a setup (replicas (O,), routed rates (O,)); the
    options whose envelope rose.
    """
    refined = []
    for o in np.flatnonzero(replicas > 1e-9).tolist():
        rate = float(rates[o] / replicas[o])
        curve = ground.pieces[o]
        for arm in ground.arms[o]:
            if curve is None or not arm.holds(rate):
                continue
            under = arm.under(rate)
            gap = np.maximum(arm.hull(rate), curve.spend(rate)) - under
            if np.any(gap > SAME_BUDGET * ground.allowances * max(rate, 1e-9)) and arm.touch(rate):
                refined.append(o)
    return refined


def split_arms(ground: Ground, replicas: np.ndarray, rates: np.ndarray) -> bool:
    """Split the arms whose hull lies below the curve at the operating rate; whether any was."""
    split = False
    for o in np.flatnonzero(replicas > 0).tolist():
        rate = float(rates[o] / replicas[o])
        after: list[Arm] = []
        for arm in ground.arms[o]:
            cuts = (
                arm.splits(rate, WORTH_A_SPLIT * ground.allowances * max(rate, 1e-9))
                if arm.holds(rate)
                else []
            )
            rest = arm
            for at in cuts:
                left, rest = rest.split(at, COARSE_ERROR * ground.allowances)
                after.append(left)
            after.append(rest)
            split |= bool(cuts)
        ground.arms[o] = after
    return split
