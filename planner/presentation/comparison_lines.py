"""What differs between two plans, in sentences: inputs, quality, cost, GPUs, latencies, routing,
how each LLM is run. Infeasible plans too.
"""

import math
from collections import defaultdict
from collections.abc import Sequence

from planner.plans.labels import slo_name
from planner.plans.numbers import known_number
from planner.plans.option_index import option_key, option_key_order, option_slice_words
from planner.plans.schema import PlanContent
from planner.presentation.formatting import format_exact, format_number
from planner.presentation.scenario_changes import (
    changed_scenario_caution_lines,
    scenario_change_lines,
    unlisted_scenario_difference,
)

__all__ = ["compared_result_lines", "comparison_lines"]


SMALL = 1e-9
MOST = 4
"""LLMs listed by name in one sentence; the others are counted."""


# ---------------------------------------------------------------- sentences

WHY_NONE = {
    "infeasible": "no setup keeps all of its limits at once",
    "unknown": "the search stopped before one was found",
}


def compared_result_lines(before: PlanContent, after: PlanContent) -> list[str]:
    """What comes out differently: quality, cost, GPUs, latencies, routing, setup. Sentences of the
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
    quality = known_number(before["quality"]), known_number(after["quality"])
    lines = [
        _objective_comparison_line(
            "Quality", *quality, _comparison_left_open(before, after, "quality"), 5, ""
        )
    ]
    if before["cost_usd_per_h"] is not None and after["cost_usd_per_h"] is not None:
        cost = before["cost_usd_per_h"], after["cost_usd_per_h"]
        lines.append(
            _objective_comparison_line(
                "Cost", *cost, _comparison_left_open(before, after, "cost"), 2, " USD/h"
            )
        )
    gpus = known_number(after["gpus_used"]) - known_number(before["gpus_used"])
    more = f"{abs(gpus)} GPU{'s' if abs(gpus) > 1 else ''} {'more' if gpus > 0 else 'fewer'}"
    lines.append(f"GPUs used: {after['gpus_used']}, {more if gpus else 'unchanged'}.")
    was = {slo_name(slo): slo for slo in before["slo"]}
    for slo in after["slo"]:
        old = was.get(slo_name(slo))
        if old is not None and None not in (old["achieved_ms"], slo["achieved_ms"]):
            limits = f"limit {format_exact(slo['limit_ms'])} ms"
            limits += (
                ""
                if old["limit_ms"] == slo["limit_ms"]
                else f", before {format_exact(old['limit_ms'])} ms"
            )
            now, then = (f"{one['achieved_ms']:,.1f} ms" for one in (slo, old))
            change = "unchanged" if now == then else f"instead of {then}"
            lines.append(f"Achieved {slo_name(slo)}: {now}, {change} ({limits}).")
    return [
        *lines,
        _routing_comparison_line(before, after),
        *_setup_comparison_lines(before, after),
    ]


def _comparison_left_open(before: PlanContent, after: PlanContent, of: str) -> float:
    """What the gaps of both plans leave open of quality or cost; infinite without a bound."""
    gaps = [
        (one["objective"]["bound"], known_number(one["objective"]["value"]))
        for one in (before, after)
        if one["objective"]["of"] == of
    ]
    return sum(math.inf if bound is None else abs(bound - value) for bound, value in gaps)


def _objective_comparison_line(
    what: str, was: float, now: float, left_open: float, decimals: int, unit: str
) -> str:
    """One value, and by how much it rises or falls; nothing is claimed of a change within what the
    gaps of both plans leave open.
    """
    head = f"{what}: {now:,.{decimals}f}{unit}"
    if abs(now - was) <= SMALL:
        return f"{head}, unchanged."
    if abs(now - was) <= max(left_open, 0.5 * 10**-decimals):
        return f"{head}, no measurable difference."
    percent = "" if not was else f" ({format_number(100.0 * abs(now - was) / abs(was), 2)} %)"
    return (
        f"{head}, {abs(now - was):,.{decimals}f}{unit} {'more' if now > was else 'less'}{percent}."
    )


def _routing_comparison_line(before: PlanContent, after: PlanContent) -> str:
    was, now = before["routing"], after["routing"]
    moved = [(llm, 100.0 * (now.get(llm, 0.0) - was.get(llm, 0.0))) for llm in {**was, **now}]
    changes = [f"{llm} {change:+.1f}" for llm, change in moved if abs(change) >= 0.05]
    return (
        f"Share of the requests, in percentage points: {', '.join(changes)}."
        if changes
        else "Routing: unchanged."
    )


def _setup_comparison_lines(before: PlanContent, after: PlanContent) -> list[str]:
    """How each LLM is run, where that changes; nothing where all are run as before."""
    name_pools = any(len(one["context"]["pools"]) > 1 for one in (before, after))
    was, now = (_comparison_run(one, name_pools=name_pools) for one in (before, after))
    parts = [
        f"{llm} {run} becomes {now[llm]}" for llm, run in was.items() if now.get(llm, run) != run
    ]
    parts += [f"new: {llm} {run}" for llm, run in now.items() if llm not in was]
    parts += [f"gone: {llm} {run}" for llm, run in was.items() if llm not in now]
    return [f"Setup: {'; '.join(_most_compared(parts))}."] if parts else []


def _comparison_run(content: PlanContent, *, name_pools: bool) -> dict[str, str]:
    """LLM -> its options and replicas, e.g. `2 x tp4 70 % + 1 x tp2 100 %`."""
    runs: dict[str, list[str]] = defaultdict(list)
    for option in sorted(content["options"], key=lambda one: option_key_order(option_key(one))):
        pool = f"{option['pool']} " if name_pools else ""
        runs[option["llm"]].append(
            f"{option['replicas']} x {pool}tp{option['tp_degree']} {option_slice_words(option)}"
        )
    return {llm: " + ".join(words) for llm, words in runs.items()}


def _most_compared(parts: Sequence[str], what: str = "LLM") -> list[str]:
    """The first few; the others counted."""
    more = len(parts) - MOST
    return (
        [*parts[:MOST], f"and {more} more {what}{'s' if more > 1 else ''}"]
        if more > 0
        else list(parts)
    )


def comparison_lines(before: PlanContent, after: PlanContent) -> Sequence[str]:
    """Return all differences of two plans: of their inputs, then of their results."""
    changes = scenario_change_lines(before, after)
    same = f"the same demand, SLOs, GPUs and LLMs{unlisted_scenario_difference(before, after)}"
    first = f"Inputs: {'; '.join(changes) or same}."
    return [
        *changed_scenario_caution_lines(before, after),
        first,
        *compared_result_lines(before, after),
    ]
