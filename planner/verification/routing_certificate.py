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
    groups = _certificate_groups(scores, prices, router["tie_eps"])
    splits, problems = _certificate_splits(router["ties"], names)
    yield from problems
    yield from _certify_tie_shares(router["ties"], names, scores, groups)

    upper = _certified_upper(scores, prices, fractions)
    allowed = QUALITY_TOL * (1 + abs(quality))
    if quality > upper + allowed:
        yield f"quality: {quality:.9g} is overstated, the dual prices prove at most {upper:.9g}"
    if quality < upper - allowed:
        yield (
            f"dual_prices: not a minimiser, g(alpha) + alpha f = {upper:.9g} but quality is"
            f" {quality:.9g}"
        )

    realised, score = _realise_certified_routing(scores, groups, splits)
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
) -> dict[tuple[int, ...], np.ndarray]:
    """Prompts (positions) by the exact set of LLMs within tie_eps of their best score minus
    price.
    """
    groups: dict[tuple[int, ...], list[np.ndarray]] = {}
    for part, reduced in _reduced_certificate_scores(scores, prices):
        near = reduced >= reduced.max(axis=0) - max(tie_eps, 0.0)
        # The bits of each prompt as text of so many bytes: far faster to sort than columns.
        packed = np.ascontiguousarray(np.packbits(near, axis=0).T)
        named = packed.view(f"S{packed.shape[1]}").reshape(-1)
        _, first, order = np.unique(named, return_index=True, return_inverse=True)
        prompts = np.split(np.argsort(order, kind="stable"), np.cumsum(np.bincount(order))[:-1])
        for k, x in enumerate(first):
            group = tuple(int(i) for i in np.flatnonzero(near[:, x]))
            groups.setdefault(group, []).append(part.start + prompts[k])
    return {group: np.concatenate(prompts) for group, prompts in groups.items()}


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
    groups: Mapping[tuple[int, ...], np.ndarray],
) -> Iterator[str]:
    """Every tie group that the scores give is stated with its weight, and no other."""
    weights = scores.weights
    realised = {
        frozenset(names[i] for i in group): float(weights[prompts].sum())
        for group, prompts in groups.items()
        if len(group) > 1
    }
    stated = {frozenset(tie["llms"]): float(tie["share"]) for tie in ties}
    for group_names in sorted(set(realised) | set(stated), key=sorted):
        have, want = stated.get(group_names, 0.0), realised.get(group_names, 0.0)
        if abs(have - want) > SHARE_TOL:
            yield (
                f"router: the tie group {', '.join(sorted(group_names))} has the share {want:.9g},"
                f" stated {have:.9g}"
            )


def _realise_certified_routing(
    scores: Scores,
    groups: Mapping[tuple[int, ...], np.ndarray],
    splits: Mapping[tuple[int, ...], np.ndarray],
) -> tuple[np.ndarray, float]:
    """(Fractions, mean score) of the router; a tie group without a stated split goes to its first
    LLM, as argmax does.
    """
    values, weights = scores.values, scores.weights
    realised, score = np.zeros(len(values)), 0.0
    for group, prompts in groups.items():
        split = splits.get(group, np.eye(len(group))[0])
        for i, part in zip(group, split, strict=True):
            realised[i] += part * weights[prompts].sum()
            score += part * float(weights[prompts] @ values[i, prompts])
    return realised, score
