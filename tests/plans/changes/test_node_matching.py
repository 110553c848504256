"""A new plan's nodes and GPUs renamed onto the old one's: most of it stays where it was."""

import time
from dataclasses import replace

import numpy as np

from planner.plans.changes.node_matching import (
    PlacedReplica,
    match_nodes,
    node_shapes_to_match,
    replicas_by_node_to_match,
)
from tests.support.mig.mig_scenarios import mig_source
from tests.support.plans.built_plans import built_plan

A, B = ("a", "p", 1, 50.0), ("b", "p", 2, 30.0)


def replica(key: tuple[str, str, int, float], node: int, *gpus: int) -> PlacedReplica:
    return PlacedReplica(key, node, gpus, 10.0, 5.0)


def test_replicas_are_read_with_all_their_shards() -> None:
    content = built_plan().content
    replicas = replicas_by_node_to_match(content)
    assert sum(len(one.gpus) for one in replicas) == len(content["placement"])
    assert len(replicas) == sum(option["replicas"] for option in content["options"])


def test_an_llm_may_have_replicas_on_shares_and_on_instances() -> None:
    content = mig_source().plan.content
    placed = [(one.key[0], one.key[3]) for one in replicas_by_node_to_match(content)]
    assert placed == [("llama-3.1-8b", "3g.40gb"), ("qwen2.5-14b", "4g.40gb"), ("qwen2.5-14b", 100)]


def test_shapes_have_room_for_both_plans() -> None:
    content = built_plan().content
    pools = content["context"]["pools"]
    larger = {**content, "context": {**content["context"], "pools": [{**pools[0], "nodes": 7}]}}
    assert node_shapes_to_match(content, larger) == {"a100": (7, pools[0]["gpus_per_node"])}
    assert node_shapes_to_match(larger, content) == node_shapes_to_match(content, larger)


def test_a_permuted_plan_gets_its_old_names() -> None:
    rng = np.random.default_rng(3)
    old = [replica(A, 0, 1), replica(A, 2, 0), replica(B, 1, 0, 3), replica(B, 2, 1, 2)]
    for _ in range(20):
        nodes, gpus = rng.permutation(3), [rng.permutation(4) for _ in range(3)]
        new = [
            replace(
                one,
                node=int(nodes[one.node]),
                gpus=tuple(sorted(int(gpus[one.node][gpu]) for gpu in one.gpus)),
            )
            for one in old
        ]
        assert sorted(match_nodes(old, new, {"p": (3, 4)}), key=repr) == sorted(old, key=repr)


def test_nodes_are_matched_by_the_largest_common_share() -> None:
    """One of two nodes has more in common: b's two shards of 30 % against a's 50 %."""
    old = [replica(A, 0, 0), replica(B, 0, 1, 2)]
    new = [replica(A, 0, 3), replica(B, 1, 0, 1)]
    assert match_nodes(old, new, {"p": (2, 4)}) == [
        replica(A, 1, 3),
        replica(B, 0, 1, 2),
    ]


def test_empty_nodes_of_a_large_pool_are_not_compared() -> None:
    old = [replica(A, 700, 1), replica(B, 3, 0, 3)]
    new = [replica(A, 0, 0), replica(B, 1, 1, 2)]
    began = time.process_time()
    assert match_nodes(old, new, {"p": (1000, 4)}) == old
    assert time.process_time() - began < 5.0  # every pair took a minute
