"""The numbers of a demand that may be moved, one at a time, to make it one that can be served.

Each is known by its kind and positions; values are in the units of the scenario file (ms, req/s,
USD/h, whole nodes, per cent). Where a number goes at most, more of it helps no further, or nobody
would go.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from models.demand.headroom import demand_with_headroom
from models.demand.requests import DemandCase, DemandInstance, RequestClass
from models.formulation import fleet_cost
from models.instance import Instance, Llm, ObjectiveKind, Slo
from planner.cell_solution import CellNumber, CellNumberKind

__all__ = ["MovableNumber", "movable_numbers"]

LEAST_PART = 0.5**13
"""Part of a rate below which no rate is looked for."""

MORE_REPLICAS = 8
"""How many more replicas of an LLM are tried at most."""

PRECISION = 1e-3
"""Relative precision of a repair (of the range of scores for a floor)."""


@dataclass(frozen=True, kw_only=True)
class MovableNumber:
    """number: which one. before: as stated. most: the most helpful value that is tried. whole:
    whole values only. precision: how near to the least change is near enough. apply: the demand
    with another value. same_curves: whether curves and budgets stay as they are.
    """

    number: CellNumber
    before: float
    most: float
    apply: Callable[[float], DemandInstance]
    precision: float
    whole: bool = False
    same_curves: bool = True

    @property
    def upwards(self) -> bool:
        """Whether more of it helps."""
        return self.most > self.before


def movable_numbers(demand: DemandInstance) -> list[MovableNumber]:
    """All of them, as they are stated: what can be bought first, then floors, limits on what may be
    sent outside and on the setup, headroom, SLOs; what would be left unserved last.
    """
    found = [
        *_movable_nodes(demand),
        *_movable_budget(demand),
        *_movable_floors(demand),
        *_movable_outside_rates(demand),
        *_movable_setup_limits(demand),
        *_movable_headroom(demand),
        *_movable_limits(demand),
        *_movable_factors(demand),
        *_movable_rates(demand),
    ]
    return [one for one in found if one.most != one.before]


def _with_instance(demand: DemandInstance, instance: Instance) -> DemandInstance:
    return replace(demand, instance=instance)


def _with_class(demand: DemandInstance, at: int, entry: RequestClass) -> DemandInstance:
    return replace(demand, classes=(*demand.classes[:at], entry, *demand.classes[at + 1 :]))


def _with_case(demand: DemandInstance, at: int, entry: DemandCase) -> DemandInstance:
    return replace(demand, cases=(*demand.cases[:at], entry, *demand.cases[at + 1 :]))


def _movable_nodes(demand: DemandInstance) -> Iterator[MovableNumber]:
    """The nodes of every pool up, to four times as many, or eight more."""
    for p, pool in enumerate(demand.instance.pools):

        def with_nodes(nodes: float, p: int = p) -> DemandInstance:
            pools = list(demand.instance.pools)
            pools[p] = replace(pools[p], nodes=round(nodes))
            return _with_instance(demand, replace(demand.instance, pools=tuple(pools)))

        yield MovableNumber(
            number=CellNumber(CellNumberKind.NODES, pool=p),
            before=float(pool.nodes),
            most=float(max(4 * pool.nodes, pool.nodes + 8)),
            apply=with_nodes,
            precision=1.0,
            whole=True,
        )


def _lowest_quality(demand: DemandInstance, request_class: int) -> float:
    """Mean score of a class's worst LLM, which any routing reaches."""
    entry = demand.classes[request_class]
    means = entry.scores.values @ entry.scores.weights
    return float(means[np.array(entry.permitted)].min())


def _score_range(demand: DemandInstance) -> float:
    return max(float(np.ptp(entry.scores.values)) for entry in demand.classes)


def _with_mean_floor(demand: DemandInstance, floor: float) -> DemandInstance:
    return _with_instance(demand, replace(demand.instance, quality_floor=floor))


def _with_class_floor(demand: DemandInstance, c: int, floor: float) -> DemandInstance:
    return _with_class(demand, c, replace(demand.classes[c], quality_floor=floor))


def _with_case_floor(demand: DemandInstance, t: int, floor: float) -> DemandInstance:
    return _with_case(demand, t, replace(demand.cases[t], quality_floor=floor))


