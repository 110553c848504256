"""First-fit: what it places is placed correctly, what it leaves out does not fit."""

import numpy as np
import pytest

from models.packing import first_fit
from models.packing.first_fit import ORDERS, Item, PackingVerdict, pack_first_fit, packing_of_seats
from tests.support.instances.random_pools import ROOM, check_seats, random_packing


@pytest.mark.parametrize("seed", range(40))
def test_seats_keep_shares_memory_and_nodes(seed: int) -> None:
    items, nodes, per_node = random_packing(seed)
    for order in ORDERS:
        seats = pack_first_fit(sorted(items, key=order), nodes, per_node, ROOM)
        if seats is not None:
            check_seats(packing_of_seats(seats), items, nodes, per_node)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_left_out_has_no_room(seed: int) -> None:
    """The first replica of each option that is not seated fits no node any more."""
    items, nodes, per_node = random_packing(seed)
    ordered = sorted([*items, Item(99, 1, 0.5, 30.0, 4 * nodes * per_node)], key=ORDERS[0])
    seats = pack_first_fit(ordered, nodes, per_node, ROOM, leave_out=True)
    assert seats is not None
    share, memory = np.ones((nodes, per_node)), np.full((nodes, per_node), ROOM)
    by_key = {item.key: item for item in ordered}
    held = dict.fromkeys(by_key, 0)
    for key, replica, node, gpus in seats:
        assert replica == held[key]
        held[key] += 1
        share[node, list(gpus)] -= by_key[key].share
        memory[node, list(gpus)] -= by_key[key].memory
    assert share.min() >= -1e-9
    assert memory.min() >= -1e-6
    for item in ordered:
        if held[item.key] < item.count:
            fits = (share >= item.share) & (memory >= item.memory)
            assert fits.sum(axis=1).max() < item.shards


def test_the_fullest_gpu_that_fits_takes_a_shard() -> None:
    """30 % fit next to 70 %, not next to 40 %."""
    items = [Item(0, 1, 0.7, 1.0, 1), Item(1, 1, 0.4, 1.0, 1), Item(2, 1, 0.3, 1.0, 1)]
    seats = pack_first_fit(items, 1, 3, ROOM)
    assert seats is not None
    at = {key: gpus for key, _, _, gpus in seats}
    assert at[2] == at[0]
    assert packing_of_seats(seats).gpus == 2
    assert packing_of_seats([]).verdict == PackingVerdict.PACKED


def random_items(rng: np.random.Generator, gpus: int) -> list[Item]:
    return [
        Item(
            key,
            int(rng.choice([shards for shards in (1, 2, 4, 8) if shards <= gpus])),
            float(rng.choice([0.1, 0.2, 0.3, 0.35, 0.5, 0.6, 0.7, 1.0])),
            float(rng.choice([5, 8, 12.5, 20, 30, 40, 70])),
            int(rng.integers(1, 80)),
        )
        for key in range(rng.integers(1, 9))
    ]


@pytest.mark.parametrize("seed", range(4))
def test_runs_that_repeat_are_what_replica_by_replica_gives(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, runs = np.random.default_rng(seed), first_fit.LONGEST_RUN
    for _ in range(40):
        gpus, nodes = int(rng.choice([1, 2, 3, 4, 6, 8])), int(rng.integers(1, 60))
        items = random_items(rng, gpus)
        monkeypatch.setattr(first_fit, "LONGEST_RUN", runs)
        quick = pack_first_fit(items, nodes, gpus, 72.0, leave_out=True)
        monkeypatch.setattr(first_fit, "LONGEST_RUN", 0)
        assert quick == pack_first_fit(items, nodes, gpus, 72.0, leave_out=True)


def test_ten_thousand_gpus_are_filled_to_the_last() -> None:
    """5,000 replicas of two GPUs each and 20,000 tenths: every GPU is full, none over."""
    items = [Item(0, 2, 0.8, 60.0, 5_000), Item(1, 1, 0.1, 6.0, 20_000)]
    seats = pack_first_fit(items, 1_250, 8, 72.0)
    assert seats is not None
    used = np.zeros((1_250, 8))
    for key, _, node, held in seats:
        used[node, list(held)] += items[key].share
    assert used == pytest.approx(np.ones((1_250, 8)))
