"""An instance as its headroom leaves it, by hand: the oracle's reading of the contract."""

from dataclasses import replace

import numpy as np

from models.instance import Headroom, Instance
from profiles.records import PROVENANCES, Curve

__all__ = ["tightened_by_hand"]


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


def _cut_curve(curve: Curve, last: float) -> Curve:
    rates = np.array([*(rate for rate in curve.rates if rate < last), last])
    latency = {column: np.interp(rates, curve.rates, v) for column, v in curve.latency.items()}
    weakest = max(curve.provenance, key=PROVENANCES.index)
    return replace(curve, rates=rates, latency=latency, provenance=(weakest,) * rates.size)
