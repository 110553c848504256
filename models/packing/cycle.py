"""Setups that follow each other in a cycle, placed so that few replicas move.

A replica stays where the setup before has one of its option on the same GPUs; any other starts,
also one that only moves. Nodes of a pool are alike, and so are the GPUs of a node, so a packing
stays one when these are renamed. Two ways to a packing near another one are tried:

    rename   nodes and GPUs of a packing are matched with those of the other (assignment problems,
             Kuhn, Naval Research Logistics Quarterly 2, 1955), for most shards in their place
    extend   replicas that may stay keep their seats; the others go to seats that they have in
             another setup, or by best fit (as in models.packing.spread)

One setup after the other takes the cheaper of all ways, until none gets cheaper: a heuristic, fewer
starts may exist.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from models.packing.first_fit import FIT, ORDERS, Item, Packing, Seat, packing_of_seats

__all__ = ["CyclePool", "place_cycle", "place_near", "started_shards"]

ROUNDS = 3
"""Times that all setups are placed anew between their neighbours."""

PRICE_DIGITS = 9
"""Decimals of a price to which two packings are as dear."""

MOST_PAIRS = 4096
"""Pairs of nodes of different content that are matched GPU by GPU."""


@dataclass(frozen=True, kw_only=True)
class CyclePool:
    """A pool, and what is dear in it.

    room: GiB of a GPU. gpu_cost: (S,) of a GPU in use, start_cost: of a shard that starts, in one
    unit. renamed: (S,) whether the packing of a setup may be renamed only, as
    in any case one with MIG instances.
    """

    nodes: int
    gpus_per_node: int
    room: float
    gpu_cost: Sequence[float]
    start_cost: float
    renamed: Sequence[bool]


def started_shards(before: Sequence[Seat], after: Sequence[Seat]) -> int:
    """Shards of `after` whose replica is not in `before` on the same GPUs."""
    news = Counter(map(_spot, after))
    news.subtract(Counter(map(_spot, before)))
    return sum(count * len(spot[2]) for spot, count in news.items() if count > 0)


Spot = tuple[int, int, tuple[int, ...]]
"""(option, node, GPUs) of a replica, whatever its number."""


def _spot(seat: Seat) -> Spot:
    """Where a replica is, whatever its number."""
    return seat[0], seat[2], tuple(sorted(seat[3]))


def place_cycle(
    items: Sequence[Sequence[Item]], packed: Sequence[Packing], pool: CyclePool
) -> list[Packing]:
    """Packings of a cycle of setups on one pool with few starts.

    items: what each setup puts into the pool. packed: a packing of each.
    """
    count = len(items)
    placed = list(packed)
    if count == 1:
        return placed
    # First each after the one before it, the first one as it is; then between both neighbours.
    for s in range(1, count):
        others = [placed[k].seats for k in range(s)]
        placed[s] = _cheapest_place(s, items[s], packed[s], placed[s - 1], placed[0], others, pool)
    for _ in range(ROUNDS):
        moved = False
        for s in range(count):
            others = [placed[(s + k) % count].seats for k in range(1, count)]
            before, after = placed[s - 1], placed[(s + 1) % count]
            better = _cheapest_place(s, items[s], packed[s], before, after, others, pool)
            now = _cost(s, placed[s].seats, placed[s].gpus, before, after, pool)
            if _cost(s, better.seats, better.gpus, before, after, pool) < now - 1e-9:
                placed[s], moved = better, True
        if not moved:
            break
    return [packing_of_seats(_numbered(one.seats)) for one in placed]


def _cost(
    s: int, seats: Sequence[Seat], gpus: int, before: Packing, after: Packing, pool: CyclePool
) -> float:
    """Of a setup between two others."""
    starts = started_shards(before.seats, seats) + started_shards(seats, after.seats)
    return pool.gpu_cost[s] * gpus + pool.start_cost * starts


def _cheapest_place(
    s: int,
    items: Sequence[Item],
    packed: Packing,
    before: Packing,
    after: Packing,
    others: Sequence[Sequence[Seat]],
    pool: CyclePool,
) -> Packing:
    """The cheapest of all ways to place a setup between two others; others: seats of all placed
    ones, the next one in the cycle first.
    """
    ways: list[Sequence[Seat]] = [packed.seats]
    ways += [_renamed(packed.seats, near.seats, pool) for near in (before, after)]
    if not pool.renamed[s] and not any(item.mig for item in items):
        for near in (before, after):
            for hints in ([seat for one in others for seat in one], []):
                extended = _extended(items, near.seats, hints, pool)
                ways += [] if extended is None else [extended]
    packings = [packing_of_seats(list(seats)) for seats in ways]
    return min(packings, key=lambda one: _cost(s, one.seats, one.gpus, before, after, pool))


def place_near(
    items: Sequence[Item],
    packed: Packing,
    near: Sequence[Seat],
    pool: CyclePool,
    price: Callable[[int, int], float],
) -> Packing:
    """A packing of one setup near seats that are taken: the cheapest of those found, of these the
    one on fewest GPUs, then with fewest starts.

    items: what the setup puts into the pool. packed: a packing of it. near: of the setup before, on
    nodes and GPUs that the pool has. price: of GPUs in use and shards that start.
    """
    renamed = _renamed(packed.seats, near, pool)
    ways: list[Sequence[Seat]] = [packed.seats, renamed]
    if not pool.renamed[0] and not any(item.mig for item in items):
        staying = _staying_on_few(items, near)
        for hints in (packed.seats, renamed, ()):
            for seats in (near, staying):
                extended = _extended(items, seats, list(hints), pool)
                ways += [] if extended is None else [extended]
    packings = [packing_of_seats(_numbered(seats)) for seats in ways]

    def dearness(one: Packing) -> tuple[float, int, int]:
        starts = started_shards(near, one.seats)
        return round(price(one.gpus, starts), PRICE_DIGITS), one.gpus, starts

    return min(packings, key=dearness)


def _numbered(seats: Sequence[Seat]) -> list[Seat]:
    """The same seats, replicas of every option numbered from 0."""
    numbers: Counter[int] = Counter()
    numbered: list[Seat] = []
    for key, _, node, gpus in sorted(seats, key=_spot):
        numbered.append((key, numbers[key], node, tuple(sorted(gpus))))
        numbers[key] += 1
    return numbered


# -- rename ----------------------------------------------------------------------------------------


def _renamed(seats: Sequence[Seat], near: Sequence[Seat], pool: CyclePool) -> list[Seat]:
    """Seats with nodes and GPUs renamed so that most are those of `near`."""
    own, other = _by_node(seats, pool), _by_node(near, pool)
    kinds_own, kinds_other = dict.fromkeys(own), dict.fromkeys(other)
    if len(kinds_own) * len(kinds_other) > MOST_PAIRS:
        return list(seats)
    match = {
        (a, b): _matched_gpus(a, b, pool.gpus_per_node) for a in kinds_own for b in kinds_other
    }
    kept = np.array([[match[a, b][0] for b in other] for a in own], dtype=float)
    _, column = linear_sum_assignment(kept, maximize=True)
    renamed: list[Seat] = []
    for node, content in enumerate(own):
        to = int(column[node])
        names = match[content, other[to]][1]
        renamed += [
            (key, 0, to, tuple(sorted(names[gpu] for gpu in gpus))) for key, gpus in content
        ]
    return renamed


Content = tuple[tuple[int, tuple[int, ...]], ...]
"""Replicas of a node: (option, GPUs), sorted."""


def _by_node(seats: Sequence[Seat], pool: CyclePool) -> list[Content]:
    held: list[list[tuple[int, tuple[int, ...]]]] = [[] for _ in range(pool.nodes)]
    for key, _, node, gpus in seats:
        held[node].append((key, tuple(sorted(gpus))))
    return [tuple(sorted(one)) for one in held]


def _matched_gpus(own: Content, other: Content, gpus: int) -> tuple[int, list[int]]:
    """Shards that stay in place when the GPUs of one node are named as those of another, and the
    new name of every GPU.
    """
    if not own or not other:
        return 0, list(range(gpus))
    on_own, on_other = (_options_by_gpu(one, gpus) for one in (own, other))
    # A shard of a replica on several GPUs counts by itself here: nearly always they go together.
    alike = np.array([[(a & b).total() for b in on_other] for a in on_own])
    _, names = linear_sum_assignment(alike, maximize=True)
    moved = Counter((key, tuple(sorted(int(names[g]) for g in held))) for key, held in own)
    stay = moved & Counter(other)
    return sum(count * len(held) for (_, held), count in stay.items()), names.tolist()


def _options_by_gpu(content: Content, gpus: int) -> list[Counter[int]]:
    found: list[Counter[int]] = [Counter() for _ in range(gpus)]
    for key, held in content:
        for gpu in held:
            found[gpu][key] += 1
    return found


# -- extend ----------------------------------------------------------------------------------------


def _extended(
    items: Sequence[Item], near: Sequence[Seat], hints: Sequence[Seat], pool: CyclePool
) -> list[Seat] | None:
    """Seats of `near` kept where they may be, the rest added; None where that finds no room.

    hints: seats to prefer for what is added, and to keep.
    """
    space = _Space(pool)
    wanted = {item.key: item for item in items}
    seats: list[Seat] = []
    for key, of_key in _kept(near, hints, wanted):
        for _, _, node, gpus in of_key:
            # Not all that stays need fit: more memory may be kept free than a packing knows.
            if not space.take(wanted[key], node, gpus):
                return None
            seats.append((key, 0, node, gpus))
    held = Counter(seat[0] for seat in seats)
    spots: dict[int, list[Seat]] = defaultdict(list)
    for seat in hints:
        spots[seat[0]].append(seat)
    for item in sorted(items, key=ORDERS[0]):
        for _ in range(item.count - held[item.key]):
            place = space.hinted(item, spots[item.key]) or space.best(item)
            if place is None or not space.take(item, *place):
                return None
            seats.append((item.key, 0, *place))
    return seats


def _kept(
    near: Sequence[Seat], hints: Sequence[Seat], wanted: Mapping[int, Item]
) -> Iterator[tuple[int, list[Seat]]]:
    """Of every option the seats that stay: those that other setups have too come first, then those
    on the fullest GPUs, so that whole GPUs become free.
    """
    also = Counter(map(_spot, hints))
    full: Counter[tuple[int, int]] = Counter()
    by_key: dict[int, list[Seat]] = defaultdict(list)
    for seat in near:
        if seat[0] in wanted:
            by_key[seat[0]].append(seat)
            full.update((seat[2], gpu) for gpu in seat[3])
    for key, of_key in sorted(by_key.items()):
        order = sorted(
            of_key,
            key=lambda seat: (-also[_spot(seat)], -min(full[seat[2], g] for g in seat[3]), seat),
        )
        yield key, order[: wanted[key].count]


def _staying_on_few(items: Sequence[Item], near: Sequence[Seat]) -> list[Seat]:
    """Seats of as many replicas of every option as may stay, on few GPUs: those on a GPU give way
    to others that run on GPUs in use anyway, where that frees it.
    """
    wanted = {item.key: item for item in items}
    kept = [seat for _, of_key in _kept(near, (), wanted) for seat in of_key]
    spare = Counter(map(_spot, near))
    spare.subtract(map(_spot, kept))
    again = True
    while again:
        again = False
        used = Counter((node, gpu) for _, _, node, gpus in kept for gpu in gpus)
        for gpu in sorted(used, key=lambda one: (used[one], one)):
            change = _without_gpu(kept, spare, gpu, used.keys() - {gpu})
            if change is not None:
                kept, spare = change
                again = True
                break
    return kept


def _without_gpu(
    kept: Sequence[Seat],
    spare: Counter[Spot],
    gpu: tuple[int, int],
    others: Set[tuple[int, int]],
) -> tuple[list[Seat], Counter[Spot]] | None:
    """The seats that stay, and those left, with none on one GPU; None where other GPUs hold too few
    replicas to stay in their place.
    """
    stays = [seat for seat in kept if gpu[0] != seat[2] or gpu[1] not in seat[3]]
    left = spare.copy()
    for seat in kept:
        if gpu[0] != seat[2] or gpu[1] not in seat[3]:
            continue
        free = (
            spot
            for spot, count in sorted(left.items())
            if count > 0 and spot[0] == seat[0] and others >= {(spot[1], g) for g in spot[2]}
        )
        spot = next(free, None)
        if spot is None:
            return None
        left[spot] -= 1
        left[_spot(seat)] += 1
        stays.append((spot[0], 0, spot[1], spot[2]))
    return stays, left


class _Space:
    """What is left on the GPUs of a pool."""

    def __init__(self, pool: CyclePool) -> None:
        self.room = pool.room
        self.share = np.ones((pool.nodes, pool.gpus_per_node))
        self.memory = np.full((pool.nodes, pool.gpus_per_node), pool.room)

    def take(self, item: Item, node: int, gpus: Sequence[int]) -> bool:
        """Place a replica; False, and nothing taken, where it does not fit."""
        at = (node, list(gpus))
        if not self._fits(item)[at].all():
            return False
        self.share[at] -= item.share
        self.memory[at] -= item.memory
        return True

    def _fits(self, item: Item) -> np.ndarray:
        enough = self.memory >= item.memory - FIT * self.room
        return np.asarray((self.share >= item.share - FIT) & enough)

    def hinted(self, item: Item, spots: list[Seat]) -> tuple[int, tuple[int, ...]] | None:
        """The first of the seats with room; each is looked at once."""
        fits = self._fits(item)
        while spots:
            _, _, node, gpus = spots.pop(0)
            if len(gpus) == item.shards and fits[node, list(gpus)].all():
                return node, gpus
        return None

    def best(self, item: Item) -> tuple[int, tuple[int, ...]] | None:
        """Where it opens fewest new GPUs, then leaves least."""
        fits = self._fits(item)
        may = np.flatnonzero(fits.sum(axis=1) >= item.shards)
        if may.size == 0:
            return None
        # Share counts first: among GPUs of equal share the memory decides.
        left = self.share[may] + self.memory[may] / self.room * 1e-3
        left = np.where(fits[may], left, np.inf)
        chosen = np.argsort(left, axis=1, kind="stable")[:, : item.shards]
        cost = np.take_along_axis(left, chosen, axis=1)
        new = (cost >= 1.0 + 1e-3 - 1e-12).sum(axis=1)
        best = int(np.lexsort((may, cost.sum(axis=1), new))[0])
        return int(may[best]), tuple(sorted(chosen[best].tolist()))
