"""SLOs of a scenario in SI units, and which latency columns each needs to be judged by."""

from collections.abc import Collection, Iterable, Sequence

from models.instance import UNJUDGED, Slo
from planner.scenario.schema.specification import SloSpec
from profiles.records import STATISTICS, Column

__all__ = ["build_slos", "columns_needed_by_slo", "lack_for_slos"]


def build_slos(stated: Iterable[SloSpec]) -> tuple[Slo, ...]:
    """SLOs, limits in s."""
    return tuple(Slo(slo.metric, slo.statistic, slo.limit_ms / 1000, slo.scope) for slo in stated)


def columns_needed_by_slo(slo: Slo) -> tuple[Column, ...]:
    """Columns of which an option needs one to be judged: its own, or any percentile of the metric
    for a percentile over all requests.
    """
    if slo.statistic == "mean" or slo.scope == "each_llm":
        return ((slo.metric, slo.statistic),)
    return tuple((slo.metric, statistic) for statistic in STATISTICS[1:])


def lack_for_slos(
    present: Collection[Column], slos: Sequence[Slo], of: str = ""
) -> tuple[int, str] | None:
    """The first SLO that latencies of these columns cannot be judged by, and what is lacking.

    A single percentile says nothing of the tail beyond it, so it is one that the SLO's promise
    allows or higher. of: the class whose SLOs they are; "" for those over all requests.
    """
    whose = f"{UNJUDGED} of class {of}" if of else UNJUDGED
    for i, slo in enumerate(slos):
        columns = columns_needed_by_slo(slo)
        found = [column for column in columns if column in present]
        metric = slo.metric.upper()
        if not found and len(columns) == 1:
            return i, f"no {slo.statistic} {metric}, which {whose} limits"
        if not found:
            return i, f"no percentile of {metric}, whose {slo.statistic} {whose} limits"
        if len(columns) > 1 and len(found) == 1:
            late, promised = _share_above(found[0][1]), _share_above(slo.statistic)
            if late > promised:
                return i, (
                    f"no {slo.statistic} {metric}, which {whose} limits: by {found[0][1]} alone"
                    f" {100 * late:g} % of the requests count as late at any limit, and"
                    f" {slo.statistic} allows {100 * promised:g} %"
                )
    return None


def _share_above(percentile: str) -> float:
    """Share of the requests above a percentile, e.g. 0.05 of p95."""
    return (100 - int(percentile[1:])) / 100
