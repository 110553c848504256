"""Plans side by side, told: tables and sentences for `diff` and for the page Compare.

Reads contents of plan.json, infeasible ones too.

compared    what was asked and what was found, one column a plan, then the change of each plan
            against the first
setups      replicas of every option in each plan
routing     part of the requests of every LLM in each plan
lines       what differs between two plans in sentences: asked, quality, cost, GPUs, latency,
            routing, how each LLM is run
steps       how many replicas change on the way, which LLMs fall short, and what to do about it
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

from planner.plans.diff import PlanDiff
from planner.plans.labels import objective_unit, slo_name
from planner.plans.node_matching import PlacedReplica
from planner.plans.numbers import known, tidy
from planner.plans.option_index import option_key
from planner.plans.schema import PlanContent
from planner.plans.step_order import Action, MigrationStep
from planner.presentation.scenario_changes import asked_lines, incomparable_lines
from planner.presentation.sentences import exact, gap_text, number

__all__ = [
    "change_lines",
    "compared_table",
    "diff_tables",
    "lines_of",
    "points_table",
    "routing_table",
    "setups_table",
    "steps_line",
]


NONE = "-"
SMALL = 1e-9
MOST = 4
"""LLMs told by name in one sentence; the others are counted."""


def _sizes(content: PlanContent) -> dict[str, tuple[float | None, str, int | None]]:
    """Every number that plans are compared by: header -> value, unit, decimals (None: all
    digits).
    """
    context = content["context"]
    sizes: dict[str, tuple[float | None, str, int | None]] = {
        "Asked: arrival rate": (context["arrival_rate_rps"], "req/s", None)
    }
    sizes |= {
        f"Asked: {slo_name(slo)} at most": (slo["limit_ms"], "ms", None) for slo in content["slo"]
    }
    sizes["Asked: quality at least"] = (context["quality_at_least"], "mean score", None)
    sizes |= {
        f"Asked: nodes of pool {pool['name']}": (pool["nodes"], "nodes", None)
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


def compared_table(contents: Mapping[str, PlanContent]) -> pd.DataFrame:
    """Tabulate plans side by side, in words: status, gap and every number, then the change against
    the first plan.
    """
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
        unit, decimals = next(
            (unit, decimals) for value, unit, decimals in told if value is not None
        )
        values = [NONE if value is None else _told(value, decimals) for value, _, _ in told]
        changes = [_change(told[0][0], value, decimals) for value, _, _ in told[1:]]
        rows.append([header, unit, *values, *changes])
    gaps = [
        NONE if (gap := content["objective"]["rel_gap"]) is None else gap_text(gap)
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


def _told(value: float, decimals: int | None) -> str:
    return exact(value) if decimals is None else f"{value:,.{decimals}f}"


def _change(before: float | None, after: float | None, decimals: int | None) -> str:
    """A signed difference, `=` for none; blank where one of both is not known."""
    if before is None or after is None:
        return ""
    change = after - before
    told = f"{change:+,.12g}" if decimals is None else f"{change:+,.{decimals}f}"
    return "=" if abs(change) < SMALL or not any(sign in told for sign in "123456789") else told


def setups_table(contents: Mapping[str, PlanContent]) -> pd.DataFrame:
    """Tabulate the replicas of every option that runs in one of the plans."""
    held = {
        name: {option_key(option): option["replicas"] for option in content["options"]}
        for name, content in contents.items()
    }
    keys = sorted({key for options in held.values() for key in options})
    rows = [(*key, *(options.get(key, 0) for options in held.values())) for key in keys]
    names = [f"{name} (replicas)" for name in contents]
    return pd.DataFrame(rows, columns=["LLM", "Pool", "TP degree (GPUs)", "MPS share (%)", *names])


def routing_table(contents: Mapping[str, PlanContent]) -> pd.DataFrame:
    """Tabulate which part of the requests every LLM gets in each plan."""
    llms = dict.fromkeys(llm for content in contents.values() for llm in content["routing"])
    parts = {
        f"{name} (%)": [100.0 * content["routing"].get(llm, 0.0) for llm in llms]
        for name, content in contents.items()
    }
    return pd.DataFrame({"LLM": list(llms), **parts})


# ---------------------------------------------------------------- sentences

WHY_NONE = {
    "infeasible": "no setup keeps all of its limits at once",
    "unknown": "the search stopped before one was found",
}


def change_lines(before: PlanContent, after: PlanContent) -> list[str]:
    """What is found differently: quality, cost, GPUs, latencies, routing, setup. Sentences of the
    form `now instead of before`.
    """
    words = (("The plan compared with", before), ("This plan", after))
    missing = [
        f"{word} has no setup: {WHY_NONE.get(one['status'], one['status'])}."
        for word, one in words
        if not one["options"]
    ]
    if missing:
        return missing
    quality = known(before["quality"]), known(after["quality"])
    lines = [_objective_line("Quality", *quality, _left_open(before, after, "quality"), 5, "")]
    if before["cost_usd_per_h"] is not None and after["cost_usd_per_h"] is not None:
        cost = before["cost_usd_per_h"], after["cost_usd_per_h"]
        lines.append(_objective_line("Cost", *cost, _left_open(before, after, "cost"), 2, " USD/h"))
    gpus = known(after["gpus_used"]) - known(before["gpus_used"])
    more = f"{abs(gpus)} GPU{'s' if abs(gpus) > 1 else ''} {'more' if gpus > 0 else 'fewer'}"
    lines.append(f"GPUs used: {after['gpus_used']}, {more if gpus else 'as many'}.")
    was = {slo_name(slo): slo for slo in before["slo"]}
    for slo in after["slo"]:
        old = was.get(slo_name(slo))
        if old is not None and None not in (old["achieved_ms"], slo["achieved_ms"]):
            limits = f"limit {exact(slo['limit_ms'])} ms"
            limits += (
                ""
                if old["limit_ms"] == slo["limit_ms"]
                else f", before {exact(old['limit_ms'])} ms"
            )
            lines.append(
                f"Achieved {slo_name(slo)}: {slo['achieved_ms']:,.1f} ms instead of"
                f" {old['achieved_ms']:,.1f} ms ({limits})."
            )
    return [*lines, _routing_line(before, after), *_setup_lines(before, after)]


def _left_open(before: PlanContent, after: PlanContent, of: str) -> float:
    """What the gaps of both plans leave open of quality or cost; infinite without a bound."""
    gaps = [
        (one["objective"]["bound"], known(one["objective"]["value"]))
        for one in (before, after)
        if one["objective"]["of"] == of
    ]
    return sum(math.inf if bound is None else abs(bound - value) for bound, value in gaps)


def _objective_line(
    what: str, was: float, now: float, left_open: float, decimals: int, unit: str
) -> str:
    """One value, and by how much it rises or falls; nothing is claimed of a change within what the
    gaps of both plans leave open.
    """
    head = f"{what}: {now:,.{decimals}f}{unit}"
    if abs(now - was) <= SMALL:
        return f"{head}, as before."
    if abs(now - was) <= max(left_open, 0.5 * 10**-decimals):
        return f"{head}, no difference beyond what the gaps leave open."
    percent = "" if not was else f" ({number(100.0 * abs(now - was) / abs(was), 2)} %)"
    return (
        f"{head}, {abs(now - was):,.{decimals}f}{unit} {'more' if now > was else 'less'}{percent}."
    )


def _routing_line(before: PlanContent, after: PlanContent) -> str:
    was, now = before["routing"], after["routing"]
    moved = [(llm, 100.0 * (now.get(llm, 0.0) - was.get(llm, 0.0))) for llm in {**was, **now}]
    told = [f"{llm} {change:+.1f} % points" for llm, change in moved if abs(change) >= 0.05]
    return (
        f"Part of the requests: {', '.join(told)}."
        if told
        else "Every LLM gets the same part of the requests."
    )


def _setup_lines(before: PlanContent, after: PlanContent) -> list[str]:
    """How each LLM is run, where that changes; nothing where all are run as before."""
    name_pools = any(len(one["context"]["pools"]) > 1 for one in (before, after))
    was, now = (_run(one, name_pools) for one in (before, after))
    parts = [
        f"{llm} {run} becomes {now[llm]}" for llm, run in was.items() if now.get(llm, run) != run
    ]
    parts += [f"new: {llm} {run}" for llm, run in now.items() if llm not in was]
    parts += [f"gone: {llm} {run}" for llm, run in was.items() if llm not in now]
    return [f"Setup: {'; '.join(_most(parts))}."] if parts else []


def _run(content: PlanContent, name_pools: bool) -> dict[str, str]:
    """LLM -> its options and replicas, e.g. `2 x tp4 70 % + 1 x tp2 100 %`."""
    runs: dict[str, list[str]] = defaultdict(list)
    for option in sorted(content["options"], key=option_key):
        pool = f"{option['pool']} " if name_pools else ""
        runs[option["llm"]].append(
            f"{option['replicas']} x {pool}tp{option['tp_degree']}"
            f" {tidy(option['mps_share_pct'])} %"
        )
    return {llm: " + ".join(words) for llm, words in runs.items()}


def _most(parts: Sequence[str], what: str = "LLM") -> list[str]:
    """The first few; the others counted."""
    more = len(parts) - MOST
    return (
        [*parts[:MOST], f"and {more} more {what}{'s' if more > 1 else ''}"]
        if more > 0
        else list(parts)
    )


def steps_line(found: PlanDiff) -> str:
    """How many replicas stay, start and stop, whether capacity holds on the way, and what helps
    where it does not.
    """
    if not found.steps:
        return f"No replica changes: all {len(found.stays)} stay where they are."
    starts = sum(step.action is Action.START for step in found.steps)
    head = f"Replicas: {len(found.stays)} stay, {starts} start, {len(found.steps) - starts} stop"
    if not found.drops:
        return f"{head}; in this order no LLM falls short on the way."
    return (
        f"{head}; an order in which no LLM falls short was not found. Short:"
        f" {', '.join(_most(_shortages(found)))}. {_advice(found)}"
    )


def _shortages(found: PlanDiff) -> list[str]:
    """By how much, and when, each LLM falls short of what the smaller of both plans gives it."""
    told = []
    for llm, left in found.least.items():
        lacks = {
            k: step.short[llm] for k, step in enumerate(found.steps, start=1) if llm in step.short
        }
        first, last = min(lacks), max(lacks)
        when = (
            f"step {first}"
            if first == last
            else (
                f"steps {first} to {last}"
                if last - first < len(lacks)
                else f"{len(lacks)} of the steps"
            )
        )
        none = "" if left > SMALL else " (at times without a replica)"
        told.append(f"{llm} by up to {max(lacks.values()):,.2f} req/s after {when}{none}")
    return told


def _advice(found: PlanDiff) -> str:
    """What keeps every LLM from falling short: spare GPUs, a quiet hour, other LLMs for those that
    have no replica at one time.
    """
    spares = [
        f"{count} x {llm} tp{degree} {tidy(share)} % (each on {degree}"
        f" GPU{'s' if degree > 1 else ''} of one node of pool {pool})"
        for (llm, pool, degree, share), count in Counter(
            replica.key for replica in found.spares
        ).items()
    ]
    lines = [
        f"None would be if spare GPUs ran in the meantime: {'; '.join(_most(spares, 'option'))}."
    ]
    parts = {llm: max(found.fractions[llm]) for llm in found.least}
    quiet = min((found.least[llm] / part for llm, part in parts.items() if part > 0), default=0.0)
    if (rate := math.floor(10 * quiet) / 10) > 0:
        lines.append(
            f"Up to {exact(rate)} req/s in all they can take their parts of the requests"
            " nevertheless; latencies were not checked."
        )
    elif gone := [llm for llm, left in found.least.items() if left <= SMALL and parts[llm] > 0]:
        lines.append(
            f"Else requests of {', '.join(_most(gone))} have to go to other LLMs in the meantime."
        )
    return " ".join(lines)


def lines_of(before: PlanContent, after: PlanContent) -> Sequence[str]:
    """All differences of two plans, asked and found."""
    asked = asked_lines(before, after)
    first = (
        f"Asked: {'; '.join(asked)}." if asked else "Asked: the same demand, SLOs, GPUs and LLMs."
    )
    return [*incomparable_lines(before, after), first, *change_lines(before, after)]


def points_table(contents: Mapping[str, PlanContent]) -> pd.DataFrame:
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


def diff_tables(found: PlanDiff) -> dict[str, pd.DataFrame]:
    """Make the named tables: changes, steps, routing_change.

    Capacity short: what LLMs lack after the step, by name.
    """
    changes = [
        (
            *c.key,
            c.before,
            c.after,
            c.stays,
            c.moves,
            c.after - c.stays - c.moves,
            c.before - c.stays - c.moves,
        )
        for c in found.changes
    ]
    heads = [
        "LLM",
        "Pool",
        "TP degree (GPUs)",
        "MPS share (%)",
        "Replicas before",
        "Replicas after",
        "Stay",
        "Move",
        "New",
        "Gone",
    ]
    steps = [
        (
            k,
            s.action,
            s.replica.key[0],
            _option(s.replica),
            s.replica.key[1],
            s.replica.node,
            _gpus(s.replica),
            _short(s),
        )
        for k, s in enumerate(found.steps, start=1)
    ]
    step_heads = ["Step", "Do", "LLM", "Option", "Pool", "Node", "GPUs", "Capacity short (req/s)"]
    routing = [(llm, 100 * a, 100 * b, 100 * (b - a)) for llm, (a, b) in found.fractions.items()]
    return {
        "changes": pd.DataFrame(changes, columns=heads),
        "steps": pd.DataFrame(steps, columns=step_heads),
        "routing_change": pd.DataFrame(
            routing, columns=["LLM", "Before (%)", "After (%)", "Change (% points)"]
        ),
    }


def _short(step: MigrationStep) -> str | None:
    """Which LLMs lack how much after the step; None where none does."""
    return "; ".join(f"{llm} {lack:,.2f}" for llm, lack in step.short.items()) or None


def _option(replica: PlacedReplica) -> str:
    return f"tp{replica.key[2]} {tidy(replica.key[3])} %"


def _gpus(replica: PlacedReplica) -> str:
    return ", ".join(map(str, replica.gpus))
