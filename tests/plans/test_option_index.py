"""Options found by what plan.json calls them."""

from planner.plans.option_index import OptionIndex, option_key
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import trio


def test_every_entry_finds_its_option_again() -> None:
    instance, content = trio(), built_plan().content
    index = OptionIndex(instance)
    deployed = index.deployed(content["options"])
    assert len(deployed) == len(content["options"])
    for one in deployed:
        option = instance.options[one.position]
        assert one.entry["llm"] == instance.llms[option.llm].name
        assert one.entry["memory_gib_per_gpu"] == option.memory
        assert one.rate_per_replica == one.entry["rate_per_replica_rps"]
    for shard in content["placement"]:
        position = index.position(shard)
        assert position is not None
        assert option_key(shard)[2] == instance.options[position].tp_degree


def test_other_options_are_left_out() -> None:
    entry = built_plan().content["options"][0]
    index = OptionIndex(trio())
    assert index.position({**entry, "mps_share_pct": entry["mps_share_pct"] + 0.1}) is None
    assert index.position({**entry, "llm": "another"}) is None
    assert index.deployed([{**entry, "tp_degree": 8}]) == ()
