"""Limits and failed changes in words."""

from dataclasses import replace

from models.instance import Llm
from planner.joint.adjustments import adjustments_of
from planner.joint.conflict_sentences import limit_sentence, unhelpful_sentence
from tests.joint.test_adjustments import limited


def test_every_limit_has_its_sentence() -> None:
    instance = limited()
    said = {one.change: limit_sentence(instance, one, None) for one in adjustments_of(instance)}
    assert said["slo.0.limit_ms"] == "mean TTFT over all requests at most 1 ms"
    assert said["arrival_rate_rps"] == f"{instance.arrival_rate:g} req/s to be served"
    assert said["llms.0.max_replicas"] == "at most 2 replicas of llm-a"
    assert said["llms.0.min_replicas"] == "at least 1 replica of llm-a"
    assert said["setups.min_gpu_utilization_pct"] == "a GPU utilisation of at least 40 %"
    pool = instance.pools[0]
    assert said["pools.0.nodes"] == f"pool {pool.name} of {pool.nodes} x {pool.gpus_per_node} GPUs"
    floor = next(one for one in adjustments_of(instance) if one.change.startswith("objective"))
    repaired = limit_sentence(instance, floor, 0.25)
    assert repaired.startswith(f"a quality of at least {instance.quality_floor:g} (")
    assert repaired.endswith("about 0.25 within the other limits)")


def test_what_does_not_help_is_one_sentence_with_how_far_it_went() -> None:
    instance = replace(limited(), llms=tuple(Llm(llm.name, 1, 1) for llm in limited().llms))
    tried = adjustments_of(instance)
    (sentence,) = unhelpful_sentence(instance, tried)
    assert sentence.startswith("Tried without success, each alone: a mean TTFT of up to ")
    names = ", ".join(llm.name for llm in instance.llms)
    assert f"; up to 8 more replicas of one of {names};" in sentence
    assert f"; no required replica of one of {names};" in sentence
    assert unhelpful_sentence(instance, []) == ()


def test_many_llms_are_counted() -> None:
    instance = limited()
    crowd = replace(instance, llms=tuple(Llm(f"llm-{k}", 0, 1) for k in range(7)))
    only = [one for one in adjustments_of(crowd) if one.change.endswith("max_replicas")]
    (sentence,) = unhelpful_sentence(crowd, only)
    assert sentence.endswith("replicas of one of llm-0, llm-1, llm-2, llm-3 and 3 more LLMs.")
