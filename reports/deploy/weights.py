"""Whole weights for gateways, which take no fractions."""

__all__ = ["SHARES", "largest_remainder_weights"]


SHARES = 10_000
"""Whole weights of a gateway sum to it: one is 0.01 %."""


def largest_remainder_weights(fractions: list[float], total: int = SHARES) -> list[int]:
    """Round fractions to whole weights that sum to `total`: largest remainders first, earlier ones
    at a tie. [] for []; sum > 0.
    """
    whole = sum(fractions)
    exact = [total * fraction / whole for fraction in fractions]
    weights = [int(value) for value in exact]
    order = sorted(range(len(exact)), key=lambda at: (weights[at] - exact[at], at))
    for at in order[: total - sum(weights)]:
        weights[at] += 1
    return weights
