"""The choice of a number to branch on: by true rises where few numbers are in question, and with no
more trials than it may make.
"""

import numpy as np

from planner.joint.tree.pseudo_costs import (
    LEAST_RISE,
    LOOK_AHEAD,
    MOST_RISE,
    TRIALS,
    PseudoCosts,
)

WHOLE = 1e-5


class Children:
    """rises: (2, R) of the bounds of the children. asked: the rows of trials."""

    def __init__(self, rises: np.ndarray) -> None:
        self.rises, self.asked = rises, list[int]()

    def rise(self, row: int, side: int) -> float:
        self.asked.append(row)
        return float(self.rises[side, row])


def random_counts(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Numbers, the first and the last of them whole."""
    counts = rng.integers(0, 5, rows) + rng.uniform(0.05, 0.95, rows)
    counts[[0, -1]] = np.rint(counts[[0, -1]])
    return counts


def test_few_numbers_are_chosen_by_the_product_of_their_rises() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        counts, rises = random_counts(rng, LOOK_AHEAD + 2), rng.exponential(1e-3, (2, 6))
        children = Children(rises)
        row = PseudoCosts(6).row_to_branch(counts, WHOLE, children.rise)
        # Of LOOK_AHEAD numbers that are not whole none is left out.
        assert row == 1 + rises.prod(axis=0)[1:-1].argmax()
        assert set(children.asked) == {1, 2, 3, 4}


def test_what_has_been_seen_is_not_tried_again() -> None:
    costs, counts = PseudoCosts(3), np.array([1.5, 2.25, 0.9])
    costs.learn_rise(0, 0, 0.5, 0.2)
    costs.learn_rise(0, 1, 0.25, 0.1)
    costs.learn_rise(1, 0, 0.5, 0.2)
    children = Children(np.full((2, 3), 1e-3))
    assert costs.row_to_branch(counts, WHOLE, children.rise) == 0
    assert children.asked == [1, 1, 2, 2]
    again = Children(np.ones((2, 3)))
    assert costs.row_to_branch(counts, WHOLE, again.rise) == 0
    assert not again.asked


def test_scores_are_costs_per_unit_times_distance() -> None:
    costs, away = PseudoCosts(2), np.array([[0.5, 0.3], [0.5, 0.7]])
    assert np.allclose(costs.branching_scores(away), [0.5, 0.3])
    for rise, distance in ((0.2, 0.5), (0.4, 0.5)):
        costs.learn_rise(0, 0, distance, rise)
    costs.learn_rise(0, 1, 0.25, 0.0)
    # The second number has the costs of the others, 0.6 below and 0 above.
    expected = [0.6 * 0.5 * LEAST_RISE, 0.6 * 0.3 * LEAST_RISE]
    assert np.allclose(costs.branching_scores(away), expected, rtol=1e-9, atol=0)


def test_a_child_without_a_point_counts_as_the_range_of_quality() -> None:
    costs = PseudoCosts(2)
    assert costs.learn_rise(0, 1, 0.5, np.inf) == MOST_RISE
    assert costs.learn_rise(0, 0, 0.5, -np.inf) == 0.0
    rises = np.array([[1e-3, np.inf], [0.5, 1e-3]])
    assert PseudoCosts(2).row_to_branch(np.array([0.5, 0.5]), WHOLE, Children(rises).rise) == 1


def test_trials_end() -> None:
    many = np.full(40, 0.5)
    rising = Children(np.tile(np.linspace(1e-3, 1e-2, 40), (2, 1)))
    assert PseudoCosts(40).row_to_branch(many, WHOLE, rising.rise) == TRIALS - 1
    assert len(rising.asked) == 2 * TRIALS
    alike = Children(np.full((2, 40), 1e-3))
    assert PseudoCosts(40).row_to_branch(many, WHOLE, alike.rise) == 0
    assert len(alike.asked) == 2 * (1 + LOOK_AHEAD)
