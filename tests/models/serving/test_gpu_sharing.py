"""What a share of a GPU costs: numbers by hand, and that a lifted curve keeps the law."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.serving.gpu_sharing import (
    busy_slowdown,
    idle_decode_slowdown,
    idle_prompt_slowdown,
    lift_to_whole_gpu,
    shared_gpu_rates,
)


def test_two_halves_deliver_what_was_measured_of_a_whole_gpu() -> None:
    assert busy_slowdown(1.0) == 1.0
    assert 0.91 <= 2 / busy_slowdown(0.5) <= 0.94
    assert busy_slowdown(0.25, 0.0) == 4.0


def test_alone_a_share_is_slower_the_more_there_is_to_do() -> None:
    assert idle_prompt_slowdown(1.0, 4096) == 1
    sizes = 2.0 ** np.arange(13)
    for law in (idle_prompt_slowdown, idle_decode_slowdown):
        slowdowns = law(0.5, sizes)
        assert np.all(np.diff(slowdowns) > 0)
        assert np.all((slowdowns > 1) & (slowdowns < 2))
        assert np.all(law(0.3, sizes) > slowdowns)
    assert idle_decode_slowdown(0.5, 1) == pytest.approx(1 + 1 / (1 + np.exp(4.15)))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_lifted_curve_is_nowhere_better_than_the_whole_gpu(data: st.DataObject) -> None:
    share = data.draw(st.floats(0.05, 0.99))
    steps = st.lists(st.floats(0.1, 5), min_size=1, max_size=6)
    whole_rates = np.cumsum(data.draw(steps)).tolist()
    values = st.lists(
        st.floats(1, 100), min_size=2 * len(whole_rates), max_size=2 * len(whole_rates)
    )
    whole = np.array(data.draw(values)).reshape(-1, 2)
    most = data.draw(st.floats(0.01, 1.2)) * share * whole_rates[-1]
    rates = shared_gpu_rates(whole_rates, share, [0.5 * most, 0.9 * most, most])
    assert np.all(np.diff(rates) > 0)
    assert rates[-1] <= min(most, share * whole_rates[-1])
    assert rates[-1] >= 0.99 * min(most, share * whole_rates[-1])
    bends = [share * rate for rate in whole_rates if share * rate <= rates[-1]]
    assert set(bends) <= set(rates)
    noisy = data.draw(
        st.lists(st.floats(0.1, 100), min_size=2 * len(rates), max_size=2 * len(rates))
    )
    lifted = lift_to_whole_gpu(np.reshape(noisy, (-1, 2)), rates, share, whole_rates, whole)
    for r in np.linspace(0, rates[-1] / share, 101):
        for column in (0, 1):
            mine = np.interp(share * r, rates, lifted[:, column])
            assert mine >= np.interp(r, whole_rates, whole[:, column]) * (1 - 1e-9)
