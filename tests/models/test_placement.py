"""Packing against a mixed-integer program over single shards (scipy), capacity rows against every
pattern, no-goods against every setup.

Shares are whole per cents and memories whole GiB, so that sums are exact and no tolerance decides.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from models.capacity import capacity_rows, most_replicas
from models.instance import Instance, Llm, Option, Pool
from models.nogood import NoGood, lifted_no_good
from models.packing import Item, Packing, PackingVerdict
from models.placement import pack, pack_on_fewest, smallest_conflict
from profiles.records import Curve, Scores

GRID = tuple(range(10, 101, 10))
ODD = (15, 33, 34, 40, 45, 55, 66, 67, 100)
ROOM = 72.0
CASES = 150


# ---------------------------------------------------------------- the oracle


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


# ---------------------------------------------------------------- packing


@pytest.mark.parametrize("first", range(0, CASES, 25))
def test_pack_agrees_with_a_program_over_shards(first: int) -> None:
    impossible = 0
    for seed in range(first, first + 25):
        items, nodes, per_node = random_packing(seed)
        fewest = fewest_gpus(items, nodes, per_node)
        packing = pack(items, nodes, per_node, ROOM)
        assert packing.verdict is (
            PackingVerdict.IMPOSSIBLE if fewest is None else PackingVerdict.PACKED
        ), f"seed {seed}"
        if fewest is None:
            impossible += 1
            continue
        check_seats(packing, items, nodes, per_node)
        leanest = pack_on_fewest(items, nodes, per_node, ROOM)
        check_seats(leanest, items, nodes, per_node)
        assert leanest.gpus == fewest, f"seed {seed}"
        for limit in {max(fewest - 1, 0), fewest, min(fewest + 1, nodes * per_node)}:
            limited = pack(items, nodes, per_node, ROOM, limit)
            assert limited.verdict is (
                PackingVerdict.PACKED if limit >= fewest else PackingVerdict.IMPOSSIBLE
            ), f"seed {seed}, {limit} GPUs"
            if limit >= fewest:
                check_seats(limited, items, nodes, per_node)
                assert limited.gpus <= limit
    assert impossible < 25


@pytest.mark.parametrize(
    ("items", "nodes", "per_node", "fits"),
    [
        ([], 1, 4, True),
        ([Item(0, 4, 1.0, 10.0, 1)], 1, 4, True),
        ([Item(0, 4, 0.5, 36.0, 2)], 1, 4, True),
        ([Item(0, 4, 0.5, 36.1, 2)], 1, 4, False),  # 72.2 GiB on every GPU
        (
            [Item(0, 8, 0.2, 1.0, 3), Item(1, 1, 1.0, 1.0, 1)],
            1,
            8,
            False,
        ),  # 3 x 20 % everywhere leave no whole GPU
        ([Item(0, 4, 1.0, 1.0, 2)], 2, 6, True),
        (
            [Item(0, 4, 1.0, 1.0, 3)],
            2,
            6,
            False,
        ),  # 12 GPUs, but only one tp-4 replica a node of six
        ([Item(0, 4, 1.0, 1.0, 2), Item(1, 2, 1.0, 1.0, 2)], 2, 6, True),
        ([Item(0, 3, 0.5, 1.0, 2), Item(1, 2, 0.5, 1.0, 1)], 1, 4, True),  # 3 + 3 + 2 = 8 halves
        ([Item(0, 3, 0.6, 1.0, 2)], 1, 4, False),  # two GPUs would hold 120 %
        ([Item(0, 1, 0.33, 1.0, 3)], 1, 1, True),  # 99 %
        ([Item(0, 1, 0.34, 1.0, 3)], 1, 1, False),  # 102 %
        ([Item(0, 1, 0.1, 1.0, 10)], 1, 1, True),  # ten tenths, whatever floats add up to
        ([Item(0, 1, 0.1, 7.2, 10)], 1, 1, True),  # and 72 GiB in ten parts
        ([Item(0, 5, 0.1, 1.0, 1)], 2, 4, False),  # wider than a node
        ([Item(0, 1, 0.1, 72.5, 1)], 1, 4, False),
        (
            [Item(0, 2, 0.7, 20.0, 1), Item(1, 2, 0.3, 40.0, 1), Item(2, 1, 0.5, 60.0, 2)],
            1,
            4,
            True,
        ),
    ],
)
def test_pack_by_hand(items: list[Item], nodes: int, per_node: int, fits: bool) -> None:
    packing = pack(items, nodes, per_node, ROOM)
    assert packing.verdict is (PackingVerdict.PACKED if fits else PackingVerdict.IMPOSSIBLE)
    assert len({(key, replica) for key, replica, *_ in packing.seats}) == (
        sum(i.count for i in items) if fits else 0
    )


def test_a_setup_that_first_fit_misses_is_found() -> None:
    """50, 40, 30, 30, 20, 20, 10 % on two GPUs: exactly full, and greedy orders need not see it."""
    items = [
        Item(k, 1, share / 100, 1.0, n)
        for k, (share, n) in enumerate([(50, 1), (40, 1), (30, 2), (20, 2), (10, 1)])
    ]
    packing = pack(items, 1, 2, ROOM)
    assert packing.verdict is PackingVerdict.PACKED
    check_seats(packing, items, 1, 2)


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_smallest_conflict_is_impossible_and_minimal(first: int) -> None:
    """Found among setups made too large; impossible itself by the program over shards, and every
    replica less can be packed.
    """
    seen = 0
    for seed in range(first, first + 20):
        items, nodes, per_node = random_packing(seed)
        items = [Item(i.key, i.shards, i.share, i.memory, i.count + 1) for i in items]
        if pack(items, nodes, per_node, ROOM).verdict is not PackingVerdict.IMPOSSIBLE:
            continue
        seen += 1
        core = smallest_conflict(items, nodes, per_node, ROOM)
        count = {item.key: item.count for item in items}
        assert core, f"seed {seed}"
        assert all(0 < item.count <= count[item.key] for item in core)
        assert fewest_gpus(core, nodes, per_node) is None, f"seed {seed}"
        for less in core:
            fewer = [
                Item(i.key, i.shards, i.share, i.memory, i.count - (i.key == less.key))
                for i in core
            ]
            assert pack(fewer, nodes, per_node, ROOM).verdict is PackingVerdict.PACKED, (
                f"seed {seed} without one of {less.key}"
            )
    assert seen


def test_smallest_conflict_on_a_limited_number_of_gpus() -> None:
    """Two halves fit one GPU, three do not: on one GPU the third is in conflict, whatever else
    stands in the list.
    """
    items = [Item(0, 1, 0.5, 1.0, 5), Item(1, 1, 0.1, 1.0, 1)]
    core = smallest_conflict(items, 1, 4, ROOM, max_gpus=1)
    assert fewest_gpus(core, 1, 4) == 2
    for less in core:
        fewer = [
            Item(i.key, i.shards, i.share, i.memory, i.count - (i.key == less.key)) for i in core
        ]
        assert (fewest_gpus(fewer, 1, 4) or 0) <= 1


# ---------------------------------------------------------------- capacity rows


CURVE = Curve(np.array([10.0]), {("ttft", "mean"): np.array([0.1])}, ("measured",))


def cluster(seed: int, kinds: int = 6, pools: int = 2, max_replicas: int | None = None) -> Instance:
    """Two pools; options with grid or odd shares, light or heavy memory (not only whole GiB)."""
    rng = np.random.default_rng(seed)
    shapes = [(1, 4), (2, 6), (3, 2), (2, 4), (1, 8)]
    made = tuple(
        Pool(f"pool-{p}", "gpu", *shapes[rng.integers(len(shapes))], 80.0, 1.0)
        for p in range(pools)
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
    told = tuple(Option(*key, CURVE) for key in sorted(options))
    scores = Scores(np.array(["p"]), ("a", "b"), np.ones((2, 1)), np.ones(1))
    return Instance((Llm("a", 0, max_replicas), Llm("b")), made, told, (), 1.0, scores)


def patterns(sizes: Sequence[tuple[int, float]], room: float) -> Iterator[list[int]]:
    """Every multiset of shards, given as (per cent, GiB), that one GPU holds, maximal or not."""

    def extend(k: int, share: int, memory: float, counts: list[int]) -> Iterator[list[int]]:
        if k == len(sizes):
            yield counts
            return
        more, gib = sizes[k]
        n = 0
        while share + n * more <= 100 and memory + n * gib <= room + 1e-9:
            yield from extend(k + 1, share + n * more, memory + n * gib, [*counts, n])
            n += 1

    yield from extend(0, 0, 0.0, [])


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_capacity_rows_hold_for_every_pattern_of_a_gpu(first: int) -> None:
    """A row reads sum (weight / tp) per GPU <= 1: checked on every set of shards that a GPU can
    hold, so on every legal placement.
    """
    for seed in range(first, first + 20):
        instance = cluster(seed)
        for row in capacity_rows(instance):
            member = [o for o, option in enumerate(instance.options) if option.pool == row.pool]
            outside = [o for o, option in enumerate(instance.options) if option.pool != row.pool]
            assert not row.weight[outside].any()
            assert row.weight.min() >= 0
            if row.per_node:
                check_node_row(instance, row.weight, row.pool)
                continue
            unit = row.weight[member] / instance.shards[member]
            sizes = [
                (round(100 * instance.options[o].mps_share), instance.options[o].memory)
                for o in member
            ]
            every = np.array(list(patterns(sizes, instance.room(row.pool))))
            assert (every @ unit).max() <= 1 + 1e-6, (
                f"seed {seed}: {every[(every @ unit).argmax()]} of {sizes} weighs"
                f" {(every @ unit).max()}"
            )


def check_node_row(instance: Instance, weight: np.ndarray, pool: int) -> None:
    """Shards above half a GPU never share one: a node holds any multiset of such replicas whose
    degrees sum to at most its GPUs.
    """
    heavy = [o for o in np.flatnonzero(weight > 0)]
    degrees = [instance.options[o].tp_degree for o in heavy]
    assert all(instance.options[o].mps_share > 0.5 for o in heavy)
    per_node = instance.pools[pool].gpus_per_node
    for counts in product(*(range(per_node // d + 1) for d in degrees)):
        if sum(n * d for n, d in zip(counts, degrees, strict=True)) <= per_node:
            assert float(np.dot(counts, weight[heavy])) <= 1 + 1e-6


def random_placement(rng: np.random.Generator, instance: Instance) -> tuple[np.ndarray, list[int]]:
    """Fill the pools at random with shards where they fit: (replicas (O,), GPUs used per pool).

    Often nearly full.
    """
    replicas, used = np.zeros(len(instance.options), dtype=int), []
    for p, pool in enumerate(instance.pools):
        free = np.full((pool.nodes, pool.gpus_per_node, 2), [100.0, instance.room(p)])
        member = [o for o, option in enumerate(instance.options) if option.pool == p]
        member = [o for o in member if rng.random() < 0.7]
        for _ in range(int(rng.integers(1, 60)) if member else 0):
            o = int(rng.choice(member))
            option = instance.options[o]
            need = np.array([round(100 * option.mps_share), option.memory - 1e-9])
            node = int(rng.integers(pool.nodes))
            fits = np.flatnonzero((free[node] >= need).all(axis=1))
            if fits.size >= option.tp_degree:
                free[node, rng.permutation(fits)[: option.tp_degree]] -= need
                replicas[o] += 1
        used.append(int((free[:, :, 0] < 100).sum()))
    return replicas, used


@pytest.mark.parametrize("seed", range(20))
def test_random_legal_placements_obey_every_row(seed: int) -> None:
    instance = cluster(seed, kinds=8)
    rows = capacity_rows(instance)
    most = most_replicas(instance, rows)
    rng = np.random.default_rng(seed)
    for _ in range(60):
        replicas, used = random_placement(rng, instance)
        assert np.all(replicas <= most)
        for row in rows:
            limit = instance.pools[row.pool].nodes if row.per_node else used[row.pool]
            assert float(row.weight @ replicas) <= limit + 1e-6


def test_the_plain_rows_are_there_in_some_form() -> None:
    """For every option alone the rows allow no more than share, memory and nodes do: 4 of 6 GPUs at
    100 % is one replica a node.
    """
    scores = Scores(np.array(["p"]), ("a",), np.ones((1, 1)), np.ones(1))
    pools = (Pool("six", "gpu", 3, 6, 80.0),)
    options = (
        Option(0, 0, 1, 0.3, 10.0, CURVE),
        Option(0, 0, 1, 0.5, 40.0, CURVE),
        Option(0, 0, 4, 1.0, 10.0, CURVE),
    )
    instance = Instance((Llm("a"),), pools, options, (), 1.0, scores)
    # three of 30 % a GPU; one of 40 GiB in 72 GiB a GPU; one of four whole GPUs a node
    assert most_replicas(instance, capacity_rows(instance)).tolist() == [54, 18, 3]
    limited = Instance((Llm("a", 0, 2),), pools, options, (), 1.0, scores)
    assert most_replicas(limited, capacity_rows(limited)).tolist() == [2, 2, 2]


# ---------------------------------------------------------------- no-goods


def forbids(no_good: NoGood, replicas: Sequence[int], gpus: int) -> bool:
    """Whether all literals are reached (and the pool uses no more GPUs than the statement
    covers).
    """
    reached = all(
        sum(replicas[o] for o in hard) >= n
        for hard, n in zip(no_good.members, no_good.counts, strict=True)
    )
    return reached and (no_good.gpus is None or gpus <= no_good.gpus)


def items_of(instance: Instance, replicas: Sequence[int]) -> list[Item]:
    return [
        Item(o, k.tp_degree, k.mps_share, k.memory, replicas[o])
        for o, k in enumerate(instance.options)
        if replicas[o]
    ]


def small_pool(seed: int) -> Instance:
    """One pool of one or two nodes and four kinds, some harder than others in share, in memory, or
    both.
    """
    rng = np.random.default_rng(seed)
    nodes, per_node = [(1, 2), (1, 3), (1, 4), (2, 2)][seed % 4]
    keys: set[tuple[int, int, int, float, float]] = set()
    while len(keys) < 4:
        tp = int(rng.choice([1, 1, 2, min(3, per_node)]))
        keys.add(
            (
                int(rng.integers(2)),
                0,
                tp,
                float(rng.choice(GRID[2:])) / 100,
                float(rng.choice([8.0, 20.0, 30.0, 40.0, 50.0])),
            )
        )
    scores = Scores(np.array(["p"]), ("a", "b"), np.ones((2, 1)), np.ones(1))
    options = tuple(Option(*key, CURVE) for key in sorted(keys))
    return Instance(
        (Llm("a"), Llm("b")),
        (Pool("only", "gpu", nodes, per_node, 80.0),),
        options,
        (),
        1.0,
        scores,
    )


@pytest.mark.parametrize("seed", range(24))
def test_lifted_no_goods_forbid_their_source_and_nothing_placeable(seed: int) -> None:
    """Against all setups of up to three replicas a kind, with and without a limit on the GPUs."""
    instance = small_pool(seed)
    pool, room = instance.pools[0], instance.room(0)
    every = list(product(range(4), repeat=len(instance.options)))
    fewest: dict[tuple[int, ...], int | None] = {}
    for replicas in every:
        packing = pack_on_fewest(items_of(instance, replicas), pool.nodes, pool.gpus_per_node, room)
        fewest[replicas] = packing.gpus if packing.verdict is PackingVerdict.PACKED else None
    rng = np.random.default_rng(seed)
    for limit in (None, pool.gpus - 1):
        bad = [n for n in every if fewest[n] is None or (limit is not None and fewest[n] > limit)]  # type: ignore[operator]
        for k in rng.choice(len(bad), min(len(bad), 12), replace=False):
            source = bad[k]
            items = items_of(instance, source)
            core = smallest_conflict(items, pool.nodes, pool.gpus_per_node, room, limit)
            no_good = lifted_no_good(
                instance, 0, core, {item.key: item.count for item in items}, limit
            )
            assert forbids(no_good, source, 0)
            assert no_good.gpus == limit
            wrong = [
                n for n in every if (used := fewest[n]) is not None and forbids(no_good, n, used)
            ]
            assert not wrong, f"{no_good} from {source} forbids {wrong[:3]}"
