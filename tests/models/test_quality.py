"""Q(f), its prices and cuts against a linear program over all prompts."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models import quality as quality_module
from models.quality import Quality, QualityCutPool, Settled
from profiles.records import Scores
from tests.support.instances.score_tables import (
    KINDS,
    best_quality,
    fractions_of,
    realised,
    scores_of,
    table,
)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", KINDS)
def test_settle_is_the_linear_program(kind: str, seed: int) -> None:
    scores = scores_of(kind, seed)
    quality = Quality(scores)
    rng = np.random.default_rng(seed)
    for style in range(4):
        fractions = fractions_of(rng, quality.llms, style)
        settled = quality.settle(fractions)
        truth = best_quality(scores, fractions)
        close = 2e-8 * quality.scale
        assert settled.value == pytest.approx(truth, abs=close, rel=0)
        assert settled.upper >= settled.value
        assert settled.upper == pytest.approx(truth, abs=close, rel=0)
        check_prices(scores, quality, fractions, settled)
        check_router(scores, quality, fractions, settled)


def check_prices(scores: Scores, quality: Quality, fractions: np.ndarray, settled: Settled) -> None:
    """g(alpha) + alpha f, computed here from the raw table, certifies the value; NaN exactly where
    nothing is routed.
    """
    routed = fractions > 1e-9
    assert np.array_equal(np.isfinite(settled.prices), routed)
    assert settled.prices[routed].min() == 0.0
    best = (scores.values[routed] - settled.prices[routed, None]).max(axis=0)
    certified = float(best @ scores.weights) + float(settled.prices[routed] @ fractions[routed])
    assert certified == pytest.approx(settled.value, abs=3e-9 * quality.scale, rel=0)


def check_router(scores: Scores, quality: Quality, fractions: np.ndarray, settled: Settled) -> None:
    for tie in settled.ties:
        assert len(tie.llms) > 1
        assert sum(tie.split) == pytest.approx(1.0)
        assert min(tie.split) >= 0.0
        assert 0 < tie.share <= 1 + 1e-12
    reported, value = realised(scores, settled, 1e-9 * quality.scale)
    largest = scores.weights.max()
    assert np.abs(reported - fractions).max() <= largest + 1e-9, "the contract's promise"
    assert np.abs(reported - fractions).max() <= 1e-7, (
        "with the splits the fractions are met, not only to within a prompt"
    )
    assert value == pytest.approx(settled.value, abs=1e-7 * quality.scale, rel=0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut_lies_above_quality_everywhere(kind: str) -> None:
    """Cuts from corners, from `price` warm and cold, from `settle`, and from prices made up; at
    random fractions.
    """
    scores = scores_of(kind, 99)
    quality = Quality(scores)
    rng = np.random.default_rng(99)
    start = None
    for style in (0, 1, 3, 0):
        start, estimate = quality.price(fractions_of(rng, quality.llms, style), start)
    quality.settle(fractions_of(rng, quality.llms, 0))
    for _ in range(5):
        quality.cut(rng.normal(0, 1, quality.llms))
    for style in (0, 1, 2, 3):
        fractions = fractions_of(rng, quality.llms, style)
        truth = best_quality(scores, fractions)
        assert quality.cuts.at(fractions) >= quality.from_score(truth) - 1e-9
        _, estimate = quality.price(fractions)
        assert estimate >= quality.from_score(truth) - 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_a_settled_cut_is_tight_where_it_was_made(kind: str) -> None:
    scores = scores_of(kind, 7)
    quality = Quality(scores)
    fractions = fractions_of(np.random.default_rng(7), quality.llms, 0)
    settled = quality.settle(fractions)
    assert quality.cuts.at(fractions) == pytest.approx(quality.from_score(settled.value), abs=1e-8)


def test_price_is_near_on_continuous_scores() -> None:
    """The stated accuracy of the smoothing: errors of order T^2, 1e-4 is ample for T = 0.01 and
    below.
    """
    rng = np.random.default_rng(1)
    scores = table(
        np.clip(np.linspace(0.35, 0.75, 4)[:, None] + rng.normal(0, 0.2, (4, 3000)), 0, 1)
    )
    quality = Quality(scores)
    for _ in range(5):
        fractions = rng.dirichlet(np.ones(4))
        _, estimate = quality.price(fractions)
        assert (
            0
            <= quality.to_score(estimate) - quality.settle(fractions).value
            <= 1e-4 * quality.scale + 1e-12
        )


def test_price_on_a_sample_is_still_a_cut() -> None:
    """More prompts than three samples: full=False looks at a part, its cut must hold for all."""
    rng = np.random.default_rng(2)
    scores = table(np.linspace(0.3, 0.6, 3)[:, None] + rng.normal(0, 0.2, (3, 13_000)))
    quality = Quality(scores)
    for _ in range(3):
        fractions = rng.dirichlet(np.ones(3))
        _, rough = quality.price(fractions, full=False)
        exact = quality.from_score(quality.settle(fractions).value)
        assert exact - 1e-9 <= rough <= exact + 1e-3


def test_two_llms_by_hand() -> None:
    """Scores (1, 0), (0.6, 0.5), (0, 0.2), equal weights, f = (1/3, 2/3): LLM 0 takes the prompt on
    which it leads most.

    Leads of LLM 0: 1, 0.1, -0.2. So Q = (1 + 0.5 + 0.2) / 3 = 0.5666..., and LLM 0's price above
    LLM 1's lies in [0.1, 1].
    """
    quality = Quality(table(np.array([[1.0, 0.6, 0.0], [0.0, 0.5, 0.2]])))
    settled = quality.settle(np.array([1 / 3, 2 / 3]))
    assert settled.value == pytest.approx(1.7 / 3)
    assert 0.1 - 1e-9 <= settled.prices[0] - settled.prices[1] <= 1.0 + 1e-9


def test_binary_ties_by_hand() -> None:
    """Four prompts: both right, both wrong, only 0, only 1; f = (0.6, 0.4): each takes its own, 0
    gets 70 % of the two that tie.
    """
    scores = table(np.array([[1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]]))
    settled = Quality(scores).settle(np.array([0.6, 0.4]))
    assert settled.value == pytest.approx(0.75)
    assert settled.prices == pytest.approx([0.0, 0.0], abs=1e-12)
    (tie,) = settled.ties
    assert (tie.llms, tie.share) == ((0, 1), pytest.approx(0.5))
    assert tie.split == pytest.approx((0.7, 0.3))


def test_one_llm() -> None:
    quality = Quality(table(np.array([[0.2, 0.4, 0.9]]), np.array([1.0, 1.0, 2.0])))
    settled = quality.settle(np.array([1.0]))
    assert settled.value == pytest.approx(0.6)
    assert settled.prices.tolist() == [0.0]
    assert settled.ties == ()


@pytest.mark.parametrize("constant", [0.0, 0.7, -3.0, 1200.0])
def test_constant_scores_have_one_quality_for_all_fractions(constant: float) -> None:
    quality = Quality(table(np.full((3, 5), constant)))
    for fractions in ([1.0, 0.0, 0.0], [0.2, 0.3, 0.5]):
        settled = quality.settle(np.array(fractions))
        assert settled.value == pytest.approx(constant)
        reported, _ = realised(table(np.full((3, 5), constant)), settled, 1e-9)
        assert reported == pytest.approx(fractions)


def test_an_unrouted_llm_that_is_best_everywhere_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    values = rng.uniform(0, 1, (2, 40))
    with_star = np.vstack([values, np.full(40, 2.0)])
    alone, extended = Quality(table(values)), Quality(table(with_star))
    fractions = np.array([0.3, 0.7])
    settled = extended.settle(np.append(fractions, 0.0))
    assert settled.value == pytest.approx(alone.settle(fractions).value)
    assert np.isnan(settled.prices[2])
    assert all(2 not in tie.llms for tie in settled.ties)


@pytest.mark.parametrize("seed", range(8))
def test_concave_along_every_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    quality = Quality(scores_of(KINDS[seed], seed))
    a, b = fractions_of(rng, quality.llms, 0), fractions_of(rng, quality.llms, seed % 4)
    for t in (0.25, 0.5, 0.9):
        between = quality.settle(t * a + (1 - t) * b).value
        assert (
            between
            >= t * quality.settle(a).value
            + (1 - t) * quality.settle(b).value
            - 1e-8 * quality.scale
        )


@pytest.mark.parametrize(
    ("factor", "shift"), [(1.0, 5.0), (400.0, 1000.0), (1e-3, -0.2), (1e6, -1e7)]
)
def test_scale_and_shift_of_the_scores(factor: float, shift: float) -> None:
    """s -> a s + b: quality a Q + b, prices times a, the same ties and splits."""
    scores = scores_of("grades", 4)
    moved = table(factor * scores.values + shift, scores.weights)
    fractions = fractions_of(np.random.default_rng(4), len(scores.llms), 0)
    plain, other = Quality(scores).settle(fractions), Quality(moved).settle(fractions)
    assert other.value == pytest.approx(factor * plain.value + shift, rel=1e-9)
    assert best_quality(moved, fractions) == pytest.approx(other.value, rel=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_order_of_llms_and_prompts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = scores_of("weighted", seed)
    llms, prompts = rng.permutation(scores.values.shape[0]), rng.permutation(scores.values.shape[1])
    fractions = fractions_of(rng, len(llms), 0)
    mixed = table(scores.values[np.ix_(llms, prompts)], scores.weights[prompts])
    assert Quality(mixed).settle(fractions[llms]).value == pytest.approx(
        Quality(scores).settle(fractions).value, abs=1e-8
    )


def test_a_prompt_counts_like_its_copies() -> None:
    rng = np.random.default_rng(5)
    values = rng.uniform(0, 1, (3, 12))
    times = rng.integers(1, 5, 12)
    merged, spread = table(values, times), table(np.repeat(values, times, axis=1))
    fractions = np.array([0.5, 0.2, 0.3])
    assert Quality(merged).settle(fractions).value == pytest.approx(
        Quality(spread).settle(fractions).value, abs=1e-8
    )


def test_many_equal_grades_are_merged_without_loss() -> None:
    """12,000 prompts of 0/1 grades of three LLMs are eight prompts; the plain program over those
    eight is the truth.
    """
    rng = np.random.default_rng(6)
    values = (rng.random((3, 12_000)) < np.array([[0.4], [0.6], [0.7]])).astype(float)
    quality = Quality(table(values))
    assert quality.prompts == 8
    distinct, count = np.unique(values, axis=1, return_counts=True)
    for style in range(4):
        fractions = fractions_of(rng, 3, style)
        settled = quality.settle(fractions)
        assert settled.value == pytest.approx(
            best_quality(table(distinct, count), fractions), abs=1e-8
        )
        reported, _ = realised(table(values), settled, 1e-9)
        assert reported == pytest.approx(fractions, abs=1e-7)


def test_the_pool_takes_equal_prices_once_and_finds_the_tightest() -> None:
    pool = QualityCutPool(2)
    assert pool.add(np.array([0.0, 0.0]), 1.0)
    assert not pool.add(np.array([0.0, 0.0]), 1.0)
    assert pool.add(np.array([1.0, 0.0]), 0.2)
    assert pool.add(np.array([0.0, 1.0]), 0.9)
    assert len(pool) == 3
    # at (0.5, 0.5) the cuts read 1.0, 0.7, 1.4
    assert pool.at(np.array([0.5, 0.5])) == pytest.approx(0.7)
    assert pool.tightest(np.array([0.5, 0.5]), 2).tolist() == [0, 1]


def test_multipliers_that_lead_nowhere_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a window that was too narrow: none around its multipliers, so around the first prices
    again, not in ever wider windows.
    """
    rng = np.random.default_rng(3)
    scores = Scores(
        prompt_ids=np.array([f"p{k}" for k in range(400)], dtype=object),
        llms=("a", "b", "c"),
        values=rng.random((3, 400)),
        weights=np.full(400, 1 / 400),
    )
    fractions = np.array([0.5, 0.3, 0.2])
    truth = Quality(scores).settle(fractions)
    real: Any = quality_module.assign_exactly_within_window
    windows: list[float] = []

    def misled(values: Any, weights: Any, target: Any, prices: Any, window: float) -> Any:
        windows.append(window)
        if len(windows) == 1:
            found = real(values, weights, target, prices, 1.0)
            return replace(found, prices=found.prices + np.array([0.0, 0.2, 0.0]))
        return None if len(windows) == 2 else real(values, weights, target, prices, window)

    monkeypatch.setattr(quality_module, "assign_exactly_within_window", misled)
    settled = Quality(scores).settle(fractions)
    assert settled.value == pytest.approx(truth.value, abs=1e-9)
    assert windows[1] == windows[2] == 4 * windows[0]