def _movable_floors(demand: DemandInstance) -> Iterator[MovableNumber]:
    """Floors of quality down: of the objective, of classes, of cases."""
    precision = PRECISION * _score_range(demand)
    lowest = np.array([_lowest_quality(demand, c) for c in range(len(demand.classes))])
    floor = demand.instance.quality_floor
    if demand.instance.objective == ObjectiveKind.COST and floor is not None:
        yield MovableNumber(
            number=CellNumber(CellNumberKind.MEAN_FLOOR),
            before=floor,
            most=min(floor, float((demand.cell_weights().sum(axis=1) * lowest).sum())),
            apply=partial(_with_mean_floor, demand),
            precision=precision,
        )
    for c, entry in enumerate(demand.classes):
        if entry.quality_floor is not None:
            yield MovableNumber(
                number=CellNumber(CellNumberKind.CLASS_FLOOR, request_class=c),
                before=entry.quality_floor,
                most=min(entry.quality_floor, float(lowest[c])),
                apply=partial(_with_class_floor, demand, c),
                precision=precision,
            )
    for t, case in enumerate(demand.cases):
        if case.quality_floor is not None:
            yield MovableNumber(
                number=CellNumber(CellNumberKind.CASE_FLOOR, case=t),
                before=case.quality_floor,
                most=min(case.quality_floor, float(demand.case_weights(t) @ lowest)),
                apply=partial(_with_case_floor, demand, t),
                precision=precision,
            )


def _highest_latency(demand: DemandInstance, metric: str) -> float:
    """s, of any option, class or LLM outside: beyond it nothing is slower."""
    curves = [*(o.curve for o in demand.instance.options), *demand.class_curves.values()]
    inside = [
        float(values.max())
        for curve in curves
        for column, values in curve.latency.items()
        if column[0] == metric
    ]
    outside = [
        value
        for llm in demand.outside
        for column, value in llm.latency.items()
        if column[0] == metric
    ]
    return max([*inside, *outside], default=0.0)


def _with_limit(slos: tuple[Slo, ...], at: int, limit_ms: float) -> tuple[Slo, ...]:
    changed = replace(slos[at], limit=limit_ms / 1e3)
    return (*slos[:at], changed, *slos[at + 1 :])


def _movable_limits(demand: DemandInstance) -> Iterator[MovableNumber]:
    """Every limit up, as far as any curve goes where the smallest factor and the headroom hold."""
    least = min(case.slo_factor for case in demand.cases) * (1.0 - demand.instance.headroom.slo)
    owners: list[tuple[int | None, tuple[Slo, ...]]] = [(None, demand.instance.slos)]
    owners += [(c, entry.slos) for c, entry in enumerate(demand.classes)]
    for c, slos in owners:
        for s, slo in enumerate(slos):

            def with_limit(
                limit_ms: float, c: int | None = c, slos: tuple[Slo, ...] = slos, s: int = s
            ) -> DemandInstance:
                changed = _with_limit(slos, s, limit_ms)
                if c is None:
                    return _with_instance(demand, replace(demand.instance, slos=changed))
                return _with_class(demand, c, replace(demand.classes[c], slos=changed))

            before = 1e3 * slo.limit
            highest = float(np.ceil(1e3 * _highest_latency(demand, slo.metric) / least))
            yield MovableNumber(
                number=CellNumber(CellNumberKind.SLO, request_class=c, slo=s),
                before=before,
                most=max(before, highest),
                apply=with_limit,
                precision=PRECISION * before,
                same_curves=False,
            )


def _movable_rates(demand: DemandInstance) -> Iterator[MovableNumber]:
    """The rate of every cell down."""
    for cell in demand.cells():

        def with_rate(
            rate: float, c: int = cell.request_class, t: int = cell.case
        ) -> DemandInstance:
            case = demand.cases[t]
            rates = (*case.rates[:c], rate, *case.rates[c + 1 :])
            return _with_case(demand, t, replace(case, rates=rates))

        yield MovableNumber(
            number=CellNumber(
                CellNumberKind.RATE, request_class=cell.request_class, case=cell.case
            ),
            before=cell.rate,
            most=cell.rate * LEAST_PART,
            apply=with_rate,
            precision=PRECISION * cell.rate,
        )


def _with_factor(demand: DemandInstance, t: int, factor: float) -> DemandInstance:
    return _with_case(demand, t, replace(demand.cases[t], slo_factor=factor))


def _movable_factors(demand: DemandInstance) -> Iterator[MovableNumber]:
    """The slo_factor of every case up, until its smallest limit is beyond all curves."""
    slos = [*demand.instance.slos, *(slo for entry in demand.classes for slo in entry.slos)]
    ratios = [_highest_latency(demand, slo.metric) / slo.limit for slo in slos]
    highest = float(np.ceil(max(ratios, default=0.0) / (1.0 - demand.instance.headroom.slo)))
    for t, case in enumerate(demand.cases):
        yield MovableNumber(
            number=CellNumber(CellNumberKind.FACTOR, case=t),
            before=case.slo_factor,
            most=max(case.slo_factor, highest),
            apply=partial(_with_factor, demand, t),
            precision=PRECISION * case.slo_factor,
            same_curves=False,
        )


