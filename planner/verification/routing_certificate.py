"""The verifier's own reading of the routing: two certificates around the stated quality. numpy
only, nothing of the optimiser.

Scores s_i(x), prompt weights w_x (sum 1), fractions f_i, dual prices alpha_i (null = +infinity:
that LLM is never chosen)::

    above:   Q(f) <= g(alpha) + sum_i alpha_i f_i,      g(alpha) = sum_x w_x max_i (s_i(x) -
                                                        alpha_i)
    below:   Q(f) >= score of the stated router - (max score - min score) * moved,   moved = 1/2
             sum_i |realised_i - f_i|

The router sends x to argmax_i s_i(x) - alpha_i; prompts with the same exact set of LLMs within
tie_eps of the best form a tie group, whose weight is split as the plan says. Where realised and
stated fractions differ, moving that weight costs at most the score range each.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from models.instance import Instance
from planner.verification.tolerances import FRACTION_TOL, QUALITY_TOL, SHARE_TOL
from profiles.records import Scores

__all__ = [
    "certify_fractions",
    "certify_named_fractions",
    "certify_router",
    "certify_router_on_scores",
]

PART = 1 << 16
"""Prompts that are looked at together."""


def certify_fractions(plan: Mapping[str, Any], instance: Instance) -> Iterator[str]:
    """`certify_named_fractions` of the plan with the LLMs of its instance."""
    return certify_named_fractions(plan, [llm.name for llm in instance.llms])


def certify_named_fractions(plan: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    """Every LLM has a fraction >= 0 and a dual price (null exactly where it is not routed to);
    fractions sum to 1; smallest price 0.
    """
    for key in ("routing", "dual_prices"):
        if set(plan[key]) != set(names):
            yield f"{key}: names {sorted(plan[key])} but the LLMs are {sorted(names)}"
            return
    for name, fraction in plan["routing"].items():
        price = plan["dual_prices"][name]
        if fraction < 0:
            yield f"routing: {name} has the negative fraction {fraction:.9g}"
        if price is None and fraction > FRACTION_TOL:
            yield (
                f"dual_prices: {name} has none (is never chosen) but its routing fraction is"
                f" {fraction:.9g}"
            )
        if price is not None and fraction == 0:
            yield (
                f"dual_prices: {name} is not routed to, so its price must be null, not {price:.9g}"
            )
    total = sum(plan["routing"].values())
    if abs(total - 1) > FRACTION_TOL:
        yield f"routing: fractions sum to {total:.12g} instead of 1"
    prices = [p for p in plan["dual_prices"].values() if p is not None]
    if not prices:
        yield "dual_prices: no LLM has one"
    elif abs(min(prices)) > FRACTION_TOL:
        yield f"dual_prices: the smallest over routed LLMs is {min(prices):.9g} instead of 0"


def certify_router(plan: Mapping[str, Any], instance: Instance) -> Iterator[str]:
    """`certify_router_on_scores` of the plan with the scores of its instance."""
    names = [llm.name for llm in instance.llms]
    return certify_router_on_scores(plan, names, instance.scores)


def certify_router_on_scores(
    plan: Mapping[str, Any], names: Sequence[str], scores: Scores
) -> Iterator[str]:
    """Check both certificates: what the dual prices prove about the quality, and what the stated
    router realises.

    plan: has quality, routing, dual_prices and router. names: of the rows of `scores`.
    """
    if set(plan["routing"]) != set(names) or set(plan["dual_prices"]) != set(names):
        return
    if all(price is None for price in plan["dual_prices"].values()):
        return
    router, quality = plan["router"], plan["quality"]
    if router["rule"] != "argmax(score - dual_price)":
        yield f"router: unknown rule {router['rule']}"
    score_range = float(np.ptp(scores.values))
    if not 0 <= router["tie_eps"] <= max(1e-3 * score_range, 1e-9):
        yield (
            f"router: tie_eps {router['tie_eps']:.3g} is negative or above a thousandth of the"
            f" score range {score_range:.3g}"
        )
    prices = np.array(
        [np.inf if plan["dual_prices"][n] is None else plan["dual_prices"][n] for n in names]
    )
    fractions = np.array([plan["routing"][n] for n in names])
    groups, of_prompt = _certificate_groups(scores, prices, router["tie_eps"])
    splits, problems = _certificate_splits(router["ties"], names)
    yield from problems
    yield from _certify_tie_shares(router["ties"], names, scores, groups, of_prompt)

    upper = _certified_upper(scores, prices, fractions)
    allowed = QUALITY_TOL * (1 + abs(quality))
    if quality > upper + allowed:
        yield f"quality: {quality:.9g} is overstated, the dual prices prove at most {upper:.9g}"
    if quality < upper - allowed:
        yield (
            f"dual_prices: not a minimiser, g(alpha) + alpha f = {upper:.9g} but quality is"
            f" {quality:.9g}"
        )

    realised, score = _realise_certified_routing(scores, groups, of_prompt, splits)
    largest = float(scores.weights.max())
    for name, got, stated in zip(names, realised, fractions, strict=True):
        if abs(got - stated) > largest + FRACTION_TOL:
            yield (
                f"router: realises the fraction {got:.9g} of {name} but routing says {stated:.9g}"
                f" (largest prompt weight {largest:.3g})"
            )
    moved = 0.5 * float(np.abs(realised - fractions).sum())
    if abs(score - quality) > allowed + router["tie_eps"] + moved * score_range:
        yield f"router: its mean score is {score:.9g} but quality is {quality:.9g}"


def _certified_upper(scores: Scores, prices: np.ndarray, fractions: np.ndarray) -> float:
    """g(alpha) + alpha . f of the LLMs with a price."""
    priced = np.isfinite(prices)
    upper = float(prices[priced] @ fractions[priced])
    for part, reduced in _reduced_certificate_scores(scores, prices):
        upper += float(scores.weights[part] @ reduced.max(axis=0))
    return upper


def _reduced_certificate_scores(
    scores: Scores, prices: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Scores less prices (M,) of some prompts after the other: (M, K), -inf without a price. Of a
    million prompts a whole copy would be the largest thing in memory.
    """
    for first in range(0, scores.weights.size, PART):
        part = slice(first, first + PART)
        yield part, scores.values[:, part] - prices[:, None]


