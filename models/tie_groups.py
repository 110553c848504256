"""Tie groups: prompts whose best LLMs after prices are equal, and how an exact assignment divides
them. With discrete scores many prompts tie, and their argmax alone would not meet the fractions.

The router compares scores less prices in floats, so what ties is a matter of a threshold. It is
laid where no margin is near: in the middle of the widest gap between margins around TIE_EPS. Two
programs that round differently then see the same groups.
"""

from dataclasses import dataclass

import numpy as np

from models.exact_assignment import Assignment
from models.scores.prompt_blocks import ScoreRows, margin_blocks

TIE_EPS = 1e-9
"""About how close prompts' best LLMs lie after prices to be tied, 0..1 scale."""

TIE_BAND = (0.2, 1.8)
"""Times TIE_EPS: between which margins the threshold is laid."""


@dataclass(frozen=True)
class Tie:
    """Prompts whose best LLMs after prices are exactly `llms`; share: their weight; split: how they
    are divided, sums to 1.
    """

    llms: tuple[int, ...]
    share: float
    split: tuple[float, ...]


def tie_threshold(values: ScoreRows, prices: np.ndarray, noise: float) -> float:
    """The margin, 0..1 scale, up to which LLMs tie.

    values: (R, N) scores, prices: (R,). noise: what float arithmetic in score units may be off by,
    0..1 scale; it counts where scores lie far from 0 compared with their range.
    """
    about = max(TIE_EPS, 32.0 * noise)
    low, high = (side * about for side in TIE_BAND)
    between = []
    for _, margin, top in margin_blocks(values, prices):
        worse = top - margin
        between.append(worse[(worse > low) & (worse < high)])
    near = np.sort(np.concatenate(between))
    edges = np.concatenate([[low], near, [high]])
    widest = int(np.diff(edges).argmax())
    return float(edges[widest] + edges[widest + 1]) / 2


def assignment_tie_groups(
    values: ScoreRows,
    weights: np.ndarray,
    assignment: Assignment,
    routed: np.ndarray,
    threshold: float,
) -> tuple[Tie, ...]:
    """Tie groups at the assignment's prices, and how it divides them.

    values: (R, N). routed: (R,) positions of the LLMs. threshold: see `tie_threshold`.
    """
    groups: dict[tuple[int, ...], np.ndarray] = {}
    for at, margin, top in margin_blocks(values, assignment.prices):
        tied = margin >= top - threshold
        some = np.flatnonzero(tied.sum(axis=0) > 1)
        tied, flows = tied[:, some], _tied_flows(assignment, weights, at.start + some)
        _, kind = np.unique(np.packbits(tied, axis=0), axis=1, return_inverse=True)
        kind = kind.ravel()
        one = np.zeros(int(kind.max(initial=-1)) + 1, dtype=int)
        one[kind] = np.arange(some.size)
        sums = np.array([np.bincount(kind, weights=flow, minlength=one.size) for flow in flows])
        for k, members in enumerate(tied[:, one].T):
            key = tuple(np.flatnonzero(members).tolist())
            groups[key] = groups.get(key, 0.0) + sums[:, k]
    ties = []
    for members in sorted(groups):
        part = groups[members][list(members)]
        if part.sum() > 0:
            llms = tuple(int(routed[i]) for i in members)
            ties.append(Tie(llms, float(part.sum()), tuple((part / part.sum()).tolist())))
    return tuple(ties)


def _tied_flows(assignment: Assignment, weights: np.ndarray, prompts: np.ndarray) -> np.ndarray:
    """(R, n) weight of some prompts by LLM."""
    flows = np.zeros((assignment.prices.size, prompts.size))
    flows[assignment.best[prompts], np.arange(prompts.size)] = weights[prompts]
    _, here, there = np.intersect1d(
        prompts, assignment.prompts, assume_unique=True, return_indices=True
    )
    flows[:, here] = assignment.flows[:, there]
    return flows
