"""The cross-check as a table of joint plan and decomposition, and sentences: the verdict, what was
compared and to which precision.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from models.instance import Instance
from planner.presentation.formatting import format_config, format_number
from planner.solution import Solution
from planner.studies.crosscheck import ROUNDING, CheckVerdict, CrossCheck

__all__ = [
    "crosscheck_enumeration_line",
    "crosscheck_method_line",
    "crosscheck_setup_by_llm",
    "crosscheck_table",
    "crosscheck_verdict_line",
]

MEANING: Mapping[CheckVerdict, str] = {
    CheckVerdict.AGREE: "joint plan and decomposition both find",
    CheckVerdict.BRACKETS: "neither plan exceeds the other's bound",
    CheckVerdict.DISAGREE: "joint plan and decomposition contradict each other",
    CheckVerdict.CONTRADICTS: "joint plan and decomposition contradict each other",
    CheckVerdict.OPEN: "the joint search was stopped before there was anything to compare",
}


def _value_text(instance: Instance, value: float | None) -> str:
    if value is None or not np.isfinite(value):
        return "-"
    return f"{value:,.2f} USD/h" if instance.objective == "cost" else f"{value:.6f}"


def crosscheck_verdict_line(check: CrossCheck, joint: Solution, instance: Instance) -> str:
    """Render the verdict in one line."""
    what = MEANING[check.verdict]
    if check.verdict == "agree":
        common = (
            "that no plan keeps all limits"
            if joint.status == "infeasible"
            else f"{instance.objective} {_value_text(instance, joint.value)}"
        )
        what = f"{what} {common}"
    return f"{check.verdict}: {what}"


def crosscheck_table(check: CrossCheck, joint: Solution) -> pd.DataFrame:
    """Value, bound, gap and seconds of the joint plan and of the decomposition."""
    best = check.decomposition.best
    rows = [
        ("joint plan", joint.value, joint.bound, check.joint_gap, joint.effort.wall),
        (
            "decomposition",
            best.value,
            best.bound if np.isfinite(best.bound) else None,
            check.decomposition_gap,
            check.decomposition.seconds,
        ),
    ]
    return pd.DataFrame(rows, columns=["Method", "Found", "Best possible", "Gap", "Seconds"])


def crosscheck_method_line(check: CrossCheck, joint: Solution, instance: Instance) -> str:
    """Say in one sentence what was compared, and to what precision."""
    decomposition, best = check.decomposition, check.decomposition.best
    if decomposition.complete:
        pruned = best.enumerated - best.routed_setups - best.refused
        how = (
            f"dual prices over all {best.enumerated:,} setups within the compute"
            f" ({best.routed_setups:,} routed, {best.refused:,} not placed, {pruned:,} pruned by"
            f" bounds; {decomposition.retained:,} are placed by first-fit decreasing)"
        )
    elif decomposition.reason:
        how = (
            "a Lagrangian relaxation and a plan rounded from it, because"
            f" {decomposition.reason.partition(';')[0]}"
        )
    else:
        how = f"dual prices over {best.enumerated:,} setups, stopped after {best.routed_setups:,}"
    head = f"Compared: the mixed-integer program on HiGHS with {how}"
    unit = "USD/h" if instance.objective == "cost" else "mean score"
    if check.difference is None or check.joint_gap is None or check.decomposition_gap is None:
        return f"{head}; statuses and bounds alone, because not both have a plan."
    allowed = check.joint_gap + check.decomposition_gap
    if check.verdict == "brackets":
        width = 100.0 * check.decomposition_gap / max(abs(best.value or 0.0), 1e-9)
        return (
            f"{head}; neither plan exceeds the other's bound, and plan and bound of the"
            f" decomposition are {format_number(width, 2)} % apart."
        )
    return (
        f"{head}; the plans differ by {abs(check.difference):.2g} {unit}, allowed are both gaps"
        f" together, {allowed:.2g}, and bounds are kept to {ROUNDING:.0e} of the range of scores."
    )


def crosscheck_enumeration_line(each: float, retained: int, joint_seconds: float) -> str:
    """Say how long routing every setup one by one would take, compared with the joint plan."""
    whole = each * retained
    times = whole / max(joint_seconds, 1e-9)
    return (
        f"Routing all {retained:,} setups one by one would take about {format_number(whole, 2)} s"
        f" ({format_number(1000 * each, 2)} ms per setup, from a sample);"
        f" {format_number(times, 2)} times the joint plan's {format_number(joint_seconds, 2)} s."
    )


def crosscheck_setup_by_llm(solution: Solution, instance: Instance) -> dict[str, Any]:
    """Return the setup of a solution, LLM by LLM: how it is run and which part of the prompts it
    answers.
    """
    setup = {}
    for i, llm in enumerate(instance.llms):
        config = tuple(
            (int(o), int(solution.replicas[o]))
            for o in np.flatnonzero(solution.replicas)
            if instance.options[o].llm == i
        )
        setup[llm.name] = (
            f"{format_config(instance, config)}: {100 * solution.fractions[i]:.1f} %"
            if config
            else "-"
        )
    return setup
