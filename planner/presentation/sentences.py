"""The plan in words: verdict, what binds, what one more buys, repairs, what was left out.

Plain text, a unit beside every number.

All functions read the content of plan.json. The same words stand on the terminal, in the workbook
and on the page.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

from planner.plans.labels import slo_name
from planner.plans.schema import ChangeContent, DroppedContent, PlanContent, PoolContent

__all__ = [
    "conflict_lines",
    "dropped_lines",
    "exact",
    "filters_line",
    "gap_text",
    "node_price",
    "number",
    "objective_text",
    "provenance_lines",
    "verdict",
    "worth",
]


STOPPED = {
    "time": "the time limit",
    "interrupt": "a request to stop",
    "stalled": "want of progress",
    "choice": "the choice of another setup",
}
SMALL_STEP_MS = 10
LINEARIZATION = (
    "Linearization error: none in this plan's figures, for they are read off the curves themselves"
    " (straight between their points); the search works with simpler lines, and what they may have"
    " overlooked is inside the stated gap."
)


def number(value: float | None, digits: int = 4) -> str:
    """Tell `value` to `digits` significant digits, no exponent, thousands apart by commas; whole
    digits are never cut; `-` for None.
    """
    if value is None:
        return "-"
    if value == 0:
        return "0"
    size = f"{abs(value):.0e}".partition("e")[2]
    decimals = max(0, digits - 1 - int(size))
    return f"{value:,.{decimals}f}" if decimals <= 9 else f"{value:.1e}"


def exact(value: float) -> str:
    """Tell `value` with all its digits (12 significant): a repair told by a rounded number would
    repair nothing.
    """
    return f"{value:,.12g}"


def objective_text(content: PlanContent, value: float | None) -> str:
    """Tell a value of the objective: `quality 0.55711` or `cost 7.20 USD/h`."""
    if content["objective"]["of"] == "cost":
        return "cost " + ("-" if value is None else f"{value:,.2f} USD/h")
    return "quality " + ("-" if value is None else f"{value:.5f}")


def _bare(content: PlanContent, value: float | None) -> str:
    """Tell it as `objective_text` without its first word."""
    return objective_text(content, value).partition(" ")[2]


def verdict(content: PlanContent) -> str:
    """Tell in one line status, found, best possible, gap, time."""
    objective, status = content["objective"], content["status"]
    seconds, why = f"{content['solver']['wall_s']:.1f} s", content["solver"]["termination"]
    if status == "infeasible":
        return f"infeasible: no plan keeps all limits at once ({seconds})"
    bound = f"best possible {_bare(content, objective['bound'])}"
    stopped = f"stopped by {STOPPED.get(why, why)}"
    if status == "unknown":
        return f"unknown: {stopped} before a plan was found ({seconds})" + (
            "" if objective["bound"] is None else f"; {bound}"
        )
    gap = gap_text(objective["rel_gap"])
    head = status if status == "optimal" else f"{status} ({stopped})"
    return (
        f"{head}: {objective_text(content, objective['value'])} found, {bound} (gap {gap}),"
        f" {seconds}"
    )


def gap_text(rel_gap: float | None) -> str:
    """Tell a relative gap in per cent; what is below a thousandth of a per cent is told as such."""
    if rel_gap is None:
        return "unknown"
    return (
        "below 0.001 %"
        if 1e-12 < rel_gap < 1e-5
        else f"{number(100.0 * rel_gap if rel_gap > 1e-12 else 0.0, 2)} %"
    )


def worth(content: PlanContent) -> list[str]:
    """Tell what one more buys, one sentence a limit, from the shadow prices; then their notes, SLOs
    by their names.
    """
    prices, pools = content["shadow_prices"], content["context"]["pools"]
    lines = []
    if prices["arrival_rate_rps"] is not None:
        lines.append(f"+1 req/s of demand: {_change(content, prices['arrival_rate_rps'])}")
    for slo, price in zip(content["slo"], prices["slo"], strict=True):
        if price is not None:
            lines.append(
                f"+{SMALL_STEP_MS} ms for the SLO on {slo_name(slo)}:"
                f" {_change(content, SMALL_STEP_MS * price)}"
            )
    for pool in pools:
        price, per_node = prices["pools"].get(pool["name"]), pool["gpus_per_node"]
        if price is not None:
            each = f", {_change(content, price / per_node)} a GPU" if per_node > 1 and price else ""
            node = f"+1 node ({per_node} GPU{'s' if per_node > 1 else ''}) of pool {pool['name']}"
            lines.append(f"{node}: {_change(content, price)}{each}{node_price(content, pool)}")
    names = {f"slo.{j}": f"the SLO on {slo_name(slo)}" for j, slo in enumerate(content["slo"])}
    return lines + [
        re.sub(r"^slo\.\d+(?=: )", lambda path: names[path[0]], note) for note in prices["notes"]
    ]


def node_price(content: PlanContent, pool: PoolContent) -> str:
    """Tell what a node's GPUs cost, `; its 4 GPUs cost 7.16 USD/h`; "" where cost is the objective
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


def _change(content: PlanContent, change: float) -> str:
    """Tell a signed change of the objective, `nothing` when it is 0."""
    if abs(change) < 1e-12:
        return "nothing"
    sign, size = "+" if change > 0 else "-", number(abs(change), 2)
    return (
        f"{sign}{size} USD/h" if content["objective"]["of"] == "cost" else f"{sign}{size} quality"
    )


