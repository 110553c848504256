"""Checks of lanes: they hold all replicas, their loads and latencies follow from their rates, and
their rates add up to the fractions of the cells.
"""

from collections.abc import Iterator

import numpy as np

from planner.verification.cells.stated_cells import (
    StatedCells,
    StatedLane,
    StatedSetup,
    lanes_by_option,
)
from planner.verification.headroom import highest_rate_to_verify
from planner.verification.slo_checks import check_slo_columns, provenance_at_load
from planner.verification.tolerances import RANGE_TOL, RATE_TOL, RESTATE_TOL
from profiles.records import PROVENANCES, Curve

__all__ = [
    "check_lane_loads",
    "check_lane_partition",
    "check_lane_provenance",
    "check_lane_rates",
]


def check_lane_partition(stated: StatedCells) -> Iterator[str]:
    """In every case without lost nodes the lanes of an option hold all its replicas, idle ones
    too (with lost nodes: `planner.verification.cells.loss_checks`). A case without requests may do
    without lanes.
    """
    for case, loss in stated.states():
        if loss is not None:
            continue
        options, lanes = stated.setup_of(case).options, stated.lanes_of(case, loss)
        if not lanes and not stated.cells_of(case, loss):
            continue
        held = lanes_by_option(lanes, len(options))
        for option, count in zip(options, held, strict=True):
            if count != option.replicas:
                yield (
                    f"lanes: {stated.state_name(case, loss)}: {option.name}: lanes hold {count}"
                    f" replicas, deployed are {option.replicas}"
                )


def check_lane_loads(stated: StatedCells) -> Iterator[str]:
    """load_rps is sum_c work_ci x_cj / m_j and within every curve that is read at it; latency_ms
    is the option's curve at the load, class_latency_ms a class's own curve.
    """
    instance = stated.demand.instance
    for lane in stated.lanes:
        where = f"{lane.where}: {lane.option.name}"
        load = float(lane.entry["load_rps"])
        if abs(load - lane.load) > RESTATE_TOL * abs(lane.load) + RANGE_TOL:
            yield f"{where}: load_rps {load:.9g} but its rates give {lane.load:.9g} to a replica"
        for curve in _curves_of_lane(stated, lane):
            most = highest_rate_to_verify(instance, curve)
            if lane.load > most * (1 + RANGE_TOL):
                yield (
                    f"{where}: load {lane.load:.9g} req/s per replica is above the highest profiled"
                    f" rate {most:.9g}"
                )
        own = instance.options[lane.option.position].curve
        yield from check_slo_columns(where, lane.entry["latency_ms"], own, lane.load)
        for name, columns in lane.entry.get("class_latency_ms", {}).items():
            c = [entry.name for entry in stated.demand.classes].index(name)
            curve = stated.demand.curve(lane.option.position, c)
            yield from check_slo_columns(f"{where}, class {name}", columns, curve, lane.load)


def check_lane_rates(stated: StatedCells) -> Iterator[str]:
    """No negative rates, and over the lanes of an LLM the rates of a class are its fraction of the
    cell's rate.
    """
    for lane in stated.lanes:
        for entry, rate in zip(stated.demand.classes, lane.rates, strict=True):
            if rate < 0:
                yield f"{lane.where}: {lane.option.name}: negative rate {rate:.9g} of {entry.name}"
    for case, loss in stated.states():
        routed = _routed_to_llms(stated, case, loss)
        wanted = np.zeros_like(routed)
        for cell in stated.cells_of(case, loss):
            wanted[cell.request_class] = cell.rate * cell.fractions[: routed.shape[1]]
        for c, i in zip(*np.nonzero((routed != 0) | (wanted != 0)), strict=True):
            if abs(routed[c, i] - wanted[c, i]) > RATE_TOL * stated.demand.cases[case].rates[c]:
                yield (
                    f"lanes: {stated.state_name(case, loss)}: class"
                    f" {stated.demand.classes[c].name} gets {routed[c, i]:.9g} req/s of"
                    f" {stated.demand.instance.llms[i].name} but its routing needs"
                    f" {wanted[c, i]:.9g}"
                )


def check_lane_provenance(stated: StatedCells, setup: StatedSetup) -> Iterator[str]:
    """Provenance of an option is the weakest of the points beside the loads of its lanes, in all
    cases and losses; idle lanes may count or not.
    """
    for k, option in enumerate(setup.options):
        lanes = [x for x in stated.lanes if x.setup_option == k and x.case in setup.cases]
        at_loads = [
            (bool(lane.rates.any()), provenance_at_load(curve, lane.load))
            for lane in lanes
            for curve in _curves_of_lane(stated, lane)
        ]
        ranks = [
            (busy, [PROVENANCES.index(name) for name in allowed]) for busy, allowed in at_loads
        ]
        least = max((min(r) for busy, r in ranks if busy), default=0)
        most = max((max(r) for _, r in ranks), default=len(PROVENANCES) - 1)
        word = option.entry["provenance"]
        if word not in PROVENANCES[least : most + 1]:
            yield (
                f"{setup.where}: {option.name}: provenance {word} but the points beside the loads"
                f" of its lanes say {' or '.join(PROVENANCES[least : most + 1])}"
            )


def _curves_of_lane(stated: StatedCells, lane: StatedLane) -> list[Curve]:
    """Curves that are read at a lane's load: those of the classes on it, the option's own where
    there are none.
    """
    busy = [c for c in range(len(stated.demand.classes)) if lane.rates[c] > 0]
    curves = [stated.demand.curve(lane.option.position, c) for c in busy]
    own = stated.demand.instance.options[lane.option.position].curve
    return list({id(curve): curve for curve in curves}.values()) or [own]


def _routed_to_llms(stated: StatedCells, case: int, loss: int | None) -> np.ndarray:
    """(C, M) req/s that the lanes of a state get."""
    instance = stated.demand.instance
    routed = np.zeros((len(stated.demand.classes), len(instance.llms)))
    for lane in stated.lanes_of(case, loss):
        routed[:, instance.options[lane.option.position].llm] += lane.rates
    return routed
