"""The exact assignment of prompts that meets given fractions: a small transport problem over the
prompts that near-optimal prices leave undecided.

A solver's optimum may send a prompt to an LLM that is worse, after prices, by the solver's dual
tolerance (HiGHS: 1e-7). Scores that nearly tie at that scale would then be realised otherwise by
the router, which sees only scores and prices. So such an optimum is refined: the same problem on
the margins that are left, magnified (iterative refinement; Gleixner, Steffy, Wolter, INFORMS J.
Comput. 28, 2016), until every prompt with a share of an LLM ties with it to float noise.

Of discrete scores with many kinds of undecided prompts the same optimum is first sought where LLMs
tie exactly (models.scores.tied_prompts).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from models.scores.prompt_blocks import (
    ScoreRows,
    margin_blocks,
    mean_best_margin,
    prompt_blocks,
    scores_of_prompts,
)
from models.scores.tied_prompts import divide_tied_prompts, tie_prices

EXACT_MARGIN = 1e-11
"""A prompt's share may go to an LLM this far below its best after prices, 0..1 scale: far below
what counts as a tie.
"""

MANY_UNDECIDED = 500
"""From so many undecided prompts on, those that lose the same are merged."""

MANY_KINDS = 5_000
"""From so many kinds of undecided prompts on, scores count as discrete where fewer losses than
kinds differ, as of 0/1 scores. 24,700 kinds of those and 15 LLMs are divided at exact ties in 0.1
s; where that finds nothing, the interior-point method with crossover solves the problem in 3 s, the
simplex method in 40. Where most losses differ the simplex method is the faster one: 26,800 kinds
and 50 LLMs took it 2 s, the interior-point method 9.
"""

MAGNIFIED = 2.0**20
"""How much the margins are magnified for the second solve: a power of two loses no digit."""


@dataclass(frozen=True)
class Assignment:
    """Prompts by LLM at prices (R,): best (N,) of the decided ones; flows (R, K) of the weight of
    the undecided ones, at ascending positions prompts (K,); value: mean score, 0..1 scale.
    """

    prices: np.ndarray
    best: np.ndarray
    prompts: np.ndarray
    flows: np.ndarray
    value: float


def assign_exactly_within_window(
    values: ScoreRows,
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
    found = _undecided_prompts(values, prices, window)
    kinds = _kinds_of_undecided(found, weights)
    if kinds.discrete:
        moved = tie_prices(kinds.lost, kinds.weight, prices)
        tied = _assign_where_tied(values, weights, target, moved)
        if tied is not None:
            return tied
    solved = _solve_transport(found, kinds, weights, target)
    if solved is None:
        return None
    flows, multipliers = solved
    moved = prices + multipliers
    first = found.assignment(moved, flows, _realised_value(values, weights, found, flows))
    if _largest_margin_given_up(values, first, found.prompts, flows) <= EXACT_MARGIN:
        return first
    again = _undecided_prompts(values, first.prices, 1.0 / MAGNIFIED, MAGNIFIED)
    refined = _solve_transport(again, _kinds_of_undecided(again, weights), weights, target)
    if refined is None:  # the window was too narrow: the caller sees it by the value
        return first
    flows, multipliers = refined
    best = mean_best_margin(values, weights, first.prices)
    lost = float(np.where(flows > 0, again.lost, 0.0).ravel() @ flows.ravel()) / MAGNIFIED
    value = best + float(first.prices @ target) - lost
    return again.assignment(first.prices + multipliers / MAGNIFIED, flows, value)


@dataclass(frozen=True)
class _Undecided:
    """What prices leave open. best: (N,) the best LLM of every prompt. prompts: (K,) those with
    another one within the window; lost: (R, K) what each LLM is worse for them, inf beyond it.
    """

    best: np.ndarray
    prompts: np.ndarray
    lost: np.ndarray

    def assignment(self, prices: np.ndarray, flows: np.ndarray, value: float) -> Assignment:
        """With flows (R, K) of the undecided prompts at prices (R,)."""
        return Assignment(prices - prices.min(), self.best, self.prompts, flows, value)


@dataclass(frozen=True)
class _Kinds:
    """Undecided prompts that lose the same by every move, as one. of_kind: (K,) of each prompt;
    weight: of each kind; lost: (R, kinds); discrete: whether scores are, so that many kinds lose
    the same.
    """

    of_kind: np.ndarray
    weight: np.ndarray
    lost: np.ndarray
    discrete: bool


def _kinds_of_undecided(found: _Undecided, weights: np.ndarray) -> _Kinds:
    """Of 0/1 scores there are few kinds within a window, however many differ beyond it."""
    kind = of_kind = np.arange(found.prompts.size)
    if kind.size > MANY_UNDECIDED:
        _, kind, of_kind = np.unique(found.lost, axis=1, return_index=True, return_inverse=True)
        of_kind = of_kind.ravel()
    lost = found.lost[:, kind]
    few = kind.size >= MANY_KINDS and np.unique(lost[np.isfinite(lost)]).size < kind.size
    return _Kinds(of_kind, np.bincount(of_kind, weights=weights[found.prompts]), lost, few)


def _assign_where_tied(
    values: ScoreRows, weights: np.ndarray, target: np.ndarray, prices: np.ndarray
) -> Assignment | None:
    """An assignment of every prompt to LLMs that are best for it at prices (R,); None where none
    that meets the target (R,) is found.
    """
    found = _undecided_prompts(values, prices, EXACT_MARGIN)
    tied = np.isfinite(found.lost)
    _, of_kind = np.unique(np.packbits(tied, axis=0), axis=1, return_inverse=True)
    of_kind = of_kind.ravel()
    own = weights[found.prompts]
    weight = np.bincount(of_kind, weights=own)
    kind = np.zeros(weight.size, dtype=int)
    kind[of_kind] = np.arange(of_kind.size)
    demand = target - _decided_loads(found, weights, target.size)
    shares = divide_tied_prompts(tied[:, kind], weight, demand)
    if shares is None:
        return None
    flows = shares[:, of_kind] * (own / weight[of_kind])
    return found.assignment(prices, flows, _realised_value(values, weights, found, flows))


def _decided_loads(found: _Undecided, weights: np.ndarray, llms: int) -> np.ndarray:
    """(R,) weight of the prompts that are decided."""
    weight = weights.copy()
    weight[found.prompts] = 0.0
    return np.bincount(found.best, weights=weight, minlength=llms)


def _undecided_prompts(
    values: ScoreRows, prices: np.ndarray, window: float, magnified: float = 1.0
) -> _Undecided:
    """Prompts with two LLMs within a window of the best after prices (R,); what they lose is
    magnified.
    """
    best, prompts, lost = [], [], []
    for at, margin, top in margin_blocks(values, prices):
        best.append(margin.argmax(axis=0).astype(np.int16))
        near = margin >= top - window
        some = np.flatnonzero(near.sum(axis=0) > 1)
        prompts.append(at.start + some)
        worse = (top[some] - margin[:, some]) * magnified
        lost.append(np.where(near[:, some], worse, np.inf))
    return _Undecided(np.concatenate(best), np.concatenate(prompts), np.concatenate(lost, axis=1))


def _realised_value(
    values: ScoreRows, weights: np.ndarray, found: _Undecided, flows: np.ndarray
) -> float:
    """Mean score where decided prompts have their best LLM and the others their flows (R, K)."""
    weight = weights.copy()
    weight[found.prompts] = 0.0
    value = 0.0
    for at, block in prompt_blocks(values):
        best = found.best[at]
        value += float(block[best, np.arange(best.size)] @ weight[at])
    return value + float((scores_of_prompts(values, found.prompts) * flows).sum())


def _largest_margin_given_up(
    values: ScoreRows, assignment: Assignment, undecided: np.ndarray, flows: np.ndarray
) -> float:
    """How far below its best LLM after prices a prompt is assigned, at most."""
    decided = np.ones(assignment.best.size, dtype=bool)
    decided[undecided] = False
    most = 0.0
    for at, margin, top in margin_blocks(values, assignment.prices):
        best = assignment.best[at]
        given_up = (top - margin[best, np.arange(best.size)])[decided[at]]
        most = max(most, float(given_up.max(initial=0.0)))
    margin = scores_of_prompts(values, undecided) - assignment.prices[:, None]
    if undecided.size:
        given_up = np.where(flows > 0, margin.max(axis=0) - margin, 0.0)
        most = max(most, float(given_up.max()))
    return most


def _solve_transport(
    found: _Undecided, kinds: _Kinds, weights: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Flows (R, K) of the undecided prompts that lose least, to the tolerances of the solver, and
    the multipliers (R,), by which prices rise; None where no flows meet the target (R,).
    """
    llms, undecided = target.size, found.prompts
    fixed = _decided_loads(found, weights, llms)
    if undecided.size == 0:
        met = np.abs(fixed - target).max() < 1e-12
        return (np.zeros((llms, 0)), np.zeros(llms)) if met else None
    weight, of_kind = kinds.weight, kinds.of_kind
    llm, column = np.nonzero(np.isfinite(kinds.lost))
    # Prompts' weights are of order 1e-5, below what a solver tells from zero: counted in the mean
    # weight of the undecided ones they are of order 1.
    unit = 1.0 / weight.mean()
    demand = (target - fixed) * unit
    if demand.min() < -1e-9:
        return None
    # The rows of the last LLM follow from all others: left out, its multiplier is 0.
    last = llms - 1
    kept = llm != last
    rows = np.concatenate([column, weight.size + llm[kept]])
    cols = np.concatenate([np.arange(llm.size), np.flatnonzero(kept)])
    matrix = csr_matrix((np.ones(rows.size), (rows, cols)), shape=(weight.size + last, llm.size))
    right = np.concatenate([weight * unit, demand[:last]])
    method = "highs-ipm" if kinds.discrete else "highs"
    answer = linprog(kinds.lost[llm, column], A_eq=matrix, b_eq=right, method=method)
    if answer.status != 0:
        return None
    flow = np.zeros((llms, weight.size))
    flow[llm, column] = np.maximum(answer.x, 0) / unit
    flows = flow[:, of_kind] * (weights[undecided] / weight[of_kind])
    return flows, np.append(-answer.eqlin.marginals[weight.size :], 0.0)
