"""Placements that let most replicas of the running setup stay where they are.

Given how many replicas of each option are to run, and where replicas run now, those that may stay
keep their GPUs; the others stop. New ones are placed one after the other, the largest first, by
depth-first search over nodes and GPUs. Where they find no room, one replica that could stay is
moved too, then two. The search is cut short, so a placement with fewer moves may exist.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations, islice, product

from models.packing.first_fit import FIT, Item

__all__ = ["ReplicaPlace", "place_stably"]

ReplicaPlace = tuple[int, int, tuple[int, ...]]
"""(key, node, GPUs) of one replica; key: the option's position."""

MOST_MOVED = 2
"""Replicas that could stay and are moved to make room, at most."""

WAYS = 200
"""Ways to choose what stays that are tried for each number of moves."""

STEPS = 2000
"""Placements of single replicas that are tried for each of them."""


def place_stably(
    items: Sequence[Item],
    running: Sequence[ReplicaPlace],
    nodes: int,
    gpus_per_node: int,
    room: float,
) -> list[ReplicaPlace] | None:
    """Return places for all replicas of `items` in one pool with few moves against `running`; None
    where none were found, or where some are on MIG instances.

    running: replicas that run there, keys as in `items`. room: GiB of a GPU that shards may fill.
    """
    if any(item.mig for item in items):
        return None
    kinds = {item.key: item for item in items}
    inside = [
        (key, node, gpus)
        for key, node, gpus in running
        if key in kinds
        and node < nodes
        and max(gpus) < gpus_per_node
        and len(gpus) == kinds[key].shards
    ]
    for moved in range(MOST_MOVED + 1):
        for stays in islice(_ways_to_stay_in_place(kinds, inside, moved), WAYS):
            space = _FreePlaces(kinds, nodes, gpus_per_node, room)
            # Options may have changed their memory: what runs now need not fit together.
            if not all([space.take(place) for place in stays]):
                continue
            kept = Counter(key for key, _, _ in stays)
            missing = [
                item.key
                for item in sorted(items, key=_size, reverse=True)
                for _ in range(item.count - kept[item.key])
            ]
            added = space.place(missing)
            if added is not None:
                return [*stays, *added]
    return None


def _size(item: Item) -> tuple[float, ...]:
    return item.shards * item.share, item.shards * item.memory, float(item.key)


def _ways_to_stay_in_place(
    kinds: Mapping[int, Item], running: Sequence[ReplicaPlace], moved: int
) -> Iterator[list[ReplicaPlace]]:
    """Every choice of the replicas that stay, `moved` fewer than could."""
    of_kind: dict[int, list[ReplicaPlace]] = defaultdict(list)
    for place in running:
        of_kind[place[0]].append(place)
    most = {key: min(len(places), kinds[key].count) for key, places in of_kind.items()}
    staying = sorted(key for key, count in most.items() if count > 0)
    for fewer in product(*(range(min(most[key], moved) + 1) for key in staying)):
        if sum(fewer) == moved:
            choices = [
                combinations(of_kind[key], most[key] - less)
                for key, less in zip(staying, fewer, strict=True)
            ]
            for chosen in product(*(islice(choice, WAYS) for choice in choices)):
                yield [place for places in chosen for place in places]


class _FreePlaces:
    """What is left on the GPUs of a pool."""

    def __init__(
        self, kinds: Mapping[int, Item], nodes: int, gpus_per_node: int, room: float
    ) -> None:
        self.kinds, self.room = kinds, room
        self.share = [[1.0] * gpus_per_node for _ in range(nodes)]
        self.memory = [[room] * gpus_per_node for _ in range(nodes)]
        self.steps = 0

    def fits(self, key: int, node: int, gpu: int) -> bool:
        """Whether a GPU has room for one more shard."""
        kind = self.kinds[key]
        return (
            self.share[node][gpu] >= kind.share - FIT
            and self.memory[node][gpu] >= kind.memory - FIT * self.room
        )

    def take(self, place: ReplicaPlace, sign: float = 1.0) -> bool:
        """Place a replica (or, with sign -1, take it away); False when it does not fit."""
        key, node, gpus = place
        if sign > 0 and not all(self.fits(key, node, gpu) for gpu in gpus):
            return False
        for gpu in gpus:
            self.share[node][gpu] -= sign * self.kinds[key].share
            self.memory[node][gpu] -= sign * self.kinds[key].memory
        return True

    def place(self, keys: Sequence[int]) -> list[ReplicaPlace] | None:
        """Place a replica of each option, or give None; what was taken before that stays taken."""
        placed: list[ReplicaPlace] = []
        open_places: list[Iterator[ReplicaPlace]] = []  # of the replicas placed and the next one
        # No recursion: there may be more replicas than Python may nest calls.
        while len(placed) < len(keys):
            if len(open_places) == len(placed):
                open_places.append(self._places(keys[len(placed)]))
            place = next(open_places[-1], None)
            if place is None:
                open_places.pop()
                if not placed:
                    return None
                self.take(placed.pop(), -1.0)
                continue
            self.steps += 1
            if self.steps > STEPS:
                return None
            self.take(place)
            placed.append(place)
        return placed

    def _places(self, key: int) -> Iterator[ReplicaPlace]:
        """Places that differ in what is left there, the fullest GPUs and nodes first: that keeps
        room for large replicas, and of identical GPUs one is enough.
        """
        seen: set[tuple[tuple[float, float], ...]] = set()
        free: list[tuple[float, int, list[int]]] = []
        for node, shares in enumerate(self.share):
            fitting = [gpu for gpu in range(len(shares)) if self.fits(key, node, gpu)]
            if len(fitting) >= self.kinds[key].shards:
                fullest_first = sorted(fitting, key=partial(self._left, node))
                free.append((sum(shares), node, fullest_first))
        for _, node, fitting in sorted(free):
            for gpus in islice(combinations(fitting, self.kinds[key].shards), WAYS):
                state = (
                    *(self._left(node, gpu) for gpu in gpus),
                    *sorted(self._left(node, g) for g in range(len(self.share[node]))),
                )
                if state not in seen:
                    seen.add(state)
                    yield key, node, tuple(sorted(gpus))

    def _left(self, node: int, gpu: int) -> tuple[float, float]:
        return round(self.share[node][gpu], 9), round(self.memory[node][gpu], 6)
