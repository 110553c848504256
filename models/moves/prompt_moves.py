"""Moves of prompts: quality near one vector of prices, as columns of a program.

At prices alpha let b(x) be the LLM of largest margin s_i(x) - alpha_i for prompt x, share_b the
part of the prompts that choose b, and the regret of LLM i

    r_i(x) = (s_b(x) - alpha_b) - (s_i(x) - alpha_i) >= 0,    b = b(x)

Of any routing y let z_bi be the part of the prompts that choose b and are answered by i (i != b).
Then, since sum_i y_i(x) = 1,

    f_i = share_i + sum_b z_bi - sum_b z_ib                                                   (1)
    mean sum_i s_i y_i = g(alpha) + alpha . f - mean sum_i r_i y_i
                      <= g(alpha) + alpha . f - sum_bi Loss_bi(z_bi)                          (2)

where Loss_bi(z) is the least regret of z prompts of b that move to i: those of least r_i first. It
is convex and piecewise linear, and so is any maximum of its supporting lines, which lies below it:

    Loss_bi(z) >= t z - mean over the prompts of b of (t - r_i(x))^+      for every slope t   (3)

Proof of (2): the regret of what moves from b to i is a mean of r_i(x) y_i(x) with 0 <= y_i <= 1,
which is least where the prompts of least regret move whole. So (1) and (2) hold for every routing:
a program that holds them over-rates no plan less than it must, and its bound is a bound. It is too
hopeful where one prompt counts in two moves, an effect of third order near alpha.

Why. Quality is as smooth as the scores are many. Cuts describe it by planes, of which a dozen
dimensions need thousands; its curvature is what keeps a program from moving requests to where
replicas happen to be whole. Steps of moves have it at once, and their narrow ranges are what the
rounding cuts of an integer program get hold of: 12 LLMs, 256 GPUs, a floor near the best answers:
bound 338.2 USD/h with 120 cuts, 339.3 with these steps and the same, of a plan at 340.5.

Arrays: M LLMs, N prompts, K steps; quality on the 0..1 scale of models.quality.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, hstack, vstack

from models.linear import LinearProgram

SLOPES = (0.002, 0.006, 0.018, 0.054, 0.162)
"""Slopes of the supporting lines, 0..1 scale: a line more between any two changes the estimate by
less than a prompt's second move does.
"""

NARROW = 1e-6
"""A step that takes a smaller part of the prompts is joined to the cheaper one before it: HiGHS
warns of bounds near its tolerances.
"""

NO_COEFFICIENT = 1e-9
"""HiGHS refuses rows with smaller coefficients: such prices are 0, and so are such slopes."""


@dataclass(frozen=True, kw_only=True)
class MoveSteps:
    """(1) to (3) at one vector of prices.

    prices: (M,). base: g(prices). shares: (M,). leaves, joins: (K,) LLMs b and i. widths: (K,) most
    of each step, slopes: (K,) regret of each.
    """

    prices: np.ndarray
    base: float
    shares: np.ndarray
    leaves: np.ndarray
    joins: np.ndarray
    widths: np.ndarray
    slopes: np.ndarray

    def __len__(self) -> int:
        return self.widths.size


def prompt_move_steps(values: np.ndarray, weights: np.ndarray, prices: np.ndarray) -> MoveSteps:
    """The steps at prices (M,) of scores values (M, N), weights (N,) with the sum 1."""
    llms = prices.size
    prices = np.where(np.abs(prices) < NO_COEFFICIENT, 0.0, prices)
    margin = values - prices[:, None]
    chosen, best = margin.argmax(axis=0), margin.max(axis=0)
    leaves, joins = list[int](), list[int]()
    widths, slopes = list[np.ndarray](), list[np.ndarray]()
    for b in range(llms):
        own = np.flatnonzero(chosen == b)
        if not own.size:
            continue
        for i in np.delete(np.arange(llms), b).tolist():
            wide, steep = _loss_steps(best[own] - margin[i, own], weights[own])
            steep[steep < NO_COEFFICIENT] = 0.0
            leaves += [b] * wide.size
            joins += [i] * wide.size
            widths.append(wide)
            slopes.append(steep)
    return MoveSteps(
        prices=prices,
        base=float(best @ weights),
        shares=np.bincount(chosen, weights=weights, minlength=llms),
        leaves=np.array(leaves, dtype=int),
        joins=np.array(joins, dtype=int),
        widths=np.concatenate([np.zeros(0), *widths]),
        slopes=np.concatenate([np.zeros(0), *slopes]),
    )


def _loss_steps(regrets: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Widths and rising slopes of the maximum of supporting lines (3) of one loss, up to all of
    the prompts. regrets, weights: of the prompts of b.
    """
    slopes = [float(regrets.min()), *(t for t in SLOPES if t > regrets.min())]
    # Where the lines of two slopes meet, the dearer one begins.
    offsets = [float(weights @ np.maximum(t - regrets, 0.0)) for t in slopes]
    ends = np.append(np.diff(offsets) / np.diff(slopes), float(weights.sum()))
    widths, steep, begun = list[float](), list[float](), 0.0
    for end, slope in zip(np.minimum(ends, ends[-1]).tolist(), slopes, strict=True):
        if end - begun <= NARROW and widths:
            widths[-1] += max(end - begun, 0.0)
        else:
            widths.append(max(end - begun, 0.0))
            steep.append(slope)
        begun = max(end, begun)
    return np.array(widths), np.array(steep)


def with_prompt_moves(
    program: LinearProgram, steps: MoveSteps, fractions: tuple[int, ...], quality: int
) -> LinearProgram:
    """A program with columns and rows for (1) and (2) after its own, without names.

    fractions: columns of f. quality: column of q, on the 0..1 scale.
    """
    rows, columns = program.shape
    count, llms = len(steps), steps.prices.size
    step = np.arange(count)
    own = csr_matrix(
        (
            np.concatenate([np.ones(llms), [1.0], -steps.prices]),
            (
                np.concatenate([np.arange(llms), np.full(1 + llms, llms)]),
                np.concatenate([fractions, [quality], fractions]),
            ),
        ),
        shape=(llms + 1, columns),
    )
    moved = coo_matrix(
        (
            np.concatenate([-np.ones(count), np.ones(count), steps.slopes]),
            (
                np.concatenate([steps.joins, steps.leaves, np.full(count, llms)]),
                np.concatenate([step, step, step]),
            ),
        ),
        shape=(llms + 1, count),
    )
    block = csr_matrix(hstack([own, moved]))
    block.eliminate_zeros()
    old = csr_matrix(hstack([program.matrix, csr_matrix((rows, count))]))
    return replace(
        program,
        cost=np.concatenate([program.cost, np.zeros(count)]),
        matrix=csr_matrix(vstack([old, block])),
        row_lower=np.concatenate([program.row_lower, steps.shares, [-np.inf]]),
        row_upper=np.concatenate([program.row_upper, steps.shares, [steps.base]]),
        low=np.concatenate([program.low, np.zeros(count)]),
        high=np.concatenate([program.high, steps.widths]),
        integer=np.concatenate([program.integer, np.zeros(count, dtype=bool)]),
        row_names=[],
        column_names=[],
    )
