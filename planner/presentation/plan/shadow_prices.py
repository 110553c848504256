"""What one more unit of a limit buys, by shadow prices."""

import re

from planner.plans.labels import slo_name
from planner.plans.schema import PlanContent
from planner.presentation.formatting import format_node_price, format_number

__all__ = ["shadow_price_lines"]

SMALL_STEP_MS = 10


def shadow_price_lines(content: PlanContent) -> list[str]:
    """Return one line per limit with what one more buys, then the notes, SLOs by their names."""
    prices, pools = content["shadow_prices"], content["context"]["pools"]
    lines = []
    if prices["arrival_rate_rps"] is not None:
        lines.append(
            f"+1 req/s of demand: {_shadow_price_change(content, prices['arrival_rate_rps'])}"
        )
    for slo, price in zip(content["slo"], prices["slo"], strict=True):
        if price is not None:
            lines.append(
                f"+{SMALL_STEP_MS} ms for the SLO on {slo_name(slo)}:"
                f" {_shadow_price_change(content, SMALL_STEP_MS * price)}"
            )
    for pool in pools:
        price, per_node = prices["pools"].get(pool["name"]), pool["gpus_per_node"]
        if price is not None:
            each = (
                f", {_shadow_price_change(content, price / per_node)} per GPU"
                if per_node > 1 and price
                else ""
            )
            node = f"+1 node ({per_node} GPU{'s' if per_node > 1 else ''}) of pool {pool['name']}"
            lines.append(
                f"{node}: {_shadow_price_change(content, price)}{each}"
                f"{format_node_price(content, pool)}"
            )
    names = {f"slo.{j}": f"the SLO on {slo_name(slo)}" for j, slo in enumerate(content["slo"])}
    return lines + [
        re.sub(r"^slo\.\d+(?=: )", lambda path: names[path[0]], note) for note in prices["notes"]
    ]


def _shadow_price_change(content: PlanContent, change: float) -> str:
    """A signed change of the objective, `no change` when it is 0."""
    if abs(change) < 1e-12:
        return "no change"
    sign, size = "+" if change > 0 else "-", format_number(abs(change), 2)
    return (
        f"{sign}{size} USD/h" if content["objective"]["of"] == "cost" else f"{sign}{size} quality"
    )
