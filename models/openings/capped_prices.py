"""Dual prices where a prompt may give an LLM only a part of itself: Newton's method on the smoothed
minimum (1) of models.openings.opening_cuts, and the levels u that are best at given prices.

At prices alpha each prompt x takes the LLMs in falling order of m_i = s_i(x) - alpha_i, of each at
most its cap o_i, until it is whole; u(x) is the m of the last of them. Smoothed with an entropy of
temperature T (as in models.newton_prices) that is

    y_i(x) = min(o_i, k(x) exp(m_i / T)),   k(x) such that sum_i y_i(x) = 1                   (1)

and k rises from pass to pass over the prompts, LLM by LLM capped, as in projections onto a capped
simplex. Only LLMs below their caps answer a change of prices.

Arrays: R LLMs, N prompts.
"""

from dataclasses import dataclass

import numpy as np

NEAR_ENOUGH = 3e-4
"""Newton stops when every fraction is met this closely, as in models.newton_prices."""

STEPS = 12
"""Most Newton steps at one temperature."""

PASSES = 24
"""Most passes for k in (1); each caps one more LLM of some prompt. Where more would be needed the
point is not quite the optimum, which costs a looser cut.
"""

WHOLE = 1e-9
"""What a prompt may lack of being whole, and a cap of being none."""

LEAST, LARGEST = 1e-30, 60.0
"""Below this there is nothing to share out; largest exponent."""

SHORT = 1e-3
"""What the shares of a prompt may lack of 1."""


@dataclass(frozen=True)
class _Shares:
    """value: the smoothed objective. chosen: (R,) mean shares. free: (R, N) shares below caps;
    room: (N,) their sums.
    """

    value: float
    chosen: np.ndarray
    free: np.ndarray
    room: np.ndarray


def capped_newton_prices(
    values: np.ndarray,
    weights: np.ndarray,
    target: np.ndarray,
    caps: np.ndarray,
    prices: np.ndarray,
    temperature: float,
) -> np.ndarray:
    """Damped Newton until every fraction is met to NEAR_ENOUGH; prices (R,).

    values: (R, N) scores, weights: (N,) of the prompts, target: (R,) fractions that sum to 1, none
    above its cap. caps: (R,) in 0..1. prices: (R,) to begin with.
    """
    now = _capped_shares(values, weights, target, caps, prices, temperature)
    for _ in range(STEPS):
        slope = target - now.chosen
        if np.abs(slope).max() < NEAR_ENOUGH:
            break
        spread = now.free * (weights / np.maximum(now.room, LEAST))
        hessian = np.diag(now.free @ weights) - spread @ now.free.T
        # As in models.newton_prices: the direction (1, .. 1) changes nothing, and LLMs that are
        # capped everywhere answer no change of prices.
        hessian = hessian.astype(float) / temperature
        hessian += np.eye(prices.size) * (1e-5 / temperature) + 1.0 / prices.size
        step = -np.linalg.solve(hessian, slope)
        step -= step.mean()
        step *= min(1.0, 0.5 / max(float(np.abs(step).max()), 1e-300))
        decrease, length = float(slope @ step), 1.0
        while True:
            trial = prices + length * step
            after = _capped_shares(values, weights, target, caps, trial, temperature)
            # Armijo's rule; 1e-7 is what single precision leaves of the value.
            if after.value <= now.value + 1e-4 * length * decrease + 1e-7:
                break
            length *= 0.35
            if length < 1e-3:
                return prices
        prices, now = trial, after
    return prices


def capped_levels(values: np.ndarray, prices: np.ndarray, caps: np.ndarray) -> np.ndarray:
    """(N,) the best levels u: of each prompt the advantage of the last LLM that it takes.

    values: (R, N). prices, caps: (R,); the caps sum to at least 1.
    """
    margin = values - prices[:, None].astype(values.dtype)
    first = margin.argmax(axis=0)
    levels = margin[first, np.arange(first.size)].astype(float)
    # Most prompts are whole with their first LLM: the others are sorted.
    broken = np.flatnonzero(caps[first] < 1 - WHOLE)
    part = margin[:, broken]
    order = np.argsort(-part, axis=0)
    last = np.argmax(np.cumsum(caps[order], axis=0) >= 1 - WHOLE, axis=0)
    beside = np.arange(broken.size)
    levels[broken] = part[order[last, beside], beside]
    return levels


