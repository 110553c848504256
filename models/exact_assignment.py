"""The exact assignment of prompts that meets given fractions: a small transport problem over the
prompts that near-optimal prices leave undecided.

A solver's optimum may send a prompt to an LLM that is worse, after prices, by the solver's dual
tolerance (HiGHS: 1e-7). Scores that nearly tie at that scale would then be realised otherwise by
the router, which sees only scores and prices. So such an optimum is refined: the same problem on
the margins that are left, magnified (iterative refinement; Gleixner, Steffy, Wolter, INFORMS J.
Comput. 28, 2016), until every prompt with a share of an LLM ties with it to float noise.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

EXACT_MARGIN = 1e-11
"""A prompt's share may go to an LLM this far below its best after prices, 0..1 scale: far below
what counts as a tie.
"""

MANY_UNDECIDED = 500
"""From so many undecided prompts on, those that lose the same are merged."""

MANY_KINDS = 5_000
"""From so many kinds of undecided prompts on, the interior-point method with crossover solves the
problem: 24,500 kinds of 0/1 scores and 20 LLMs took it 4 s, the simplex method 40.
"""

MAGNIFIED = 2.0**20
"""How much the margins are magnified for the second solve: a power of two loses no digit."""


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
    assignment = _solve_transport(values, weights, target, prices, window)
    if assignment is None or _largest_margin_given_up(values, assignment) <= EXACT_MARGIN:
        return assignment
    rest = values - assignment.prices[:, None]
    best = rest.max(axis=0)
    refined = _solve_transport(
        (rest - best) * MAGNIFIED, weights, target, np.zeros(target.size), 1.0
    )
    if refined is None:  # the window was too narrow: the caller sees it by the value
        return assignment
    moved = assignment.prices + refined.prices / MAGNIFIED
    value = float(weights @ best + assignment.prices @ target) + refined.value / MAGNIFIED
    return Assignment(moved - moved.min(), refined.best, refined.shares, value)


def _largest_margin_given_up(values: np.ndarray, assignment: Assignment) -> float:
    """How far below its best LLM after prices a prompt is assigned, at most."""
    margin = values - assignment.prices[:, None]
    margin = margin.max(axis=0) - margin
    undecided = np.fromiter(assignment.shares, dtype=np.intp)
    given_up = margin[assignment.best, np.arange(margin.shape[1])]
    if undecided.size:
        shares = np.array(list(assignment.shares.values())).T
        given_up[undecided] = np.where(shares > 0, margin[:, undecided], 0.0).max(axis=0)
    return float(given_up.max())


def _solve_transport(
    values: np.ndarray,
    weights: np.ndarray,
    target: np.ndarray,
    prices: np.ndarray,
    window: float,
) -> Assignment | None:
    """`assign_exactly_within_window` to the tolerances of the solver."""
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
    # Prompts that lose the same by every move are one: of 0/1 scores there are few kinds within a
    # window, however many differ beyond it.
    lost = np.where(open_edge, margin, np.inf)[:, undecided]
    kind, of_kind = np.arange(undecided.size), np.arange(undecided.size)
    if undecided.size > MANY_UNDECIDED:
        _, kind, of_kind = np.unique(lost, axis=1, return_index=True, return_inverse=True)
        of_kind = of_kind.ravel()
    weight = np.bincount(of_kind, weights=weights[undecided])
    llm, column = np.nonzero(np.isfinite(lost[:, kind]))
    # Prompts' weights are of order 1e-5, below what a solver tells from zero: counted in the mean
    # weight of the undecided ones they are of order 1.
    unit = 1.0 / weight.mean()
    demand = (target - fixed) * unit
    if demand.min() < -1e-9:
        return None
    # The rows of the last LLM follow from all others: left out, its multiplier is 0.
    last = llms - 1
    kept = llm != last
    rows = np.concatenate([column, kind.size + llm[kept]])
    cols = np.concatenate([np.arange(llm.size), np.flatnonzero(kept)])
    matrix = csr_matrix((np.ones(rows.size), (rows, cols)), shape=(kind.size + last, llm.size))
    right = np.concatenate([weight * unit, demand[:last]])
    gain = -lost[llm, kind[column]]
    method = "highs-ipm" if kind.size >= MANY_KINDS else "highs"
    answer = linprog(-gain, A_eq=matrix, b_eq=right, bounds=(0, None), method=method)
    if answer.status != 0:
        return None
    multipliers = prices + np.append(-answer.eqlin.marginals[kind.size :], 0.0)
    flow = np.zeros((llms, kind.size))
    flow[llm, column] = np.maximum(answer.x, 0) / unit
    flows = flow[:, of_kind] * (weights[undecided] / weight[of_kind])
    value += float((values[:, undecided] * flows).sum())
    shares = dict(zip(undecided.tolist(), flows.T, strict=True))
    return Assignment(multipliers - multipliers.min(), best, shares, value)
