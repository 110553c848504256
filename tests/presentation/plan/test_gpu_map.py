"""The GPU map as rows of text: identical ones once, bars filled, big pools short."""

import itertools

from planner.presentation.plan.gpu_map import (
    MOST_ROWS,
    format_gpu_map_spans,
    gpu_map_rows,
    llm_letters,
)

_replicas = itertools.count()


def shard(
    node: int, gpu: int, llm: str = "x", share: float = 50, tp: int = 1, replica: int | None = None
) -> dict[str, object]:
    place = {
        "pool": "p",
        "node": node,
        "gpu": gpu,
        "llm": llm,
        "tp_degree": tp,
        "mps_share_pct": share,
    }
    return {**place, "replica": next(_replicas) if replica is None else replica}


def rows(
    placement: list[dict[str, object]], nodes: int, per_node: int = 2
) -> list[tuple[str, str, str]]:
    pools = [{"name": "p", "nodes": nodes, "gpus_per_node": per_node}]
    return gpu_map_rows(placement, pools, llm_letters(["x", "y"]))["p"].rows


def test_identical_gpus_and_free_nodes_are_shown_once() -> None:
    assert rows([shard(0, 0), shard(0, 1), shard(1, 0), shard(1, 1)], 5) == [
        ("nodes 0-1 (2 identical), each", "", ""),
        ("gpu 0-1", "AAAAA.....", "2 x A x tp1 50 %"),
        ("nodes 2-4 (3 identical)", "", "free"),
    ]


def test_identical_nodes_in_another_order_are_counted() -> None:
    assert rows([shard(0, 0), shard(1, 1)], 2) == [
        ("nodes 0-1 (2 identical), each", "", ""),
        ("1 x gpu", "AAAAA.....", "1 x A x tp1 50 %"),
        ("1 x gpu", "..........", "free"),
    ]


def test_replicas_side_by_side_do_not_look_like_one_over_all_gpus() -> None:
    alone = rows([shard(0, 0), shard(0, 1)], 1)
    together = rows([shard(0, 0, tp=2, replica=0), shard(0, 1, tp=2, replica=0)], 1)
    assert [alone[1][2], together[1][2]] == ["2 x A x tp1 50 %", "1 x A x tp2 50 %"]
    over = [shard(0, g, tp=4, replica=0) for g in range(4)] + [
        shard(0, g, "y", tp=2, replica=7) for g in range(2)
    ]
    assert [contents for _, _, contents in rows(over, 1, 4)[1:]] == [
        "part of 1 x A x tp4 50 % + 1 x B y tp2 50 %",
        "part of 1 x A x tp4 50 %",
    ]


def test_bars_fill_up_for_any_shares() -> None:
    placement = [
        shard(0, 0, "x", 33),
        shard(0, 0, "y", 33),
        shard(0, 0, "y", 33),
        shard(0, 1, "x", 4),
    ]
    reported = rows(placement, 1)
    assert reported[1] == ("gpu 0", "AAABBBBBBB", "1 x A x tp1 33 % + 2 x B y tp1 33 %")
    assert reported[2] == ("gpu 1", "..........", "1 x A x tp1 4 %")


def test_big_pools_of_many_kinds_stay_short() -> None:
    placement = [shard(d, g, "x", 1 + (7 * d + 3 * g) % 90) for d in range(128) for g in range(8)]
    reported = rows(placement, 128, 8)
    assert len(reported) == MOST_ROWS + 1
    assert sum(int(where.split()[0]) for where, _, _ in reported) == 1024


def test_a_gpu_in_use_is_counted_once() -> None:
    placement = [shard(0, 1), shard(1, 0), shard(0, 1)]
    pools = [{"name": name, "nodes": 2, "gpus_per_node": 2} for name in ("idle", "p")]
    maps = gpu_map_rows(placement, pools, llm_letters(["x"]))
    assert [(name, one.used) for name, one in maps.items()] == [("idle", 0), ("p", 2)]


def test_gpus_that_no_node_has_are_left_out() -> None:
    """Plans that were not verified are shown too."""
    beyond = [shard(0, 2), shard(0, -1), shard(-1, 0)]
    elsewhere = shard(0, 1) | {"pool": "q"}
    assert rows([shard(0, 0), *beyond, elsewhere], 1) == rows([shard(0, 0)], 1)
    assert rows([shard(1, 0)], 1) == [
        ("node 0", "", "free"),
        ("node 1", "", ""),
        ("gpu 0", "AAAAA.....", "1 x A x tp1 50 %"),
        ("gpu 1", "..........", "free"),
    ]


def test_spans_of_numbers() -> None:
    assert format_gpu_map_spans([3, 0, 1, 2, 7]) == "0-3, 7"
    assert format_gpu_map_spans(range(0, 40, 2)) == "0, 2, 4, 6, 8, 10, ..."


def test_letters_never_run_out() -> None:
    signs = llm_letters(f"llm-{k}" for k in range(70))
    assert (signs["llm-0"], signs["llm-26"], signs["llm-69"]) == ("A", "a", "#")
