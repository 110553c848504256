"""Refinement: where the program under-rated a curve at its own operating rates, the curve gets
supporting lines there, or a split arm.

The program holds under-estimates that are coarse at first (models.envelope): 27 lines per curve
solve four times faster than 77, and only the lines at operating rates matter for the bound. Adding
them where a solution sits is outer approximation (Duran and Grossmann, Math. Program. 36, 1986); a
split is spatial branching on the rate, where the hull itself lies below the curve.
"""

import numpy as np

from models.envelope import EnvelopeArm
from planner.joint.setups.search_state import COARSE_ERROR, SearchState

SAME_BUDGET = 1e-6
"""An under-estimate this close to the curve, in shares of the SLO's allowance, is exact enough: no
line is added.
"""

WORTH_A_SPLIT = 1e-5
"""A hull that lies further below the curve than this, in shares of the SLO's allowance, is split.
"""


def refine_curve_lines(state: SearchState, replicas: np.ndarray, rates: np.ndarray) -> list[int]:
    """Add supporting lines at the operating rates of a setup.

    replicas: (O,), not necessarily whole. rates: (O,) req/s routed to each option. Returns the
    options whose envelope rose.
    """
    refined = []
    for o in np.flatnonzero(replicas > 1e-9).tolist():
        rate = float(rates[o] / replicas[o])
        for arm in state.arms[o]:
            if not arm.holds(rate):
                continue
            under = arm.under(rate)
            # A line can lift the envelope up to the hull; where the curve lies above the hull the
            # touch still makes the hull as fine there as tangents can.
            gap = np.maximum(arm.hull(rate), state.pieces[o].spend(rate)) - under
            if np.any(gap > SAME_BUDGET * state.allowances * max(rate, 1e-9)) and arm.touch(rate):
                refined.append(o)
    return refined


def split_curve_arms(state: SearchState, replicas: np.ndarray, rates: np.ndarray) -> bool:
    """Split the arms whose hull lies below the curve at the operating rate; whether any was.

    replicas: (O,) whole. rates: (O,) req/s.
    """
    split = False
    for o in np.flatnonzero(replicas > 0).tolist():
        rate = float(rates[o] / replicas[o])
        after: list[EnvelopeArm] = []
        for arm in state.arms[o]:
            # Only where a solution sits: each split costs an arm variable and a choice of arms.
            tolerance = WORTH_A_SPLIT * state.allowances * max(rate, 1e-9)
            cuts = arm.splits(rate, tolerance) if arm.holds(rate) else []
            rest = arm
            for at in cuts:
                left, rest = rest.split(at, COARSE_ERROR * state.allowances)
                after.append(left)
            after.append(rest)
            split |= bool(cuts)
        state.arms[o] = after
    return split
