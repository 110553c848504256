"""Which scenarios state classes, cases, LLMs outside or a budget, and which of these mean no more
than a scenario without them.
"""

from collections.abc import Mapping
from typing import Any

from planner.scenario.schema.demand_specification import FleetSpec
from planner.scenario.schema.faults import schema_fault_entries
from planner.scenario.schema.specification import ScenarioSpec

__all__ = ["only_class_name", "plain_demand_spec", "plain_override_path", "stated_demand_place"]


def stated_demand_place(spec: ScenarioSpec) -> str:
    """Dotted path of the first key that asks for more than one class in one case; "" for none."""
    for key in ("classes", "cases", "demand"):
        if getattr(spec, key) is not None:
            return key
    for i, llm in enumerate(spec.llms):
        if llm.api is not None:
            return f"llms.{i}.api"
    if getattr(spec.objective, "cost_at_most_usd_per_h", None) is not None:
        return "objective.cost_at_most_usd_per_h"
    return ""


def plain_demand_spec(spec: ScenarioSpec, rate: float | None = None) -> ScenarioSpec:
    """The same scenario without classes and cases where it means the same: one class at one rate,
    its SLOs joined to those over all requests. Any other scenario as it is.

    rate: req/s of the only class in the only case, where a table says it.
    """
    classes, cases = spec.classes or (), spec.cases or ()
    elsewhere = spec.demand is not None and rate is None
    several = len(classes) > 1 or len(cases) > 1
    if elsewhere or several or not (classes or cases) or _says_more(spec):
        return spec
    stated = cases[0].arrival_rate_rps if cases else spec.arrival_rate_rps
    if rate is None:
        rate = next(iter(stated.values())) if isinstance(stated, dict) else stated
    changes = {
        "arrival_rate_rps": rate,
        "slo": (*spec.slo, *(slo for one in classes for slo in one.slo)),
        "scores": next((one.scores for one in classes if one.scores is not None), spec.scores),
        **dict.fromkeys(("classes", "cases", "demand")),
        "fleet": FleetSpec(),
    }
    return spec.model_copy(update=changes)


def only_class_name(spec: ScenarioSpec) -> str:
    """Name of the only class of a scenario that states classes; "" for none or several."""
    return spec.classes[0].name if spec.classes and len(spec.classes) == 1 else ""


def plain_override_path(content: Mapping[str, Any], path: str) -> str:
    """Where an override of a plain scenario leads in a file that states one class in one case:
    `arrival_rate_rps` to the case's, an SLO behind those at the top to the class's. Any other path
    as it is.

    content: of the file. Sweeps and reports vary what `plain_demand_spec` returns.
    """
    classes, cases = (schema_fault_entries(content, key) for key in ("classes", "cases"))
    if len(classes) > 1 or len(cases) > 1:
        return path
    if path == "arrival_rate_rps" and cases:
        return "cases.0.arrival_rate_rps"
    head, _, rest = path.partition(".")
    number, dot, key = rest.partition(".")
    slos = content.get("slo")
    top = len(slos) if isinstance(slos, list) else 0
    if head == "slo" and classes and number.isascii() and number.isdecimal() and len(number) < 7:
        at = int(number) - top
        if 0 <= at < len(schema_fault_entries(classes[0], "slo")):
            return f"classes.0.slo.{at}{dot}{key}"
    return path


def _says_more(spec: ScenarioSpec) -> bool:
    """Whether one class or case, the LLMs or the objective say more than a plain scenario can."""
    for one in spec.classes or ():
        work = one.work.values() if isinstance(one.work, dict) else [one.work]
        fewer = one.llms is not None and {llm.name for llm in spec.llms} - set(one.llms)
        if fewer or one.quality_at_least is not None or any(value != 1 for value in work):
            return True
    for case in spec.cases or ():
        floor = case.quality_at_least is not None
        if floor or case.slo_factor != 1 or any(case.lost_nodes.values()):
            return True
    alone = spec.model_copy(update=dict.fromkeys(("classes", "cases", "demand")))
    return bool(stated_demand_place(alone))
