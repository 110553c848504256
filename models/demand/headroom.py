"""Headroom: what a plan keeps free, so that it still holds where the inputs are not quite true.

With the stated limits A, arrival rate lambda, curves L_o with the last rate R_o, and the headroom
h_slo, h_rate, h_util (parts), a plan is made with

    limit of every SLO      A (1 - h_slo)
    arrival rate            lambda (1 + h_rate)
    last rate of a curve    R_o (1 - h_util)        latencies unchanged below it

The promised share of a percentile, the floor of quality and the limits on replicas stay. All tables
of rates are those of the planned demand; the stated limits are what it is replayed against.

Of classes and cases the same holds for every limit, a class's too, every rate l_ct and every curve,
a class's own too. Limits on the rates of LLMs outside, the budget, slo_factor and what nodes are
lost stay. All rates grow alike, so that no weight of a cell changes.
"""

from dataclasses import replace

import numpy as np

from models.demand.requests import DemandInstance
from models.instance import Headroom, Instance, Slo
from profiles.records import PROVENANCES, Curve

__all__ = ["demand_with_headroom", "shortened_curve", "with_headroom"]


def with_headroom(instance: Instance) -> Instance:
    """The instance that a plan is made with: tightened, without a headroom of its own. The same one
    where none is stated.
    """
    free = instance.headroom
    if not free:
        return instance
    return replace(
        instance,
        slos=_slos_with_headroom(instance.slos, free),
        arrival_rate=instance.arrival_rate * (1.0 + free.rate),
        options=tuple(
            replace(option, curve=shortened_curve(option.curve, 1.0 - free.utilization))
            for option in instance.options
        ),
        headroom=Headroom(),
    )


def demand_with_headroom(demand: DemandInstance) -> DemandInstance:
    """The demand that a plan over cells is made with, as `with_headroom` of one class and case."""
    free = demand.instance.headroom
    if not free:
        return demand
    return replace(
        demand,
        instance=with_headroom(demand.instance),
        classes=tuple(
            replace(entry, slos=_slos_with_headroom(entry.slos, free)) for entry in demand.classes
        ),
        cases=tuple(
            replace(case, rates=tuple(rate * (1.0 + free.rate) for rate in case.rates))
            for case in demand.cases
        ),
        class_curves={
            key: shortened_curve(curve, 1.0 - free.utilization)
            for key, curve in demand.class_curves.items()
        },
    )


def _slos_with_headroom(slos: tuple[Slo, ...], free: Headroom) -> tuple[Slo, ...]:
    return tuple(replace(slo, limit=slo.limit * (1.0 - free.slo)) for slo in slos)


def shortened_curve(curve: Curve, part: float) -> Curve:
    """The curve up to `part` (0..1] of its last rate: the same latencies, ending in a point there.

    The new point has the weaker provenance of its two neighbours. A curve whose first point lies
    beyond keeps that point's latencies, as it has them below it.
    """
    if part >= 1.0:
        return curve
    end = part * curve.max_rate
    kept = int(np.searchsorted(curve.rates, end, side="left"))
    beside = curve.provenance[max(kept - 1, 0) : kept + 1]
    return replace(
        curve,
        rates=np.append(curve.rates[:kept], end),
        latency={
            column: np.append(values[:kept], np.interp(end, curve.rates, values))
            for column, values in curve.latency.items()
        },
        provenance=(*curve.provenance[:kept], max(beside, key=PROVENANCES.index)),
    )
