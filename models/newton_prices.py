"""Near-optimal dual prices: Newton's method on a smoothed g.

    g_T(alpha) = T mean_x log sum_i exp((s_i(x) - alpha_i) / T)

is smooth and within T log M of g (Nesterov, Math. Program. 103, 2005); minimising
g_T(alpha) + alpha . f at falling temperatures T takes a dozen steps of one matrix product each,
where cutting planes take an LP a step. On discrete scores the error is of order T, so the result
only serves as the price vector of a valid cut.
"""

import numpy as np

from models.scores.prompt_blocks import ScoreRows, margin_blocks, offers_of_llm

NEAR_ENOUGH = 3e-4
"""Newton stops when every fraction is met this closely: the cut's error is of second order in it.
"""

STEPS = 12
"""Most Newton steps at one temperature."""

COORDINATE_STEPS, COORDINATE_NEAR = 4, 2.0
"""Most steps of coordinate descent an LLM; prompts an LLM by which a fraction may be off."""

COORDINATE_FEW, COORDINATE_MANY = 100, 5_000
"""Up to so many prompts an LLM, the nearest to its price may lie beyond a narrow window; from so
many prompts in all on that costs time.
"""

QUANTILE_SAMPLE, QUANTILE_SPREAD = 4_096, 128
"""Numbers in which a quantile is first sought; ranks on either side within which it lies nearly
always (four standard deviations).
"""


def newton_smoothed_prices(
    values: np.ndarray,
    weights: np.ndarray,
    target: np.ndarray,
    prices: np.ndarray,
    temperature: float,
) -> np.ndarray:
    """Damped Newton until every fraction is met to NEAR_ENOUGH; prices (R,).

    values: (R, N) scores, weights: (N,) of the prompts, target: (R,) fractions, prices: (R,) to
    begin with.
    """
    value, chosen, soft = _smoothed_newton_step(values, weights, target, prices, temperature)
    for _ in range(STEPS):
        slope = target - chosen
        if np.abs(slope).max() < NEAR_ENOUGH:
            return prices
        hessian = (np.diag(chosen) - ((soft * weights) @ soft.T).astype(float)) / temperature
        # g does not change when all prices move by the same amount, so the Hessian is singular
        # along (1, .. 1): a constant matrix lifts that direction, a trace of the identity LLMs
        # that no prompt chooses.
        hessian += np.eye(prices.size) * (1e-7 / temperature) + 1.0 / prices.size
        step = -np.linalg.solve(hessian, slope)
        step -= step.mean()
        # Beyond half of the range of scores the quadratic model means nothing.
        step *= min(1.0, 0.5 / max(float(np.abs(step).max()), 1e-300))
        decrease = float(slope @ step)
        length = 1.0
        while True:
            trial = prices + length * step
            after = _smoothed_newton_step(values, weights, target, trial, temperature)
            # Armijo's rule; 1e-7 is what single precision leaves of the value.
            if after[0] <= value + 1e-4 * length * decrease + 1e-7:
                break
            length *= 0.35
            if length < 1e-3:
                return prices
        prices, (value, chosen, soft) = trial, after
    return prices


def balanced_prices(
    values: ScoreRows, weights: np.ndarray, target: np.ndarray, prices: np.ndarray
) -> np.ndarray:
    """Prices (R,) at which every LLM is the best one of nearly its fraction.

    values: (R, N) scores, weights: (N,), target: (R,) fractions, prices: (R,) to begin with.

    Coordinate descent on g(alpha) + alpha . f itself, the LLM that is farthest off first: with all
    other prices fixed, the best price of LLM i is the quantile f_i of s_i(x) minus what the best
    other LLM offers. Newton's smoothed prices miss small fractions by far, since it stops at an
    absolute distance: one step then saves a transport problem over all prompts.
    """
    prices = prices.copy()
    near = COORDINATE_NEAR * target.size * float(weights.max())

    def best_price(i: int) -> float:
        return weighted_quantile(offers_of_llm(values, prices, i), weights, target[i])

    load = _load_at_prices(values, weights, prices)
    for _ in range(COORDINATE_STEPS * target.size):
        off = np.abs(load - target)
        i = int(off.argmax())
        if off[i] <= near:
            break
        before, prices[i] = prices[i], best_price(i)
        if prices[i] == before:
            break
        load = _load_at_prices(values, weights, prices)
    # An LLM of a few prompts may be far from its fraction all the same: no window around its price
    # then holds the prompts that it has to gain or to give up, and the transport problem grows to
    # most prompts (50 LLMs, 36,000 prompts: 9 s, in place of 0.5 s). With few prompts in all it is
    # small anyway, and prices between two prompts make no ties.
    few = target < COORDINATE_FEW * float(weights.max())
    few &= (load != target) & (weights.size > COORDINATE_MANY)
    for rare in np.flatnonzero(few | (load == 0)).tolist():
        prices[rare] = best_price(rare)
    return prices - prices.min()


def weighted_quantile(offers: np.ndarray, weights: np.ndarray, share: float) -> float:
    """The offer (N,) down to which the weights (N,) of the larger ones add up to a share; the least
    where all together are less.

    Only offers near it are sorted: a sample says where it lies, and the weight above is counted.
    """
    above, some = 0.0, np.arange(offers.size)
    if offers.size > QUANTILE_SAMPLE:
        drawn = slice(None, None, offers.size // QUANTILE_SAMPLE)
        order = np.argsort(-offers[drawn])
        reached = np.searchsorted(np.cumsum(weights[drawn][order]), share * weights[drawn].sum())
        ranks = np.clip([reached - QUANTILE_SPREAD, reached + QUANTILE_SPREAD], 0, order.size - 1)
        high, low = offers[drawn][order[ranks]]
        over, between = offers > high, (offers <= high) & (offers >= low)
        total = float(weights[over].sum())
        if total < share <= total + float(weights[between].sum()):
            above, some = total, np.flatnonzero(between)
    order = some[np.argsort(-offers[some])]
    reached = int(np.searchsorted(above + np.cumsum(weights[order]), share))
    return float(offers[order[min(reached, order.size - 1)]])


def _load_at_prices(values: ScoreRows, weights: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """(R,) weight of the prompts that choose each LLM."""
    load = np.zeros(prices.size)
    for at, margin, _ in margin_blocks(values, prices):
        load += np.bincount(margin.argmax(axis=0), weights=weights[at], minlength=prices.size)
    return load


def _smoothed_newton_step(
    values: np.ndarray,
    weights: np.ndarray,
    target: np.ndarray,
    prices: np.ndarray,
    temperature: float,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Smoothed objective, chosen fractions (R,), and the soft assignment (R, N)."""
    soft = values - prices[:, None].astype(values.dtype)
    top = soft.max(axis=0)
    soft -= top
    soft *= values.dtype.type(1.0 / temperature)
    np.exp(soft, out=soft)
    total = soft.sum(axis=0)
    soft /= total
    value = (
        float(weights @ top) + temperature * float(weights @ np.log(total)) + float(prices @ target)
    )
    return value, (soft @ weights).astype(float), soft
