"""An instance, or a demand, as its headroom leaves it by hand: the oracle's reading of it."""

from dataclasses import replace

import numpy as np

from models.demand.requests import DemandInstance
from models.instance import Headroom, Instance
from profiles.records import PROVENANCES, Curve

__all__ = ["tightened_by_hand", "tightened_demand_by_hand"]


def tightened_by_hand(instance: Instance) -> Instance:
    """Limits down, rate up, curves cut: without a headroom of its own."""
    free = instance.headroom
    return replace(
        instance,
        headroom=Headroom(),
        arrival_rate=instance.arrival_rate + instance.arrival_rate * free.rate,
        slos=tuple(replace(s, limit=s.limit - s.limit * free.slo) for s in instance.slos),
        options=tuple(
            replace(o, curve=_cut_curve(o.curve, o.curve.max_rate * (1 - free.utilization)))
            for o in instance.options
        ),
    )


def tightened_demand_by_hand(demand: DemandInstance) -> DemandInstance:
    """Limits down, rates up, curves cut, those of classes too."""
    free = demand.instance.headroom
    return replace(
        demand,
        instance=tightened_by_hand(demand.instance),
        classes=tuple(
            replace(
                one, slos=tuple(replace(s, limit=s.limit - s.limit * free.slo) for s in one.slos)
            )
            for one in demand.classes
        ),
        cases=tuple(
            replace(case, rates=tuple(rate + rate * free.rate for rate in case.rates))
            for case in demand.cases
        ),
        class_curves={
            at: _cut_curve(curve, curve.max_rate * (1 - free.utilization))
            for at, curve in demand.class_curves.items()
        },
    )


def _cut_curve(curve: Curve, last: float) -> Curve:
    rates = np.array([*(rate for rate in curve.rates if rate < last), last])
    latency = {column: np.interp(rates, curve.rates, v) for column, v in curve.latency.items()}
    weakest = max(curve.provenance, key=PROVENANCES.index)
    return replace(curve, rates=rates, latency=latency, provenance=(weakest,) * rates.size)
