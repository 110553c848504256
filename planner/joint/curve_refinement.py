"""Refinement: where the program under-rated a curve at its own operating rates, it gets supporting
lines there, or a split arm.
"""

import numpy as np

from models.envelope import Arm
from planner.joint.search_state import COARSE_ERROR, SearchState

SAME_BUDGET = 1e-6
"""An under-estimate this close to the curve, in shares of the SLO's allowance, is exact enough: no
line is added.
"""

WORTH_A_SPLIT = 1e-5
"""A hull that lies further below the curve than this, in shares of the SLO's allowance, is split.
"""


def refine_lines(state: SearchState, replicas: np.ndarray, rates: np.ndarray) -> list[int]:
    """Supporting lines at the operating rates of a setup (replicas (O,), routed rates (O,)); the
    options whose envelope rose.
    """
    refined = []
    for o in np.flatnonzero(replicas > 1e-9).tolist():
        rate = float(rates[o] / replicas[o])
        curve = state.pieces[o]
        for arm in state.arms[o]:
            if curve is None or not arm.holds(rate):
                continue
            under = arm.under(rate)
            gap = np.maximum(arm.hull(rate), curve.spend(rate)) - under
            if np.any(gap > SAME_BUDGET * state.allowances * max(rate, 1e-9)) and arm.touch(rate):
                refined.append(o)
    return refined


def split_arms(state: SearchState, replicas: np.ndarray, rates: np.ndarray) -> bool:
    """Split the arms whose hull lies below the curve at the operating rate; whether any was."""
    split = False
    for o in np.flatnonzero(replicas > 0).tolist():
        rate = float(rates[o] / replicas[o])
        after: list[Arm] = []
        for arm in state.arms[o]:
            cuts = (
                arm.splits(rate, WORTH_A_SPLIT * state.allowances * max(rate, 1e-9))
                if arm.holds(rate)
                else []
            )
            rest = arm
            for at in cuts:
                left, rest = rest.split(at, COARSE_ERROR * state.allowances)
                after.append(left)
            after.append(rest)
            split |= bool(cuts)
        state.arms[o] = after
    return split