def conflict_lines(content: PlanContent) -> tuple[list[str], list[tuple[str, str]]]:
    """Tell the conflicting limits, and each repair as (words, the argument of --set that does
    it).
    """
    conflict = content["conflict"]
    repairs = [
        (repair_words(content, repair), f"{repair['change']}={repair['to']}")
        for repair in conflict["repairs"]
    ]
    return list(conflict["limits"]), repairs


def repair_words(content: PlanContent, repair: ChangeContent) -> str:
    """Tell one change in words, e.g. `raise the SLO on mean TTFT from 300 to 412.5 ms`."""
    before, after = exact(repair["from"]), exact(repair["to"])
    match repair["change"].split("."):
        case ["arrival_rate_rps"]:
            return f"drop to {after} req/s (from {before})"
        case ["slo", at, "limit_ms"]:
            return (
                f"raise the SLO on {slo_name(content['slo'][int(at)])} from {before} to {after} ms"
            )
        case ["pools", at, "nodes"]:
            more = repair["to"] - repair["from"]
            pool = content["context"]["pools"][int(at)]["name"]
            return (
                f"add {exact(more)} node{'s' if more != 1 else ''} to pool {pool} ({after} instead"
                f" of {before})"
            )
        case ["objective", "quality_at_least"]:
            return f"lower the quality asked for from {before} to {after} (mean score)"
        case ["llms", at, ("min_replicas" | "max_replicas") as key] if name := _llm_name(
            content, int(at)
        ):
            count = f"{after} replica{'' if repair['to'] == 1 else 's'} of {name}"
            return (
                f"allow {count} ({before} now)"
                if key == "max_replicas"
                else f"ask for {count} at least ({before} now)"
            )
        case ["setups", "min_gpu_utilization_pct"]:
            return f"lower the compute given out at least from {before} to {after} %"
    return f"change {repair['change']} from {before} to {after}"


def _llm_name(content: PlanContent, at: int) -> str | None:
    """The LLM at a position of the scenario; None in plans that do not list them."""
    llms = content["context"].get("llms", [])
    return str(llms[at]["name"]) if at < len(llms) else None


def dropped_lines(content: PlanContent) -> list[str]:
    """Tell options left out, counted by reason; reasons that differ in their figures alone count as
    one and are told by their first.
    """
    groups: dict[str, list[DroppedContent]] = defaultdict(list)
    for option in content["context"]["dropped"]:
        groups[re.sub(r"\d[\d.,]*", "#", option["reason"])].append(option)
    lines = []
    for group in sorted(groups.values(), key=len, reverse=True):
        first, llms = group[0], list(dict.fromkeys(option["llm"] for option in group))
        of = ", ".join(llms[:3]) + (f" and {len(llms) - 3} more LLMs" if len(llms) > 3 else "")
        alike = len({option["reason"] for option in group}) > 1
        lines.append(f"{len(group)} of {of}: " + ("e.g. " if alike else "") + first["reason"])
    return lines


def filters_line(content: PlanContent) -> str:
    """Tell what filtered the options and setups, defaults included."""
    filters = content["context"]["filters"]
    degrees, shares = filters["tp_degrees"], filters["mps_shares_pct"]
    parts = [
        "every profiled tp degree" if degrees is None else f"tp {', '.join(map(str, degrees))}",
        (
            "every profiled MPS share"
            if shares is None
            else f"MPS shares {', '.join(f'{s:g}' for s in shares)} %"
        ),
        f"{filters['memory_headroom_pct']:g} % of each GPU's memory kept free",
        f"at least {filters['min_gpu_utilization_pct']:g} % of all compute given out",
    ]
    return (
        f"Considered: {content['context']['options_considered']} options; "
        + ", ".join(parts if filters["min_gpu_utilization_pct"] else parts[:-1])
        + "."
    )


def provenance_lines(content: PlanContent) -> list[str]:
    """Tell where the curves of the deployed options come from: provenance counted, and what the
    sources say.
    """
    counts: dict[str, int] = defaultdict(int)
    for option in content["options"]:
        counts[option["provenance"]] += 1
    told = ", ".join(f"{count} {provenance}" for provenance, count in counts.items())
    return [
        f"Curves at the rates of this plan: {told}.",
        LINEARIZATION,
        *_source_lines(content["context"]["sources"]),
    ]


def _source_lines(sources: Sequence[str]) -> list[str]:
    """Tell sources: options made alike (`option: made; beyond`) in one line, the rest (`tool: file;
    tool: file`) in one, tool by tool.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for source in sources:
        option, _, rest = source.partition(": ")
        made, _, beyond = rest.partition("; ")
        groups[made].append(source if not made else f"{option}: {beyond}" if beyond else option)
    folded = {made: options for made, options in groups.items() if made and len(options) > 1}
    lines = [
        f"Source of {len(options)} curves: {made}. {'; '.join(options)}"
        for made, options in folded.items()
    ]
    tools: dict[str, dict[str, None]] = defaultdict(dict)
    for source in sources:
        if source.partition(": ")[2].partition("; ")[0] not in folded:
            for part in source.split("; "):
                tool, colon, file = part.partition(": ")
                tools[tool + colon][file] = None
    rest = "; ".join(tool + ", ".join(files) for tool, files in tools.items())
    return [*lines, f"Source: {rest}"] if rest else lines
