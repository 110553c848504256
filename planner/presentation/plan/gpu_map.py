"""The GPU map as rows of text: node by node, GPU by GPU, identical ones shown once.

A row is (where, bar, contents): ("gpu 0-3", "AAAAAAABB.", "1 x A yi-34b tp4 70 % + 4 x B mistral-7b
tp1 20 %"); a MIG instance is named by its profile. One character of a bar is 10 % of a GPU's
compute; a letter represents an LLM, a dot free compute. Contents count the replicas on all GPUs of
the row, where nodes are identical those of one node. A pool with many kinds of node is shown by
kinds of GPU instead.
"""

import string
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from operator import itemgetter

import numpy as np

from planner.plans.option_index import (
    OptionSlice,
    option_slice,
    option_slice_pct,
    option_slice_text,
)
from planner.plans.schema import PoolContent, ShardContent

__all__ = ["MOST_ROWS", "PoolRows", "format_gpu_map_spans", "gpu_map_rows", "llm_letters"]

MOST_ROWS = 32
"""Rows a pool; a map by nodes that needs more is shown by kinds of GPU, and kinds beyond it are
counted.
"""

CELLS = 10
Shard = tuple[str, int, OptionSlice]
"""(LLM, TP degree, slice): what a shard is."""
Gpu = tuple[Shard, ...]
"""What is on it, the biggest first."""
Row = tuple[str, str, str]


@dataclass(frozen=True)
class PoolRows:
    """The map of a pool. used: GPUs that hold a shard."""

    used: int
    rows: list[Row]


def llm_letters(llms: Iterable[str]) -> dict[str, str]:
    """Give one sign per LLM, in their order: A-Z, a-z, 0-9, then # for all others."""
    signs = string.ascii_uppercase + string.ascii_lowercase + string.digits
    return {llm: signs[k] if k < len(signs) else "#" for k, llm in enumerate(llms)}


def gpu_map_rows(
    placement: Sequence[ShardContent],
    pools: Sequence[PoolContent],
    signs: Mapping[str, str],
) -> dict[str, PoolRows]:
    """Return the map of each pool by its name.

    placement, pools: as in plan.json and its context; signs: as `letters`.
    """
    # Of 100,000s of shards some dozens differ: what they are is looked at once, where they are in
    # arrays.
    shards, what = _kinds_of_shards(placement)
    number = {pool["name"]: k for k, pool in enumerate(pools)}
    of_pool = np.array([number.get(p["pool"], len(pools)) for p in placement], dtype=int)
    node, gpu, replica = (
        np.fromiter(map(itemgetter(key), placement), int, len(placement))
        for key in ("node", "gpu", "replica")
    )
    order = np.lexsort((what, gpu, node, of_pool))
    ends = np.searchsorted(of_pool[order], np.arange(1, len(pools) + 1))
    parts = np.split(np.array([node, gpu, what, replica])[:, order], ends, axis=1)
    maps = [_pool_map(part, shards, pool, signs) for part, pool in zip(parts, pools, strict=False)]
    return {pool["name"]: _rows_of_pool(one) for pool, one in zip(pools, maps, strict=True)}


def _kinds_of_shards(placement: Sequence[ShardContent]) -> tuple[list[Shard], np.ndarray]:
    """Different shards, the biggest first, and which of them each is."""
    found: dict[Shard, int] = {}
    which = [
        found.setdefault((p["llm"], p["tp_degree"], option_slice(p)), len(found)) for p in placement
    ]
    shards = sorted(found, key=_biggest_first)
    rank = np.empty(len(shards), dtype=int)
    rank[[found[shard] for shard in shards]] = np.arange(len(shards))
    return shards, rank[np.array(which, dtype=int)]


def _biggest_first(shard: Shard) -> tuple[float, str, int, str]:
    return -option_slice_pct(shard[2]), shard[0], shard[1], option_slice_text(shard[2])


@dataclass(frozen=True, kw_only=True)
class _PoolMap:
    """One pool. used: GPUs that hold a shard; kinds: what a GPU may hold, the free one first;
    nodes: of every node which kind each GPU is.

    Of its shards (S,): shard, what each is; node; replica; kind of its GPU.
    """

    used: int
    kinds: Sequence[Gpu]
    nodes: Sequence[tuple[int, ...]]
    shards: Sequence[Shard]
    shard: np.ndarray
    node: np.ndarray
    replica: np.ndarray
    kind: np.ndarray
    signs: Mapping[str, str]