@pytest.mark.parametrize("kind", ["continuous", "heavy prompts"])
def test_a_large_table_of_single_precision_is_settled_as_any_other(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scores kept as they came, prices sought on a part of the prompts."""
    rng = np.random.default_rng(8)
    single = (3.0 + 2.0 * rng.random((4, 3_000))).astype(np.float32)
    weights = rng.random(3_000) ** (40 if kind == "heavy prompts" else 0)
    scores = table(single.astype(float), weights)
    plain = Quality(scores)
    monkeypatch.setattr(quality_module, "LARGE_TABLE", 0)
    monkeypatch.setattr(quality_module, "LARGE_SAMPLE", 512)
    monkeypatch.setattr(quality_module, "SMALL_TABLE", 0)
    large = Quality(scores)
    assert np.array_equal(large.values, plain.values)
    assert large.best_answers() == pytest.approx(plain.best_answers(), abs=1e-12)
    for fractions in (np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.6, 0.0, 0.4, 0.0])):
        settled = large.settle(fractions)
        assert settled.value == pytest.approx(plain.settle(fractions).value, abs=1e-8)
        prices, upper = large.price(fractions)
        exact = plain.from_score(settled.value)
        assert exact - 1e-9 <= upper <= exact + 2e-3, "a cut, and a near one"
        best = (large.values - prices[:, None]).max(axis=0)
        assert best @ large.weights + prices @ fractions == pytest.approx(upper, abs=1e-12)
    large.price_openings(fractions, np.array([0.7, 0.2, 1.0, 0.0]), np.full(4, 0.2))
    assert len(large.openings) == 1


def test_a_large_table_of_double_precision_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality_module, "LARGE_TABLE", 0)
    values = np.random.default_rng(9).random((2, 400))
    scores = table(values, np.ones(400))
    kept = Quality(scores)
    assert np.array_equal(np.sort(kept.values[0]), (np.sort(values[0]) - kept.offset) / kept.scale)
    assert kept.settle(np.array([0.5, 0.5])).value == pytest.approx(
        best_quality(scores, np.array([0.5, 0.5])), abs=1e-9
    )
