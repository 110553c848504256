"""A scenario with one input at another value, as the optimiser sees it.

What is changed is the assembled instance (and the demand of one with classes and cases), because
scores and latencies are tables, of which no override of the scenario moves all values at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from models.demand.requests import DemandInstance
from models.instance import Instance
from planner.scenario.assemble import LoadResult
from planner.studies.sensitivity.studied_inputs import HEADROOMS, InputKind, StudiedInput
from profiles.records import Curve, Scores

__all__ = ["scenario_with_moved_input"]


def scenario_with_moved_input(loaded: LoadResult, one: StudiedInput, value: float) -> LoadResult:
    """The scenario with an input at `value` (in its unit); the same one for today's value."""
    if value == one.today:
        return loaded
    instance = _moved_instance(loaded.instance, one, value)
    demand = loaded.demand
    if demand is not None:
        demand = _moved_demand(replace(demand, instance=instance), one, value)
    return replace(loaded, instance=instance, demand=demand)


def _moved_records(records: tuple[Any, ...], at: int, **changes: Any) -> tuple[Any, ...]:
    """The records with the one at a position changed."""
    return (*records[:at], replace(records[at], **changes), *records[at + 1 :])


def _moved_curve(curve: Curve, factor: float) -> Curve:
    """The same rates, every latency times a factor."""
    latency = {column: factor * values for column, values in curve.latency.items()}
    return replace(curve, latency=latency)


def _moved_scores(scores: Scores, row: int, shift: float) -> Scores:
    """All scores of one LLM, shifted."""
    values = scores.values.copy()
    values[row] += shift
    return replace(scores, values=values)


def _moved_instance(instance: Instance, one: StudiedInput, value: float) -> Instance:
    """What of the move is in the instance."""
    move = INSTANCE_MOVES.get(one.kind)
    return instance if move is None else move(instance, one, value)


def _moved_price(instance: Instance, one: StudiedInput, value: float) -> Instance:
    """Rented and reserved GPUs alike."""
    pool = instance.pools[one.at[0]]
    reserved = pool.reserved_price * value / one.today
    pools = _moved_records(instance.pools, one.at[0], price=value, reserved_price=reserved)
    return replace(instance, pools=pools)


def _moved_instance_scores(instance: Instance, one: StudiedInput, value: float) -> Instance:
    if one.at[0] >= len(instance.llms):
        return instance
    return replace(instance, scores=_moved_scores(instance.scores, one.at[0], value - one.today))


def _moved_instance_latency(instance: Instance, one: StudiedInput, value: float) -> Instance:
    options = tuple(
        replace(option, curve=_moved_curve(option.curve, value))
        if option.llm == one.at[0]
        else option
        for option in instance.options
    )
    return replace(instance, options=options)


def _moved_headroom(instance: Instance, one: StudiedInput, value: float) -> Instance:
    changed = {HEADROOMS[one.at[0]]: value / 100.0}
    return replace(instance, headroom=replace(instance.headroom, **changed))


INSTANCE_MOVES: Mapping[InputKind, Callable[[Instance, StudiedInput, float], Instance]] = {
    InputKind.RATE: lambda instance, one, value: replace(
        instance, arrival_rate=instance.arrival_rate * value / one.today
    ),
    InputKind.SLO: lambda instance, one, value: replace(
        instance, slos=_moved_records(instance.slos, one.at[0], limit=value / 1000.0)
    ),
    InputKind.PRICE: _moved_price,
    InputKind.SCORES: _moved_instance_scores,
    InputKind.LATENCY: _moved_instance_latency,
    InputKind.NODES: lambda instance, one, value: replace(
        instance, pools=_moved_records(instance.pools, one.at[0], nodes=int(value))
    ),
    InputKind.HEADROOM: _moved_headroom,
    InputKind.FLOOR: lambda instance, one, value: replace(instance, quality_floor=value),
}


def _moved_demand(demand: DemandInstance, one: StudiedInput, value: float) -> DemandInstance:
    """What of the move is in classes, cases and LLMs outside; the instance has moved."""
    move = DEMAND_MOVES.get(one.kind)
    return demand if move is None else move(demand, one, value)


def _moved_rates(demand: DemandInstance, one: StudiedInput, value: float) -> DemandInstance:
    factor = value / one.today
    cases = tuple(
        replace(case, rates=tuple(factor * rate for rate in case.rates)) for case in demand.cases
    )
    return replace(demand, cases=cases)


def _moved_class_slo(demand: DemandInstance, one: StudiedInput, value: float) -> DemandInstance:
    c, j = one.at
    slos = _moved_records(demand.classes[c].slos, j, limit=value / 1000.0)
    return replace(demand, classes=_moved_records(demand.classes, c, slos=slos))


def _moved_outside_price(demand: DemandInstance, one: StudiedInput, value: float) -> DemandInstance:
    """The price of every class's request."""
    e = one.at[0]
    classes = tuple(
        replace(
            entry,
            outside_usd=tuple(
                value * usd if k == e else usd for k, usd in enumerate(entry.outside_usd)
            ),
        )
        for entry in demand.classes
    )
    return replace(demand, classes=classes)


def _moved_demand_scores(demand: DemandInstance, one: StudiedInput, value: float) -> DemandInstance:
    shift = value - one.today
    classes = tuple(
        replace(entry, scores=_moved_scores(entry.scores, one.at[0], shift))
        for entry in demand.classes
    )
    return replace(demand, classes=classes)


def _moved_demand_latency(
    demand: DemandInstance, one: StudiedInput, value: float
) -> DemandInstance:
    """Curves of classes, and the latencies of an LLM outside."""
    options, k = demand.instance.options, one.at[0]
    curves = {
        key: _moved_curve(curve, value) if options[key[0]].llm == k else curve
        for key, curve in demand.class_curves.items()
    }
    e, outside = k - len(demand.instance.llms), demand.outside
    if e >= 0:
        latency = {column: value * seconds for column, seconds in outside[e].latency.items()}
        outside = _moved_records(outside, e, latency=latency)
    return replace(demand, class_curves=curves, outside=outside)


def _moved_lost_nodes(demand: DemandInstance, one: StudiedInput, value: float) -> DemandInstance:
    """Of a pool with fewer nodes than a case loses, all are lost."""
    del one, value
    nodes = [pool.nodes for pool in demand.instance.pools]
    cases = tuple(
        replace(case, lost_nodes=tuple(map(min, case.lost_nodes, nodes))) for case in demand.cases
    )
    return replace(demand, cases=cases)


DEMAND_MOVES: Mapping[InputKind, Callable[[DemandInstance, StudiedInput, float], DemandInstance]]
DEMAND_MOVES = {
    InputKind.RATE: _moved_rates,
    InputKind.CLASS_SLO: _moved_class_slo,
    InputKind.OUTSIDE_PRICE: _moved_outside_price,
    InputKind.SCORES: _moved_demand_scores,
    InputKind.LATENCY: _moved_demand_latency,
    InputKind.NODES: _moved_lost_nodes,
    InputKind.BUDGET: lambda demand, one, value: replace(demand, cost_at_most=value),
}
