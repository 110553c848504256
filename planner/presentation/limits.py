"""Which limits a plan stands at, told. Reads the content of plan.json.

Binding   SLOs used up, pools whose GPUs are all used and have a price, the quality asked for at
          least
Reached   limits on the replicas of an LLM, and curves used up to their last profiled point: more of
          them may or may not be worth something
Passed    by how much a cheapest plan is better than asked, since GPUs come whole
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from planner.plans.labels import slo_name
from planner.plans.latencies import SHARE_ABOVE, percentile_points, share_above
from planner.plans.numbers import known
from planner.plans.schema import OptionContent, PlanContent, SloContent

__all__ = ["DIGITS", "binding", "latency_budget", "room_for", "try_line"]


SAME = 1e-6
"""Relative; from here on a rate is that of the curve's last point, a quality the one asked for."""
MOST = 4
"""Names told of each kind of limit; the others are counted."""


def binding(content: PlanContent) -> str:
    """Tell which limits bind and which are reached besides, in one to three sentences."""
    binds = [*_slos(content), *_pools(content), *_floor(content)]
    first = f"What binds: {', '.join(binds)}." if binds else "No SLO and no pool of GPUs binds."
    reached = [*_replicas(content), *_curves(content)]
    return first + (f" Also reached: {'; '.join(reached)}." if reached else "") + _passed(content)


def _slos(content: PlanContent) -> list[str]:
    over = {"all": " over all requests", "each_llm": ""}
    return [
        f"the SLO on {slo_name(slo)}{over[slo['scope']]}"
        for slo in content["slo"]
        if slo["binding"]
    ]


def _pools(content: PlanContent) -> list[str]:
    used = Counter(
        pool
        for pool, _, _ in {
            (seat["pool"], seat["node"], seat["gpu"]) for seat in content["placement"]
        }
    )
    full = {
        pool["name"]
        for pool in content["context"]["pools"]
        if used[pool["name"]] == pool["nodes"] * pool["gpus_per_node"]
    }
    return [
        f"the GPUs of pool {pool}"
        for pool, price in content["shadow_prices"]["pools"].items()
        if price and pool in full
    ]


def _floor(content: PlanContent) -> list[str]:
    floor = content["context"]["quality_at_least"]
    if floor is None or known(content["quality"]) > floor + SAME * max(1.0, abs(floor)):
        return []
    return [f"the quality asked for ({floor:g})"]


def _passed(content: PlanContent) -> str:
    floor = content["context"]["quality_at_least"]
    if floor is None or _floor(content):
        return ""
    return (
        f" The quality asked for ({floor:g}) sets the cost; it is passed by"
        f" {known(content['quality']) - floor:.4g}, since GPUs come whole."
    )


def _replicas(content: PlanContent) -> list[str]:
    """Tell LLMs that run as many replicas as they may, or as few as they must; one that is shut out
    by 0 is no news.
    """
    running: Counter[str] = Counter()
    for option in content["options"]:
        running[option["llm"]] += option["replicas"]
    reached = []
    llms = content["context"].get("llms", [])
    for words, limits in (
        ("the most replicas allowed of", {llm["name"]: llm["max_replicas"] for llm in llms}),
        ("the fewest replicas required of", {llm["name"]: llm["min_replicas"] for llm in llms}),
    ):
        at = {name: limit for name, limit in limits.items() if limit and running[name] == limit}
        if at:
            reached.append(f"{words} {_named([f'{name} ({limit})' for name, limit in at.items()])}")
    return reached


def _curves(content: PlanContent) -> list[str]:
    """Tell the options that serve their curve's highest profiled rate."""
    names = [
        f"{option['llm']} tp{option['tp_degree']} {option['mps_share_pct']:g} %"
        f" ({option['max_rate_per_replica_rps']:.4g} req/s)"
        for option in content["options"]
        if option["rate_per_replica_rps"] >= (1.0 - SAME) * option["max_rate_per_replica_rps"]
    ]
    return [f"the highest profiled rate of {_named(names)}"] if names else []


def _named(names: list[str]) -> str:
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")


DIGITS = 3


def room_for(limit: float, planned: float | None, upper: float) -> float:
    """The limit to plan with, in the unit of the three.

    planned: what the plan came to, None where it is not known.
    """
    aim = limit / upper * (limit if planned is None else min(planned, limit))
    unit = 10.0 ** (math.floor(math.log10(aim)) - DIGITS + 1)
    return float(f"{math.floor(aim / unit + 1e-9) * unit:.{DIGITS}g}")


def try_line(changes: Mapping[str, float], asked: Sequence[str], again: str) -> str:
    """Tell the changes (path -> value) as arguments.

    asked: the limits as they stand, in words; again: the command to repeat.
    """
    arguments = " ".join(f"--set {path}={value:.12g}" for path, value in changes.items())
    return (
        f"Try: plan with {arguments} and {again} again; compare with the limits asked for here:"
        f" {', '.join(asked)}. A guess, not a promise."
    )


def latency_budget(content: PlanContent) -> pd.DataFrame:
    """Tabulate one row an SLO and option that serves requests; without rows where there is no
    setup.
    """
    rows = [
        (
            slo_name(slo),
            option["llm"],
            *_words(option),
            _fraction(content, option),
            *_part(content, slo, option),
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
    return pd.DataFrame(rows, columns=[*heads, "Unit", "Limit", "Side by side"])


def _words(option: OptionContent) -> tuple[str, int, float]:
    return option["pool"], option["tp_degree"], option["mps_share_pct"]


def _fraction(content: PlanContent, option: OptionContent) -> float:
    return 100.0 * option["rate_rps"] / sum(one["rate_rps"] for one in content["options"])


def _part(
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
        else share_above(percentile_points(known, metric), slo["achieved_ms"])
    )
    return latency, 100.0 * fraction * above, "% of requests above", 100.0 * SHARE_ABOVE[statistic]
