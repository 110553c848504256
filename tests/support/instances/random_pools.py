"""Random items to pack, clusters, and the fewest GPUs by a program over single shards (scipy)."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from models.instance import Instance, Llm, Option, Pool
from models.packing.first_fit import Item, Packing
from profiles.records import Curve, Scores

GRID = tuple(range(10, 101, 10))

ODD = (15, 33, 34, 40, 45, 55, 66, 67, 100)

ROOM = 72.0

CASES = 150


def fewest_gpus(items: Sequence[Item], nodes: int, per_node: int, room: float = ROOM) -> int | None:
    """GPUs that hold all replicas at least; None when they do not fit.

    One binary per (replica, GPU), none of the packer's ideas.
    """
    replicas = [item for item in items for _ in range(item.count)]
    gpus = nodes * per_node
    if not replicas:
        return 0
    shards, hosts = len(replicas) * gpus, len(replicas) * nodes
    columns = shards + hosts + gpus  # shard of r on g, r on node d, g used
    rows: list[tuple[dict[int, float], float, float]] = []
    for r, item in enumerate(replicas):
        rows.append(({shards + r * nodes + d: 1.0 for d in range(nodes)}, 1.0, 1.0))
        for d in range(nodes):
            on_node = {r * gpus + d * per_node + g: 1.0 for g in range(per_node)}
            rows.append((on_node | {shards + r * nodes + d: -float(item.shards)}, 0.0, 0.0))
    for g in range(gpus):
        used = shards + hosts + g
        rows.append(
            (
                {r * gpus + g: round(100 * item.share) for r, item in enumerate(replicas)}
                | {used: -100.0},
                -np.inf,
                0.0,
            )
        )
        rows.append(
            (
                {r * gpus + g: item.memory for r, item in enumerate(replicas)} | {used: -room},
                -np.inf,
                0.0,
            )
        )
    matrix = np.zeros((len(rows), columns))
    for k, (entries, _, _) in enumerate(rows):
        matrix[k, list(entries)] = list(entries.values())
    cost = np.concatenate([np.zeros(shards + hosts), np.ones(gpus)])
    limits = LinearConstraint(matrix, [low for _, low, _ in rows], [high for _, _, high in rows])
    answer = milp(cost, constraints=limits, bounds=Bounds(0, 1), integrality=np.ones(columns))
    assert answer.status in (0, 2), answer.message
    return round(answer.fun) if answer.status == 0 else None


def check_seats(
    packing: Packing, items: Sequence[Item], nodes: int, per_node: int, room: float = ROOM
) -> None:
    """Every replica once, on tp different GPUs of one node; shares and memory within every GPU."""
    by_key = {item.key: item for item in items}
    assert Counter(key for key, *_ in packing.seats) == Counter(
        {i.key: i.count for i in items if i.count}
    )
    share: Counter[tuple[int, int]] = Counter()
    memory: Counter[tuple[int, int]] = Counter()
    for key, replica, node, gpus in packing.seats:
        assert 0 <= replica < by_key[key].count
        assert 0 <= node < nodes
        assert len(set(gpus)) == len(gpus) == by_key[key].shards
        assert all(0 <= g < per_node for g in gpus)
        for g in gpus:
            share[node, g] += round(100 * by_key[key].share)
            memory[node, g] += by_key[key].memory
    assert len({(key, replica) for key, replica, *_ in packing.seats}) == len(packing.seats)
    assert max(share.values(), default=0) <= 100
    assert max(memory.values(), default=0) <= room
    assert packing.gpus == len(share)


def random_items(rng: np.random.Generator, per_node: int, gpus: int) -> list[Item]:
    """Kinds of replicas whose sizes together come close to what the GPUs hold: the hard cases."""
    shares = GRID if rng.random() < 0.6 else ODD
    heavy = rng.random() < 0.5
    kinds = [
        (
            int(rng.choice([1, 1, 2, 3, 4])),
            int(rng.choice(shares)),
            int(rng.integers(10, 60) if heavy else rng.integers(2, 20)),
        )
        for _ in range(int(rng.integers(1, 5)))
    ]
    wanted, counts, total = rng.uniform(0.55, 1.0), [0] * len(kinds), 0.0
    for _ in range(12):
        k = int(rng.integers(len(kinds)))
        tp, share, memory = kinds[k]
        total += tp * max(share / 100, memory / ROOM)
        if total > wanted * gpus * 1.1 and sum(counts):
            break
        counts[k] += 1
    return [
        Item(k, min(tp, per_node), share / 100, float(memory), n)
        for k, ((tp, share, memory), n) in enumerate(zip(kinds, counts, strict=True))
    ]


def random_packing(seed: int) -> tuple[list[Item], int, int]:
    rng = np.random.default_rng(seed)
    nodes, per_node = [(1, 4), (2, 4), (1, 6), (3, 4), (2, 6), (3, 2)][seed % 6]
    return random_items(rng, per_node, nodes * per_node), nodes, per_node


CURVE = Curve(np.array([10.0]), {("ttft", "mean"): np.array([0.1])}, ("measured",))


def cluster(seed: int, kinds: int = 6, pools: int = 2, max_replicas: int | None = None) -> Instance:
    """Two pools; options with grid or odd shares, light or heavy memory (not only whole GiB)."""
    rng = np.random.default_rng(seed)
    shapes = [(1, 4), (2, 6), (3, 2), (2, 4), (1, 8)]
    drawn = [shapes[rng.integers(len(shapes))] for _ in range(pools)]
    made = tuple(
        Pool(name=f"pool-{p}", gpu="gpu", nodes=nodes, gpus_per_node=gpus, memory=80.0, price=1.0)
        for p, (nodes, gpus) in enumerate(drawn)
    )
    options = set()
    for _ in range(kinds):
        pool = int(rng.integers(pools))
        tp = int(rng.choice([t for t in (1, 1, 2, 3, 4, 8) if t <= made[pool].gpus_per_node]))
        share = float(rng.choice(GRID if seed % 2 else ODD)) / 100
        memory = float(
            rng.choice(
                [
                    4.0,
                    12.0,
                    20.5,
                    24.0,
                    30.0,
                    36.0,
                    36.5,
                    48.0,
                    60.0,
                    71.0,
                    round(rng.uniform(1, 72), 2),
                ]
            )
        )
        options.add((int(rng.integers(2)), pool, tp, share, memory))
    reported = tuple(
        Option(llm=llm, pool=pool, tp_degree=tp, mps_share=share, memory=memory, curve=CURVE)
        for llm, pool, tp, share, memory in sorted(options)
    )
    scores = Scores(np.array(["p"]), ("a", "b"), np.ones((2, 1)), np.ones(1))
    return Instance(
        llms=(Llm("a", 0, max_replicas), Llm("b")),
        pools=made,
        options=reported,
        slos=(),
        arrival_rate=1.0,
        scores=scores,
    )
