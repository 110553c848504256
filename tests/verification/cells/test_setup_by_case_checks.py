"""Setups that are not the instance's, do not fit or break limits are reported with their place."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from models.instance import Llm, Quota
from planner.verification.cells.setup_by_case_checks import check_setup_by_case
from planner.verification.cells.stated_cells import StatedSetup
from planner.verification.deployed_options import index_deployed_options, read_deployed_options
from tests.support.demand.cells_by_hand import (
    at,
    both,
    cells_demand,
    cells_problems,
    cells_reported,
    without,
)
from tests.support.demand.plan_maker import Plan
from tests.support.mig.mig_scenarios import mig_source

FAULTS: dict[str, tuple[Callable[[Plan], None], str]] = {
    "a strange option": (
        at("setups.0.options.1.tp_degree", 2),
        "setups.0: option b on h100, tp 2, share 100 %: no such option",
    ),
    "no replicas": (at("setups.0.options.1.replicas", 0), "0 replicas, fewer than 1"),
    "an option twice": (
        lambda plan: plan["setups"][0]["options"].append(dict(plan["setups"][0]["options"][0])),
        "appears more than once",
    ),
    "another GPU": (at("setups.0.options.0.gpu", "A100"), "setups.0: option a on h100"),
    "other memory": (at("setups.0.options.0.memory_gib_per_gpu", 30.0), "the instance says 40"),
    "another last rate": (
        at("setups.0.options.0.max_rate_per_replica_rps", 13.0),
        "the curve ends at 12",
    ),
    "a shard left out": (without("setups.0.placement.0"), "shards [] placed"),
    "a GPU that is not": (at("setups.0.placement.0.gpu", 1), "is outside pool h100"),
    "a node that is not": (at("setups.0.placement.0.node", 3), "is outside pool h100"),
    "another pool": (at("setups.0.placement.0.pool", "a100"), "no such option"),
    "two whole GPUs on one": (
        at("setups.0.placement.1.node", 0),
        "setups.0: placement: GPU 0 of node 0 in pool h100: MPS shares sum to 200 %",
    ),
    "a replica too many": (at("setups.0.placement.1.replica", 2), "is placed but not deployed"),
    "GPUs used": (at("setups.0.gpus_used", 2), "setups.0: gpus_used: 2 but 3"),
    "too many replicas": (
        both(at("setups.0.options.1.replicas", 2), lambda plan: None),
        "b: 2 replicas, more than max_replicas 1",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_reported(name: str) -> None:
    fault, words = FAULTS[name]
    assert cells_reported(fault, words), cells_problems(fault)


def test_limits_of_the_instance_bind_the_setup() -> None:
    instance = cells_demand().instance
    for changed, words in (
        (replace(instance, llms=(Llm("a", min_replicas=3), Llm("b"))), "fewer than min_replicas 3"),
        (replace(instance, min_utilization=1.1), "below min_gpu_utilization_pct"),
        (replace(instance, quotas=(Quota("GPUs", (1.0, 1.0), 2.0),)), "above the quota 2"),
        (replace(instance, memory_headroom=0.6), "memory 40 GiB is above the usable 32 GiB"),
    ):
        assert cells_reported(lambda plan: None, f"{words}", instance=changed)


def test_a_setup_of_instances_has_its_profiles() -> None:
    """The plan of one setup with MIG instances, its shards named by their options' positions."""
    source = mig_source()
    plan, instance = source.plan.content, source.loaded.instance
    names = ("llm", "tp_degree", "mps_share_pct", "mig_profile")
    known = [[option.get(name) for name in names] for option in plan["options"]]
    placement = [
        {
            "option": known.index([shard.get(name) for name in names]),
            **{key: value for key, value in shard.items() if key not in names},
        }
        for shard in plan["placement"]
    ]
    entry = {**plan, "placement": placement}
    index = index_deployed_options(instance)
    options = read_deployed_options(plan, index)
    setup = StatedSetup(entry=entry, where="setups.0", cases=(0,), options=options, seats={})
    assert list(check_setup_by_case(setup, instance, index)) == []
    placement[0] = {**placement[0], "gpu": 9}
    assert any("is outside pool" in one for one in check_setup_by_case(setup, instance, index))
