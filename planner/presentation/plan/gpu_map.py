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
        nodes = [
            tuple(_shards(held, (d, g)) for g in range(pool["gpus_per_node"])) for d in range(count)
        ]
        by_nodes = _gpu_map_by_nodes(nodes, held, signs)
        rows[pool["name"]] = (
            by_nodes if len(by_nodes) <= MOST_ROWS else _gpu_map_by_gpus(nodes, held, signs)
        )
    return rows


def _shards(held: Held, place: Place) -> Gpu:
    return tuple(sorted((shard for shard, _ in held.get(place, ())), key=_biggest_first))


def _biggest_first(shard: Shard) -> tuple[float, str, int, str]:
    return -option_slice_pct(shard[2]), shard[0], shard[1], option_slice_text(shard[2])


def _map_order(gpu: Gpu) -> list[tuple[str, int, float, str]]:
    return [(llm, tp, option_slice_pct(part), option_slice_text(part)) for llm, tp, part in gpu]


def _gpu_map_by_nodes(
    nodes: Sequence[tuple[Gpu, ...]], held: Held, signs: Mapping[str, str]
) -> list[Row]:
    """A head row for every group of nodes that hold the same, then its GPUs."""
    groups: dict[tuple[Gpu, ...], list[int]] = defaultdict(list)
    for d, gpus in enumerate(nodes):
        groups[tuple(sorted(gpus, key=_map_order, reverse=True))].append(d)
    rows = []
    for members in groups.values():
        shown = members[0]
        gpus = nodes[shown]
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
        same_order = all(nodes[d] == gpus for d in members)
        kinds: dict[Gpu, list[int]] = defaultdict(list)
        for g, gpu in enumerate(gpus):
            kinds[gpu].append(g)
        for gpu, at in kinds.items():
            where = f"gpu {format_gpu_map_spans(at)}" if same_order else f"{len(at)} x gpu"
            rows.append((where, *_gpu_map_bar(gpu, [(shown, g) for g in at], held, signs)))
    return rows


def _gpu_map_by_gpus(
    nodes: Sequence[tuple[Gpu, ...]], held: Held, signs: Mapping[str, str]
) -> list[Row]:
    """One row for every kind of GPU, the most frequent first."""
    kinds: dict[Gpu, list[Place]] = defaultdict(list)
    for d, gpus in enumerate(nodes):
        for g, gpu in enumerate(gpus):
            kinds[gpu].append((d, g))
    ordered = sorted(kinds.items(), key=lambda item: (not item[0], -len(item[1])))
    rows: list[Row] = [
        (f"{len(at)} x gpu", *_gpu_map_bar(gpu, at, held, signs)) for gpu, at in ordered[:MOST_ROWS]
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


def _gpu_map_bar(
    gpu: Gpu, at: Sequence[Place], held: Held, signs: Mapping[str, str]
) -> tuple[str, str]:
    """Bar and contents of identical GPUs; replicas are counted, those that reach beyond these GPUs
    appear as parts.
    """
    if not gpu:
        return "." * CELLS, "free"
    bar, filled = "", 0.0
    for llm, _, share in gpu:
        filled += option_slice_pct(share)
        bar += signs[llm] * (round(filled * CELLS / 100.0) - len(bar))
    parts = []
    for kind in dict.fromkeys(gpu):
        llm, tp, share = kind
        replicas = [replica for place in at for shard, replica in held[place] if shard == kind]
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
