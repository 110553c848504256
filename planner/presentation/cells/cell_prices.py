"""What one more unit buys in a plan over classes and cases, by shadow prices: the dearest of each
kind in words, and all of them as a table.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pandas as pd

from planner.plans.labels import slo_name

__all__ = ["CELL_PRICES_TITLE", "cell_price_lines", "cell_shadow_prices_table"]

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


def cell_shadow_prices_table(content: Mapping[str, Any]) -> pd.DataFrame:
    """One row a price: rates, limits and nodes, by case. No rows without a setup, and of plans of
    earlier versions.
    """
    of = content["objective"]["of"]
    change = f"Change of {of} ({'USD/h' if of == 'cost' else 'mean score'})"
    prices = content.get("shadow_prices") or {"cells": [], "slo": [], "pools": []}
    if not content["setups"]:
        prices = {"cells": [], "slo": [], "pools": []}
    rows: list[tuple[Any, ...]] = [
        ("Arrival rate", one["case"], one["class"], one["per_rps"], "+1 req/s")
        for one in prices["cells"]
    ]
    rows += [
        (_limited(content, one), one["case"], one["class"] or "", one["per_ms"], "+1 ms")
        for one in prices["slo"]
    ]
    rows += [
        (f"Pool {one['pool']}", one["case"], "", one["per_node"], "+1 node")
        for one in prices["pools"]
    ]
    heads = ["Limit", "Case", "Class", change, "For"]
    return pd.DataFrame(rows, columns=heads, dtype=object).infer_objects()


def _limited(content: Mapping[str, Any], price: Mapping[str, Any]) -> str:
    """The name of a limit: of its class, or of all requests of its case."""
    kind, key = ("cases", None) if price["class"] is None else ("cells", "class")
    for entry in content[kind]:
        if entry["case"] == price["case"] and (key is None or entry[key] == price[key]):
            return slo_name(entry["slo"][price["index"]])
    raise AssertionError("a price is of a limit of a case that the plan has")
