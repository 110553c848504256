"""SLOs of a scenario in SI units, and which latency columns each needs to be judged by."""

from collections.abc import Collection, Iterable, Sequence

from models.instance import Slo
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
    present: Collection[Column], slos: Sequence[Slo], place: str
) -> tuple[int, str] | None:
    """The first SLO that latencies of these columns cannot be judged by, and what is lacking.

    A single percentile says nothing of the tail beyond it, so it is one that the SLO's promise
    allows or higher. place: of the list of SLOs.
    """
    for i, slo in enumerate(slos):
        columns = columns_needed_by_slo(slo)
        found = [column for column in columns if column in present]
        names = [f"{metric}_{statistic}_ms" for metric, statistic in found or columns]
        if not found:
            lacking = (
                f"lacks the column {names[0]}"
                if len(names) == 1
                else f"lacks every one of {', '.join(names)}"
            )
            return i, f"{lacking} for {place}.{i}"
        if len(columns) > 1 and len(found) == 1:
            late, promised = _share_above(found[0][1]), _share_above(slo.statistic)
            if late > promised:
                return i, (
                    f"has {names[0]} alone for {place}.{i}: {100 * late:g} % of its requests count"
                    f" as late at any limit, and {slo.statistic} allows {100 * promised:g} %"
                )
    return None


def _share_above(percentile: str) -> float:
    """Share of the requests above a percentile, e.g. 0.05 of p95."""
    return (100 - int(percentile[1:])) / 100
