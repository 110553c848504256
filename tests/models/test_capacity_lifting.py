"""Lifted sizes of shards against lifting over every pattern."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from models.capacity import lift_capacity_sizes


def shelves(sizes: Sequence[tuple[int, int]], share: int, memory: int) -> Iterator[list[int]]:
    """Every multiset of shards, given as (per cent, 96ths of the memory), that fits a space."""
    if not sizes:
        yield []
        return
    (s, m), *others = sizes
    for count in range(min(share // s, memory // m) + 1):
        for rest in shelves(others, share - count * s, memory - count * m):
            yield [count, *rest]


@pytest.mark.parametrize("seed", range(40))
def test_lifted_sizes_are_those_of_lifting_over_all_patterns(seed: int) -> None:
    """Of which two never fit, the largest first: 1 less the most that fits next to it."""
    rng = np.random.default_rng(seed)
    shares = [(10, 20, 30, 50, 60, 80, 100), (25, 50, 75), (33, 34, 51, 68, 17)][seed % 3]
    kinds = sorted(
        {(int(rng.choice(shares)), int(rng.choice([6, 24, 32, 48, 49, 60, 90]))) for _ in range(5)}
    )
    for dimension, whole in ((0, 100), (1, 96)):
        size = [kind[dimension] / whole for kind in kinds]
        raised = list(size)
        for k in sorted(range(len(kinds)), key=lambda k: (-kinds[k][0], -kinds[k][1])):
            left = 100 - kinds[k][0], 96 - kinds[k][1]
            if all(need <= room for need, room in zip(kinds[k], left, strict=True)):
                continue
            most = max(float(np.dot(beside, raised)) for beside in shelves(kinds, *left))
            raised[k] = max(raised[k], 1 - most)
        share, memory = np.array(kinds, dtype=float).T / [[100], [96]]
        lifted = lift_capacity_sizes(np.array(size), share, memory)
        assert lifted == pytest.approx(raised, abs=2e-6)


def test_shares_between_whole_per_cents_are_rounded_down() -> None:
    """Next to 66.5 % the program sees room for 33.5 %: nothing is raised above what is true."""
    share, memory = np.array([0.665, 0.335, 0.34]), np.array([0.1, 0.1, 0.1])
    lifted = lift_capacity_sizes(share, share, memory)
    assert lifted[0] == pytest.approx(0.665)
    assert lifted[1:].tolist() == [0.335, 0.34]


def test_shards_that_round_to_nothing_leave_sizes_as_they_are() -> None:
    """Neither 0.4 % nor half a 96th of the memory needs a step: both at once fill any
    space."""
    share, memory = np.array([[0.8, 0.95], [0.004, 0.5], [0.3, 0.005], [0.004, 0.005]]).T
    for size in (share, memory):
        lifted = lift_capacity_sizes(size[:3], share[:3], memory[:3])
        assert lifted[0] == pytest.approx(1.0)
        assert lift_capacity_sizes(size, share, memory).tolist() == size.tolist()


def test_the_largest_of_those_that_round_alike_counts() -> None:
    """Half the memory and a little more are the same number of steps. Next to the shard of 60 %
    fits one of either: it may grow to what the larger one leaves.
    """
    share, memory = np.array([[0.4, 0.5], [0.4, 0.505], [0.6, 0.3]]).T
    lifted = lift_capacity_sizes(memory, share, memory)
    assert lifted.tolist() == pytest.approx([0.5, 0.505, 0.495])
