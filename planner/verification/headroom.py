"""The verifier's own reading of a scenario's headroom.

    rate served             lambda (1 + rate)
    limit of an SLO         A (1 - slo)
    last rate of a curve    R (1 - utilization)

Independent of `models.demand.headroom`, which the optimiser plans with.
"""

from dataclasses import replace

from models.demand.requests import DemandInstance
from models.instance import Instance, Slo
from profiles.records import Curve

__all__ = [
    "demand_to_verify",
    "highest_rate_to_verify",
    "limit_to_verify",
    "rate_to_verify",
]


def rate_to_verify(instance: Instance) -> float:
    """req/s that the plan's options have to carry together."""
    return instance.arrival_rate + instance.headroom.rate * instance.arrival_rate


def limit_to_verify(instance: Instance, slo: Slo) -> float:
    """Limit (ms) that the plan has to keep."""
    return 1e3 * (slo.limit - instance.headroom.slo * slo.limit)


def highest_rate_to_verify(instance: Instance, curve: Curve) -> float:
    """req/s that one replica may get at most."""
    last = float(curve.rates[-1])
    return last - instance.headroom.utilization * last


def demand_to_verify(demand: DemandInstance) -> DemandInstance:
    """The demand with the rates that the plan's lanes and LLMs outside have to carry together."""
    more = demand.instance.headroom.rate
    return replace(
        demand,
        cases=tuple(
            replace(case, rates=tuple(rate + more * rate for rate in case.rates))
            for case in demand.cases
        ),
    )
