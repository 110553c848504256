"""Shards out of place and GPUs filled too far are reported."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from planner.verification.deployed_options import index_deployed_options
from planner.verification.placed_shards import read_placed_shards
from planner.verification.placement_checks import check_placement_room
from tests.support.instances.plan_by_hand import (
    Plan,
    at,
    both,
    good_plan,
    problems_with,
    rename_shards,
    tiny,
    without,
)

FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "outside the pool": (at("placement.2.node", 2), "outside pool a"),
    "node below the first": (at("placement.2.node", -1), "node -1, gpu 0 is outside pool a"),
    "GPU below the first": (at("placement.2.gpu", -1), "gpu -1 is outside pool a"),
    "shard missing": (without("placement.1"), "shards [0] placed"),
    "shard number twice": (at("placement.1.shard", 0), "shards [0, 0] placed"),
    "replica across nodes": (at("placement.1.node", 1), "different nodes [0, 1]"),
    "two shards on one GPU": (at("placement.1.gpu", 0), "two shards of one replica are on one GPU"),
    "replica not placed": (rename_shards, "is placed but not deployed"),
    "replica left out": (rename_shards, "replica 0: shards [] placed"),
    "replica below the first": (at("placement.2.replica", -1), "replica -1 of small, tp 1, is"),
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


def test_a_gpu_may_be_filled_to_the_brim() -> None:
    """100 % of its MPS shares and all of its usable memory, each with 1e-9 for rounding."""
    plan = good_plan()
    at("placement.2.node", 0)(plan)  # small beside big: 110 % and 80 GiB of 72
    for share, memory, problem in (
        (0.4, 12.0, None),
        (0.4 + 0.9e-9, 12.0 * (1 + 0.9e-9 * 6), None),
        (0.4 + 1.1e-9, 12.0, "MPS shares sum to"),
        (0.4, 12.0 + 72 * 1.1e-9, "is above the usable 72 GiB"),
    ):
        small = replace(tiny().options[0], mps_share=share, memory=memory)
        instance = replace(tiny(), options=(small, *tiny().options[1:]))
        plan["placement"][2]["mps_share_pct"] = 100 * share
        placed = read_placed_shards(plan["placement"], index_deployed_options(instance))
        found = list(check_placement_room(placed, instance))
        assert bool(found) == (problem is not None), found
        if problem:
            assert found[0].startswith("placement: GPU 0 of node 0 in pool a: ")
            assert problem in found[0]


def test_every_shard_is_looked_at_and_named() -> None:
    """A placement of an unknown option does not hide what is wrong with the next, and what is wrong
    names its replica.
    """
    problems = problems_with(
        both(
            both(at("placement.0.tp_degree", 4), at("placement.2.gpu", 2)),
            at("placement.1.shard", 0),
        )
    )
    assert (
        "placement: option big on a, tp 4, share 60 %: no such option in the instance" in problems
    )
    assert any("gpu 2 is outside pool a of 2 nodes with 2 GPUs" in p for p in problems)
    assert (
        "placement: option big on a, tp 2, share 60 %, replica 0: shards [0] placed, needed are 0"
        " to 1"
    ) in problems
    room = problems_with(both(at("placement.2.node", 0), at("placement.2.gpu", 1)))
    assert any(p.startswith("placement: GPU 1 of node 0 in pool a: MPS") for p in room)
