"""Checks of the routing of cells: rates, permitted LLMs, limits on LLMs outside, quality from both
sides, floors.

The quality of a cell is certified as that of a plan with one class: Q_c(f) <= g(alpha) + alpha f by
its dual prices, and Q_c(f) >= what its stated router realises
(`planner.verification.routing_certificate`).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from models.demand.requests import RequestClass
from planner.verification.cells.cell_slo_checks import slo_in_case, slo_is_readable
from planner.verification.cells.stated_cells import StatedCell, StatedCells
from planner.verification.curve_reading import CurveLoad
from planner.verification.headroom import limit_to_verify
from planner.verification.routing_certificate import (
    certify_named_fractions,
    certify_router_on_scores,
)
from planner.verification.tolerances import FLOOR_TOL, FRACTION_TOL, RATE_TOL, RESTATE_TOL, SLO_TOL
from profiles.records import Scores

__all__ = [
    "certify_cell_routing",
    "check_cell_floors",
    "check_cell_permissions",
    "check_cell_rates",
    "check_outside_rates",
    "permitted_scores",
]


def check_cell_rates(stated: StatedCells) -> Iterator[str]:
    """rate_rps is the rate of the class in the case, headroom included."""
    for cell in stated.cells:
        rate = float(cell.entry["rate_rps"])
        if abs(rate - cell.rate) > RESTATE_TOL * cell.rate:
            yield f"{cell.where}: rate_rps {rate:.9g} but the demand says {cell.rate:.9g}"


def check_cell_permissions(stated: StatedCells) -> Iterator[str]:
    """A class is sent only to LLMs that it permits and whose latencies its SLOs, and those of all
    requests, can be checked with; no LLM outside is above an each_llm limit.
    """
    demand = stated.demand
    for cell in stated.cells:
        entry = demand.classes[cell.request_class]
        for name, permitted, fraction in zip(
            demand.served, entry.permitted, cell.fractions, strict=True
        ):
            if fraction > FRACTION_TOL and not permitted:
                yield f"{cell.where}: routing: {name} is not permitted for the class"
            if name in cell.entry["dual_prices"] and not permitted:
                if cell.entry["dual_prices"][name] is not None:
                    yield f"{cell.where}: dual_prices: {name} is not permitted for the class"
        for lane in stated.lanes_of(cell.case, cell.loss):
            pair = (lane.option.position, cell.request_class)
            if lane.rates[cell.request_class] > 0 and pair in demand.unjudged:
                yield (
                    f"{cell.where}: {lane.where}: {lane.option.name} lacks a column of the class's"
                    " SLOs"
                )
        for place, load in stated.loads_of_cell(cell):
            yield from _check_place_of_cell(stated, cell, place, load)


def _check_place_of_cell(
    stated: StatedCells, cell: StatedCell, place: str, load: CurveLoad
) -> Iterator[str]:
    """A lane or an LLM outside may serve the cell under every SLO that binds it."""
    demand = stated.demand
    for slo in (*demand.classes[cell.request_class].slos, *demand.instance.slos):
        here = slo_in_case(demand, slo, cell.case)
        name = f"{slo.metric} {slo.statistic}, {slo.scope}"
        if not slo_is_readable(load.curve, here):
            yield f"{cell.where}: {place} has no column for the SLO {name} and may not serve it"
        elif slo.scope == "each_llm":
            latency = load.latency((slo.metric, slo.statistic))
            limit = limit_to_verify(demand.instance, here)
            if latency > limit * (1 + SLO_TOL):
                yield (
                    f"{cell.where}: {place} has {latency:.9g} ms, above the each_llm limit"
                    f" {limit:.9g} ms ({name})"
                )


def check_outside_rates(stated: StatedCells) -> Iterator[str]:
    """sum_c z_cti <= max_rate_i in every state."""
    demand = stated.demand
    for case, loss in stated.states():
        cells = stated.cells_of(case, loss)
        for i, llm in enumerate(demand.outside, start=len(demand.instance.llms)):
            rate = sum(cell.rate * float(cell.fractions[i]) for cell in cells)
            if llm.max_rate is not None and rate > llm.max_rate * (1 + RATE_TOL):
                yield (
                    f"{stated.state_name(case, loss)}: {rate:.9g} req/s are sent to {llm.name},"
                    f" above its max_rate_rps {llm.max_rate:.9g}"
                )


def certify_cell_routing(stated: StatedCells) -> Iterator[str]:
    """Fractions, dual prices, router and quality of every cell, over the LLMs that its class
    permits; one that is not named has the fraction 0 and no price.
    """
    for cell in stated.cells:
        entry = stated.demand.classes[cell.request_class]
        pairs = list(zip(stated.demand.served, entry.permitted, strict=True))
        names, others = ([name for name, may in pairs if may == side] for side in (True, False))
        told: dict[str, Any] = {**cell.entry}
        for key, nothing in (("routing", 0.0), ("dual_prices", None)):
            # What is said of other LLMs is for `check_cell_permissions`.
            stated_of = {n: v for n, v in cell.entry[key].items() if n not in others}
            told[key] = {**dict.fromkeys(names, nothing), **stated_of}
        # Other LLMs may lack scores: their rows are not read.
        scores = permitted_scores(entry)
        for problem in certify_named_fractions(told, names):
            yield f"{cell.where}: {problem}"
        for problem in certify_router_on_scores(told, names, scores):
            yield f"{cell.where}: {problem}"


def permitted_scores(entry: RequestClass) -> Scores:
    """Scores of the LLMs that a class permits, in the order of served LLMs."""
    rows = [i for i, may in enumerate(entry.permitted) if may]
    names = tuple(entry.scores.llms[i] for i in rows)
    return replace(entry.scores, llms=names, values=entry.scores.values[rows])


def check_cell_floors(stated: StatedCells) -> Iterator[str]:
    """quality_at_least of a class in every cell, in hours 0 and after every loss too."""
    for cell in stated.cells:
        floor = stated.demand.classes[cell.request_class].quality_floor
        if floor is not None and cell.quality < floor - FLOOR_TOL:
            yield (
                f"{cell.where}: quality {cell.quality:.9g} is below quality_at_least {floor:.9g} of"
                " the class"
            )
