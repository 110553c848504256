"""Why a demand has no plan, in plan.json: reasons in words, and single changes in the paths and
units of the scenario.
"""

from typing import TYPE_CHECKING, Any

from planner.cell_solution import CellNumber, CellNumberKind, CellRepair, CellSolution
from planner.plans.numbers import tidy

if TYPE_CHECKING:
    from planner.scenario.schema.specification import ScenarioSpec

__all__ = ["cell_conflict_content"]

PATHS = {
    CellNumberKind.NODES: "pools.{at.pool}.nodes{bound}",
    CellNumberKind.BUDGET: "objective.cost_at_most_usd_per_h",
    CellNumberKind.MEAN_FLOOR: "objective.quality_at_least",
    CellNumberKind.CLASS_FLOOR: "classes.{at.request_class}.quality_at_least",
    CellNumberKind.CASE_FLOOR: "cases.{at.case}.quality_at_least",
    CellNumberKind.OUTSIDE_RATE: "llms.{llm}.api.max_rate_rps",
    CellNumberKind.MOST: "llms.{llm}.max_replicas",
    CellNumberKind.LEAST: "llms.{llm}.min_replicas",
    CellNumberKind.UTILIZATION: "setups.min_gpu_utilization_pct",
    CellNumberKind.SLO_HEADROOM: "headroom.slo_pct",
    CellNumberKind.RATE_HEADROOM: "headroom.rate_pct",
    CellNumberKind.CURVE_HEADROOM: "headroom.utilization_pct",
    CellNumberKind.SLO: "{of_class}slo.{at.slo}.limit_ms",
    CellNumberKind.FACTOR: "cases.{at.case}.slo_factor",
    CellNumberKind.RATE: "{rate}",
}
"""Dotted paths."""

WORDS = {
    CellNumberKind.NODES: "{after} nodes in the pool {pool} ({before} now)",
    CellNumberKind.BUDGET: "spend up to {after} USD/h ({before} now)",
    CellNumberKind.MEAN_FLOOR: "require a quality of {after} ({before} now)",
    CellNumberKind.CLASS_FLOOR: "require a quality of {after} for {name} ({before} now)",
    CellNumberKind.CASE_FLOOR: "require a quality of {after} in the case {case} ({before} now)",
    CellNumberKind.OUTSIDE_RATE: "send up to {after} req/s to {llm} ({before} now)",
    CellNumberKind.MOST: "allow {after} replicas of {llm} ({before} now)",
    CellNumberKind.LEAST: "require {after} replicas of {llm} only ({before} now)",
    CellNumberKind.UTILIZATION: "use {after} % of all GPUs at least ({before} now)",
    CellNumberKind.SLO_HEADROOM: "keep {after} % of every SLO limit free ({before} now)",
    CellNumberKind.RATE_HEADROOM: "plan for {after} % more requests than stated ({before} now)",
    CellNumberKind.CURVE_HEADROOM: (
        "keep {after} % of the highest rate of every curve free ({before} now)"
    ),
    CellNumberKind.SLO: "allow {after} ms as the {slo} of {name} ({before} now)",
    CellNumberKind.FACTOR: "multiply all limits by {after} in the case {case} ({before} now)",
    CellNumberKind.RATE: "serve {after} req/s of {name} in the case {case} ({before} now)",
}
"""The same changes in words."""


def cell_conflict_content(spec: "ScenarioSpec", solution: CellSolution) -> dict[str, Any]:
    """The content of `conflict`. spec: of the scenario that has no plan."""
    return {
        "limits": list(solution.reasons),
        "repairs": [_cell_repair_content(spec, repair) for repair in solution.repairs],
        "best_effort": None,
    }


def _cell_repair_content(spec: "ScenarioSpec", repair: CellRepair) -> dict[str, Any]:
    before, after, at = tidy(repair.before), tidy(repair.after), repair.number
    path = PATHS[at.kind].format(
        at=at,
        llm=_repaired_llm(spec, at),
        of_class="" if at.request_class is None else f"classes.{at.request_class}.",
        rate=_repaired_rate(spec, at),
        bound=_repaired_bound(spec, at),
    )
    words = WORDS[at.kind].format(before=before, after=after, **_repaired_names(spec, at))
    return {
        "change": path,
        "from": before,
        "to": after,
        "proved": repair.proved,
        "what": words,
    }


def _repaired_rate(spec: "ScenarioSpec", at: CellNumber) -> str:
    """Where the rate of a class in a case stands, or goes in place of what the table says."""
    path = "arrival_rate_rps"
    stated: object = spec.arrival_rate_rps
    if spec.cases and at.case is not None:
        path = f"cases.{at.case}.arrival_rate_rps"
        stated = spec.cases[at.case].arrival_rate_rps
    if not spec.classes or at.request_class is None or isinstance(stated, int | float):
        return path
    return f"{path}.{spec.classes[at.request_class].name}"


def _repaired_bound(spec: "ScenarioSpec", at: CellNumber) -> str:
    """Where a pool's number of nodes is a decision, the bound that holds it."""
    given = at.pool is None or isinstance(spec.pools[at.pool].nodes, int)
    return "" if given else ".at_most"


def _repaired_llm(spec: "ScenarioSpec", at: CellNumber) -> int | None:
    """Position among all LLMs of the scenario."""
    outside = at.kind is CellNumberKind.OUTSIDE_RATE
    own = [i for i, llm in enumerate(spec.llms) if (llm.api is not None) == outside]
    return None if at.llm is None else own[at.llm]


def _repaired_names(spec: "ScenarioSpec", at: CellNumber) -> dict[str, str]:
    """What the words of a change name."""
    names = {"name": "all requests", "case": "steady", "pool": "", "llm": "", "slo": ""}
    slos = spec.slo
    if at.pool is not None:
        names["pool"] = spec.pools[at.pool].name
    if spec.classes and at.request_class is not None:
        names["name"] = spec.classes[at.request_class].name
        slos = spec.classes[at.request_class].slo
    if spec.cases and at.case is not None:
        names["case"] = spec.cases[at.case].name
    llm = _repaired_llm(spec, at)
    if llm is not None:
        names["llm"] = spec.llms[llm].name
    if at.slo is not None:
        names["slo"] = f"{slos[at.slo].statistic} {slos[at.slo].metric.upper()}"
    return names
