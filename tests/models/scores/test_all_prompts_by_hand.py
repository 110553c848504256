"""What a plan and its bound are on all prompts, of a few prompts whose numbers are known."""

from collections.abc import Callable
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest

from models.openings.opening_cuts import OpeningCuts, no_opening_cuts
from models.scores import all_prompts
from models.scores.all_prompts import (
    ROUNDING,
    PlannedRouter,
    WholeTableTotals,
    even_tie_weights,
    least_regret_moves,
    planned_router,
)

SCORES = np.array([[0.6, 0.2, 0.5, 0.4], [0.3, 0.9, 0.5, 0.2], [0.9, 0.4, 0.1, 1.0]])
WEIGHTS = np.array([2.0, 2.0, 2.0, 2.0])
EXACTLY = 1e-13


def router_at(prices: list[float], tie: float = 1e-9) -> PlannedRouter:
    return planned_router(np.array(prices), tie, [], np.ones(len(prices)), 1.0)


def totals_at(
    cuts: list[list[float]],
    scores: np.ndarray = SCORES,
    weights: np.ndarray = WEIGHTS,
    *,
    openings: OpeningCuts | None = None,
    router: PlannedRouter | None = None,
) -> WholeTableTotals:
    """Of prompts that come in two parts."""
    prices, llms = np.array(cuts), len(scores)
    none = no_opening_cuts(llms) if openings is None else openings
    totals = WholeTableTotals(prices, none, router or router_at([0.0] * llms))
    for part in (slice(0, 3), slice(3, None)):
        totals.add(scores[:, part], weights[part])
    return totals


def answered(shares: Callable[[int], list[float]] | None) -> Callable[..., SimpleNamespace]:
    """A solver of linear programs that answers the same every time, here for so many columns."""
    return lambda cost, *_: SimpleNamespace(x=None if shares is None else shares(cost.size))


# ----------------------------------------------------------------------------------------- bounds


def test_prompts_are_counted_and_their_scores_summed() -> None:
    totals = totals_at([[0.0, 0.0, 0.0]])
    assert (totals.prompts, totals.weight) == (4, 8.0)
    assert totals.sums / totals.weight == pytest.approx([0.425, 0.475, 0.6])


def test_a_bound_rises_by_the_most_that_a_cut_does() -> None:
    # Best scores: 0.9, 0.9, 0.5, 1; less the prices of the second cut: 0.7, 0.9, 0.5, 0.8.
    totals = totals_at([[0.0, 0.0, 0.0], [0.0, 0.0, 0.2]])
    assert totals.shift(np.array([0.825, 0.7])) == pytest.approx(0.025 + ROUNDING, abs=EXACTLY)
    assert totals.shift(np.array([0.8, 0.675])) == pytest.approx(0.05 + ROUNDING, abs=EXACTLY)
    # No bound falls, and what sums are off by is left to it.
    assert totals.shift(np.array([0.9, 0.8])) == pytest.approx(ROUNDING, abs=EXACTLY)


def test_no_quality_is_above_the_most_that_one_cut_allows() -> None:
    # 0.825 of the first cut; 0.725 + 0.2 where all prompts went to the third LLM.
    cuts = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.2]]
    assert totals_at(cuts).ceiling() == pytest.approx(0.825 + ROUNDING, abs=EXACTLY)
    # 0.675 + 0.2 of a cut where all prices count; 0.85 where the first LLM costs quality.
    cuts = [[0.1, 0.1, 0.2], [-0.1, 0.0, 0.0]]
    assert totals_at(cuts[:1]).ceiling() == pytest.approx(0.875 + ROUNDING, abs=EXACTLY)
    assert totals_at(cuts).ceiling() == pytest.approx(0.85 + ROUNDING, abs=EXACTLY)


