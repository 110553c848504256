"""The least time of a token and the least memory of weights."""

import pytest

from profiles.physical_bounds import least_token_ms, least_weights_gib


def test_a_token_takes_as_long_as_reading_the_weights_at_4_bits() -> None:
    """34.389e9 parameters, half a byte each, at 3,350 GB/s."""
    one = least_token_ms("yi-34b", "H100-SXM-80GB", 1)
    assert one == pytest.approx(34.389e9 * 0.5 / 3.350e12 * 1e3, rel=1e-3)
    assert least_token_ms("yi-34b", "H100-SXM-80GB", 4) == pytest.approx(one / 4)


def test_of_a_mixture_of_experts_only_the_active_part_is_read() -> None:
    sparse, dense = (
        least_token_ms(name, "H100-SXM-80GB", 1) for name in ("qwen3-30b-a3b", "qwen3-32b")
    )
    assert sparse < dense / 5


def test_what_is_not_catalogued_is_given_the_benefit_of_the_doubt() -> None:
    assert least_token_ms("ours", "H100-SXM-80GB", 1) == 0.0
    known = least_token_ms("ours", "H100-SXM-80GB", 1, 60.0)
    assert 0 < known < least_token_ms("yi-34b", "H100-SXM-80GB", 1)
    assert 0 < least_token_ms("ours", "a GPU of next year", 1, 60.0) < known
    assert least_weights_gib("ours") == 0.0


def test_a_degree_of_zero_is_the_table_s_fault_and_counts_as_one() -> None:
    one = least_token_ms("yi-34b", "H100-SXM-80GB", 1)
    assert least_token_ms("yi-34b", "H100-SXM-80GB", 0) == one > 0


def test_weights_at_4_bits() -> None:
    assert least_weights_gib("mistral-7b") == pytest.approx(13.489 / 4, rel=1e-3)
