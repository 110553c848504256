"""The exact assignment of prompts that meets given fractions: a small transport problem over the
prompts that near-optimal prices leave undecided, and the tie groups that it splits.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

TIE_EPS = 1e-9
"""Prompts whose best LLMs lie this close after prices are tied, in score units of the 0..1 scale.
"""


@dataclass(frozen=True)
class Tie:
    """Prompts whose best LLMs after prices are exactly `llms`; share: their weight; split: how they
    are divided, sums to 1.
    """

    llms: tuple[int, ...]
    share: float
    split: tuple[float, ...]


@dataclass(frozen=True)
class Assignment:
    """Prompts by LLM at prices (R,): best (N,) of the decided ones, shares (R,) of the weight of
    each undecided one; value: mean score, 0..1 scale.
    """

    prices: np.ndarray
    best: np.ndarray
    shares: dict[int, np.ndarray]
    value: float


def assign_exactly_within_window(
    values: np.ndarray,
    weights: np.ndarray,
    target: np.ndarray,
    prices: np.ndarray,
    window: float,
) -> Assignment | None:
    """The best assignment with fractions `target` (R,) in which a prompt may leave its best LLM
    only for one within the window; None when there is none.

    values: (R, N) scores, weights: (N,), prices: (R,). The prices of the answer are the transport
    problem's multipliers: exact, where the window was wide enough.
    """
    llms, prompts = values.shape
    margin = values - prices[:, None]
    best = margin.argmax(axis=0)
    margin = margin.max(axis=0) - margin
    open_edge = margin <= window
    undecided = np.flatnonzero(open_edge.sum(axis=0) > 1)
    decided = np.ones(prompts, dtype=bool)
    decided[undecided] = False
    fixed = np.bincount(best[decided], weights=weights[decided], minlength=llms)
    value = float(values[best[decided], np.flatnonzero(decided)] @ weights[decided])
    if undecided.size == 0:
        met = np.abs(fixed - target).max() < 1e-12
        return Assignment(prices, best, {}, value) if met else None
    llm, column = np.nonzero(open_edge[:, undecided])
    # Prompts' weights are of order 1e-5, below what a solver tells from zero: counted in the mean
    # weight of the undecided ones they are of order 1.
    unit = 1.0 / weights[undecided].mean()
    demand = (target - fixed) * unit
    if demand.min() < -1e-9:
        return None
    # The rows of the last LLM follow from all others: left out, its multiplier is 0.
    last = llms - 1
    kept = llm != last
    rows = np.concatenate([column, undecided.size + llm[kept]])
    cols = np.concatenate([np.arange(llm.size), np.flatnonzero(kept)])
    matrix = csr_matrix((np.ones(rows.size), (rows, cols)), shape=(undecided.size + last, llm.size))
    right = np.concatenate([weights[undecided] * unit, demand[:last]])
    gain = values[llm, undecided[column]]
    answer = linprog(-gain, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs")
    if answer.status != 0:
        return None
    multipliers = np.append(-answer.eqlin.marginals[undecided.size :], 0.0)
    flow = np.maximum(answer.x, 0) / unit
    value += float(gain @ flow)
    shares = {int(x): np.zeros(llms) for x in undecided}
    for i, x, y in zip(llm.tolist(), undecided[column].tolist(), flow.tolist(), strict=True):
        shares[x][i] = y
    return Assignment(multipliers - multipliers.min(), best, shares, value)


def assignment_tie_groups(
    values: np.ndarray, weights: np.ndarray, assignment: Assignment, routed: np.ndarray
) -> tuple[Tie, ...]:
    """Tie groups at the assignment's prices, and how it divides them.

    values: (R, N). routed: (R,) positions of the LLMs. With discrete scores many prompts tie, and
    their argmax alone would not meet the fractions.
    """
    margin = values - assignment.prices[:, None]
    tied = margin >= margin.max(axis=0) - TIE_EPS
    groups: dict[tuple[int, ...], np.ndarray] = {}
    for x in np.flatnonzero(tied.sum(axis=0) > 1).tolist():
        members = tuple(np.flatnonzero(tied[:, x]).tolist())
        flow = assignment.shares.get(x)
        if flow is None:
            flow = np.where(np.arange(routed.size) == assignment.best[x], weights[x], 0.0)
        groups[members] = groups.get(members, 0.0) + flow
    ties = []
    for members in sorted(groups):
        part = groups[members][list(members)]
        if part.sum() > 0:
            llms = tuple(int(routed[i]) for i in members)
            ties.append(Tie(llms, float(part.sum()), tuple((part / part.sum()).tolist())))
    return tuple(ties)
