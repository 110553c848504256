"""Which limits a plan has reached.

Binding   SLOs used up, pools whose GPUs are all used and have a price, the required quality
Reached   limits on the replicas of an LLM, and curves used up to their last profiled point: more of
          them may or may not gain something
Exceeded  a cheapest plan may be better than required: GPUs are whole units, or an LLM must run that
          nothing else calls for, and the routing then takes all the quality that they have room
          for; SLOs that it reaches do not bind
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from planner.plans.headroom_content import stated_headroom
from planner.plans.labels import slo_name
from planner.plans.numbers import known_number
from planner.plans.option_index import option_slice_words
from planner.plans.schema import PlanContent

__all__ = ["binding_limits_line", "is_quality_exceeded", "llms_at_replica_limit"]


SAME = 1e-6
"""Relative; from here on a rate is that of the curve's last point, a quality the required one."""
MOST = 4
"""Names listed of each kind of limit; the others are counted."""


def binding_limits_line(content: PlanContent) -> str:
    """Say which limits bind and which are reached besides, in one to three sentences.

    content: of a plan with a setup.
    """
    slos = [] if is_quality_exceeded(content) else _slo_limits_text(content)
    binds = [*slos, *_pool_limits_text(content), *_floor_limit_text(content)]
    first = f"Binding: {', '.join(binds)}." if binds else "No SLO and no pool of GPUs is binding."
    reached = [*_replica_limits_text(content), *_curve_limits_text(content)]
    return (
        first
        + (f" Also reached: {'; '.join(reached)}." if reached else "")
        + _exceeded_limits(content)
    )


def _slo_limits_text(content: PlanContent) -> list[str]:
    over = {"all": " over all requests", "each_llm": ""}
    return [
        f"the SLO on {slo_name(slo)}{over[slo['scope']]}"
        for slo in content["slo"]
        if slo["binding"]
    ]


def _pool_limits_text(content: PlanContent) -> list[str]:
    """Pools with a price whose GPUs all hold a shard."""
    gpus = {
        pool["name"]: pool["nodes"] * pool["gpus_per_node"] for pool in content["context"]["pools"]
    }
    return [
        f"the GPUs of pool {pool}"
        for pool, price in content["shadow_prices"]["pools"].items()
        if price and _gpus_used(content, pool) == gpus[pool]
    ]


def _gpus_used(content: PlanContent, pool: str) -> int:
    places = {(p["node"], p["gpu"]) for p in content["placement"] if p["pool"] == pool}
    return len(places)


def _floor_limit_text(content: PlanContent) -> list[str]:
    floor = content["context"]["quality_at_least"]
    if floor is None or known_number(content["quality"]) > floor + SAME * max(1.0, abs(floor)):
        return []
    return [f"the required quality ({floor:g})"]


def is_quality_exceeded(content: PlanContent) -> bool:
    """Whether a cheapest plan is better than required: the SLOs that it has reached then limit its
    quality, and as a rule not its cost, as a routing of less quality keeps them with room.
    """
    floor = content["context"]["quality_at_least"]
    return floor is not None and not _floor_limit_text(content)


def _exceeded_limits(content: PlanContent) -> str:
    if not is_quality_exceeded(content):
        return ""
    required = bool(llms_at_replica_limit(content, "min_replicas"))
    whose = "GPUs, those of LLMs that must run too," if required else "GPUs"
    slos = _slo_limits_text(content)
    until = f", up to {' and '.join(slos)}" if slos else ""
    return (
        f" Quality is above what is required: room to spare on whole {whose} goes into it{until}."
    )


def _replica_limits_text(content: PlanContent) -> list[str]:
    """LLMs at their largest or smallest allowed number of replicas; a minimum of 0 is no limit."""
    reached = []
    limits: Sequence[tuple[str, Literal["min_replicas", "max_replicas"]]] = (
        ("the most replicas allowed of", "max_replicas"),
        ("the fewest replicas required of", "min_replicas"),
    )
    for words, key in limits:
        if at := llms_at_replica_limit(content, key):
            reached.append(f"{words} {_named([f'{name} ({limit})' for name, limit in at.items()])}")
    return reached


def llms_at_replica_limit(
    content: PlanContent, key: Literal["min_replicas", "max_replicas"]
) -> dict[str, int]:
    """LLMs that run exactly as many replicas as a limit says, with it; 0 is no limit."""
    running: Counter[str] = Counter()
    for option in content["options"]:
        running[option["llm"]] += option["replicas"]
    llms: Sequence[Mapping[str, Any]] = content["context"].get("llms", [])
    limits = {llm["name"]: llm[key] for llm in llms}
    return {name: limit for name, limit in limits.items() if limit and running[name] == limit}


def _curve_limits_text(content: PlanContent) -> list[str]:
    """Options that serve their curve's highest profiled rate, less the headroom."""
    usable = 1.0 - stated_headroom(content)["utilization_pct"] / 100.0
    names = [
        f"{option['llm']} tp{option['tp_degree']} {option_slice_words(option)}"
        f" ({option['max_rate_per_replica_rps']:.4g} req/s)"
        for option in content["options"]
        if option["rate_per_replica_rps"]
        >= (1.0 - SAME) * usable * option["max_rate_per_replica_rps"]
    ]
    less = " less the headroom" if usable < 1.0 else ""
    return [f"the highest profiled rate{less} of {_named(names)}"] if names else []


def _named(names: list[str]) -> str:
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")
