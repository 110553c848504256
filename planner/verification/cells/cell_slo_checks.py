"""Checks of SLOs by cell and by case, recomputed from lanes, LLMs outside and the raw curves.

    class SLO       over the requests of a cell (l_ct), in every state of the case
    top-level SLO   over all requests of a case (sum_c l_ct), stated once: the largest of its states
    each_llm        largest latency where the class, or any class, sends requests

Limits are times the case's slo_factor and less the headroom; the promised share of a percentile is
not scaled. LLMs outside have the same latencies at every rate.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.demand.requests import DemandInstance
from models.instance import Slo
from planner.verification.cells.stated_cells import StatedCell, StatedCells
from planner.verification.curve_reading import ABOVE, CurveLoad, range_achieved
from planner.verification.headroom import limit_to_verify
from planner.verification.slo_checks import check_achieved_slo, check_restated_slo
from profiles.records import Curve

__all__ = ["check_case_slos", "check_cell_slos", "slo_in_case", "slo_is_readable"]


def check_cell_slos(stated: StatedCells) -> Iterator[str]:
    """Every SLO of a class in every cell of it."""
    for cell in stated.cells:
        slos = stated.demand.classes[cell.request_class].slos
        served = {k: _achieved(stated, [cell], slo) for k, slo in enumerate(slos)}
        yield from _check_stated_slos(
            stated, cell.where, cell.entry["slo"], slos, cell.case, served
        )


def check_case_slos(stated: StatedCells) -> Iterator[str]:
    """Every top-level SLO in every case, over all its classes; of a case with lost nodes the
    largest latency of its losses. A case without requests has none to keep.
    """
    slos, demand = stated.demand.instance.slos, stated.demand
    for entry in stated.plan["cases"]:
        case = [c.name for c in demand.cases].index(entry["case"])
        if not any(demand.cases[case].rates):
            yield from _check_slos_without_requests(entry)
            continue
        achieved = {}
        for k, slo in enumerate(slos):
            states = [_achieved(stated, stated.cells_of(*s), slo) for s in stated.states(case)]
            known = [state for state in states if state is not None]
            achieved[k] = (
                (max(low for low, _ in known), max(high for _, high in known)) if known else None
            )
        where = f"cases ({entry['case']})"
        yield from _check_stated_slos(stated, where, entry["slo"], slos, case, achieved)


def slo_in_case(demand: DemandInstance, slo: Slo, case: int) -> Slo:
    """The SLO with its limit in the case."""
    limit = slo.limit * demand.cases[case].slo_factor
    return Slo(slo.metric, slo.statistic, limit, slo.scope)


def slo_is_readable(curve: Curve, slo: Slo) -> bool:
    """Whether the curve has what the SLO is checked with: its column, or over all requests any
    percentile of its metric.
    """
    if slo.scope == "each_llm" or slo.statistic == "mean":
        return (slo.metric, slo.statistic) in curve.latency
    return any((slo.metric, percentile) in curve.latency for percentile in ABOVE)


def _check_slos_without_requests(entry: Mapping[str, Any]) -> Iterator[str]:
    for k, slo in enumerate(entry["slo"]):
        if slo["achieved_ms"] is not None or slo["binding"]:
            yield f"cases ({entry['case']}): slo.{k}: achieved without requests"


def _check_stated_slos(
    stated: StatedCells,
    where: str,
    entries: Sequence[Mapping[str, Any]],
    slos: Sequence[Slo],
    case: int,
    achieved: Mapping[int, tuple[float, float] | None],
) -> Iterator[str]:
    """Entries restate the SLOs in the case and what is achieved of them; None: not readable, which
    `check_cell_permissions` reports.
    """
    if len(entries) != len(slos):
        yield f"{where}: slo: {len(entries)} entries for {len(slos)} SLOs"
        return
    instance = stated.demand.instance
    for k, (entry, slo) in enumerate(zip(entries, slos, strict=True)):
        name = f"{where}: slo.{k} ({slo.metric} {slo.statistic}, {slo.scope})"
        here = slo_in_case(stated.demand, slo, case)
        yield from check_restated_slo(name, entry, here, instance)
        reached = achieved[k]
        if reached is not None:
            limit = limit_to_verify(instance, here)
            yield from check_achieved_slo(name, entry, limit, *reached)


def _achieved(
    stated: StatedCells, cells: Sequence[StatedCell], slo: Slo
) -> tuple[float, float] | None:
    """(Least, most) latency (ms) of the requests of some cells together; None where one of their
    places has no column for it or they have no place.
    """
    loads: list[CurveLoad] = [load for cell in cells for _, load in stated.loads_of_cell(cell)]
    if not loads or not all(slo_is_readable(load.curve, slo) for load in loads):
        return None
    if slo.scope == "each_llm":
        highest = max(load.latency((slo.metric, slo.statistic)) for load in loads)
        return highest, highest
    return range_achieved(loads, slo, sum(cell.rate for cell in cells))
