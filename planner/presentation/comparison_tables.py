"""Plans side by side as tables: inputs and results, replicas, routing, and quality over what
differs.
"""

from collections.abc import Mapping

import pandas as pd

from planner.plans.labels import objective_unit, slo_name
from planner.plans.option_index import (
    option_key,
    option_key_order,
    option_slice_content,
    option_slice_pct,
    with_option_profiles,
)
from planner.plans.schema import PlanContent
from planner.presentation.comparison_lines import SMALL
from planner.presentation.formatting import format_exact, format_gap

NONE = "-"


def _sizes_compared(content: PlanContent) -> dict[str, tuple[float | None, str, int | None]]:
    """Every number that plans are compared by: header -> value, unit, decimals (None: all
    digits).
    """
    context = content["context"]
    sizes: dict[str, tuple[float | None, str, int | None]] = {
        "Input: arrival rate": (context["arrival_rate_rps"], "req/s", None)
    }
    sizes |= {
        f"Input: {slo_name(slo)} at most": (slo["limit_ms"], "ms", None) for slo in content["slo"]
    }
    sizes["Input: quality at least"] = (context["quality_at_least"], "mean score", None)
    sizes |= {
        f"Input: nodes of pool {pool['name']}": (pool["nodes"], "nodes", None)
        for pool in context["pools"]
    }
    sizes["Quality"] = (content["quality"], "mean score", 5)
    best = content["objective"]["bound"]
    sizes[f"Best possible {content['objective']['of']}"] = (
        best,
        objective_unit(content),
        2 if content["objective"]["of"] == "cost" else 5,
    )
    sizes |= {
        "Cost": (content["cost_usd_per_h"], "USD/h", 2),
        "GPUs used": (content["gpus_used"], "GPUs", 0),
    }
    sizes |= {f"Achieved: {slo_name(slo)}": (slo["achieved_ms"], "ms", 1) for slo in content["slo"]}
    sizes["Replicas"] = (
        sum(option["replicas"] for option in content["options"]) if content["options"] else None,
        "replicas",
        0,
    )
    return sizes


def comparison_table(contents: Mapping[str, PlanContent]) -> pd.DataFrame:
    """Tabulate plans side by side, in words: status, gap and every number, then the change against
    the first plan.
    """
    names = list(contents)
    sizes = {name: _sizes_compared(content) for name, content in contents.items()}
    rows: list[list[str]] = [
        ["Scenario", "", *(str(content["scenario"]) for content in contents.values())],
        ["Status", "", *(str(content["status"]) for content in contents.values())],
    ]
    for header in dict.fromkeys(header for one in sizes.values() for header in one):
        cells = [sizes[name].get(header, (None, "", None)) for name in names]
        if all(value is None for value, _, _ in cells):
            continue
        unit, decimals = next(
            (unit, decimals) for value, unit, decimals in cells if value is not None
        )
        values = [NONE if value is None else _cell(value, decimals) for value, _, _ in cells]
        changes = [_change_compared(cells[0][0], value, decimals) for value, _, _ in cells[1:]]
        rows.append([header, unit, *values, *changes])
    gaps = [
        NONE if (gap := content["objective"]["rel_gap"]) is None else format_gap(gap)
        for content in contents.values()
    ]
    rows.append(["Gap", "%", *(gap.removesuffix(" %") for gap in gaps)])
    heads = [
        "What",
        "Unit",
        *names,
        *(f"{name}: change" if len(names) > 2 else "Change" for name in names[1:]),
    ]
    return pd.DataFrame([[*row, *[""] * (len(heads) - len(row))] for row in rows], columns=heads)


def _cell(value: float, decimals: int | None) -> str:
    return format_exact(value) if decimals is None else f"{value:,.{decimals}f}"


def _change_compared(before: float | None, after: float | None, decimals: int | None) -> str:
    """A signed difference, `=` for none; blank where one of both is not known."""
    if before is None or after is None:
        return ""
    change = after - before
    cells = f"{change:+,.12g}" if decimals is None else f"{change:+,.{decimals}f}"
    return "=" if abs(change) < SMALL or not any(sign in cells for sign in "123456789") else cells


def replicas_comparison_table(contents: Mapping[str, PlanContent]) -> pd.DataFrame:
    """Tabulate the replicas of every option that runs in one of the plans."""
    held = {
        name: {option_key(option): option["replicas"] for option in content["options"]}
        for name, content in contents.items()
    }
    keys = sorted({key for options in held.values() for key in options}, key=option_key_order)
    rows = [
        (*key[:3], option_slice_pct(key[3]), *(options.get(key, 0) for options in held.values()))
        for key in keys
    ]
    names = [f"{name} (replicas)" for name in contents]
    frame = pd.DataFrame(rows, columns=["LLM", "Pool", "TP degree (GPUs)", "MPS share (%)", *names])
    return with_option_profiles(frame, [option_slice_content(key[3]) for key in keys])


def routing_comparison_table(contents: Mapping[str, PlanContent]) -> pd.DataFrame:
    """Tabulate which part of the requests every LLM gets in each plan."""
    llms = dict.fromkeys(llm for content in contents.values() for llm in content["routing"])
    parts = {
        f"{name} (%)": [100.0 * content["routing"].get(llm, 0.0) for llm in llms]
        for name, content in contents.items()
    }
    return pd.DataFrame({"LLM": list(llms), **parts})


def tradeoff_comparison_table(contents: Mapping[str, PlanContent]) -> pd.DataFrame:
    """Tabulate quality over the first of cost, rate, SLO limits and GPUs that differs, one row a
    plan; over the GPUs where none does.
    """
    across: dict[str, list[float | None]] = {
        "Cost (USD/h)": [content["cost_usd_per_h"] for content in contents.values()],
        "Arrival rate (req/s)": [
            content["context"]["arrival_rate_rps"] for content in contents.values()
        ],
    }
    for slo in next(iter(contents.values()))["slo"]:
        limits = [
            {slo_name(one): one["limit_ms"] for one in content["slo"]}.get(slo_name(slo))
            for content in contents.values()
        ]
        across[f"Limit on {slo_name(slo)} (ms)"] = limits
    across["GPUs used"] = [content["gpus_used"] for content in contents.values()]
    header = next(
        (h for h, values in across.items() if None not in values and len(set(values)) > 1),
        "GPUs used",
    )
    qualities = [content["quality"] for content in contents.values()]
    return pd.DataFrame(
        {"Plan": list(contents), "Quality (mean score)": qualities, header: across[header]}
    )
