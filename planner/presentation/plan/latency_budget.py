"""Which part of each SLO every option takes: latency, and its share of the limit."""

import pandas as pd

from planner.plans.labels import slo_name
from planner.plans.latencies import SHARE_ABOVE, latency_percentile_points, share_above_latency
from planner.plans.numbers import is_within_limit
from planner.plans.option_index import option_compute_pct, with_option_profiles
from planner.plans.schema import OptionContent, PlanContent, SloContent

__all__ = ["WITHIN", "latency_budget_table"]

WITHIN = "Alone within the limit"
"""Header: whether the option's own latency is within the limit, whatever the SLO's scope."""


def latency_budget_table(content: PlanContent) -> pd.DataFrame:
    """Tabulate one row per SLO and option that serves requests; without rows where nothing is
    deployed.
    """
    rows = [
        (
            slo_name(slo),
            option["llm"],
            option["pool"],
            option["tp_degree"],
            option_compute_pct(option),
            _fraction(content, option),
            *_latency_budget_part(content, slo, option),
            _is_within_limit(slo, option),
            slo["scope"] == "each_llm",
        )
        for slo in content["slo"]
        for option in content["options"]
        if option["rate_rps"] > 0.0
    ]
    heads = [
        "SLO",
        "LLM",
        "Pool",
        "TP degree (GPUs)",
        "MPS share (%)",
        "Part of the requests (%)",
        "Latency (ms)",
        "Part of the SLO",
    ]
    frame = pd.DataFrame(rows, columns=[*heads, "Unit", "Limit", WITHIN, "Side by side"])
    served = [option for option in content["options"] if option["rate_rps"] > 0.0]
    return with_option_profiles(frame, served * len(content["slo"]))


def _fraction(content: PlanContent, option: OptionContent) -> float:
    return 100.0 * option["rate_rps"] / sum(one["rate_rps"] for one in content["options"])


def _is_within_limit(slo: SloContent, option: OptionContent) -> str:
    """Whether the option's own latency keeps the limit: yes, no, or not profiled."""
    latency = option["latency_ms"].get(f"{slo['metric']}_{slo['statistic']}")
    if latency is None:
        return "not profiled"
    return "yes" if is_within_limit(latency, slo["limit_ms"]) else "no"


def _latency_budget_part(
    content: PlanContent, slo: SloContent, option: OptionContent
) -> tuple[float | None, float | None, str, float]:
    """Latency, part, its unit, and the limit in that unit."""
    metric, statistic, fraction = (
        slo["metric"],
        slo["statistic"],
        _fraction(content, option) / 100.0,
    )
    latency = option["latency_ms"].get(f"{metric}_{statistic}")
    if slo["scope"] == "each_llm":
        return latency, latency, "ms", slo["limit_ms"]
    if statistic == "mean":
        return latency, None if latency is None else fraction * latency, "ms", slo["limit_ms"]
    known = {
        (metric, p): option["latency_ms"][f"{metric}_{p}"]
        for p in SHARE_ABOVE
        if f"{metric}_{p}" in option["latency_ms"]
    }
    above = (
        1.0
        if slo["achieved_ms"] is None
        else share_above_latency(latency_percentile_points(known, metric), slo["achieved_ms"])
    )
    return latency, 100.0 * fraction * above, "% of requests above", 100.0 * SHARE_ABOVE[statistic]
