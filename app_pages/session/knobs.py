"""The small inputs of a scenario: those in the sidebar of every page and in share links."""

from dataclasses import dataclass

from planner.scenario.edits import ScenarioEdit, content_of_edit

__all__ = ["Knob", "knobs_of"]


@dataclass(frozen=True, kw_only=True)
class Knob:
    """A small input: dotted path, label with unit, value, least value, step; whole: a whole
    number.
    """

    path: str
    label: str
    value: float
    least: float
    step: float
    whole: bool = False


def knobs_of(edit: ScenarioEdit) -> list[Knob]:
    """Rate, SLO limits, the required quality, nodes, after the changes."""
    content = content_of_edit(edit)
    knobs = []
    # Classes and cases have rates of their own, which the file states.
    if isinstance(content["arrival_rate_rps"], int | float):
        knobs.append(
            Knob(
                path="arrival_rate_rps",
                label="Arrival rate (req/s)",
                value=content["arrival_rate_rps"],
                least=0.01,
                step=1.0,
            )
        )
    for k, slo in enumerate(content["slo"]):
        each = " of each LLM" if slo["scope"] == "each_llm" else ""
        knobs.append(
            Knob(
                path=f"slo.{k}.limit_ms",
                label=f"{slo['statistic']} {slo['metric'].upper()}{each} at most (ms)",
                value=slo["limit_ms"],
                least=0.01,
                step=10.0,
            )
        )
    if "quality_at_least" in content["objective"]:
        knobs.append(
            Knob(
                path="objective.quality_at_least",
                label="Quality at least (mean score)",
                value=content["objective"]["quality_at_least"],
                least=-1e9,
                step=0.01,
            )
        )
    budget = content["objective"].get("cost_at_most_usd_per_h")
    if budget is not None:
        path = "objective.cost_at_most_usd_per_h"
        knobs.append(Knob(path=path, label="Budget (USD/h)", value=budget, least=0.0, step=1.0))
    for k, pool in enumerate(content["pools"]):
        if isinstance(pool["nodes"], dict):
            continue  # decided by the plan
        path, label = f"pools.{k}.nodes", f"Nodes of {pool['name']}"
        knobs.append(Knob(path=path, label=label, value=pool["nodes"], least=0, step=1, whole=True))
    return knobs
