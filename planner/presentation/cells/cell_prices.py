"""What one more unit buys in a plan over classes and cases, by shadow prices: the dearest of each
kind, in words.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

__all__ = ["CELL_PRICES_TITLE", "cell_price_lines"]

CELL_PRICES_TITLE = "What one more unit buys (estimates from the relaxation)"
LARGE = 1e-5
"""A price below this part of the objective's value buys nothing worth a line."""


def cell_price_lines(content: Mapping[str, Any]) -> list[str]:
    """A line for every pool that is worth something, for the limit and for the rate that cost most.
    Plans of earlier versions have no prices.
    """
    prices = content.get("shadow_prices")
    if prices is None:
        return []
    least = LARGE * abs(content["objective"]["value"] or 1.0)
    what = "USD/h" if content["objective"]["of"] == "cost" else "quality"
    lines = []
    by_pool: dict[str, dict[str, float]] = defaultdict(dict)
    for one in prices["pools"]:
        by_pool[one["pool"]][one["case"]] = one["per_node"]
    for pool, cases in by_pool.items():
        total = sum(cases.values())
        if abs(total) > least:
            most = max(cases, key=lambda case: abs(cases[case]))
            part = f", {100 * cases[most] / total:.0f} % of it in {most}" if len(cases) > 1 else ""
            lines.append(f"+1 node of {pool}: {what} {total:+.4g}{part}")
    limits = [one for one in prices["slo"] if abs(one["per_ms"]) > least]
    if limits:
        one = max(limits, key=lambda entry: abs(entry["per_ms"]))
        whose = "" if one["class"] is None else f" of {one['class']}"
        lines.append(
            f"+10 ms of limit {one['index']}{whose} in {one['case']}: {what}"
            f" {10 * one['per_ms']:+.4g}"
        )
    rates = [one for one in prices["cells"] if one["per_rps"] is not None]
    rates = [one for one in rates if abs(one["per_rps"]) > least]
    if rates:
        one = max(rates, key=lambda entry: abs(entry["per_rps"]))
        lines.append(f"+1 req/s of {one['class']} in {one['case']}: {what} {one['per_rps']:+.4g}")
    return lines
