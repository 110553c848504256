"""The cache of quality cuts: it serves the same scores and weights, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from planner.studies import quality_cache
from planner.studies.quality_cache import KEPT, MOST_CUTS, cached_quality_of
from planner.studies.sweep import sweep
from planner.studies.sweep_axes import read_sweep_axis, sweep_axes_points
from profiles.records import Scores
from tests.support.scenarios.small_scenarios import write_scenario

VALUES = [[0.2, 0.9, 0.4], [0.8, 0.1, 0.5]]
EVEN = [1 / 3, 1 / 3, 1 / 3]


def scores(values: list[list[float]] = VALUES, weights: list[float] = EVEN) -> Scores:
    ids = np.array(["p0", "p1", "p2"])
    return Scores(ids, ("alpha", "beta"), np.array(values), np.array(weights))


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality_cache, "_kept", [])


def test_equal_scores_and_weights_share_their_cuts() -> None:
    first = cached_quality_of(scores())
    first.price(np.array([0.5, 0.5]))
    assert cached_quality_of(scores()) is first


def test_other_weights_have_their_own_cuts() -> None:
    first = cached_quality_of(scores())
    other = cached_quality_of(scores(weights=[0.6, 0.2, 0.2]))
    assert other is not first
    assert other.settle(np.array([0.5, 0.5])).value == pytest.approx(
        0.6 * (5 / 6 * 0.8 + 1 / 6 * 0.2) + 0.2 * 0.9 + 0.2 * 0.4
    )


def test_other_scores_have_their_own_cuts() -> None:
    assert cached_quality_of(scores()) is not cached_quality_of(
        scores([[0.2, 0.9, 0.4], [0.8, 0.1, 0.6]])
    )


def test_the_oldest_scores_are_forgotten() -> None:
    tables = [scores(weights=[0.5 - 0.1 * k, 0.3, 0.2 + 0.1 * k]) for k in range(KEPT + 1)]
    first, *others = [cached_quality_of(table) for table in tables]
    assert [cached_quality_of(table) for table in reversed(tables[1:])] == others[::-1]
    assert cached_quality_of(tables[0]) is not first


def test_using_scores_again_keeps_them_longer() -> None:
    tables = [scores(weights=[0.5 - 0.1 * k, 0.3, 0.2 + 0.1 * k]) for k in range(KEPT + 1)]
    kept = [cached_quality_of(table) for table in tables[:KEPT]]
    assert cached_quality_of(tables[0]) is kept[0]
    cached_quality_of(tables[KEPT])
    assert cached_quality_of(tables[0]) is kept[0]


def test_a_pool_with_too_many_cuts_is_restarted() -> None:
    first = cached_quality_of(scores())
    for price in np.linspace(0.1, 0.9, MOST_CUTS + 1):
        first.cut(np.array([0.0, price]))
    assert len(first.cuts) > MOST_CUTS
    again = cached_quality_of(scores())
    assert again is not first
    assert len(again.cuts) < 10
    assert cached_quality_of(scores()) is again


def test_a_sweep_over_score_files_plans_with_the_weights_of_each(tmp_path: Path) -> None:
    """60 req/s need both LLMs (40 at most each): a third at least goes to either one.

    Half of the prompts are alpha's. Weighted 3:1 for alpha, at most 2/3 of the requests may go
    there, so 1/12 of them gets the worse answer: 0.9 - 0.4 / 12. Evenly weighted, each gets its
    best.
    """
    scenario = write_scenario(tmp_path, rate=60.0)
    header, *rows = (tmp_path / "scores.csv").read_text().splitlines()
    for name, weights in (("even.csv", (1, 1)), ("skewed.csv", (3, 1))):
        lines = [f"{header},weight", *(f"{row},{weights[k % 2]}" for k, row in enumerate(rows))]
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    even, skewed = sweep(
        scenario, [], sweep_axes_points([read_sweep_axis("scores=even.csv,skewed.csv")]), jobs=1
    )
    assert [even.status, skewed.status] == ["optimal", "optimal"], skewed.reason
    assert even.numbers["Quality (mean score)"] == pytest.approx(0.9, abs=1e-6)
    assert skewed.numbers["Quality (mean score)"] == pytest.approx(0.9 - 0.4 / 12, abs=1e-4)
