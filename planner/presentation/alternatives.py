"""Other setups nearly as good: content for plan.json (`context.alternatives`), a named table
and sentences.

alternatives   why it is listed, objective found and best possible, loss, GPUs, cost, what changes
               from the plan, and starts and stops from the plan that runs
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from planner.plans.changes.diff import diff_plans
from planner.plans.changes.step_order import Action
from planner.plans.labels import objective_unit
from planner.plans.numbers import finite_number, known_number, tidy
from planner.plans.option_index import (
    option_key,
    option_key_order,
    option_slice_content,
    option_slice_words,
)
from planner.plans.schema import (
    AlternativeContent,
    AlternativesContent,
    FewestChangesContent,
    FewestGpusContent,
    ObjectiveContent,
    PlanContent,
    ReplicaChangeContent,
    SearchedContent,
    SolvedContent,
    StartsAndStopsContent,
)
from planner.plans.solved_content import solved_content
from planner.presentation.formatting import format_objective
from planner.settings import CLOSE_ENOUGH
from planner.solution import Status, Termination

if TYPE_CHECKING:
    from models.instance import Instance
    from planner.studies.alternatives import Alternatives

__all__ = ["alternative_plan", "alternatives_content", "alternatives_lines", "alternatives_table"]


STOPS = {"time": "ran out of time", "interrupt": "was interrupted", "gap": "ended"}
OWN = ("aims", "loss", "loss_pct", "changes", "from_current")
"""Keys of an alternative that a plan does not have."""
AIMS = {"gpus": "fewest GPUs", "changes": "fewest changes", "next": "next best"}


def alternatives_content(
    instance: "Instance",
    plan: PlanContent,
    alternatives: "Alternatives",
    searched: SearchedContent,
    current: PlanContent | None,
    rel_gap: float,
) -> AlternativesContent:
    """Return `context.alternatives` of plan.json: best first, equal setups once.

    plan: the plan that they are alternatives to. current: the plan that runs. VerificationError
    when one fails its check.
    """
    listed: dict[tuple[Any, ...], AlternativeContent] = {}
    for one in alternatives.others:
        content = solved_content(instance, one.solution, rel_gap)
        setup = tuple((option_key(entry), entry["replicas"]) for entry in content["options"])
        if setup in listed:
            listed[setup]["aims"].append(one.aim)
            continue
        loss = _loss(plan["objective"], content["objective"])
        listed[setup] = {
            "aims": [one.aim],
            "loss": loss,
            "loss_pct": 100.0 * loss / max(abs(known_number(plan["objective"]["value"])), 1e-9),
            "changes": _alternative_changes(plan, content),
            "from_current": _steps_to_alternative(current, {**plan, **content}),
            **content,
        }
    plans = sorted(
        listed.values(), key=lambda entry: (entry["loss"], known_number(entry["gpus_used"]))
    )
    return {
        "asked": searched,
        "limit": known_number(finite_number(alternatives.limit)),
        "fewest_gpus": {
            "found": min(known_number(p["gpus_used"]) for p in (plan, *plans)),
            "proved": alternatives.gpus,
        },
        "fewest_changes": _fewest_changes_alternative(plan, plans, alternatives.changes, current),
        "complete": alternatives.complete,
        "stopped": alternatives.stopped,
        "plans": plans,
    }


def _loss(best: ObjectiveContent, other: ObjectiveContent) -> float:
    """How much worse than the plan, of the objective; negative = better, within the gaps."""
    worse = known_number(best["value"]) - known_number(other["value"])
    return float(worse if best["sense"] == "maximize" else -worse)


def _alternative_changes(plan: SolvedContent, other: SolvedContent) -> list[ReplicaChangeContent]:
    """Options whose replicas differ from the plan."""
    before = {option_key(entry): entry["replicas"] for entry in plan["options"]}
    after = {option_key(entry): entry["replicas"] for entry in other["options"]}
    return [
        {
            "llm": key[0],
            "pool": key[1],
            "tp_degree": key[2],
            **option_slice_content(key[3]),
            "from": before.get(key, 0),
            "to": after.get(key, 0),
        }
        for key in sorted({*before, *after}, key=option_key_order)
        if before.get(key, 0) != after.get(key, 0)
    ]


def _steps_to_alternative(
    current: PlanContent | None, other: PlanContent
) -> StartsAndStopsContent | None:
    """Replicas that start and stop on the way from the plan that runs, as `diff` counts them."""
    if current is None:
        return None
    actions = [step.action for step in diff_plans(current, other).steps]
    return {"start": actions.count(Action.START), "stop": actions.count(Action.STOP)}


def _fewest_changes_alternative(
    plan: PlanContent,
    plans: Sequence[AlternativeContent],
    proved: int | None,
    current: PlanContent | None,
) -> FewestChangesContent | None:
    """Starts and stops from the plan that runs: fewest, proved bound, of the plan itself."""
    own = _steps_to_alternative(current, plan)
    if proved is None or own is None:
        return None
    ways = [own, *(p["from_current"] for p in plans if p["from_current"] is not None)]
    return {
        "found": min(one["start"] + one["stop"] for one in ways),
        "proved": proved,
        "plan_found": own["start"] + own["stop"],
    }


def alternative_plan(
    instance: "Instance", content: PlanContent, number: int, rel_gap: float
) -> PlanContent:
    """Return one of the alternatives (from 0) as a separate plan, with the bound of all plans and
    the gap to it.
    """
    entry = content["context"]["alternatives"]["plans"][number]
    dropped = ("alternatives", "marginals")
    context = {key: value for key, value in content["context"].items() if key not in dropped}
    value, bound = known_number(entry["objective"]["value"]), content["objective"]["bound"]
    gap = None if bound is None else abs(bound - value) / max(abs(value), 1e-9)
    span = float(np.ptp(instance.scores.values))
    closed = (
        gap is not None
        and bound is not None
        and (gap <= rel_gap or abs(bound - value) <= CLOSE_ENOUGH * span)
    )
    solved = {key: value for key, value in entry.items() if key not in OWN}
    changed = {
        "status": Status.OPTIMAL if closed else Status.FEASIBLE,
        "objective": {**entry["objective"], "bound": bound, "rel_gap": gap},
        "solver": {
            **entry["solver"],
            "termination": Termination.GAP if closed else Termination.CHOICE,
        },
        "context": context,
    }
    return cast("PlanContent", {**content, **solved, **changed})


def alternatives_table(content: PlanContent) -> pd.DataFrame:
    """Tabulate them; without rows when none were searched for or found."""
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
    alternatives = content["context"].get("alternatives")
    for entry in alternatives["plans"] if alternatives is not None else []:
        steps = entry["from_current"] or {"start": None, "stop": None}
        why = ", ".join(AIMS[aim] for aim in entry["aims"])
        objective = entry["objective"]
        sizes = (entry["loss_pct"], entry["quality"], entry["gpus_used"], entry["cost_usd_per_h"])
        differs = "; ".join(
            _alternative_change_words(change, name_pool=len(content["context"]["pools"]) > 1)
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
        columns=[*heads, "Replicas against the plan", "Start (replicas)", "Stop (replicas)"],
    )


def _alternative_change_words(change: ReplicaChangeContent, *, name_pool: bool) -> str:
    """Replicas more or fewer of an option."""
    option = f"{change['llm']} tp{change['tp_degree']} {option_slice_words(change)}"
    return f"{change['to'] - change['from']:+d} {option}" + (
        f" on {change['pool']}" if name_pool else ""
    )


def alternatives_lines(content: PlanContent) -> list[str]:
    """Say what was searched for and what is proved; no lines when nothing was searched for."""
    alternatives = content["context"].get("alternatives")
    if alternatives is None:
        return []
    searched, plans = alternatives["asked"], alternatives["plans"]
    word = "at least" if content["objective"]["sense"] == "maximize" else "at most"
    lines = [
        f"Setups within a loss of {tidy(searched['loss_pct'])} %: {word}"
        f" {format_objective(content, alternatives['limit'])}."
    ]
    gpus = alternatives["fewest_gpus"]
    lines.append(f"Fewest GPUs within it: {gpus['found']}; {_proof(gpus)}.")
    if (changes := alternatives["fewest_changes"]) is not None:
        lines.append(
            f"Fewest replicas to start or stop from {searched['current']}: {changes['found']}"
            f" ({changes['plan_found']} for the plan); {_proof(changes)}."
        )
    following = sum("next" in entry["aims"] for entry in plans)
    if alternatives["complete"]:
        lines.append(
            "Proved: no other kind of setup lies within the loss. A larger loss than"
            f" {tidy(searched['loss_pct'])} % allows more."
        )
    elif following == searched["number"]:
        lines.append(f"The {following} next best setups; more may lie within the loss.")
    else:
        lines.append(
            f"{following} next best setup{'' if following == 1 else 's'}, then the search"
            f" {STOPS[alternatives['stopped']]}; more may lie within the loss."
        )
    return [
        *lines,
        (
            "Not listed: the same replicas at other MPS shares, and listed setups with replicas"
            " added."
        ),
    ]


def _proof(count: FewestGpusContent | FewestChangesContent) -> str:
    if count["proved"] >= count["found"]:
        return "proved minimal"
    return f"not proved minimal, at least {count['proved']} are needed"
