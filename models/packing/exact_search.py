"""Exact packing: a depth-first search over what is left on the GPUs, with symmetries removed.

The GPUs of a node are identical and so are the nodes of a pool, so a state is a sorted tuple of
nodes, each a sorted tuple of GPUs, and a state that failed once is not entered again. Sizes are
counted in whole billionths of a GPU, rounded down: float noise then never splits equal states.
"""

from collections.abc import Sequence

import numpy as np

from models.packing.first_fit import Item, Packing, PackingVerdict, Seat, packing_of_seats

SEARCH_LIMIT = 2_000_000
"""The exact search may visit this many states, divided by the square of the pool's GPUs, before it
answers "unknown".
"""

UNITS = 10**9
"""Share and memory of an empty GPU."""

NOISE = 8
"""Units by which a shard may exceed what is free: rounding."""

Gpu = tuple[int, int]
"""Free share and free memory of a GPU, in units."""

Node = tuple[Gpu, ...]
"""Sorted GPUs."""

UNTOUCHED: Gpu = (UNITS, UNITS)


class _TooManyStatesError(Exception):
    """The search grew past its limit."""


def search_packing_exactly(
    items: Sequence[Item], nodes: int, gpus_per_node: int, room: float, limit: int
) -> Packing:
    """A packing of all replicas on at most `limit` GPUs, the proof that there is none, or unknown.

    items: in the order in which they are placed. room: GiB of one GPU.
    """
    if (nodes * gpus_per_node) ** 2 > SEARCH_LIMIT:
        return Packing(PackingVerdict.UNKNOWN)  # the first choice would be the last
    search = _ExactPackingSearch(items, nodes, gpus_per_node, room, limit)
    start = tuple(tuple([UNTOUCHED] * gpus_per_node) for _ in range(nodes))
    try:
        packed = search.descend(0, start)
    except (_TooManyStatesError, RecursionError):
        return Packing(PackingVerdict.UNKNOWN)
    return packing_of_seats(search.seats()) if packed else Packing(PackingVerdict.IMPOSSIBLE)


class _ExactPackingSearch:
    """Replicas one after the other, largest first; `trail` holds the choices made so far."""

    def __init__(
        self, items: Sequence[Item], nodes: int, gpus_per_node: int, room: float, limit: int
    ) -> None:
        self.nodes, self.gpus_per_node, self.limit = nodes, gpus_per_node, limit
        self.replicas = [
            (
                i.key,
                r,
                i.shards,
                int(np.floor(i.share * UNITS)),
                int(np.floor(i.memory / room * UNITS)),
            )
            for i in items
            for r in range(i.count)
        ]
        demand = np.array([[n * s, n * m] for _, _, n, s, m in self.replicas]).reshape(-1, 2)
        self.rest = np.concatenate([demand[::-1].cumsum(axis=0)[::-1], np.zeros((1, 2))]).tolist()
        self.closed = (nodes * gpus_per_node - limit) * UNITS
        self.slack = NOISE * len(self.replicas) * gpus_per_node
        self.allowed = SEARCH_LIMIT / (nodes * gpus_per_node) ** 2
        self.seen: set[tuple[int, tuple[Node, ...]]] = set()
        self.trail: list[tuple[int, Node, Node]] = []

    def descend(self, at: int, state: tuple[Node, ...]) -> bool:
        """Whether replica `at` and all after it can be placed on what is left."""
        if at == len(self.replicas):
            return True
        if (at, state) in self.seen:
            return False
        if len(self.seen) > self.allowed:
            raise _TooManyStatesError
        self.seen.add((at, state))
        # What is left to place exceeds what is free in sum: no need to search.
        free_share = sum(gpu[0] for node in state for gpu in node) - self.closed
        free_memory = sum(gpu[1] for node in state for gpu in node) - self.closed
        rest_share, rest_memory = self.rest[at]
        if rest_share > free_share + self.slack or rest_memory > free_memory + self.slack:
            return False
        opened = sum(gpu != UNTOUCHED for node in state for gpu in node)
        _, _, shards, share, memory = self.replicas[at]
        for j, node in enumerate(state):
            if j and state[j - 1] == node:
                continue  # equal nodes are adjacent: the first represents all
            for chosen in _exact_search_choices(node, shards, share, memory):
                if opened + sum(gpu == UNTOUCHED for gpu in chosen) > self.limit:
                    continue
                after = _take_in_exact_search(node, chosen, share, memory)
                self.trail.append((at, node, chosen))
                if self.descend(at + 1, tuple(sorted((*state[:j], after, *state[j + 1 :])))):
                    return True
                self.trail.pop()
        return False

    def seats(self) -> list[Seat]:
        """Replay the trail on named GPUs."""
        state = [[UNTOUCHED] * self.gpus_per_node for _ in range(self.nodes)]
        seats = []
        for at, node, chosen in self.trail:
            key, replica, _, share, memory = self.replicas[at]
            named = next(j for j, gpus in enumerate(state) if sorted(gpus) == sorted(node))
            taken: list[int] = []
            for gpu in chosen:
                free = (g for g in range(self.gpus_per_node) if g not in taken)
                taken.append(next(g for g in free if state[named][g] == gpu))
            for g in taken:
                state[named][g] = (state[named][g][0] - share, state[named][g][1] - memory)
            seats.append((key, replica, named, tuple(sorted(taken))))
        return seats


def _exact_search_choices(node: Node, shards: int, share: int, memory: int) -> list[Node]:
    """Distinct ways to choose `shards` GPUs of a node that fit, fullest first."""
    kinds = sorted({gpu for gpu in node if gpu[0] >= share - NOISE and gpu[1] >= memory - NOISE})
    counts = [node.count(kind) for kind in kinds]
    ways: list[Node] = []

    def extend_exact_choice(k: int, missing: int, chosen: Node) -> None:
        if missing == 0:
            ways.append(chosen)
            return
        if k == len(kinds) or sum(counts[k:]) < missing:
            return
        for take in range(min(counts[k], missing), -1, -1):
            extend_exact_choice(k + 1, missing - take, chosen + (kinds[k],) * take)

    extend_exact_choice(0, shards, ())
    return ways


def _take_in_exact_search(node: Node, chosen: Node, share: int, memory: int) -> Node:
    """The node with one shard more on each of the chosen GPUs."""
    left = list(node)
    for gpu in chosen:
        left.remove(gpu)
    left += [(gpu[0] - share, gpu[1] - memory) for gpu in chosen]
    return tuple(sorted(left))
