"""The numbers that may be moved: each changes its own number, the most helpful value last; and in
words.
"""

from dataclasses import replace

import pytest

from models.instance import Instance, Llm
from planner.joint.repairs.adjustments import (
    MORE_REPLICAS,
    adjustment_limit_sentence,
    adjustments_of,
    unhelpful_adjustments_sentence,
)
from tests.support.instances.tiny import random_instance


def limited() -> Instance:
    """Every kind of number that may be moved."""
    instance = random_instance(4, "cost")
    first, *rest = instance.llms
    return replace(
        instance,
        llms=(Llm(first.name, 1, 2), *(Llm(llm.name) for llm in rest)),
        min_utilization=0.4,
        quality_floor=float(instance.scores.values.max()),
        slos=tuple(replace(slo, limit=1e-3) for slo in instance.slos),
    )


def test_every_number_is_there_once() -> None:
    changes = [one.change for one in adjustments_of(limited())]
    assert len(changes) == len(set(changes))
    assert {change.rsplit(".", 1)[-1] for change in changes} == {
        *("limit_ms", "arrival_rate_rps", "nodes", "max_replicas", "min_replicas"),
        *("quality_at_least", "min_gpu_utilization_pct"),
    }
    free = replace(
        limited(),
        llms=tuple(Llm(llm.name) for llm in limited().llms),
        slos=(),
        min_utilization=0.0,
        objective="quality",
    )
    paths = {one.change.split(".")[0] for one in adjustments_of(free)}
    assert paths == {"arrival_rate_rps", "pools"}


def test_each_changes_its_own_number_alone() -> None:
    instance = limited()
    for one in adjustments_of(instance):
        value = one.tries[-1]
        changed = one.apply(value)
        fields = [
            name
            for name in instance.__dataclass_fields__
            if getattr(changed, name) is not getattr(instance, name)
            and getattr(changed, name) != getattr(instance, name)
        ]
        assert len(fields) == 1, one.change
        again = adjustments_of(changed)
        now = next((other.before for other in again if other.change == one.change), None)
        assert now is None or now == pytest.approx(value), one.change


def test_tries_go_away_from_the_present_value() -> None:
    for one in adjustments_of(limited()):
        distances = [abs(value - one.before) for value in one.tries]
        assert distances == sorted(distances)
        assert distances[0] > 0
        assert one.precision > 0
    by_name = {one.change: one for one in adjustments_of(limited())}
    assert by_name["llms.0.max_replicas"].tries[-1] == 2 + MORE_REPLICAS
    assert by_name["llms.0.min_replicas"].tries == (0.0,)
    assert by_name["pools.0.nodes"].whole
    assert not by_name["arrival_rate_rps"].monotone


def test_every_limit_has_its_sentence() -> None:
    instance = limited()
    said = {
        one.change: adjustment_limit_sentence(instance, one, None)
        for one in adjustments_of(instance)
    }
    assert said["slo.0.limit_ms"] == "mean TTFT over all requests at most 1 ms"
    assert said["arrival_rate_rps"] == f"{instance.arrival_rate:g} req/s to be served"
    assert said["llms.0.max_replicas"] == "at most 2 replicas of llm-a"
    assert said["llms.0.min_replicas"] == "at least 1 replica of llm-a"
    assert said["setups.min_gpu_utilization_pct"] == "a GPU utilisation of at least 40 %"
    pool = instance.pools[0]
    assert said["pools.0.nodes"] == f"pool {pool.name} of {pool.nodes} x {pool.gpus_per_node} GPUs"
    floor = next(one for one in adjustments_of(instance) if one.change.startswith("objective"))
    repaired = adjustment_limit_sentence(instance, floor, 0.25)
    assert repaired.startswith(f"a quality of at least {instance.quality_floor:g} (")
    assert repaired.endswith("about 0.25 within the other limits)")


def test_what_does_not_help_is_one_sentence_with_how_far_it_went() -> None:
    instance = replace(limited(), llms=tuple(Llm(llm.name, 1, 1) for llm in limited().llms))
    tried = adjustments_of(instance)
    (sentence,) = unhelpful_adjustments_sentence(instance, tried)
    assert sentence.startswith("Tried without success, each alone: more nodes of pool ")
    names = ", ".join(llm.name for llm in instance.llms)
    assert f"; up to 8 more replicas of one of {names};" in sentence
    assert f"; no required replica of one of {names}." in sentence
    assert unhelpful_adjustments_sentence(instance, []) == ()


def test_many_llms_are_counted() -> None:
    instance = limited()
    crowd = replace(instance, llms=tuple(Llm(f"llm-{k}", 0, 1) for k in range(7)))
    only = [one for one in adjustments_of(crowd) if one.change.endswith("max_replicas")]
    (sentence,) = unhelpful_adjustments_sentence(crowd, only)
    assert sentence.endswith("replicas of one of llm-0, llm-1, llm-2, llm-3 and 3 more LLMs.")
