"""Passes by blocks of prompts see every score once, and as the whole table has it."""

import numpy as np
import pytest

from models.scores import prompt_blocks as blocks
from models.scores.prompt_blocks import (
    ScaledRow,
    best_margin_blocks,
    margin_blocks,
    mean_best_margin,
    offers_of_llm,
    scores_of_prompts,
)

SCORES = np.random.default_rng(1).random((3, 50))
PRICES = np.array([0.1, 0.0, 0.3])


@pytest.fixture(params=[3, 21, 10**6])
def _block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", request.param)


@pytest.mark.usefixtures("_block")
def test_blocks_together_are_the_table() -> None:
    for rows in (SCORES, list(SCORES)):
        parts = list(margin_blocks(rows, PRICES))
        assert [k for at, _, _ in parts for k in range(50)[at]] == list(range(50))
        margin = np.concatenate([part for _, part, _ in parts], axis=1)
        assert np.array_equal(margin, SCORES - PRICES[:, None])
        best = np.concatenate([best for _, _, best in parts])
        assert np.array_equal(best, margin.max(axis=0))
        passes = list(best_margin_blocks(rows, PRICES))
        assert [k for at, _ in passes for k in range(50)[at]] == list(range(50))
        assert np.array_equal(np.concatenate([best for _, best in passes]), best)
        for rows_in_all in (3, 7):
            passes = list(best_margin_blocks(rows[:2], PRICES[:2], rows_in_all))
            most = max(blocks.BLOCK // rows_in_all, 1)
            assert [part.size for _, part in passes] == [
                min(most, 50 - first) for first in range(0, 50, most)
            ]
        weights = np.linspace(0.0, 1.0, 50)
        assert mean_best_margin(rows, weights, PRICES) == pytest.approx(best @ weights)
        others = np.maximum(margin[0], margin[2])
        assert np.array_equal(offers_of_llm(rows, PRICES, 1), SCORES[1] - others)
    assert SCORES.max() < 1.0, "a block is a copy"


def test_a_row_of_single_precision_reads_as_the_scores_it_holds() -> None:
    single = (1000 + 5 * SCORES).astype(np.float32)
    rows = [ScaledRow(row, 1000.0, 5.0) for row in single]
    scaled = (single.astype(float) - 1000.0) / 5.0
    assert len(rows[0]) == 50
    assert np.array_equal(scores_of_prompts(rows, np.array([7, 3])), scaled[:, [7, 3]])
    for at, part, _ in margin_blocks(rows, np.zeros(3)):
        assert np.array_equal(part, scaled[:, at])
    for at, best in best_margin_blocks(rows, np.zeros(3)):
        assert np.array_equal(best, scaled[:, at].max(axis=0))
    with pytest.raises(TypeError):
        _ = rows[0] - np.zeros(50)
