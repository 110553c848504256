"""The GPU map as rows of text: node by node, GPU by GPU, identical ones shown once.

A row is (where, bar, contents): ("gpu 0-3", "AAAAAAABB.", "1 x A yi-34b tp4 70 % + 4 x B mistral-7b
tp1 20 %"); a MIG instance is named by its profile. One character of a bar is 10 % of a GPU's
compute; a letter represents an LLM, a dot free compute. Contents count the replicas on all GPUs of
the row, where nodes are identical those of one node. A pool with many kinds of node is shown by
kinds of GPU instead.
"""

import string
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from planner.plans.option_index import (
    OptionSlice,
    option_slice,
    option_slice_pct,
    option_slice_text,
)
from planner.plans.schema import PoolContent, ShardContent

__all__ = ["MOST_ROWS", "format_gpu_map_spans", "gpu_map_rows", "llm_letters"]

MOST_ROWS = 32
"""Rows a pool; a map by nodes that needs more is shown by kinds of GPU, and kinds beyond it are
counted.
"""

CELLS = 10
Shard = tuple[str, int, OptionSlice]
Gpu = tuple[Shard, ...]
Place = tuple[int, int]
Held = Mapping[Place, Sequence[tuple[Shard, int]]]
"""(node, GPU) of a pool -> its shards, each with its replica."""
Row = tuple[str, str, str]


def llm_letters(llms: Iterable[str]) -> dict[str, str]:
    """Give one sign per LLM, in their order: A-Z, a-z, 0-9, then # for all others."""
    signs = string.ascii_uppercase + string.ascii_lowercase + string.digits
    return {llm: signs[k] if k < len(signs) else "#" for k, llm in enumerate(llms)}


def gpu_map_rows(
    placement: Sequence[ShardContent],
    pools: Sequence[PoolContent],
    signs: Mapping[str, str],
) -> dict[str, list[Row]]:
    """Return rows by pool name.

    placement, pools: as in plan.json and its context; signs: as `letters`.
    """
    pooled: dict[str, dict[Place, list[tuple[Shard, int]]]] = defaultdict(lambda: defaultdict(list))
    for p in placement:
        pooled[p["pool"]][p["node"], p["gpu"]].append(
            ((p["llm"], p["tp_degree"], option_slice(p)), p["replica"])
        )
    rows = {}
    for pool in pools:
        held = pooled[pool["name"]]
        count = max([pool["nodes"], *(node + 1 for node, _ in held)])
        places = [[(d, g) for g in range(pool["gpus_per_node"])] for d in range(count)]
        pool_map = _PoolMap(*_kinds_of_gpus(held, places), held, signs)
        by_nodes = _gpu_map_by_nodes(pool_map)
        rows[pool["name"]] = by_nodes if len(by_nodes) <= MOST_ROWS else _gpu_map_by_gpus(pool_map)
    return rows


@dataclass(frozen=True)
class _PoolMap:
    """One pool. kinds: what a GPU may hold, the free one first; nodes: of every node which kind
    each GPU is.
    """

    kinds: Sequence[Gpu]
    nodes: Sequence[tuple[int, ...]]
    held: Held
    signs: Mapping[str, str]


def _kinds_of_gpus(
    held: Held, places: Sequence[Sequence[Place]]
) -> tuple[list[Gpu], list[tuple[int, ...]]]:
    """Different GPUs of a pool in order, and of each GPU of each node which of them it is.

    Of 100,000 GPUs some tens differ: only these are sorted and compared.
    """
    found = [[tuple(shard for shard, _ in held.get(p, ())) for p in node] for node in places]
    sorted_once = {
        shards: tuple(sorted(shards, key=_biggest_first))
        for shards in {shards for node in found for shards in node}
    }
    kinds = sorted({(), *sorted_once.values()}, key=_map_order)
    rank = {gpu: k for k, gpu in enumerate(kinds)}
    which = {shards: rank[gpu] for shards, gpu in sorted_once.items()}
    return kinds, [tuple(which[shards] for shards in node) for node in found]


def _biggest_first(shard: Shard) -> tuple[float, str, int, str]:
    return -option_slice_pct(shard[2]), shard[0], shard[1], option_slice_text(shard[2])


def _map_order(gpu: Gpu) -> list[tuple[str, int, float, str]]:
    return [(llm, tp, option_slice_pct(part), option_slice_text(part)) for llm, tp, part in gpu]


def _gpu_map_by_nodes(pool: _PoolMap) -> list[Row]:
    """A head row for every group of nodes that hold the same, then its GPUs."""
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for d, gpus in enumerate(pool.nodes):
        groups[tuple(sorted(gpus, reverse=True))].append(d)
    rows = []
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
            rows.append((where, "", "free"))
            continue
        rows.append((f"{where}, each" if several else where, "", ""))
        same_order = all(pool.nodes[d] == gpus for d in members)
        kinds: dict[int, list[int]] = defaultdict(list)
        for g, kind in enumerate(gpus):
            kinds[kind].append(g)
        for kind, at in kinds.items():
            where = f"gpu {format_gpu_map_spans(at)}" if same_order else f"{len(at)} x gpu"
            rows.append((where, *_gpu_map_bar(pool, kind, [(shown, g) for g in at])))
    return rows


def _gpu_map_by_gpus(pool: _PoolMap) -> list[Row]:
    """One row for every kind of GPU, the most frequent first."""
    kinds: dict[int, list[Place]] = defaultdict(list)
    for d, gpus in enumerate(pool.nodes):
        for g, kind in enumerate(gpus):
            kinds[kind].append((d, g))
    ordered = sorted(kinds.items(), key=lambda item: (not item[0], -len(item[1])))
    rows: list[Row] = [
        (f"{len(at)} x gpu", *_gpu_map_bar(pool, kind, at)) for kind, at in ordered[:MOST_ROWS]
    ]
    if len(ordered) > MOST_ROWS:
        rest = sum(len(at) for _, at in ordered[MOST_ROWS:])
        rows.append(
            (
                f"{rest} x gpu",
                "",
                f"of {len(ordered) - MOST_ROWS} more kinds; plan.json lists every shard",
            )
        )
    return rows


def _gpu_map_bar(pool: _PoolMap, kind: int, at: Sequence[Place]) -> tuple[str, str]:
    """Bar and contents of identical GPUs; replicas are counted, those that reach beyond these GPUs
    appear as parts.
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
        replicas = [replica for place in at for shard, replica in pool.held[place] if shard == one]
        count = len(set(replicas))
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
