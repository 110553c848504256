"""The headroom of a plan in plan.json: rates are those of the raised demand, limits the stated ones
beside those that were planned with.
"""

from typing import Any, TypedDict

from models.instance import Headroom
from planner.plans.numbers import percent
from planner.plans.schema import HeadroomContent, PlanContent, SloContent

__all__ = ["headroom_content", "headroom_limit_ms", "headroom_rate_rps", "stated_headroom"]

NONE: HeadroomContent = {"slo_pct": 0.0, "rate_pct": 0.0, "utilization_pct": 0.0}


class HeadroomKey(TypedDict, total=False):
    """The key of the context, where a headroom is stated."""

    headroom: HeadroomContent


def headroom_content(headroom: Headroom) -> HeadroomKey:
    """The key `headroom` of the context, in per cent; nothing where none is stated."""
    if not headroom:
        return {}
    return {
        "headroom": {
            "slo_pct": percent(headroom.slo),
            "rate_pct": percent(headroom.rate),
            "utilization_pct": percent(headroom.utilization),
        }
    }


def stated_headroom(content: PlanContent | Any) -> HeadroomContent:
    """The headroom of a plan, zeros where it has none."""
    stated: HeadroomContent = content["context"].get("headroom", NONE)
    return stated


def headroom_rate_rps(content: PlanContent | Any) -> float:
    """The rate that the plan is made for: stated, and raised by the headroom."""
    stated: float = content["context"]["arrival_rate_rps"]
    return stated * (1.0 + stated_headroom(content)["rate_pct"] / 100.0)


def headroom_limit_ms(slo: SloContent) -> float:
    """The limit that the plan is made with: stated, or tightened by the headroom."""
    return slo.get("planned_limit_ms", slo["limit_ms"])