def _capped_shares(
    values: np.ndarray,
    weights: np.ndarray,
    target: np.ndarray,
    caps: np.ndarray,
    prices: np.ndarray,
    temperature: float,
) -> _Shares:
    """The shares (1) at some prices (R,)."""
    kind = values.dtype.type
    margin = values - prices[:, None].astype(values.dtype)
    level = margin.max(axis=0)
    soft = _soft_capped_margins(margin, level, temperature)
    rows = np.flatnonzero(caps < 1)
    cap = caps[rows].astype(values.dtype)
    factor, capped = _capped_factors(soft, caps, rows)
    # Where all that is near the best LLM is capped, the others are lost below the range of the
    # exponential: once more from the level that the prompt ends at.
    taken = np.where(capped, cap[:, None], soft[rows] * factor).sum(axis=0)
    taken += factor * soft[caps >= 1].sum(axis=0)
    short = np.flatnonzero(taken < 1 - SHORT)
    if short.size:
        level[short] = capped_levels(values[:, short], prices, caps)
        soft[:, short] = _soft_capped_margins(margin[:, short], level[short], temperature)
        factor[short], capped[:, short] = _capped_factors(soft[:, short], caps, rows)
    soft *= factor
    soft[rows] = np.where(capped, kind(0), soft[rows])
    inside = soft.sum(axis=0)
    chosen = (soft @ weights).astype(float)
    chosen[rows] += cap * (capped @ weights)
    gained = inside * (level - temperature * np.log(np.maximum(factor, LEAST)))
    kept = np.einsum("i,in->n", cap, np.where(capped, margin[rows], kind(0)))
    kept -= temperature * ((cap * np.log(np.maximum(cap, LEAST))) @ capped)
    value = float(weights @ gained) + float(weights @ kept) + float(prices @ target)
    return _Shares(value, chosen, soft, inside)


def _soft_capped_margins(margin: np.ndarray, level: np.ndarray, temperature: float) -> np.ndarray:
    """(R, N) exp((m - level) / T), as far as single precision holds it."""
    soft = margin - level
    soft *= margin.dtype.type(1.0 / temperature)
    np.minimum(soft, LARGEST, out=soft)
    return np.asarray(np.exp(soft, out=soft))


def _capped_factors(
    soft: np.ndarray, caps: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The factors k (N,) of (1), and where an LLM with a cap below 1 is capped (P, N).

    soft: (R, N) exp(m / T), shifted. caps: (R,). rows: (P,) of the LLMs with a cap below 1.
    """
    part, cap = soft[rows], caps[rows].astype(soft.dtype)
    # What the LLMs without a cap share out is summed on its own: a difference of sums in single
    # precision would be noise where the capped ones are all that counts.
    others = soft[caps >= 1].sum(axis=0)
    factor = 1.0 / (others + part.sum(axis=0))
    capped = part * factor > cap[:, None]
    columns = np.flatnonzero(capped.any(axis=0))
    for _ in range(PASSES):
        if not columns.size:
            break
        some, now = part[:, columns], capped[:, columns]
        rest = others[columns] + np.where(now, part.dtype.type(0), some).sum(axis=0)
        room = np.maximum(1 - cap @ now, 0)
        # Where nothing is left to share out, what is taken stays as it is.
        risen = np.maximum(room / np.maximum(rest, LEAST), factor[columns])
        factor[columns] = np.where(rest > LEAST, risen, factor[columns])
        after = some * factor[columns] > cap[:, None]
        moved = np.any(after & ~now, axis=0)
        capped[:, columns] = after | now
        columns = columns[moved]
    return factor, capped
