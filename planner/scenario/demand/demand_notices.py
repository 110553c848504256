"""What a reader of a scenario with classes, cases or LLMs outside may not expect."""

from collections.abc import Iterator

from models.demand.requests import DemandInstance
from planner.scenario.demand.slo_columns import columns_needed_by_slo
from planner.scenario.schema.specification import MinimizeCost, ScenarioSpec

__all__ = ["demand_notices"]


def demand_notices(spec: ScenarioSpec, demand: DemandInstance) -> Iterator[str]:
    """One sentence each."""
    yield from _work_notices(demand)
    yield from _outside_notices(demand)
    several = len(demand.classes) > 1
    stress = [case.name for case in demand.cases if not case.hours]
    if demand.outside and stress:
        yield (
            f"requests sent outside cost nothing in {', '.join(stress)}: a case of 0 hours counts"
            " neither in the cost nor in a budget"
        )
    if several and isinstance(spec.objective, MinimizeCost):
        free = [one.name for one in demand.classes if one.quality_floor is None]
        if free:
            yield (
                "objective.quality_at_least is a mean over all classes, so one may pay for another:"
                f" {', '.join(free)} without quality_at_least may get any quality"
            )
    if several and any(slo.scope == "all" for slo in demand.instance.slos):
        yield (
            "SLOs at the top are over the requests of all classes together, so a slow class may"
            " hide behind a fast one; an SLO of a class is over its own requests"
        )


def _work_notices(demand: DemandInstance) -> Iterator[str]:
    """Loads that move the latency of tokens too, which no curve of this class says."""
    for c, one in enumerate(demand.classes):
        slos = (*one.slos, *demand.instance.slos)
        metrics = sorted({slo.metric for slo in slos} & {"tpot", "e2e"})
        own = all((o, c) in demand.class_curves for o in range(len(demand.instance.options)))
        if metrics and not own and any(work != 1 for work in one.work):
            yield (
                f"classes.{c}.work: {one.name} has the latencies of the profile at its load, also"
                f" {' and '.join(metrics)}, which longer requests make worse; profile rows that"
                " name the class say by how much"
            )


def _outside_notices(demand: DemandInstance) -> Iterator[str]:
    """LLMs outside that cannot be judged by an SLO."""
    for llm in demand.outside:
        judged = [(f"slo.{k}", slo, "nothing") for k, slo in enumerate(demand.instance.slos)]
        for c, one in enumerate(demand.classes):
            places = ((f"classes.{c}.slo.{k}", slo) for k, slo in enumerate(one.slos))
            judged += [(place, slo, f"not {one.name}") for place, slo in places]
        for place, slo, what in judged:
            columns = columns_needed_by_slo(slo)
            if not any(column in llm.latency for column in columns):
                names = " or ".join(f"{metric}_{statistic}_ms" for metric, statistic in columns)
                yield f"{llm.name} may serve {what}: its api lacks {names}, which {place} needs"
