"""Numbers and names as text: on the terminal, in the workbook and on the page they look the
same.
"""

from models.instance import Instance
from planner.decomposition.enumeration import Config
from planner.plans.headroom_content import headroom_rate_rps, stated_headroom
from planner.plans.numbers import tidy
from planner.plans.option_index import option_slice_of, option_slice_text
from planner.plans.schema import PlanContent, PoolContent, SolvedContent

__all__ = [
    "format_config",
    "format_exact",
    "format_gap",
    "format_node_price",
    "format_number",
    "format_objective",
    "format_objective_value",
    "format_planned_rate",
    "format_stated_rate",
]


def format_number(value: float | None, digits: int = 4) -> str:
    """Write `value` to `digits` significant digits, no exponent, thousands apart by commas; whole
    digits are never cut; `-` for None.
    """
    if value is None:
        return "-"
    if value == 0:
        return "0"
    size = f"{abs(value):.0e}".partition("e")[2]
    decimals = max(0, digits - 1 - int(size))
    return f"{value:,.{decimals}f}" if decimals <= 9 else f"{value:.1e}"


def format_exact(value: float) -> str:
    """Write `value` with all its digits (12 significant): a repair given as a rounded number would
    repair nothing.
    """
    return f"{value:,.12g}"


def format_planned_rate(content: PlanContent) -> str:
    """Write at which rate a plan's latencies hold where that is not the stated one: `48 req/s (40 +
    20 % headroom)`; else "".
    """
    more = stated_headroom(content)["rate_pct"]
    if not more:
        return ""
    stated = format_exact(content["context"]["arrival_rate_rps"])
    planned = format_exact(tidy(headroom_rate_rps(content)))
    return f"{planned} req/s ({stated} + {format_exact(more)} % headroom)"


def format_stated_rate(content: PlanContent) -> str:
    """Write at which rate latencies are simulated where the plan's are at another one: `40 req/s`;
    else "".
    """
    if not stated_headroom(content)["rate_pct"]:
        return ""
    return f"{format_exact(content['context']['arrival_rate_rps'])} req/s"


def format_objective(content: SolvedContent, value: float | None) -> str:
    """Write a value of the objective: `quality 0.55711` or `cost 7.20 USD/h`."""
    if content["objective"]["of"] == "cost":
        return "cost " + ("-" if value is None else f"{value:,.2f} USD/h")
    return "quality " + ("-" if value is None else f"{value:.5f}")


def format_objective_value(content: SolvedContent, value: float | None) -> str:
    """Write a value of the objective with its unit alone: `0.55711` or `7.20 USD/h`."""
    return format_objective(content, value).partition(" ")[2]


def format_gap(rel_gap: float | None) -> str:
    """Write a relative gap in per cent; below a thousandth of a per cent just that."""
    if rel_gap is None:
        return "unknown"
    return (
        "below 0.001 %"
        if 1e-12 < rel_gap < 1e-5
        else f"{format_number(100.0 * rel_gap if rel_gap > 1e-12 else 0.0, 2)} %"
    )


def format_node_price(content: SolvedContent, pool: PoolContent) -> str:
    """Write what a node's GPUs cost, `; its 4 GPUs cost 7.16 USD/h`; "" where cost is the objective
    or no price is known.
    """
    price, count = pool["price_usd_per_gpu_h"], pool["gpus_per_node"]
    if content["objective"]["of"] == "cost" or price is None:
        return ""
    return (
        f"; its {count} GPUs cost {count * price:,.2f} USD/h"
        if count > 1
        else f"; its GPU costs {price:,.2f} USD/h"
    )


def format_config(instance: Instance, config: Config) -> str:
    """Write how one LLM is run, e.g. `2 x tp4 70 %`; `-` when it is not deployed. Pools are named
    where there are several.
    """
    words = []
    for o, replicas in config:
        option = instance.options[o]
        pool = f"{instance.pools[option.pool].name} " if len(instance.pools) > 1 else ""
        count = f"{replicas} x " if replicas > 1 else ""
        words.append(
            f"{count}{pool}tp{option.tp_degree} {option_slice_text(option_slice_of(option))}"
        )
    return " + ".join(words) or "-"
