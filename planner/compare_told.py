"""Plans side by side, told: tables and sentences for `diff` and for the page Compare. Reads contents of plan.json, infeasible ones too.

compared    what was asked and what was found, one column a plan, then the change of each plan against the first
setups      replicas of every option in each plan
routing     part of the requests of every LLM in each plan
lines       what differs between two plans in sentences: asked, quality, cost, GPUs, latency, routing, replicas
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from planner.plan_diff import PlanDiff
from planner.sentences import exact, gap_text, number
from planner.tables import objective_unit, slo_name

__all__ = ["asked_lines", "change_lines", "compared_table", "lines_of", "points_table", "routing_table", "setups_table", "steps_line"]

Content = Mapping[str, Any]
NONE = "-"
SMALL = 1e-9


def _sizes(content: Content) -> dict[str, tuple[float | None, str, int | None]]:
    """Every number that plans are compared by: header -> value, unit, decimals (None: all digits)."""
    context = content["context"]
    sizes: dict[str, tuple[float | None, str, int | None]] = {"Asked: arrival rate": (context["arrival_rate_rps"], "req/s", None)}
    sizes |= {f"Asked: {slo_name(slo)} at most": (slo["limit_ms"], "ms", None) for slo in content["slo"]}
    sizes["Asked: quality at least"] = (context["quality_at_least"], "mean score", None)
    sizes |= {f"Asked: nodes of pool {pool['name']}": (pool["nodes"], "nodes", None) for pool in context["pools"]}
    sizes["Quality"] = (content["quality"], "mean score", 5)
    best = content["objective"]["bound"]
    sizes[f"Best possible {content['objective']['of']}"] = (best, objective_unit(content), 2 if content["objective"]["of"] == "cost" else 5)
    sizes |= {"Cost": (content["cost_usd_per_h"], "USD/h", 2), "GPUs used": (content["gpus_used"], "GPUs", 0)}
    sizes |= {f"Achieved: {slo_name(slo)}": (slo["achieved_ms"], "ms", 1) for slo in content["slo"]}
    sizes["Replicas"] = (sum(option["replicas"] for option in content["options"]) if content["options"] else None, "replicas", 0)
    return sizes


def compared_table(contents: Mapping[str, Content]) -> pd.DataFrame:
    """Tabulate plans side by side, in words: status, gap and every number, then the change against the first plan."""
    names = list(contents)
    sizes = {name: _sizes(content) for name, content in contents.items()}
    rows: list[list[str]] = [
        ["Scenario", "", *(str(content["scenario"]) for content in contents.values())],
        ["Status", "", *(str(content["status"]) for content in contents.values())],
    ]
    for header in dict.fromkeys(header for one in sizes.values() for header in one):
        told = [sizes[name].get(header, (None, "", None)) for name in names]
        if all(value is None for value, _, _ in told):
            continue
        unit, decimals = next((unit, decimals) for value, unit, decimals in told if value is not None)
        values = [NONE if value is None else _told(value, decimals) for value, _, _ in told]
        changes = [_change(told[0][0], value, decimals) for value, _, _ in told[1:]]
        rows.append([header, unit, *values, *changes])
    gaps = [NONE if (gap := content["objective"]["rel_gap"]) is None else gap_text(gap) for content in contents.values()]
    rows.append(["Gap", "%", *(gap.removesuffix(" %") for gap in gaps)])
    heads = ["What", "Unit", *names, *(f"{name}: change" if len(names) > 2 else "Change" for name in names[1:])]
    return pd.DataFrame([[*row, *[""] * (len(heads) - len(row))] for row in rows], columns=heads)


def _told(value: float, decimals: int | None) -> str:
    return exact(value) if decimals is None else f"{value:,.{decimals}f}"


def _change(before: float | None, after: float | None, decimals: int | None) -> str:
    """A signed difference, `=` for none; blank where one of both is not known."""
    if before is None or after is None:
        return ""
    change = after - before
    told = f"{change:+,.12g}" if decimals is None else f"{change:+,.{decimals}f}"
    return "=" if abs(change) < SMALL or not any(sign in told for sign in "123456789") else told


def setups_table(contents: Mapping[str, Content]) -> pd.DataFrame:
    """Tabulate the replicas of every option that runs in one of the plans."""
    held = {name: {_key(option): option["replicas"] for option in content["options"]} for name, content in contents.items()}
    keys = sorted({key for options in held.values() for key in options})
    rows = [(*key, *(options.get(key, 0) for options in held.values())) for key in keys]
    names = [f"{name} (replicas)" for name in contents]
    return pd.DataFrame(rows, columns=["LLM", "Pool", "TP degree (GPUs)", "MPS share (%)", *names])


def _key(option: Content) -> tuple[Any, ...]:
    return option["llm"], option["pool"], option["tp_degree"], option["mps_share_pct"]


def routing_table(contents: Mapping[str, Content]) -> pd.DataFrame:
    """Tabulate which part of the requests every LLM gets in each plan."""
    llms = dict.fromkeys(llm for content in contents.values() for llm in content["routing"])
    parts = {f"{name} (%)": [100.0 * content["routing"].get(llm, 0.0) for llm in llms] for name, content in contents.items()}
    return pd.DataFrame({"LLM": list(llms), **parts})


# ---------------------------------------------------------------- sentences

ASKED: Sequence[tuple[str, str, Callable[[Content], Mapping[str, Any]]]] = (
    ("arrival rate", "req/s", lambda one: {"": one["context"]["arrival_rate_rps"]}),
    ("the SLO on", "ms", lambda one: {slo_name(slo): slo["limit_ms"] for slo in one["slo"]}),
    ("quality at least", "(mean score)", lambda one: {"": one["context"]["quality_at_least"]}),
    ("pool", "nodes", lambda one: {pool["name"]: pool["nodes"] for pool in one["context"]["pools"]}),
    ("GPUs per node of pool", "", lambda one: {pool["name"]: pool["gpus_per_node"] for pool in one["context"]["pools"]}),
)


def asked_lines(before: Content, after: Content) -> list[str]:
    """What was asked differently."""
    told = []
    for what, unit, read in ASKED:
        one, other = read(before), read(after)
        for key in dict.fromkeys([*one, *other]):
            if one.get(key) != other.get(key):
                words = " ".join(part for part in (what, key) if part)
                told.append(f"{words} {_asked(other.get(key), unit)} instead of {_asked(one.get(key), unit)}")
    if before["objective"]["of"] != after["objective"]["of"]:
        told.append(f"the objective is {after['objective']['of']} instead of {before['objective']['of']}")
    gone, new = ([llm for llm in one["routing"] if llm not in other["routing"]] for one, other in ((before, after), (after, before)))
    told += [f"without {llm}" for llm in gone] + [f"with {llm}" for llm in new]
    filters, others = before["context"]["filters"], after["context"]["filters"]
    told += [f"{key} {others[key]} instead of {value}" for key, value in filters.items() if key in others and others[key] != value]
    return told


def _asked(value: float | None, unit: str) -> str:
    return "none" if value is None else f"{exact(value)} {unit}".strip()


def change_lines(before: Content, after: Content) -> list[str]:
    """What is found differently: quality, cost, GPUs, latencies, routing. Sentences of the form `now instead of before`."""
    missing = [f"The {word} has no setup: {one['status']}." for word, one in (("first", before), ("second", after)) if not one["options"]]
    if missing:
        return missing
    lines = [_objective_line(before, after, "Quality", "quality", 5, "")]
    if None not in (before["cost_usd_per_h"], after["cost_usd_per_h"]):
        lines.append(_objective_line(before, after, "Cost", "cost_usd_per_h", 2, " USD/h"))
    gpus = after["gpus_used"] - before["gpus_used"]
    more = f"{abs(gpus)} GPU{'s' if abs(gpus) > 1 else ''} {'more' if gpus > 0 else 'fewer'}"
    lines.append(f"GPUs used: {after['gpus_used']}, {more if gpus else 'as many'}.")
    was = {slo_name(slo): slo for slo in before["slo"]}
    for slo in after["slo"]:
        old = was.get(slo_name(slo))
        if old is not None and None not in (old["achieved_ms"], slo["achieved_ms"]):
            limits = f"limit {exact(slo['limit_ms'])} ms"
            limits += "" if old["limit_ms"] == slo["limit_ms"] else f", before {exact(old['limit_ms'])} ms"
            lines.append(f"Achieved {slo_name(slo)}: {slo['achieved_ms']:,.1f} ms instead of {old['achieved_ms']:,.1f} ms ({limits}).")
    return [*lines, _routing_line(before, after)]


def _objective_line(before: Content, after: Content, what: str, key: str, decimals: int, unit: str) -> str:
    """One value, and by how much it rises or falls; a change within the gaps of both plans is told as none."""
    was, now = before[key], after[key]
    head = f"{what}: {now:,.{decimals}f}{unit}"
    of = {"quality": "quality", "cost_usd_per_h": "cost"}[key]
    left_open = sum(abs(one["objective"]["bound"] - one["objective"]["value"]) for one in (before, after) if one["objective"]["of"] == of)
    if abs(now - was) <= SMALL:
        return f"{head}, as before."
    if abs(now - was) <= max(left_open, 0.5 * 10**-decimals):
        return f"{head}, no difference beyond what the gaps leave open."
    percent = "" if not was else f" ({number(100.0 * abs(now - was) / abs(was), 2)} %)"
    return f"{head}, {abs(now - was):,.{decimals}f}{unit} {'more' if now > was else 'less'}{percent}."


def _routing_line(before: Content, after: Content) -> str:
    was, now = before["routing"], after["routing"]
    moved = [(llm, 100.0 * (now.get(llm, 0.0) - was.get(llm, 0.0))) for llm in {**was, **now}]
    told = [f"{llm} {change:+.1f} % points" for llm, change in moved if abs(change) >= 0.05]
    return f"Part of the requests: {', '.join(told)}." if told else "Every LLM gets the same part of the requests."


def steps_line(found: PlanDiff) -> str:
    """How many replicas stay, start and stop, and whether capacity holds on the way."""
    if not found.steps:
        return f"No replica changes: all {len(found.stays)} stay where they are."
    starts = sum(step.do == "start" for step in found.steps)
    short = "an order in which no LLM falls short was not found" if found.drops else "in this order no LLM falls short on the way"
    return f"Replicas: {len(found.stays)} stay, {starts} start, {len(found.steps) - starts} stop; {short}."


def lines_of(before: Content, after: Content) -> Sequence[str]:
    """All differences of two plans, asked and found."""
    asked = asked_lines(before, after)
    return [f"Asked: {'; '.join(asked)}." if asked else "Asked: the same demand, SLOs, GPUs and LLMs.", *change_lines(before, after)]


def points_table(contents: Mapping[str, Content]) -> pd.DataFrame:
    """Tabulate quality over the first of cost, rate, SLO limits and GPUs that differs, one row a plan; over the GPUs where none does."""
    across = {
        "Cost (USD/h)": [content["cost_usd_per_h"] for content in contents.values()],
        "Arrival rate (req/s)": [content["context"]["arrival_rate_rps"] for content in contents.values()],
    }
    for slo in next(iter(contents.values()))["slo"]:
        limits = [{slo_name(one): one["limit_ms"] for one in content["slo"]}.get(slo_name(slo)) for content in contents.values()]
        across[f"Limit on {slo_name(slo)} (ms)"] = limits
    across["GPUs used"] = [content["gpus_used"] for content in contents.values()]
    header = next((h for h, values in across.items() if None not in values and len(set(values)) > 1), "GPUs used")
    qualities = [content["quality"] for content in contents.values()]
    return pd.DataFrame({"Plan": list(contents), "Quality (mean score)": qualities, header: across[header]})