def test_a_cut_over_open_llms_rises_by_its_base_and_by_gains_that_grow() -> None:
    # Less prices: 0.6 0.2 0.5 0.4, 0.2 0.8 0.4 0.1 and 0.7 0.2 -0.1 0.8. Of the first LLM a prompt
    # may take all, of the second half, of the third nothing: levels 0.6, 0.2, 0.5 and 0.4. The
    # second gains 0.6 of one prompt, the third 0.1 and 0.4.
    prices, caps = np.array([[0.0, 0.1, 0.2]]), np.array([[1.0, 0.5, 0.0]])
    ordinary, base = [[0.0, 0.0, 0.0]], np.array([1.0])

    def shift(before: float, gains: list[float]) -> float:
        cut = OpeningCuts(prices, np.array([before]), np.array([gains]), caps)
        return totals_at(ordinary, openings=cut).shift(base) - ROUNDING

    assert shift(0.425, [0.0, 0.15, 0.125]) == pytest.approx(0.0, abs=EXACTLY)
    assert shift(0.4, [0.0, 0.15, 0.125]) == pytest.approx(0.025, abs=EXACTLY)
    assert shift(0.425, [0.0, 0.1, 0.1]) == pytest.approx(0.075, abs=EXACTLY)
    # A gain that shrinks makes up for nothing: where that LLM is closed it says nothing.
    assert shift(0.4, [0.0, 0.35, 0.1]) == pytest.approx(0.05, abs=EXACTLY)
    assert shift(0.6, [0.0, 0.0, 0.0]) == pytest.approx(0.1, abs=EXACTLY)
    assert shift(0.8, [0.0, 0.0, 0.0]) == pytest.approx(0.0, abs=EXACTLY)
    # Each of two cuts counts for itself.
    twice = [np.repeat(row, 2, axis=0) for row in (prices, np.array([[0.0, 0.1, 0.1]]), caps)]
    cuts = OpeningCuts(twice[0], np.array([0.5, 0.425]), *twice[1:])
    both = totals_at(ordinary, openings=cuts).shift(base)
    assert both == pytest.approx(0.075 + ROUNDING, abs=EXACTLY)


def test_prompts_come_in_blocks_and_the_same_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    scores = np.floor(3 * rng.random((3, 50))) / 3
    cut = OpeningCuts(
        np.array([[0.0, 0.1, 0.2]]),
        np.array([0.4]),
        np.array([[0.0, 0.1, 0.1]]),
        np.array([[1.0, 0.5, 0.0]]),
    )
    fractions, weights = np.array([0.5, 0.3, 0.2]), rng.uniform(0.5, 1.5, 50)

    def found() -> list[float]:
        totals = totals_at([[0.0, 0.1, 0.0]], scores, weights, openings=cut)
        numbers = [totals.shift(np.array([0.7])), totals.ceiling(), totals.value(fractions)]
        return numbers + totals.sent.tolist()

    whole = found()
    assert found() == whole
    monkeypatch.setattr(all_prompts, "BLOCK", 12)
    assert found() == pytest.approx(whole, abs=1e-12)


# ------------------------------------------------------------------------------------------ value


def test_prompts_that_move_lose_their_regret() -> None:
    scores = np.array([[0.9, 0.7, 0.35, 0.1], [0.1, 0.2, 0.5, 0.8]])
    totals = totals_at([[0.0, 0.0]], scores, WEIGHTS)
    assert totals.value(np.array([0.5, 0.5])) == pytest.approx(0.725 - ROUNDING, abs=EXACTLY)
    # Of the second LLM's prompts half go on to the first. Their regrets, 0.15 and 0.7, are of one
    # class, whose mean is lost.
    lost = 0.25 * (0.15 + 0.7) / 2
    value = totals.value(np.array([0.75, 0.25]))
    assert value == pytest.approx(0.725 - lost - ROUNDING, abs=1e-12)
    # Fractions count by their ratio.
    assert totals.value(np.array([1.5, 0.5])) == pytest.approx(value, abs=1e-12)


def test_what_prices_take_of_a_regret_comes_back() -> None:
    # Less prices 0.7, 0.4 and 0.2, 0.45: a regret of 0.05, of 0.35 in scores of which the price of
    # the LLM that is given up is 0.3. All prompts are with the first in the end.
    scores = np.array([[0.7, 0.4], [0.5, 0.75]])
    totals = WholeTableTotals(np.zeros((1, 2)), no_opening_cuts(2), router_at([0.0, 0.3]))
    totals.add(scores, np.array([1.0, 3.0]))
    before = (0.7 + 3 * 0.75) / 4
    assert totals.value(np.array([0.25, 0.75])) == pytest.approx(before - ROUNDING, abs=EXACTLY)
    after = (0.7 + 3 * 0.4) / 4
    assert totals.value(np.array([1.0, 0.0])) == pytest.approx(after - ROUNDING, abs=1e-12)


def test_fractions_that_were_not_reached_count_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(all_prompts, "linprog", answered(None))
    totals = totals_at([[0.0, 0.0]], np.array([[0.2, 0.9], [0.5, 0.4]]), np.ones(2))
    value = totals.value(np.array([0.75, 0.25]))
    # A quarter of the prompts, each by no more than the range of scores.
    assert value == pytest.approx(0.7 - 0.25 * 0.7 - ROUNDING, abs=EXACTLY)


