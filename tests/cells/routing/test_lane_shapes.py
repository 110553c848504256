"""How replicas are divided into lanes."""

import numpy as np
import pytest

from planner.cells.routing.lane_shapes import _all_mixed, _rounded, _whole_and_mixed


def test_whole_parts_and_a_mixed_rest() -> None:
    lanes = _whole_and_mixed(4, np.array([2.4, 1.6]), np.array([24.0, 8.0]))
    assert [(count, who) for count, who, _ in lanes] == [(2, (0,)), (1, (1,)), (1, (0, 1))]
    assert [load for _, _, load in lanes] == pytest.approx([10.0, 5.0, 0.4 * 10.0 + 0.6 * 5.0])


def test_without_a_rest_every_replica_has_one_class() -> None:
    assert [lane[:2] for lane in _whole_and_mixed(3, np.array([2.0, 1.0]), np.ones(2))] == [
        (2, (0,)),
        (1, (1,)),
    ]


def test_rounding_gives_all_replicas_away() -> None:
    for time in ([0.3, 0.7], [0.0, 0.0], [5.0, 0.1]):
        lanes = _rounded(3, np.array(time), np.zeros(2))
        assert sum(count for count, _, _ in lanes) == 3


def test_all_mixed_is_one_lane_of_all_classes() -> None:
    assert _all_mixed(2, np.array([1.0, 0.0]), np.array([6.0, 0.0])) == [(2, (0, 1), 3.0)]
