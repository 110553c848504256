"""Exact assignments where discrete scores tie: prices moved so that LLMs tie exactly, and the tied
prompts divided so that all fractions are met.

Of 0/1 or graded scores the optimal prices tie whole kinds of prompts between LLMs; near them the
transport problem of `models.exact_assignment` has 10,000s of kinds of prompts and costs that say
nothing but how far the prices still are from those ties. Two steps find the same optimum:

    ties     prices alpha + x with x_b - x_r = l(b, r) along a spanning forest, l(b, r) being what
             most weight with best LLM b loses by moving to r
    shares   of a kind k with weight w_k, tied between the LLMs T_k: w_k e^(beta_r) / sum of
             e^(beta) over T_k; beta by Newton's method on the convex function
             sum_k w_k log(sum of e^(beta) over T_k) - d . beta, whose gradient is what the loads
             miss of the demand d

A prompt only ever goes to an LLM that is best for it after prices, so that an assignment which
meets the fractions is optimal (complementary slackness). Where the forest's ties do not allow one
there is no answer.
"""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

__all__ = ["divide_tied_prompts", "tie_prices"]

NEWTON_STEPS = 60
MET = 1e-12
"""What the loads may miss of the demand, a share of all requests: what a linear program's may."""
FAR = 40.0
"""Largest |beta|: beyond it an LLM takes all or nothing of what it ties for, and no number does."""


def tie_prices(lost: np.ndarray, weight: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """Prices (R,) near others at which LLMs tie. lost: (R, K) what each kind loses by an LLM, 0 for
    its best one, inf beyond the window; weight: (K,).
    """
    llms = prices.size
    best = lost.argmin(axis=0)
    together, least = np.zeros((llms, llms)), np.zeros((llms, llms))
    for b in range(llms):
        own = np.flatnonzero(best == b)
        for r in np.flatnonzero(np.isfinite(lost[:, own]).any(axis=1)):
            if r == b:
                continue
            near = own[np.isfinite(lost[r, own])]
            losses, which = np.unique(lost[r, near], return_inverse=True)
            sums = np.bincount(which.ravel(), weights=weight[near])
            together[b, r], least[b, r] = sums.max(), losses[sums.argmax()]
    pairs = together + together.T
    step = np.where(together >= together.T, least, -least.T)
    # The forest of most weight is the least one of negative weights; 0 is no edge.
    forest = minimum_spanning_tree(csr_matrix(-pairs))
    moved, seen = np.zeros(llms), np.zeros(llms, dtype=bool)
    for root in range(llms):
        if seen[root]:
            continue
        order, before = breadth_first_order(forest, root, directed=False)
        for r in order[1:]:
            b = before[r]
            moved[r] = moved[b] - step[b, r]
        seen[order] = True
    return prices + moved


def divide_tied_prompts(
    tied: np.ndarray, weight: np.ndarray, demand: np.ndarray
) -> np.ndarray | None:
    """Shares (R, K) of the weight (K,) > 0 of each kind, all of it among its tied LLMs (R, K), so
    that every LLM has its demand (R,); None where Newton's method finds none.
    """
    if abs(weight.sum() - demand.sum()) > MET or demand.min() < 0:
        return None
    beta = np.zeros(demand.size)
    served = demand > 0
    if tied[~served].any():
        tied = tied & served[:, None]
        if not tied.any(axis=0).all():
            return None
    for _ in range(NEWTON_STEPS):
        share = np.where(tied, np.exp(beta - beta[served].max())[:, None], 0.0)
        share *= weight / share.sum(axis=0)
        missed = share.sum(axis=1) - demand
        if np.abs(missed).max() <= MET * 1e-2:
            return share
        slope = np.diag(share.sum(axis=1)) - (share / weight) @ share.T
        step = np.linalg.lstsq(slope, missed, rcond=None)[0]
        beta -= step * min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
        if np.abs(beta).max() > FAR:
            return None
    return share if np.abs(missed).max() <= MET else None