def test_an_llm_that_is_the_best_of_no_prompt_gets_those_of_others() -> None:
    scores = np.array([[0.9, 0.8, 0.9, 0.8], [0.5, 0.4, 0.5, 0.4]])
    totals = totals_at([[0.0, 0.0]], scores)
    assert totals.sent.tolist() == [1.0, 0.0]
    value = totals.value(np.array([0.75, 0.25]))
    assert value == pytest.approx(0.85 - 0.25 * 0.4 - ROUNDING, abs=1e-12)


def test_ties_are_shared_by_fractions_and_cost_nothing_to_move() -> None:
    scores = np.full((3, 4_000), 0.5)
    router = planned_router(np.zeros(3), 1e-9, [], np.array([0.2, 0.3, 0.5]), 1.0)
    totals = WholeTableTotals(np.zeros((1, 3)), no_opening_cuts(3), router)
    totals.add(scores, np.ones(4_000))
    assert totals.sent == pytest.approx([0.2, 0.3, 0.5])
    assert totals.value(np.array([0.3, 0.3, 0.4])) == pytest.approx(0.5 - ROUNDING, abs=1e-12)


def test_the_largest_draw_has_an_llm_where_shares_sum_to_a_little_less_than_1() -> None:
    totals = WholeTableTotals(np.zeros((1, 6)), no_opening_cuts(6), router_at([0.0] * 6))
    totals._rng = Mock(random=lambda prompts: np.full(prompts, np.nextafter(1.0, 0.0)))
    assert np.cumsum(np.full(6, 1 / 6))[-1] < 1
    totals.add(np.full((6, 2), 0.5), np.ones(2))
    assert totals.value(np.ones(6)) == pytest.approx(0.5 - ROUNDING, abs=1e-12)


# ------------------------------------------------------------------------------------------ moves


def test_all_prompts_of_two_llms_move_at_once() -> None:
    mass = np.zeros((3, 3, 2))
    mass[0, 1], mass[2, 0] = [0.1, 0.2], [0.2, 0.1]
    moved = least_regret_moves(mass, np.full(mass.shape, 0.1), np.array([0.0, 0.3, -0.3]))
    assert moved == pytest.approx(mass, abs=1e-9)


def test_nothing_moves_where_nothing_should_change() -> None:
    mass = np.full((2, 2, 1), 0.25)
    assert not least_regret_moves(mass, np.full((2, 2, 1), 0.1), np.zeros(2)).any()


def test_a_solver_that_breaks_limits_moves_no_prompt_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    mass, change = np.full((3, 3, 1), 0.1), np.array([-0.1, 0.05, 0.05])

    def moved(share: float) -> np.ndarray:
        monkeypatch.setattr(all_prompts, "linprog", answered(lambda columns: [share] * columns))
        return least_regret_moves(mass, np.zeros(mass.shape), change)

    others = 1.0 - np.eye(3)[:, :, None]
    assert moved(1.0) == pytest.approx(0.05 * others)
    assert moved(1.5) == pytest.approx(0.05 * others)
    assert moved(0.25) == pytest.approx(0.025 * others)
    assert not moved(-0.5).any()


# ----------------------------------------------------------------------------------------- router


def test_llms_tie_within_so_many_units_of_the_scores() -> None:
    # Half a unit of scores that range over 2: a quarter of the scale, the edge included.
    router = planned_router(np.zeros(2), 0.5, [], np.array([0.25, 0.75]), 2.0)
    scores = np.array([[0.5, 0.5, 0.5], [0.25, 0.125, 0.75]])
    shares, even = router.shares(scores)
    assert shares.tolist() == [[0.25, 1.0, 0.25], [0.75, 0.0, 0.75]]
    assert even.tolist() == shares.tolist()


def test_even_weights_count_ties_within_the_edge() -> None:
    # One prompt in two is in a tie, at its edge: half of them for each LLM meets the fractions.
    router = planned_router(np.zeros(2), 0.25, [], np.array([0.75, 0.25]), 1.0)
    blocks = [(np.array([[0.5, 0.5], [0.25, 0.0]]), np.array([0.5, 0.5]))]
    even = even_tie_weights(blocks, router)
    assert even[0] / even.sum() == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize(("llms", "known"), [(62, True), (63, False)])
def test_ties_are_known_of_as_many_llms_as_have_a_bit(llms: int, *, known: bool) -> None:
    fractions = np.full(llms, 0.5 / (llms - 2))
    fractions[[0, -1]] = 0.25
    ties = [((0, llms - 1), (0.125, 0.875))]
    router = planned_router(np.zeros(llms), 1e-9, ties, fractions, 1.0)
    scores = np.zeros((llms, 1))
    scores[[0, -1]] = 1.0
    assert router.codes.size == known
    assert router.shares(scores)[0][0, 0] == (0.125 if known else 0.5)
