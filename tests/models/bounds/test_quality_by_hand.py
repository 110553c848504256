"""Quality on tables whose numbers are known, and what Newton's method and the transport problem are
asked for.
"""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import quality as quality_module
from models.quality import COLD, FINE, WARM, Quality, QualityCutPool
from models.scores import prompt_blocks
from profiles.records import WholeTable
from tests.support.instances.score_tables import table

Calls = list[dict[str, Any]]
CONTINUOUS = np.random.default_rng(3).uniform(2.0, 5.0, (3, 200))


@pytest.fixture
def newton(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Arguments of every call of Newton's method, which then answers as ever."""
    real = quality_module.newton_smoothed_prices
    calls: Calls = []

    def recorded(*args: Any) -> np.ndarray:
        keys = ("values", "weights", "target", "prices", "temperature")
        calls.append(dict(zip(keys, args, strict=True)))
        return real(*args)

    monkeypatch.setattr(quality_module, "newton_smoothed_prices", recorded)
    return calls


def temperatures(calls: Calls) -> list[float]:
    return [call["temperature"] for call in calls]


# ----------------------------------------------------------------------------------------- table


def test_best_answers_go_to_the_first_of_the_best() -> None:
    values = np.array([[1.0, 0.0, 0.5, 0.2], [1.0, 0.9, 0.4, 0.1], [0.0, 0.9, 0.4, 0.1]])
    quality = Quality(table(values, np.array([1.0, 2.0, 3.0, 4.0])))
    assert quality.best_answers() == pytest.approx([0.8, 0.2, 0.0])


def test_prompts_without_weight_are_not_there() -> None:
    """Neither in the range of scores nor in the sums; the others' weights sum to 1."""
    values = np.array([[2.0, -9.0, 4.0], [6.0, 99.0, 3.0]])
    quality = Quality(table(values, np.array([1.0, 0.0, 3.0])))
    assert (quality.offset, quality.scale) == (2.0, 4.0)
    assert quality.values.tolist() == [[0.0, 0.5], [1.0, 0.25]]
    assert quality.weights.tolist() == [0.25, 0.75]
    assert quality.g(np.zeros(2)) == pytest.approx(0.25 * 1.0 + 0.75 * 0.5)
    assert quality.g(np.array([0.5, -0.25])) == pytest.approx(0.25 * 1.25 + 0.75 * 0.5)
    unit = Quality(table(np.array([[0.0, 1.0], [0.5, 0.25]])))
    assert (unit.offset, unit.scale) == (0.0, 1.0)
    assert (unit.llms, unit.prompts) == (2, 2)


def test_weights_count_by_their_shares() -> None:
    scores = table(np.array([[2.0, 4.0], [6.0, 3.0]]))
    quality = Quality(replace(scores, weights=np.array([1.0, 3.0])))
    assert quality.weights.tolist() == [0.25, 0.75]
    constant = Quality(table(np.full((2, 3), 7.0)))
    assert (constant.offset, constant.scale) == (7.0, 1.0)


@pytest.mark.parametrize(
    ("distinct", "copies", "merged"), [(7, 10, True), (8, 10, False), (1, 2, True), (1, 1, False)]
)
def test_prompts_are_merged_where_a_third_is_saved(
    distinct: int, copies: int, *, merged: bool
) -> None:
    """Up to 0.7 of them are left; one alone is one."""
    kinds = np.arange(copies) % distinct
    quality = Quality(table(np.stack([kinds, kinds % 2])))
    assert quality.prompts == (distinct if merged else copies)
    assert quality.weights.sum() == pytest.approx(1.0)


def test_scores_count_as_discrete_up_to_64_values_an_llm() -> None:
    """Looked at in the 2048 prompts that come first when sorted by their scores, in any order."""
    for values, merged in ((64, True), (65, False)):
        kinds = np.arange(300) % values
        quality = Quality(table(np.stack([kinds + 0.0, kinds + 0.5])))
        assert quality.prompts == (values if merged else 300)
    late = np.concatenate([np.zeros(2048), np.arange(952) % 300])
    early = np.concatenate([np.arange(952) % 300, np.zeros(2048)])
    for kinds in (late, early):
        assert Quality(table(np.stack([kinds, kinds + 0.5]))).prompts == 300


def test_a_sample_is_taken_of_more_than_three_times_its_size() -> None:
    sample = quality_module._quality_sample
    assert sample(3 * 4096) is None
    chosen = sample(3 * 4096 + 1)
    assert chosen is not None
    assert chosen.size == 4096
    assert np.all(np.diff(chosen) > 0)
    assert chosen[-1] <= 3 * 4096
    assert np.array_equal(chosen, sample(3 * 4096 + 1)), "the same every time"


def test_prompts_that_stand_for_others_give_no_bound_of_moves() -> None:
    scores = table(np.array([[2.0, 4.0], [6.0, 3.0]]))
    whole = WholeTable(
        path=Path("scores.parquet"), prompts=9, means=np.ones(2), missing="error", exact=False
    )
    assert Quality(scores).moves_prompts is True
    assert Quality(replace(scores, whole=whole)).moves_prompts is False


def test_sums_over_blocks_of_prompts_are_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The third LLM gets no prompt: at its price none of any block prefers it."""
    monkeypatch.setattr(prompt_blocks, "BLOCK", 12)
    values, fractions = CONTINUOUS[:, :50], np.array([0.4, 0.6, 0.0])
    quality = Quality(table(values, np.linspace(1.0, 2.0, 50)))
    parts = list(quality.weighted_blocks())
    assert len(parts) == 13
    assert np.array_equal(np.concatenate([block for block, _ in parts], axis=1), quality.values)
    assert np.array_equal(np.concatenate([weights for _, weights in parts]), quality.weights)
    first = quality.values.argmax(axis=0)
    best = [quality.weights[first == i].sum() for i in range(3)]
    assert quality.best_answers() == pytest.approx(best)
    prices, upper = quality.price(fractions)
    margin = quality.values - prices[:, None]
    assert (margin[2] - margin[:2].max(axis=0)).max() == pytest.approx(0.0, abs=1e-12)
    base = margin.max(axis=0) @ quality.weights
    assert upper == pytest.approx(base + prices @ fractions, abs=1e-12)
    assert quality.cuts.base[-1] == pytest.approx(base, abs=1e-12)


# ------------------------------------------------------------------------------------------ pool


def test_the_tightest_cuts_are_sought_among_some_and_ties_go_to_the_first() -> None:
    pool = QualityCutPool(2)
    for price in (0.5, 0.1, 0.3, 0.1, 0.2):
        pool.add(np.array([price, 10.0 * len(pool)]), 1.0)
    corner = np.array([1.0, 0.0])
    assert pool.tightest(corner, 1).tolist() == [1]
    assert pool.tightest(corner, 2).tolist() == [1, 3]
    assert pool.tightest(corner, 9).tolist() == [0, 1, 2, 3, 4]
    assert pool.tightest(corner, 2, np.array([0, 4, 2])).tolist() == [1, 2]
    assert pool.at(corner) == 1.1
    assert not pool.add(np.array([0.3, 20.0]), 1.0), "one of five is equal"
    for k in range(100):
        pool.add(np.array([0.1, -1.0 - k]), 1.0)
    assert pool.tightest(corner, 4).tolist() == [1, 3, 5, 6]


# ----------------------------------------------------------------------------------------- price


def test_temperatures_fall_from_where_the_prices_are_from(newton: Calls) -> None:
    """From anywhere, or from prices of a near f; of small tables to fine ones, in double."""
    quality, f = Quality(table(CONTINUOUS)), np.array([0.2, 0.3, 0.5])
    prices, _ = quality.price(f)
    assert temperatures(newton) == [*COLD, *FINE]
    newton.clear()
    quality.price(f, prices)
    assert temperatures(newton) == [*WARM, *FINE]
    assert newton[0]["prices"] == pytest.approx(prices)
    for call in newton:
        assert call["values"].dtype == np.float64
        assert call["target"] == pytest.approx(f)
        assert call["weights"] == pytest.approx(np.full(200, 1 / 200))
    newton.clear()
    quality.price(np.array([1.0, 0.0, 0.0]))
    assert newton == [], "one LLM alone needs no price"


def test_only_routed_llms_are_priced_by_newton(newton: Calls) -> None:
    """Fractions of 1e-9 and less are none; those of the others are made to sum to 1."""
    quality = Quality(table(CONTINUOUS))
    prices, _ = quality.price(np.array([0.3, 1e-9, 0.3]))
    for call in newton:
        assert call["target"].tolist() == [0.5, 0.5]
        assert np.array_equal(call["values"], quality.values[[0, 2]])
    best = (quality.values[[0, 2]] - prices[[0, 2], None]).max(axis=0)
    assert prices[1] == pytest.approx((quality.values[1] - best).max())
    newton.clear()
    quality.price(np.array([0.3, 1.1e-9, 0.7]))
    assert newton[0]["target"].size == 3


def test_a_search_begins_at_the_tightest_cut(newton: Calls) -> None:
    """Its prices of the routed LLMs, with a mean of zero."""
    quality = Quality(table(CONTINUOUS))
    f = np.array([0.0, 0.25, 0.75])
    quality.cut(np.array([0.3, 0.5, -0.1]))
    quality.cut(np.array([0.7, 0.02, 0.06]))
    quality.cut(np.full(3, 9.0))
    quality.cut(np.full(3, -9.0))
    gained = quality.cuts.prices @ f
    at = int((quality.cuts.base + gained).argmin())
    assert at not in (gained.argmin(), (quality.cuts.base - gained).argmin(), 0)
    tightest = quality.cuts.prices[at].copy()
    quality.price(f)
    assert newton[0]["prices"] == pytest.approx(tightest[1:] - tightest[1:].mean())
    assert newton[0]["prices"].sum() == pytest.approx(0.0)


def test_large_tables_are_priced_in_single_precision_on_all_prompts_or_a_sample(
    newton: Calls,
) -> None:
    """More than 40,000 scores are many. The sample's weights sum to 1."""
    rng = np.random.default_rng(4)
    values, weights = rng.uniform(0.0, 1.0, (4, 13_000)), rng.uniform(0.5, 1.5, 13_000)
    quality, f = Quality(table(values, weights)), np.array([0.1, 0.2, 0.3, 0.4])
    quality.price(f)
    assert temperatures(newton) == [*COLD]
    assert newton[0]["values"].dtype == newton[0]["weights"].dtype == np.float32
    assert newton[0]["values"].shape == (4, 13_000)
    newton.clear()
    quality.price(np.array([0.0, 0.2, 0.3, 0.5]), np.zeros(4), full=False)
    assert temperatures(newton) == [*WARM]
    at = quality_module._quality_sample(13_000)
    assert np.array_equal(newton[0]["values"], quality.values[1:, at].astype(np.float32))
    assert newton[0]["weights"].sum() == pytest.approx(1.0, abs=1e-5)
    assert newton[0]["weights"] * quality.weights[at].sum() == pytest.approx(
        quality.weights[at], rel=1e-5
    )
    newton.clear()
    quality.settle(f)
    assert temperatures(newton) == [*COLD, *FINE]
    assert all(call["values"].shape == (4, 13_000) for call in newton)
    edge = Quality(table(values[:, :10_000]))
    newton.clear()
    edge.price(f)
    assert newton[0]["values"].dtype == np.float64, "40,000 are few"
    assert temperatures(newton) == [*COLD, *FINE]


# ---------------------------------------------------------------------------------------- settle


def test_what_counts_as_zero_has_no_price() -> None:
    quality = Quality(table(CONTINUOUS))
    settled = quality.settle(np.array([0.4, 1e-9, 0.6 - 1e-9]))
    assert np.isnan(settled.prices).tolist() == [False, True, False]
    assert settled.value == pytest.approx(quality.settle(np.array([0.4, 0.0, 0.6])).value)
    for scale in (0.5, 2.0):
        scaled = quality.settle(scale * np.array([0.4, 0.0, 0.6]))
        assert scaled.value == pytest.approx(settled.value)
        assert scaled.upper == pytest.approx(settled.value)


def test_prompts_are_settled_from_fine_prices_in_windows_that_grow(
    newton: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = quality_module.assign_exactly_within_window
    windows: list[float] = []

    def recorded(*args: Any) -> Any:
        windows.append(args[4])
        return real(*args)

    monkeypatch.setattr(quality_module, "assign_exactly_within_window", recorded)
    quality = Quality(table(CONTINUOUS))
    settled = quality.settle(np.array([0.2, 0.3, 0.5]))
    assert temperatures(newton) == [*COLD, *FINE, *FINE]
    assert windows[0] == 1e-3
    assert all(after in (before, 4 * before) for before, after in pairwise(windows))
    assert settled.upper - settled.value <= 1e-9 * quality.scale
    assert quality.cuts.at(np.array([0.2, 0.3, 0.5])) == pytest.approx(
        quality.from_score(settled.value), abs=1e-9
    )


def test_fractions_that_no_assignment_realises_are_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the widest window, not in windows without end."""
    windows: list[float] = []

    def none(*args: Any) -> None:
        windows.append(args[4])

    monkeypatch.setattr(quality_module, "assign_exactly_within_window", none)
    with pytest.raises(ArithmeticError, match=r"no assignment realises the fractions \[0.2, 0.8\]"):
        Quality(table(CONTINUOUS[:2])).settle(np.array([0.2, 0.8]))
    assert windows == pytest.approx([1e-3 * 4**k for k in range(8)])
    assert len(windows) == 8


@pytest.mark.parametrize(
    ("low", "high", "largest"),
    [
        (0.0, 1.0, None),
        (1e6, 1e6 + 1.0, 1e6 + 1.0),
        (-1e6 - 1.0, -1e6, 1e6 + 1.0),
        (2.0**20 - 1.0, 2.0**20 + 1.0, 2.0**20),
        (-(2.0**20) - 1.0, -(2.0**20) + 1.0, 2.0**20),
        (2.0**20 - 1.5, 2.0**20 - 0.5, 2.0**20 - 0.5),
        (-1.0, 2.0**21, None),
    ],
)
def test_llms_tie_within_what_floats_leave(low: float, high: float, largest: float | None) -> None:
    """1e-9 of the range of scores, or 32 times the last bit of the largest score; no margin is
    near.
    """
    values = np.array([[low, high, low], [high, low, low + 0.25 * (high - low)]])
    settled = Quality(table(values)).settle(np.array([1 / 3, 2 / 3]))
    span = high - low
    expected = 1e-9 * span if largest is None else 32 * float(np.spacing(largest))
    assert settled.tie_eps == pytest.approx(expected, rel=1e-9)
    assert settled.ties == ()
    assert settled.value == pytest.approx((2 * high + low + 0.25 * span) / 3, rel=1e-12)
    assert settled.upper >= settled.value
    assert settled.upper == pytest.approx(settled.value, abs=2e-9 * span)


def test_prices_are_in_score_units_from_the_smallest() -> None:
    """LLM 0 leads by 2, 1 and -1 points: with a third it must cost between 1 and 2 more."""
    values = np.array([[12.0, 11.0, 8.0], [10.0, 10.0, 9.0], [5.0, 5.0, 5.0]])
    settled = Quality(table(values)).settle(np.array([1 / 3, 2 / 3, 0.0]))
    assert settled.prices[1] == 0.0
    assert 1.0 - 1e-8 <= settled.prices[0] <= 2.0 + 1e-8
    assert np.isnan(settled.prices[2])
    assert settled.value == pytest.approx((12 + 10 + 9) / 3)


def test_ties_name_the_llms_of_the_table() -> None:
    """LLM 1 gets nothing; the others tie on every prompt."""
    values = np.array([[1.0, 0.0], [0.5, 0.5], [1.0, 0.0]])
    (tie,) = Quality(table(values)).settle(np.array([0.3, 0.0, 0.7])).ties
    assert tie.llms == (0, 2)
    assert tie.share == pytest.approx(1.0)
    assert tie.split == pytest.approx((0.3, 0.7))