def _certificate_groups(
    scores: Scores, prices: np.ndarray, tie_eps: float
) -> tuple[list[tuple[int, ...]], np.ndarray]:
    """Exact sets of LLMs within tie_eps of a prompt's best score minus price, and (N,) of each
    prompt which of them is its own. Of 0/1 scores there may be 10,000s.
    """
    groups: dict[tuple[int, ...], int] = {}
    of_prompt = np.zeros(scores.weights.size, dtype=int)
    for part, reduced in _reduced_certificate_scores(scores, prices):
        near = reduced >= reduced.max(axis=0) - max(tie_eps, 0.0)
        packed = np.packbits(near, axis=0)
        _, first, inverse = np.unique(packed, axis=1, return_index=True, return_inverse=True)
        own = [tuple(np.flatnonzero(members).tolist()) for members in near[:, first].T]
        number = np.array([groups.setdefault(group, len(groups)) for group in own])
        of_prompt[part] = number[inverse.reshape(-1)]
    return list(groups), of_prompt


def _certificate_splits(
    ties: list[Mapping[str, Any]], names: Sequence[str]
) -> tuple[dict[tuple[int, ...], np.ndarray], list[str]]:
    """Split of every stated tie group by sorted positions, and what is wrong with them (their
    weights: `_certify_tie_shares`).
    """
    splits: dict[tuple[int, ...], np.ndarray] = {}
    problems: list[str] = []
    for k, tie in enumerate(ties):
        where = f"router.ties.{k} ({', '.join(map(str, tie['llms']))})"
        if (
            not tie["llms"]
            or not set(tie["llms"]) <= set(names)
            or len(set(tie["llms"])) != len(tie["llms"])
            or len(tie["llms"]) != len(tie["split"])
        ):
            problems.append(
                f"{where}: names unknown or repeated LLMs, or its split has another length"
            )
            continue
        positions = [names.index(name) for name in tie["llms"]]
        key = tuple(sorted(positions))
        if key in splits:
            problems.append(f"{where}: stated twice")
        if min(tie["split"]) < -FRACTION_TOL or abs(sum(tie["split"]) - 1) > FRACTION_TOL:
            problems.append(f"{where}: tie split {list(tie['split'])} is not shares that sum to 1")
        splits[key] = np.array([tie["split"][positions.index(i)] for i in key])
    return splits, problems


def _certify_tie_shares(
    ties: list[Mapping[str, Any]],
    names: Sequence[str],
    scores: Scores,
    groups: Sequence[tuple[int, ...]],
    of_prompt: np.ndarray,
) -> Iterator[str]:
    """Every tie group that the scores give is stated with its weight, and no other."""
    weights = np.bincount(of_prompt, weights=scores.weights, minlength=len(groups))
    realised = {
        frozenset(names[i] for i in group): float(weight)
        for group, weight in zip(groups, weights, strict=True)
        if len(group) > 1
    }
    stated = {frozenset(tie["llms"]): float(tie["share"]) for tie in ties}
    wrong = [
        group
        for group in set(realised) | set(stated)
        if abs(stated.get(group, 0.0) - realised.get(group, 0.0)) > SHARE_TOL
    ]
    for group_names in sorted(wrong, key=sorted):
        have, want = stated.get(group_names, 0.0), realised.get(group_names, 0.0)
        yield (
            f"router: the tie group {', '.join(sorted(group_names))} has the share {want:.9g},"
            f" stated {have:.9g}"
        )


def _realise_certified_routing(
    scores: Scores,
    groups: Sequence[tuple[int, ...]],
    of_prompt: np.ndarray,
    splits: Mapping[tuple[int, ...], np.ndarray],
) -> tuple[np.ndarray, float]:
    """(Fractions, mean score) of the router; a tie group without a stated split goes to its first
    LLM, as argmax does.
    """
    parts = np.zeros((len(scores.values), len(groups)))
    for k, group in enumerate(groups):
        if group in splits:
            parts[list(group), k] = splits[group]
        else:
            parts[group[0], k] = 1.0
    realised, score = np.zeros(len(parts)), 0.0
    for i, part in enumerate(parts):
        sent = part[of_prompt] * scores.weights
        realised[i] = sent.sum()
        score += float(sent @ scores.values[i])
    return realised, score
