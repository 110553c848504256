"""Shards read back from a plan: their options, and how many GPUs hold one."""

from planner.verification.deployed_options import index_deployed_options
from planner.verification.placed_shards import NO_OPTION, read_placed_shards
from tests.support.instances.plan_by_hand import tiny
from tests.support.mig.mig_scenarios import mig_source


def test_shards_on_instances_are_told_apart_by_their_profiles() -> None:
    """Neither has a share, and one LLM runs on both."""
    instance = mig_source().loaded.instance
    names = {"llm": "qwen2.5-14b", "pool": "h100", "tp_degree": 1, "mps_share_pct": None}
    place = {"node": 0, "gpu": 0, "replica": 0, "shard": 0}
    entries = [{**names, "mig_profile": name, **place} for name in ("3g.40gb", "4g.40gb", "1g")]
    placed = read_placed_shards(entries * 2, index_deployed_options(instance))
    found = [None if o == NO_OPTION else instance.options[o].mig_profile for o in placed.option]
    assert found == ["3g.40gb", "4g.40gb", None] * 2


def test_a_gpu_is_counted_once_wherever_its_shards_stand() -> None:
    """Pool, node and GPU name it together, also in a pool that the instance does not have."""
    names = {"llm": "x", "tp_degree": 1, "mps_share_pct": 50, "replica": 0, "shard": 0}
    places = [("b", 0, 1), ("a", 1, 0), ("b", 0, 1), ("a", 0, 1), ("b", 10**15, -1), ("a", 1, 0)]
    entries = [{**names, "pool": pool, "node": node, "gpu": gpu} for pool, node, gpu in places]
    placed = read_placed_shards(entries, index_deployed_options(tiny()))
    assert placed.gpus_by_pool() == {"a": 2, "b": 2}
    gpus = placed.gpus
    assert {places[k] for k in gpus.first} == set(places)
    assert [places[k] for k in gpus.first[gpus.of_shard]] == places


def test_no_shards_hold_no_gpu() -> None:
    placed = read_placed_shards([], index_deployed_options(tiny()))
    assert placed.gpus_by_pool().total() == 0
