"""The change from one plan to another: how many replicas stay, start and stop, which LLMs lack
capacity meanwhile, and what helps; tables of changes, steps and routing.
"""

import math
from collections import Counter

import pandas as pd

from planner.plans.changes.diff import PlanDiff
from planner.plans.changes.node_matching import PlacedReplica
from planner.plans.changes.step_order import Action, MigrationStep
from planner.plans.option_index import (
    option_slice_content,
    option_slice_pct,
    option_slice_text,
    with_option_profiles,
)
from planner.presentation.comparison_lines import SMALL, _most_compared
from planner.presentation.formatting import format_exact


def diff_line(diff: PlanDiff) -> str:
    """How many replicas stay, start and stop, whether capacity holds meanwhile, and what helps
    where it does not.
    """
    if not diff.steps:
        return f"No replica changes: all {len(diff.stays)} stay where they are."
    starts = sum(step.action is Action.START for step in diff.steps)
    head = f"Replicas: {len(diff.stays)} stay, {starts} start, {len(diff.steps) - starts} stop"
    if not diff.drops:
        return f"{head}; no LLM lacks capacity in this order."
    return (
        f"{head}; no order was found in which every LLM keeps its capacity. Short:"
        f" {', '.join(_most_compared(_diff_shortages(diff)))}. {_diff_advice(diff)}"
    )


def _diff_shortages(diff: PlanDiff) -> list[str]:
    """By how much, and when, each LLM falls short of what the smaller of both plans gives it."""
    lines = []
    for llm, left in diff.least.items():
        lacks = {
            k: step.short[llm] for k, step in enumerate(diff.steps, start=1) if llm in step.short
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
        lines.append(f"{llm} by up to {max(lacks.values()):,.2f} req/s after {when}{none}")
    return lines


def _diff_advice(diff: PlanDiff) -> str:
    """What keeps every LLM from falling short: spare GPUs, a quiet hour, other LLMs for those that
    have no replica at one time.
    """
    spares = [
        f"{count} x {llm} tp{degree} {option_slice_text(share)} (each on {degree}"
        f" GPU{'s' if degree > 1 else ''} of one node of pool {pool})"
        for (llm, pool, degree, share), count in Counter(
            replica.key for replica in diff.spares
        ).items()
    ]
    lines = [
        "Spare GPUs in the meantime would avoid that:"
        f" {'; '.join(_most_compared(spares, 'option'))}."
    ]
    parts = {llm: max(diff.fractions[llm]) for llm in diff.least}
    quiet = min((diff.least[llm] / part for llm, part in parts.items() if part > 0), default=0.0)
    if (rate := math.floor(10 * quiet) / 10) > 0:
        lines.append(
            f"Up to {format_exact(rate)} req/s in all, capacity suffices anyway; latencies were not"
            " checked."
        )
    elif gone := [llm for llm, left in diff.least.items() if left <= SMALL and parts[llm] > 0]:
        lines.append(
            f"Otherwise requests of {', '.join(_most_compared(gone))} must go to other LLMs in"
            " the meantime."
        )
    return " ".join(lines)


def diff_tables(diff: PlanDiff) -> dict[str, pd.DataFrame]:
    """Make the named tables: changes, steps, routing_change.

    Capacity short: what LLMs lack after the step, by name.
    """
    changes = [
        (
            *c.key[:3],
            option_slice_pct(c.key[3]),
            c.before,
            c.after,
            c.stays,
            c.moves,
            c.after - c.stays - c.moves,
            c.before - c.stays - c.moves,
        )
        for c in diff.changes
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
        for k, s in enumerate(diff.steps, start=1)
    ]
    step_heads = ["Step", "Do", "LLM", "Option", "Pool", "Node", "GPUs", "Capacity short (req/s)"]
    routing = [(llm, 100 * a, 100 * b, 100 * (b - a)) for llm, (a, b) in diff.fractions.items()]
    return {
        "changes": with_option_profiles(
            pd.DataFrame(changes, columns=heads),
            [option_slice_content(c.key[3]) for c in diff.changes],
        ),
        "steps": pd.DataFrame(steps, columns=step_heads),
        "routing_change": pd.DataFrame(
            routing, columns=["LLM", "Before (%)", "After (%)", "Change (% points)"]
        ),
    }


def _short(step: MigrationStep) -> str | None:
    """Which LLMs lack how much after the step; None where none does."""
    return "; ".join(f"{llm} {lack:,.2f}" for llm, lack in step.short.items()) or None


def _option(replica: PlacedReplica) -> str:
    return f"tp{replica.key[2]} {option_slice_text(replica.key[3])}"


def _gpus(replica: PlacedReplica) -> str:
    return ", ".join(map(str, replica.gpus))
