"""Cuts over open LLMs, of a few prompts whose numbers are known: one LLM has them all."""

import numpy as np
import pytest

from models import quality as quality_module
from models.openings.opening_cuts import OpeningCuts
from models.quality import Quality
from tests.support.instances.score_tables import table

# The second LLM's scores less the first's: 1, 0.25, 0 and -0.75; the third's: 0.5, 0, 0 and -1.
SCORES = np.array([[0.0, 0.25, 0.5, 1.0], [1.0, 0.5, 0.5, 0.25], [0.5, 0.25, 0.5, 0.0]])
FIRST, MEAN = np.array([1.0, 0.0, 0.0]), 0.4375
LOADS = np.array([0.5, 0.25, 0.0])


def cut_where(opened: list[float]) -> tuple[OpeningCuts, float]:
    """The cut, with the upper estimate that came with it."""
    quality = Quality(table(SCORES))
    _, estimate = quality.price_openings(FIRST, np.array(opened), LOADS)
    return quality.openings, estimate


def test_a_closed_llm_is_priced_at_the_load_of_a_replica() -> None:
    """A quarter of the prompts: three quarters of the way up its leads, -0.75, 0, 0.25 and 1. The
    third LLM's load is none: no prompt leads by more than its price.
    """
    cut, estimate = cut_where([1.0, 0.0, 0.0])
    assert cut.prices.tolist() == [[0.0, pytest.approx(0.4375), pytest.approx(0.5)]]
    assert cut.gains.tolist() == [[0.0, pytest.approx((1.0 - 0.4375) / 4), 0.0]]
    assert cut.base == pytest.approx([MEAN])
    assert cut.caps.tolist() == [[1.0, 0.0, 0.0]]
    assert estimate == pytest.approx(MEAN)


def test_an_open_llm_without_prompts_gains_nothing() -> None:
    """Its price is its largest lead; one that is open by a thousandth counts as closed."""
    cut, estimate = cut_where([1.0, 0.002, 1.0])
    assert cut.prices == pytest.approx(np.array([[0.0, 1.0, 0.5]]))
    assert not cut.gains.any()
    assert estimate == pytest.approx(MEAN)
    cut, estimate = cut_where([1.0, 0.001, 1.0])
    assert cut.prices == pytest.approx(np.array([[0.0, 0.4375, 0.5]]))
    assert estimate == pytest.approx(MEAN + 0.001 * (1.0 - 0.4375) / 4)


def test_numbers_too_small_for_a_row_are_given_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A price counts as none, for which the gain makes up; such a gain is there without its LLM."""
    monkeypatch.setattr(quality_module, "NO_COEFFICIENT", 0.2)
    cut, estimate = cut_where([1.0, 0.0, 0.0])
    assert cut.prices == pytest.approx(np.array([[0.0, 0.4375, 0.5]]))
    assert not cut.gains.any()
    assert cut.base == pytest.approx([MEAN + (1.0 - 0.4375) / 4])
    assert estimate == pytest.approx(cut.base[0])
    monkeypatch.setattr(quality_module, "NO_COEFFICIENT", 0.45)
    cut, _ = cut_where([1.0, 0.0, 0.0])
    assert cut.prices == pytest.approx(np.array([[0.0, 0.0, 0.5]]))
    assert cut.base == pytest.approx([MEAN + (1.0 + 0.25) / 4])


def test_a_cut_is_made_of_the_levels_at_its_caps_and_prices() -> None:
    """Of a prompt the best LLM takes its cap, the next one what is left: the level is the margin of
    the last, and each LLM gains what it is above that.
    """
    rng = np.random.default_rng(3)
    quality = Quality(table(rng.random((3, 40)), rng.uniform(0.5, 1.5, 40)))
    fractions, opened = np.array([0.5, 0.3, 0.2]), np.array([0.7, 0.6, 0.1])
    prices, estimate = quality.price_openings(fractions, opened, np.full(3, 0.5))
    caps = np.array([0.7, 0.6, 0.2])
    margin = quality.values - prices[:, None]
    level = np.empty(40)
    for x, own in enumerate(margin.T):
        taken = 0.0
        for i in np.argsort(-own):
            taken += caps[i]
            level[x] = own[i]
            if taken >= 1:
                break
    gains = np.maximum(margin - level, 0.0) @ quality.weights
    cut = quality.openings
    assert cut.caps[0] == pytest.approx(caps)
    assert cut.prices[0].tolist() == prices.tolist()
    assert cut.base[0] == pytest.approx(level @ quality.weights, abs=1e-6)
    assert cut.gains[0] == pytest.approx(gains, abs=1e-6)
    assert prices.min() == 0.0
    said = cut.base[0] + prices @ fractions + cut.gains[0] @ opened
    assert estimate == pytest.approx(said, abs=1e-12)
