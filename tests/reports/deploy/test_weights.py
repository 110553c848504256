"""Whole weights: they sum up and are nearest."""

from hypothesis import given, settings
from hypothesis import strategies as st

from reports.deploy.weights import SHARES, largest_remainder_weights


@settings(deadline=None)
@given(
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12).filter(
        lambda fractions: sum(fractions) > 1e-6
    )
)
def test_weights_sum_and_are_nearest(fractions: list[float]) -> None:
    weights = largest_remainder_weights(fractions)
    whole = sum(fractions)
    assert sum(weights) == SHARES
    assert all(
        abs(weight - SHARES * fraction / whole) < 1.0 + 1e-6
        for weight, fraction in zip(weights, fractions, strict=True)
    )