def _movable_outside_rates(demand: DemandInstance) -> Iterator[MovableNumber]:
    """The largest rate of every LLM outside up, to all requests of the busiest case."""
    busiest = float(demand_with_headroom(demand).rates().sum(axis=0).max())
    for e, llm in enumerate(demand.outside):
        if llm.max_rate is not None:

            def with_rate(rate: float, e: int = e) -> DemandInstance:
                changed = replace(demand.outside[e], max_rate=rate)
                outside = (*demand.outside[:e], changed, *demand.outside[e + 1 :])
                return replace(demand, outside=outside)

            yield MovableNumber(
                number=CellNumber(CellNumberKind.OUTSIDE_RATE, llm=e),
                before=llm.max_rate,
                most=max(llm.max_rate, busiest),
                apply=with_rate,
                precision=PRECISION * busiest,
            )


def _movable_budget(demand: DemandInstance) -> Iterator[MovableNumber]:
    """The largest cost up, to that of every GPU, of every request at the dearest LLM outside, and
    of all replicas that can start, where a change has a price.
    """
    if demand.cost_at_most is None:
        return
    instance = demand.instance
    all_gpus = fleet_cost(instance).at([pool.gpus for pool in instance.pools])
    dearest = np.array([max(entry.outside_usd, default=0.0) for entry in demand.classes])
    all_outside = float((dearest @ demand_with_headroom(demand).rates()).max()) * 3600.0
    fit = [instance.pools[o.pool].gpus / (o.tp_degree * o.mps_share) for o in instance.options]
    all_starts = float(instance.start_prices @ fit)
    yield MovableNumber(
        number=CellNumber(CellNumberKind.BUDGET),
        before=demand.cost_at_most,
        most=max(demand.cost_at_most, float(np.ceil(all_gpus + all_outside + all_starts))),
        apply=lambda value: replace(demand, cost_at_most=value),
        precision=PRECISION * max(demand.cost_at_most, 1e-9),
    )


def _with_llm(demand: DemandInstance, at: int, llm: Llm) -> DemandInstance:
    llms = demand.instance.llms
    changed = (*llms[:at], llm, *llms[at + 1 :])
    return _with_instance(demand, replace(demand.instance, llms=changed))


def _with_most_replicas(demand: DemandInstance, i: int, count: float) -> DemandInstance:
    return _with_llm(demand, i, replace(demand.instance.llms[i], max_replicas=round(count)))


def _with_least_replicas(demand: DemandInstance, i: int, count: float) -> DemandInstance:
    return _with_llm(demand, i, replace(demand.instance.llms[i], min_replicas=round(count)))


def _movable_setup_limits(demand: DemandInstance) -> Iterator[MovableNumber]:
    """The most replicas of every LLM up, the least down to none, the floor of utilisation down."""
    instance = demand.instance

    for i, llm in enumerate(instance.llms):
        if llm.max_replicas is not None:
            yield MovableNumber(
                number=CellNumber(CellNumberKind.MOST, llm=i),
                before=float(llm.max_replicas),
                most=float(llm.max_replicas + MORE_REPLICAS),
                apply=partial(_with_most_replicas, demand, i),
                precision=1.0,
                whole=True,
            )
        if llm.min_replicas > 0:
            yield MovableNumber(
                number=CellNumber(CellNumberKind.LEAST, llm=i),
                before=float(llm.min_replicas),
                most=0.0,
                apply=partial(_with_least_replicas, demand, i),
                precision=1.0,
                whole=True,
            )
    if instance.min_utilization > 0:
        yield _movable_utilisation(demand, instance)


HEADROOM = {
    CellNumberKind.SLO_HEADROOM: "slo",
    CellNumberKind.RATE_HEADROOM: "rate",
    CellNumberKind.CURVE_HEADROOM: "utilization",
}
"""Fields of the headroom."""


def _with_headroom_of(demand: DemandInstance, part: str, percent: float) -> DemandInstance:
    headroom = replace(demand.instance.headroom, **{part: percent / 100.0})
    return _with_instance(demand, replace(demand.instance, headroom=headroom))


def _movable_headroom(demand: DemandInstance) -> Iterator[MovableNumber]:
    """Each headroom down, to none."""
    headroom = demand.instance.headroom
    for kind, part in HEADROOM.items():
        stated = 100.0 * getattr(headroom, part)
        yield MovableNumber(
            number=CellNumber(kind),
            before=stated,
            most=0.0,
            apply=partial(_with_headroom_of, demand, part),
            precision=PRECISION * max(stated, 1.0),
            same_curves=kind is CellNumberKind.RATE_HEADROOM,
        )


def _with_utilisation(demand: DemandInstance, percent: float) -> DemandInstance:
    return _with_instance(demand, replace(demand.instance, min_utilization=percent / 100))


def _movable_utilisation(demand: DemandInstance, instance: Instance) -> MovableNumber:
    return MovableNumber(
        number=CellNumber(CellNumberKind.UTILIZATION),
        before=100 * instance.min_utilization,
        most=0.0,
        apply=partial(_with_utilisation, demand),
        precision=0.2,
    )
