"""How the inputs of two plans differ, in sentences: demand, SLOs, quality, GPUs, objective, LLMs,
their replicas, filters; and whether their qualities compare at all.

Reads contents of plan.json, infeasible ones and those of older files too.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from planner.plans.headroom_content import stated_headroom
from planner.plans.labels import slo_name
from planner.plans.schema import LlmContent, PlanContent
from planner.presentation.formatting import format_exact

__all__ = [
    "HEADROOM",
    "changed_scenario_caution_lines",
    "scenario_change_lines",
    "unlisted_scenario_difference",
]


HEADROOM = {
    "slo_pct": "of the SLO limits (%)",
    "rate_pct": "of the arrival rate (%)",
    "utilization_pct": "of the curves' last rates (%)",
}


def _headroom_of_scenario(content: PlanContent) -> dict[str, float]:
    """What is kept free, in words and per cent."""
    free: Mapping[str, Any] = stated_headroom(content)
    return {words: free[key] for key, words in HEADROOM.items()}


INPUTS: Sequence[tuple[str, str, Callable[[PlanContent], Mapping[str, Any]]]] = (
    ("arrival rate", "req/s", lambda one: {"": one["context"]["arrival_rate_rps"]}),
    ("the SLO on", "ms", lambda one: {slo_name(slo): slo["limit_ms"] for slo in one["slo"]}),
    ("headroom", "", _headroom_of_scenario),
    ("quality at least", "(mean score)", lambda one: {"": one["context"]["quality_at_least"]}),
    (
        "pool",
        "nodes",
        lambda one: {pool["name"]: pool["nodes"] for pool in one["context"]["pools"]},
    ),
    (
        "GPUs per node of pool",
        "",
        lambda one: {pool["name"]: pool["gpus_per_node"] for pool in one["context"]["pools"]},
    ),
)

FILTERS: Mapping[str, tuple[str, str]] = {
    "tp_degrees": ("TP degrees:", ""),
    "mps_shares_pct": ("MPS shares:", " %"),
    "mig_profiles": ("MIG profiles:", ""),
    "memory_headroom_pct": ("memory kept free:", " %"),
    "min_gpu_utilization_pct": ("minimum of allocated compute:", " %"),
}
"""Settings that keep options or setups out: words, unit."""


def scenario_change_lines(before: PlanContent, after: PlanContent) -> list[str]:
    """Return how the inputs differ, a phrase each."""
    changes = []
    for what, unit, read in INPUTS:
        one, other = read(before), read(after)
        for key in dict.fromkeys([*one, *other]):
            if one.get(key) != other.get(key):
                words = " ".join(part for part in (what, key) if part)
                changes.append(
                    f"{words} {_scenario_change_value(other.get(key), unit)} instead of"
                    f" {_scenario_change_value(one.get(key), unit)}"
                )
    if before["objective"]["of"] != after["objective"]["of"]:
        changes.append(
            f"the objective is {after['objective']['of']} instead of {before['objective']['of']}"
        )
    was, now = _scenario_llm_changes(before, after)
    changes += [f"without {llm}" for llm in was if llm not in now] + [
        f"with {llm}" for llm in now if llm not in was
    ]
    changes += _scenario_replica_limit_changes(before, after)
    changes += _scenario_table_changes(before, after)
    filters, others = dict(before["context"]["filters"]), dict(after["context"]["filters"])
    for key, value in filters.items():
        if key in others and others[key] != value:
            words, unit = FILTERS.get(key, (key, ""))
            changes.append(
                f"{words} {_scenario_filter_change(others[key], unit)} instead of"
                f" {_scenario_filter_change(value, unit)}"
            )
    return changes


def _scenario_table_changes(before: PlanContent, after: PlanContent) -> list[str]:
    """That curves or scores differ, as far as both plans say; those of other LLMs differ anyway."""
    was, now = (one["context"].get("tables_sha256", {}) for one in (before, after))
    llms, others = _scenario_llm_changes(before, after)
    words = {"curves": "the curves differ"}
    if set(llms) == set(others):
        words["scores"] = "the scores differ"
    return [
        text for key, text in words.items() if key in was and key in now and was[key] != now[key]
    ]


def unlisted_scenario_difference(before: PlanContent, after: PlanContent) -> str:
    """Of two scenarios that differ in nothing that is listed, what may differ all the same; ""
    where they are one, or both plans say what tables they are of.
    """
    known = all("tables_sha256" in one["context"] for one in (before, after))
    if known or before["scenario_sha256"] == after["scenario_sha256"]:
        return ""
    return "; curves, scores or other inputs may differ"


def _scenario_change_value(value: float | None, unit: str) -> str:
    return (
        "none"
        if value is None
        else f"{format_exact(value)} {'node' if unit == 'nodes' and value == 1 else unit}".strip()
    )


def _scenario_filter_change(value: Any, unit: str) -> str:
    """One setting in words; None is everything that was profiled."""
    if value is None:
        return "all profiled"
    return (
        ", ".join(format_exact(one) for one in (value if isinstance(value, Sequence) else [value]))
        + unit
    )


def _scenario_llm_changes(before: PlanContent, after: PlanContent) -> tuple[list[str], list[str]]:
    """The LLMs of both scenarios: as listed, else (older files) as routed to; none where that
    is not known of both.
    """
    listed = [[llm["name"] for llm in one["context"].get("llms", [])] for one in (before, after)]
    was, now = listed if all(listed) else [list(one["routing"]) for one in (before, after)]
    return (was, now) if was and now else ([], [])


def _scenario_replica_limit_changes(before: PlanContent, after: PlanContent) -> list[str]:
    """Limits on replicas that differ, of LLMs that both plans list."""
    was, now = (_scenario_limits_of(one["context"].get("llms", [])) for one in (before, after))
    return [
        f"replicas of {llm} at {word} {_scenario_change_value(limit, '')} instead of"
        f" {_scenario_change_value(was[word, llm], '')}"
        for (word, llm), limit in now.items()
        if (word, llm) in was and was[word, llm] != limit
    ]


def _scenario_limits_of(llms: Sequence[LlmContent]) -> dict[tuple[str, str], int | None]:
    """(least or most, LLM) -> its limit on replicas."""
    least: dict[tuple[str, str], int | None] = {
        ("least", llm["name"]): llm["min_replicas"] for llm in llms
    }
    return least | {("most", llm["name"]): llm["max_replicas"] for llm in llms}


def changed_scenario_caution_lines(before: PlanContent, after: PlanContent) -> list[str]:
    """Say where qualities of two plans are not comparable."""
    prompts = [one["context"]["prompts"] for one in (before, after)]
    was, now = _scenario_llm_changes(before, after)
    if prompts[0] != prompts[1]:
        return [
            f"Different prompts ({prompts[1]:,} instead of {prompts[0]:,}): qualities are not"
            " comparable."
        ]
    if set(was) != set(now):
        return [
            "Different LLMs: qualities are comparable only if both plans use the same prompts,"
            " scored in the same way."
        ]
    return []