def _pool_map(
    table: np.ndarray, shards: Sequence[Shard], pool: PoolContent, signs: Mapping[str, str]
) -> _PoolMap:
    """table: (4, S) node, GPU, position in `shards` and replica of each shard, in this order."""
    node, gpu, what, replica = table
    is_first = np.ones(len(node), dtype=bool)
    is_first[1:] = (np.diff(table[:2]) != 0).any(axis=0)
    first = np.flatnonzero(is_first)
    held = [shards[k] for k in what.tolist()]
    gpus = [tuple(held[a:b]) for a, b in pairwise([*first.tolist(), len(held)])]
    kinds = sorted({(), *gpus}, key=_map_order)
    rank = {kind: k for k, kind in enumerate(kinds)}
    kind = np.array([rank[one] for one in gpus], dtype=int)
    per_node = pool["gpus_per_node"]
    nodes = np.zeros((max(pool["nodes"], node.max(initial=-1) + 1), per_node), dtype=int)
    # A plan that was not verified may name GPUs that no node has.
    there = (node[first] >= 0) & (gpu[first] >= 0) & (gpu[first] < per_node)
    nodes[node[first][there], gpu[first][there]] = kind[there]
    kind[~there] = -1
    return _PoolMap(
        used=len(first),
        kinds=kinds,
        nodes=list(map(tuple, nodes.tolist())),
        shards=shards,
        shard=what,
        node=node,
        replica=replica,
        kind=kind[np.cumsum(is_first) - 1],
        signs=signs,
    )


def _map_order(gpu: Gpu) -> list[tuple[str, int, float, str]]:
    return [(llm, tp, option_slice_pct(part), option_slice_text(part)) for llm, tp, part in gpu]


def _rows_of_pool(pool: _PoolMap) -> PoolRows:
    by_nodes = list(islice(_gpu_map_by_nodes(pool), MOST_ROWS + 1))
    return PoolRows(pool.used, by_nodes if len(by_nodes) <= MOST_ROWS else _gpu_map_by_gpus(pool))


def _gpu_map_by_nodes(pool: _PoolMap) -> Iterator[Row]:
    """A head row for every group of nodes that hold the same, then its GPUs."""
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for d, gpus in enumerate(pool.nodes):
        groups[tuple(sorted(gpus, reverse=True))].append(d)
    for members in groups.values():
        shown = members[0]
        gpus = pool.nodes[shown]
        several = len(members) > 1
        where = (
            f"nodes {format_gpu_map_spans(members)} ({len(members)} identical)"
            if several
            else f"node {format_gpu_map_spans(members)}"
        )
        if not any(gpus):
            yield where, "", "free"
            continue
        yield f"{where}, each" if several else where, "", ""
        same_order = all(pool.nodes[d] == gpus for d in members)
        kinds: dict[int, list[int]] = defaultdict(list)
        for g, kind in enumerate(gpus):
            kinds[kind].append(g)
        for kind, at in kinds.items():
            where = f"gpu {format_gpu_map_spans(at)}" if same_order else f"{len(at)} x gpu"
            yield where, *_gpu_map_bar(pool, kind, (pool.kind == kind) & (pool.node == shown))


def _gpu_map_by_gpus(pool: _PoolMap) -> list[Row]:
    """One row for every kind of GPU, the most frequent first."""
    kinds: dict[int, int] = defaultdict(int)
    for gpus in pool.nodes:
        for kind in gpus:
            kinds[kind] += 1
    ordered = sorted(kinds.items(), key=lambda item: (not item[0], -item[1]))
    rows: list[Row] = [
        (f"{count} x gpu", *_gpu_map_bar(pool, kind, pool.kind == kind))
        for kind, count in ordered[:MOST_ROWS]
    ]
    if len(ordered) > MOST_ROWS:
        rest = sum(count for _, count in ordered[MOST_ROWS:])
        rows.append(
            (
                f"{rest} x gpu",
                "",
                f"of {len(ordered) - MOST_ROWS} more kinds; plan.json lists every shard",
            )
        )
    return rows


def _gpu_map_bar(pool: _PoolMap, kind: int, at: np.ndarray) -> tuple[str, str]:
    """Bar and contents of identical GPUs; replicas are counted, those that reach beyond these GPUs
    appear as parts.

    at: (S,) whether each shard is on one of them.
    """
    gpu, signs = pool.kinds[kind], pool.signs
    if not gpu:
        return "." * CELLS, "free"
    bar, filled = "", 0.0
    for llm, _, share in gpu:
        filled += option_slice_pct(share)
        bar += signs[llm] * (round(filled * CELLS / 100.0) - len(bar))
    parts = []
    for one in dict.fromkeys(gpu):
        llm, tp, share = one
        replicas = pool.replica[at & (pool.shard == pool.shards.index(one))]
        count = len(np.unique(replicas))
        whole = len(replicas) == tp * count
        how = f"tp{tp} {option_slice_text(share)}"
        parts.append(f"{'' if whole else 'part of '}{count} x {signs[llm]} {llm} {how}")
    return bar.ljust(CELLS, "."), " + ".join(parts)


def format_gpu_map_spans(numbers: Sequence[int]) -> str:
    """Write whole numbers as spans: [0, 1, 2, 5] -> `0-2, 5`; beyond six spans the rest is dots."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [f"{run[0]}" if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return ", ".join(parts if len(parts) <= 6 else [*parts[:6], "..."])
