"""The best plan of a tiny scheduled fleet by brute force, from the text of the demand alone.

1. For each place, all placed setups with the best routing of its cases (`routed_setups`).
2. All combinations of one for each place in the cycle: quality, GPUs by hours, starts. Starts are
   counted from seats, with nodes and GPUs named in every way; by numbers of replicas they are less
   or as many, which bounds every plan.

No LLMs outside: what is spent there would tie routings together too.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product

from models.demand.requests import DemandInstance
from tests.support.demand.oracle import RoutedSetup, routed_setups
from tests.support.demand.plan_maker import Plan, Seat
from tests.support.demand.schedule_plans import (
    alone_cases,
    make_schedule_plan,
    replica_starts,
    setup_cases,
)

__all__ = ["ScheduleOracle", "best_schedule"]

NAMINGS = 24
"""Ways to name nodes and GPUs that are tried; with more the starts may be too many."""


@dataclass(frozen=True, kw_only=True)
class ScheduleOracle:
    """value: reached by `plan`; None where there is none. least: no plan is better, None where that
    is not known. infeasible: surely no plan.
    """

    value: float | None
    plan: Plan | None
    least: float | None
    infeasible: bool


def best_schedule(demand: DemandInstance, *, effort: int = 1) -> ScheduleOracle:
    """The best plan found."""
    assert not demand.outside
    places = [
        routed_setups(_alone_from_running(demand, s, cases), effort=effort)
        for s, cases in enumerate(setup_cases(demand))
    ]
    certain = all(sure for _, sure in places)
    by_cost = demand.instance.objective == "cost"
    best: tuple[float, tuple[RoutedSetup, ...], list[Sequence[Seat]]] | None = None
    least = math.inf
    for chosen in product(*(found for found, _ in places)):
        quality, bound = _quality(demand, chosen)
        gpus = _gpus_cost(demand, chosen)
        floor = demand.instance.quality_floor
        # What starts by numbers of replicas cannot be avoided.
        few = gpus + _start_cost(demand, _starts_by_number(demand, chosen))
        if _short(demand.cost_at_most, few):
            continue
        if not (by_cost and floor is not None and bound < floor):
            least = min(least, few if by_cost else -bound)
        if by_cost and floor is not None and quality < floor:
            continue
        if best is not None and (few if by_cost else -quality) >= best[0] - 1e-12:
            continue
        seats = _named_alike(demand, chosen)
        started = sum(replica_starts(seats[k - 1], own) for k, own in enumerate(seats))
        cost = gpus + _start_cost(demand, started if len(chosen) > 1 else 0)
        if _short(demand.cost_at_most, cost):
            continue
        loss = cost if by_cost else -quality
        if best is None or loss < best[0]:
            best = (loss, chosen, seats)
    sign = 1.0 if by_cost else -1.0
    known = sign * least if certain and math.isfinite(least) else None
    if best is None:
        none = certain and math.isinf(least)
        return ScheduleOracle(value=None, plan=None, least=known, infeasible=none)
    loss, chosen, seats = best
    plan = make_schedule_plan(demand, seats, [one.routings for one in chosen])
    return ScheduleOracle(value=sign * loss, plan=plan, least=known, infeasible=False)


def _alone_from_running(demand: DemandInstance, setup: int, cases: Sequence[int]) -> DemandInstance:
    """The cases of one setup alone, with what runs of it, and its limit."""
    running = demand.runs[setup] if demand.runs else None
    instance = replace(demand.instance, running=running)
    return replace(alone_cases(demand, cases), instance=instance, runs=())


def _short(most: float | None, cost: float) -> bool:
    return most is not None and not cost <= most


def _quality(demand: DemandInstance, chosen: Sequence[RoutedSetup]) -> tuple[float, float]:
    """Reached, and at most, with the weights of all cells."""
    weights = demand.cell_weights().sum(axis=0)
    quality = bound = 0.0
    for cases, one in zip(setup_cases(demand), chosen, strict=True):
        for t, q, b in zip(cases, one.qualities, one.bounds, strict=True):
            if weights[t] > 0:
                quality, bound = quality + weights[t] * q, bound + weights[t] * b
    return float(quality), float(bound)


def _gpus_cost(demand: DemandInstance, chosen: Sequence[RoutedSetup]) -> float:
    hours = sum(case.hours for case in demand.cases)
    parts = [sum(demand.cases[t].hours for t in cases) / hours for cases in setup_cases(demand)]
    costs = [0.0 if math.isnan(one.setup.cost) else one.setup.cost for one in chosen]
    return sum(part * cost for part, cost in zip(parts, costs, strict=True))


def _start_cost(demand: DemandInstance, started: int) -> float:
    return (demand.start_usd or 0.0) * started / sum(case.hours for case in demand.cases)


def _starts_by_number(demand: DemandInstance, chosen: Sequence[RoutedSetup]) -> int:
    started = 0
    for k, one in enumerate(chosen):
        pairs = zip(one.setup.replicas, chosen[k - 1].setup.replicas, strict=True)
        for option, (now, before) in zip(demand.instance.options, pairs, strict=True):
            started += max(0, now - before) * option.tp_degree
    return started


def _named_alike(demand: DemandInstance, chosen: Sequence[RoutedSetup]) -> list[Sequence[Seat]]:
    """Seats of all setups with nodes and GPUs named for few starts: each after the one before it,
    the last one with a look at the first.
    """
    seats: list[Sequence[Seat]] = [chosen[0].setup.seats]
    for k, one in enumerate(chosen[1:], start=1):
        last = k == len(chosen) - 1

        def dear(own: Sequence[Seat], *, last: bool = last) -> int:
            after = replica_starts(own, seats[0]) if last else 0
            return replica_starts(seats[-1], own) + after

        seats.append(min(_namings(demand, one.setup.seats), key=dear))
    return seats


def _namings(demand: DemandInstance, seats: Sequence[Seat]) -> Iterator[Sequence[Seat]]:
    """The same setup with other names of nodes, and of GPUs alike on all nodes."""
    pools, options = demand.instance.pools, demand.instance.options
    ways = [
        list(product(permutations(range(p.nodes)), permutations(range(p.gpus_per_node))))[:NAMINGS]
        for p in pools
    ]
    for chosen in product(*ways):
        yield [
            Seat(
                s.option,
                s.replica,
                chosen[options[s.option].pool][0][s.node],
                tuple(sorted(chosen[options[s.option].pool][1][g] for g in s.gpus)),
            )
            for s in seats
        ]
