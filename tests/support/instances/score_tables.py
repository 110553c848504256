"""Score tables of every kind, and the best quality by a linear program over all prompts."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, vstack

from models.linear import LinearProgram
from models.quality import Quality, Settled
from profiles.records import Scores

KINDS = (
    *("continuous", "binary", "grades", "weighted", "zero weights", "equal columns"),
    *("equal rows", "elo", "negative", "dominated", "one good", "unlike scales"),
)


def table(values: np.ndarray, weights: np.ndarray | None = None) -> Scores:
    values = np.ascontiguousarray(values, dtype=float)
    llms, prompts = values.shape
    weights = np.ones(prompts) if weights is None else np.asarray(weights, dtype=float)
    return Scores(
        np.array([f"p{x}" for x in range(prompts)]),
        tuple(f"llm-{i}" for i in range(llms)),
        values,
        weights / weights.sum(),
    )


def best_quality(scores: Scores, fractions: np.ndarray) -> float:
    """Q(f): the linear program with one variable for every LLM and prompt, solved directly."""
    values, weights = scores.values, scores.weights
    llms, prompts = values.shape
    i, x = np.divmod(np.arange(llms * prompts), prompts)
    entries = np.ones(i.size)
    assign = csr_matrix((entries, (x, np.arange(i.size))), shape=(prompts, i.size))
    meet = csr_matrix((weights[x], (i, np.arange(i.size))), shape=(llms, i.size))[: llms - 1]
    low, spread = values.min(), max(float(np.ptp(values)), 1e-12)
    gain = ((values - low) / spread * weights).ravel()
    answer = linprog(
        -gain,
        A_eq=csr_matrix(np.vstack([assign.toarray(), meet.toarray()])),
        b_eq=np.concatenate([np.ones(prompts), fractions[: llms - 1]]),
        bounds=(0, None),
        method="highs",
    )
    assert answer.status == 0, answer.message
    return low + spread * -float(answer.fun)


def best_quality_of_open(quality: Quality, fractions: np.ndarray, opened: np.ndarray) -> float:
    """Q(f, o) of models.openings.opening_cuts, 0..1 scale: a variable for every LLM and prompt."""
    values, weights = quality.values, quality.weights
    llms, prompts = values.shape
    assign = np.tile(np.eye(prompts), (1, llms))
    meet = np.kron(np.eye(llms), weights[None, :])[: llms - 1]
    answer = linprog(
        -(values * weights).ravel(),
        A_eq=np.vstack([assign, meet]),
        b_eq=np.concatenate([np.ones(prompts), fractions[: llms - 1]]),
        bounds=[(0, cap) for cap in np.repeat(opened, prompts)],
        method="highs",
    )
    assert answer.status == 0, answer.message
    return -float(answer.fun)


def quality_by_rows(
    extend: Callable[[LinearProgram, tuple[int, ...], int], LinearProgram], fractions: np.ndarray
) -> float:
    """Most quality (0..1 scale) at fractions (M,) of the rows that `extend` adds to an empty
    program of fractions and quality; -inf where they bar these fractions.
    """
    llms = fractions.size
    empty = LinearProgram(
        cost=np.append(np.zeros(llms), -1.0),
        matrix=csr_matrix((0, llms + 1)),
        row_lower=np.zeros(0),
        row_upper=np.zeros(0),
        low=np.append(fractions, -10.0),
        high=np.append(fractions, 10.0),
        integer=np.zeros(llms + 1, dtype=bool),
    )
    program = extend(empty, tuple(range(llms)), llms)
    below, above = np.isfinite(program.row_upper), np.isfinite(program.row_lower)
    answer = linprog(
        program.cost,
        A_ub=vstack([program.matrix[below], -program.matrix[above]]),
        b_ub=np.concatenate([program.row_upper[below], -program.row_lower[above]]),
        bounds=np.column_stack([program.low, program.high]),
        method="highs",
    )
    return -float(answer.fun) if answer.status == 0 else -np.inf


def scores_of(kind: str, seed: int) -> Scores:
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    llms, prompts = int(rng.integers(2, 6)), int(rng.integers(3, 60))
    values = (
        rng.uniform(0, 1, (llms, prompts)) * 0.4
        + rng.beta(2, 2, prompts) * 0.5
        + 0.05 * np.arange(llms)[:, None]
    )
    weights = np.ones(prompts)
    if kind == "binary":
        values = rng.integers(0, 2, (llms, prompts)).astype(float)
    if kind == "grades":
        values = rng.integers(1, 6, (llms, prompts)).astype(float)
        weights = rng.integers(1, 4, prompts).astype(float)
    if kind == "weighted":
        weights = rng.exponential(1.0, prompts) + 1e-3
    if kind == "zero weights":
        weights = np.where(rng.random(prompts) < 0.4, 0.0, rng.uniform(0.5, 2, prompts))
        weights[0] = 1.0
        values[:, weights == 0] = 1e6
    if kind == "equal columns":
        values = values[:, rng.integers(0, max(prompts // 4, 1), prompts)]
    if kind == "equal rows":
        values[1] = values[0]
    if kind == "elo":
        values = 1000.0 + 400.0 * values
    if kind == "negative":
        values = -50.0 - 3.0 * values
    if kind == "dominated":
        values[-1] = values.max(axis=0) + 0.1
    if kind == "one good":
        values[:, 1:] = 0.25
    if kind == "unlike scales":
        values[0] *= 1e-3
    return table(values, weights)


def fractions_of(rng: np.random.Generator, llms: int, style: int) -> np.ndarray:
    """Dirichlet; with zeros; a corner; round tenths."""
    f = rng.dirichlet(np.ones(llms))
    if style == 1 and llms > 2:
        f[rng.integers(llms)] = 0.0
    if style == 2:
        f = np.eye(llms)[rng.integers(llms)]
    if style == 3:
        f = np.bincount(rng.integers(0, llms, 10), minlength=llms) / 10.0
    return f / f.sum()


def realised(scores: Scores, settled: Settled, tie_eps: float) -> tuple[np.ndarray, float]:
    """What the stated router does: fractions and mean score. argmax of score - price; within
    tie_eps the tie group's split.
    """
    prices, routed = settled.prices, np.flatnonzero(np.isfinite(settled.prices))
    splits = {tie.llms: np.array(tie.split) for tie in settled.ties}
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for x in np.flatnonzero(scores.weights > 0):
        margin = scores.values[routed, x] - prices[routed]
        groups[tuple(routed[margin >= margin.max() - tie_eps].tolist())].append(int(x))
    fractions, quality = np.zeros(len(prices)), 0.0
    for llms, prompts in groups.items():
        split = np.ones(1) if len(llms) == 1 else splits[llms]
        weight = scores.weights[prompts]
        fractions[list(llms)] += split * weight.sum()
        # within a tie score - price is the same for all, so any division that meets the split gives
        # this mean score
        level = scores.values[llms[0], prompts] - prices[llms[0]]
        quality += float(weight @ level) + float(weight.sum() * (split @ prices[list(llms)]))
    return fractions, quality


def settled_content(
    settled: Settled, names: Sequence[str], fractions: np.ndarray
) -> dict[str, Any]:
    """Prices, ties and weights of an exact routing, with the keys of plan.json."""
    return {
        "dual_prices": {
            name: None if fraction == 0 else float(price)
            for name, price, fraction in zip(names, settled.prices, fractions, strict=True)
        },
        "routing": dict(zip(names, map(float, fractions), strict=True)),
        "quality": settled.value,
        "router": {
            "rule": "argmax(score - dual_price)",
            "tie_eps": settled.tie_eps,
            "ties": [
                {
                    "llms": [names[i] for i in tie.llms],
                    "share": tie.share,
                    "split": list(tie.split),
                }
                for tie in settled.ties
            ],
        },
    }
