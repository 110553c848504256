"""Other setups nearly as good, told: content for plan.json (`context.alternatives`), a named table
and sentences.

alternatives   why it is listed, objective found and best possible, loss, GPUs, cost, what changes
               from the plan found, and starts and stops from the plan that runs
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.plans.diff import diff_plans
from planner.plans.labels import objective_unit
from planner.plans.numbers import finite, tidy
from planner.plans.solved_content import solved_content
from planner.presentation.sentences import objective_text
from planner.settings import CLOSE_ENOUGH

if TYPE_CHECKING:
    from models.instance import Instance
    from planner.studies.alternatives import Alternatives

__all__ = ["alternative_plan", "alternatives_content", "alternatives_lines", "alternatives_table"]

PlanContent = Mapping[str, Any]

STOPS = {"time": "ran out of time", "interrupt": "was interrupted", "gap": "ended"}
OWN = ("aims", "loss", "loss_pct", "changes", "from_current")
"""Keys of an alternative that a plan does not have."""
AIMS = {"gpus": "fewest GPUs", "changes": "fewest changes", "next": "next best"}


def alternatives_content(
    instance: "Instance",
    plan: PlanContent,
    found: "Alternatives",
    asked: Mapping[str, Any],
    current: PlanContent | None,
    rel_gap: float,
) -> dict[str, Any]:
    """Tell them as plain JSON, best first, equal setups once; VerificationError when one fails its
    check.

    plan: content of the plan found. asked: number, loss_pct and current as they were asked for.
    current: content of the plan that runs.
    """
    told: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in found.others:
        content = solved_content(instance, one.solution, rel_gap)
        setup = tuple((_option(entry), entry["replicas"]) for entry in content["options"])
        if setup in told:
            told[setup]["aims"].append(one.aim)
            continue
        loss = _loss(plan, content["objective"]["value"])
        told[setup] = {
            "aims": [one.aim],
            "loss": loss,
            "loss_pct": 100.0 * loss / max(abs(plan["objective"]["value"]), 1e-9),
            "changes": _changes(plan, content),
            "from_current": _steps(current, {**plan, **content}),
            **content,
        }
    plans = sorted(told.values(), key=lambda entry: (entry["loss"], entry["gpus_used"]))
    return {
        "asked": dict(asked),
        "limit": finite(found.limit),
        "fewest_gpus": {"found": min(p["gpus_used"] for p in (plan, *plans)), "proved": found.gpus},
        "fewest_changes": _fewest_changes(plan, plans, found.changes, current),
        "complete": found.complete,
        "stopped": found.stopped,
        "plans": plans,
    }


def _loss(plan: PlanContent, value: float) -> float:
    """How much worse than the plan found, of the objective; negative = better, within the gaps."""
    best = plan["objective"]["value"]
    return float(best - value if plan["objective"]["sense"] == "maximize" else value - best)


def _option(entry: PlanContent) -> tuple[str, str, int, float]:
    return entry["llm"], entry["pool"], entry["tp_degree"], entry["mps_share_pct"]


def _changes(plan: PlanContent, other: PlanContent) -> list[dict[str, Any]]:
    """Options whose replicas differ from the plan found."""
    before = {_option(entry): entry["replicas"] for entry in plan["options"]}
    after = {_option(entry): entry["replicas"] for entry in other["options"]}
    heads = ("llm", "pool", "tp_degree", "mps_share_pct")
    differ = [key for key in sorted({*before, *after}) if before.get(key, 0) != after.get(key, 0)]
    return [
        {**dict(zip(heads, key, strict=True)), "from": before.get(key, 0), "to": after.get(key, 0)}
        for key in differ
    ]


def _steps(current: PlanContent | None, other: PlanContent) -> dict[str, int] | None:
    """Replicas that start and stop on the way from the plan that runs, as `diff` counts them."""
    if current is None:
        return None
    steps = [step.action for step in diff_plans(current, other).steps]
    return {"start": steps.count("start"), "stop": steps.count("stop")}


def _fewest_changes(
    plan: PlanContent, plans: Sequence[PlanContent], proved: int | None, current: PlanContent | None
) -> dict[str, int] | None:
    if proved is None or current is None:
        return None
    own = _steps(current, plan)
    return {
        "found": min(
            steps["start"] + steps["stop"]
            for steps in (own, *(p["from_current"] for p in plans))
            if steps is not None
        ),
        "proved": proved,
        "plan_found": 0 if own is None else own["start"] + own["stop"],
    }


def alternative_plan(
    instance: "Instance", content: PlanContent, number: int, rel_gap: float
) -> dict[str, Any]:
    """One of the alternatives (from 0) as a plan of its own: content of plan.json, with the bound
    of all plans and the gap to it.
    """
    entry = content["context"]["alternatives"]["plans"][number]
    context = {
        key: value
        for key, value in content["context"].items()
        if key not in ("alternatives", "marginals")
    }
    value, bound = entry["objective"]["value"], content["objective"]["bound"]
    gap, span = (
        None if bound is None else abs(bound - value) / max(abs(value), 1e-9),
        float(np.ptp(instance.scores.values)),
    )
    closed = gap is not None and (gap <= rel_gap or abs(bound - value) <= CLOSE_ENOUGH * span)
    return {
        **content,
        **{key: value for key, value in entry.items() if key not in OWN},
        "status": "optimal" if closed else "feasible",
        "objective": {**entry["objective"], "bound": bound, "rel_gap": gap},
        "solver": {**entry["solver"], "termination": "gap" if closed else "choice"},
        "context": context,
    }


def alternatives_table(content: PlanContent) -> pd.DataFrame:
    """Tabulate them; without rows when they were not asked for or none was found."""
    unit = objective_unit(content)
    heads = [
        "Why it is listed",
        f"Found ({unit})",
        f"Best possible ({unit})",
        "Loss (%)",
        "Quality (score)",
        "GPUs",
        "Cost (USD/h)",
    ]
    rows = []
    for entry in content["context"].get("alternatives", {}).get("plans", []):
        steps = entry["from_current"] or {"start": None, "stop": None}
        why = ", ".join(AIMS[aim] for aim in entry["aims"])
        objective = entry["objective"]
        sizes = (entry["loss_pct"], entry["quality"], entry["gpus_used"], entry["cost_usd_per_h"])
        differs = "; ".join(
            _change_words(change, len(content["context"]["pools"]) > 1)
            for change in entry["changes"]
        )
        rows.append(
            (
                why,
                objective["value"],
                objective["bound"],
                *sizes,
                differs,
                steps["start"],
                steps["stop"],
            )
        )
    return pd.DataFrame(
        rows,
        columns=[*heads, "Replicas against the plan found", "Start (replicas)", "Stop (replicas)"],
    )


def _change_words(change: PlanContent, name_pool: bool) -> str:
    """Tell replicas more or fewer of an option."""
    option = f"{change['llm']} tp{change['tp_degree']} {tidy(change['mps_share_pct'])} %"
    return f"{change['to'] - change['from']:+d} {option}" + (
        f" on {change['pool']}" if name_pool else ""
    )


def alternatives_lines(content: PlanContent) -> list[str]:
    """Tell what was looked for and what is proved; no lines when they were not asked for."""
    told = content["context"].get("alternatives")
    if told is None:
        return []
    asked, plans = told["asked"], told["plans"]
    word = "at least" if content["objective"]["sense"] == "maximize" else "at most"
    lines = [
        f"Setups within a loss of {tidy(asked['loss_pct'])} %: {word}"
        f" {objective_text(content, told['limit'])}."
    ]
    gpus = told["fewest_gpus"]
    lines.append(f"Fewest GPUs within it: {gpus['found']}; {_proof(gpus, 'GPU')}.")
    if (changes := told["fewest_changes"]) is not None:
        lines.append(
            f"Fewest replicas to start or stop from {asked['current']}: {changes['found']}"
            f" ({changes['plan_found']} for the plan found); {_proof(changes, 'start or stop')}."
        )
    following = sum("next" in entry["aims"] for entry in plans)
    if told["complete"]:
        lines.append(
            "No other kind of setup lies within the loss: proved. --near-loss allows more than"
            f" {tidy(asked['loss_pct'])} %."
        )
    elif following == asked["number"]:
        lines.append(f"The {following} next best setups; more may lie within the loss.")
    else:
        lines.append(
            f"{following} next best setups were found before the search {STOPS[told['stopped']]};"
            " others may lie within the loss."
        )
    return [
        *lines,
        (
            "The same replicas at other MPS shares do not count as another setup, nor does a listed"
            " one with more on top."
        ),
    ]


def _proof(count: PlanContent, what: str) -> str:
    if count["proved"] >= count["found"]:
        return "that fewer cannot do is proved"
    return (
        f"that fewer cannot do is not proved: at least {count['proved']}"
        f" {what}{'' if count['proved'] == 1 else 's'} are needed"
    )
