"""Shards out of place and GPUs filled too far are reported."""

from collections.abc import Callable

import pytest

from tests.support.instances.plan_by_hand import (
    Plan,
    at,
    both,
    problems_with,
    rename_shards,
    without,
)

FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "outside the pool": (at("placement.2.node", 2), "outside pool a"),
    "shard missing": (without("placement.1"), "shards [0] placed"),
    "shard number twice": (at("placement.1.shard", 0), "shards [0, 0] placed"),
    "replica across nodes": (at("placement.1.node", 1), "different nodes [0, 1]"),
    "two shards on one GPU": (at("placement.1.gpu", 0), "two shards of one replica are on one GPU"),
    "replica not placed": (rename_shards, "is placed but not deployed"),
    "placed option unknown": (at("placement.2.tp_degree", 2), "no such option"),
    "share overflow": (
        both(at("placement.2.node", 0), at("gpus_used", 2)),
        "MPS shares sum to 110 %",
    ),
    "memory overflow": (
        both(at("placement.2.node", 0), at("gpus_used", 2)),
        "memory 80 GiB is above the usable 72 GiB",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    problems = problems_with(fault)
    assert any(words in problem for problem in problems), problems
