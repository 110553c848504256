"""The headroom of a plan in words: what is kept free, and at which rate the figures are."""

from collections.abc import Mapping
from typing import Any

from planner.plans.headroom_content import headroom_rate_rps, stated_headroom
from planner.plans.numbers import tidy
from planner.plans.plan_file import CELLS_SCHEMA
from planner.plans.schema import PlanContent
from planner.presentation.formatting import format_exact, format_planned_rate, format_stated_rate

__all__ = [
    "achieved_rate_lines",
    "demand_with_headroom_text",
    "headroom_lines",
]


def demand_with_headroom_text(content: PlanContent) -> str:
    """Render the arrival rate: `70 req/s`, or `70 req/s (planned for 80.5)`."""
    stated = f"{format_exact(content['context']['arrival_rate_rps'])} req/s"
    if not stated_headroom(content)["rate_pct"]:
        return stated
    return f"{stated} (planned for {format_exact(tidy(headroom_rate_rps(content)))})"


def achieved_rate_lines(content: PlanContent) -> list[str]:
    """Say beside a table of SLOs at which rates its latencies are; nothing where they are at one.

    content: of schema 1.
    """
    if not (planned := format_planned_rate(content)):
        return []
    simulated = content["context"].get("simulated", {}).get("slo", [])
    beside = [f"Simulated: at {format_stated_rate(content)}, as stated."] if any(simulated) else []
    return [f"Achieved: planned at {planned}.", *beside]


def headroom_lines(content: PlanContent) -> list[str]:
    """Say what the plan keeps free, in one sentence; nothing where no headroom is stated.

    content: of either schema.
    """
    free: Mapping[str, Any] = stated_headroom(content)
    parts = [
        f"{format_exact(free[key])} % {of}"
        for key, of in (
            ("rate_pct", "more requests than stated"),
            ("slo_pct", "of every SLO limit"),
            ("utilization_pct", "of the highest rate of every curve"),
        )
        if free[key]
    ]
    if not parts:
        return []
    at = ""
    if free["rate_pct"] and content.get("schema") == CELLS_SCHEMA:
        at = "; rates, quality, cost and latencies are those of the raised rates"
    elif free["rate_pct"]:
        at = f"; quality, cost and latencies are planned at {format_planned_rate(content)}"
    return [f"Headroom: {', '.join(parts)}{at}."]
