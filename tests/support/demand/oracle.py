"""The best plan of a tiny demand by brute force, written from the meaning of classes, cases, lost
nodes, LLMs outside and budgets alone.

1. Every setup on its nodes (`placements`).
2. For each setup, case and set of survivors the best routings found (`state_routing`).
3. Cases put together: each its best routing; where spend matters, every combination.

The value is reached by a plan that is returned. Its bound and "infeasible" are certain only where
`exact` says so.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

from models.demand.requests import DemandInstance
from tests.support.demand.placements import PlacedSetup, placed_setups
from tests.support.demand.plan_maker import Plan, Routing, loss_choices, make_cells_plan
from tests.support.demand.state_routing import StateRouting, route_state

__all__ = ["DemandOracle", "RoutedSetup", "best_demand_plan", "routed_setups"]

MOST_SETUPS = 200
"""Setups that are looked at; more make the answer inexact."""


@dataclass(frozen=True, kw_only=True)
class DemandOracle:
    """What brute force found.

    value: best objective value reached, by `plan`; None where no plan was found. bound: no plan is
    better; None where it is not known. infeasible: surely no plan exists. exact: value and bound
    are of one problem (one class a case, mean limits, convex curves, spend outside of no account,
    all setups looked at).
    """

    value: float | None
    plan: Plan | None
    bound: float | None
    infeasible: bool
    exact: bool
    setups: int


@dataclass(frozen=True)
class CaseRouting:
    """A case on one setup. routings: what `make_cells_plan` is given."""

    quality: float
    spend: float
    bound: float
    routings: tuple[Routing, ...]


@dataclass(frozen=True)
class RoutedSetup:
    """A placed setup with its best routing found. qualities, bounds, routings: by case."""

    setup: PlacedSetup
    qualities: tuple[float, ...]
    bounds: tuple[float, ...]
    routings: tuple[tuple[Routing, ...], ...]


def routed_setups(demand: DemandInstance, *, effort: int = 2) -> tuple[list[RoutedSetup], bool]:
    """All placed setups of a demand without LLMs outside that serve every case, and whether no
    other one does; bounds are inf where they are not known.
    """
    loses = any(case.loses_nodes for case in demand.cases)
    setups = placed_setups(demand, by_node=loses)
    setups.sort(key=lambda setup: (setup.cost, setup.gpus))
    found, certain = [], len(setups) <= MOST_SETUPS
    known: dict[tuple[int, tuple[int, ...]], list[StateRouting] | None] = {}

    def route(case: int, replicas: tuple[int, ...]) -> list[StateRouting] | None:
        if (case, replicas) not in known:
            known[case, replicas] = route_state(demand, case, replicas, effort=effort, priced=False)
        return known[case, replicas]

    for setup in setups[:MOST_SETUPS]:
        cases, sure = _route_cases(demand, setup, route)
        if cases is None:
            certain = certain and sure
            continue
        best = [max(case, key=lambda one: one.quality) for case in cases]
        found.append(
            RoutedSetup(
                setup,
                tuple(one.quality for one in best),
                tuple(max(one.bound for one in case) for case in cases),
                tuple(one.routings for one in best),
            )
        )
    return found, certain


def best_demand_plan(demand: DemandInstance, *, effort: int = 2) -> DemandOracle:
    """The best plan found; effort: 1 or more, how many lanes and loads are tried (classes only)."""
    loses = any(case.loses_nodes for case in demand.cases)
    by_cost = demand.instance.objective == "cost"
    setups = placed_setups(demand, by_node=loses)
    if not by_cost and demand.cost_at_most is None:
        setups = _largest(setups, demand, loses=loses)
    setups.sort(key=lambda setup: (setup.cost, setup.gpus))
    exact = len(setups) <= MOST_SETUPS
    best: tuple[float, PlacedSetup, Sequence[CaseRouting]] | None = None
    bound, open_setups = -math.inf, False
    priced = bool(demand.outside) and (demand.cost_at_most is not None or by_cost)
    known_states: dict[tuple[int, tuple[int, ...], bool], list[StateRouting] | None] = {}

    def route(case: int, replicas: tuple[int, ...], *, dear: bool) -> list[StateRouting] | None:
        key = (case, replicas, dear)
        if key not in known_states:
            known_states[key] = route_state(demand, case, replicas, effort=effort, priced=dear)
        return known_states[key]

    for setup in setups[:MOST_SETUPS]:
        if by_cost and best is not None and setup.cost >= best[0]:
            break
        if demand.cost_at_most is not None and not setup.cost <= demand.cost_at_most:
            continue
        cases, certain = _route_cases(demand, setup, partial(route, dear=False))
        if priced and cases is not None:
            # Spend does not matter yet: whoever is worse even so is passed over.
            free = _combine(demand, setup, cases, free=True)
            if free is None or (best is not None and not by_cost and free[0] <= best[0]):
                open_setups = True
                continue
            cases, certain = _route_cases(demand, setup, partial(route, dear=True))
        reached = None if cases is None else _combine(demand, setup, cases)
        if reached is None:
            # Either surely nothing, or nothing that was found.
            open_setups = open_setups or not certain or not _surely_short(demand, cases)
            continue
        value, chosen = reached
        bound = max(bound, _bound_of(demand, chosen))
        if best is None or (value < best[0] if by_cost else value > best[0]):
            best = (value, setup, chosen)
    exact = exact and not open_setups
    if best is None:
        return DemandOracle(
            value=None, plan=None, bound=None, infeasible=exact, exact=exact, setups=len(setups)
        )
    value, setup, chosen = best
    plan = make_cells_plan(demand, setup.seats, [case.routings for case in chosen])
    known = exact and math.isfinite(bound) and not by_cost and demand.cost_at_most is None
    return DemandOracle(
        value=value,
        plan=plan,
        bound=bound if known else None,
        infeasible=False,
        exact=known or (exact and by_cost and not demand.outside and _all_bounded(chosen)),
        setups=len(setups),
    )


def _largest(
    setups: Sequence[PlacedSetup], demand: DemandInstance, *, loses: bool
) -> list[PlacedSetup]:
    """Setups that no other one contains: more replicas only help, as lanes may be idle. With lost
    nodes the survivors of every choice count.
    """
    kept: dict[tuple[tuple[int, ...], ...], PlacedSetup] = {}
    for setup in setups:
        kept.setdefault(_strength(demand, setup, loses=loses), setup)
    return [
        setup
        for own, setup in kept.items()
        if not any(other != own and _contains(other, own) for other in kept)
    ]


def _strength(
    demand: DemandInstance, setup: PlacedSetup, *, loses: bool
) -> tuple[tuple[int, ...], ...]:
    """Replicas, then the survivors of all kinds of losses, the same ones once and sorted."""
    survivors: set[tuple[int, ...]] = set()
    if loses:
        for t, case in enumerate(demand.cases):
            if case.loses_nodes:
                survivors |= set(_survivors(demand, setup, t))
    return (setup.replicas, *sorted(survivors))


def _contains(other: Sequence[tuple[int, ...]], own: Sequence[tuple[int, ...]]) -> bool:
    """Whether one has all replicas of the other, and after each of its losses all that the other
    has left after one.
    """

    def holds(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
        return all(x >= y for x, y in zip(a, b, strict=True))

    return holds(other[0], own[0]) and all(
        any(holds(left, least) for least in own[1:]) for left in other[1:]
    )


def _survivors(demand: DemandInstance, setup: PlacedSetup, case: int) -> list[tuple[int, ...]]:
    """(O,) survivors of every kind of loss of a case."""
    options = range(len(demand.instance.options))
    return [
        tuple(left.get(o, 0) for o in options)
        for _, _, left in loss_choices(demand, setup.seats, case)
    ]


def _route_cases(
    demand: DemandInstance,
    setup: PlacedSetup,
    route: Callable[[int, tuple[int, ...]], list[StateRouting] | None],
) -> tuple[list[list[CaseRouting]] | None, bool]:
    """Routings of every case, None where one has none; whether that is certain."""
    found = []
    for t, case in enumerate(demand.cases):
        left = sorted(set(_survivors(demand, setup, t))) if case.loses_nodes else [setup.replicas]
        # The weakest survivors are enough: others leave some replicas idle.
        weakest = [
            a
            for a in left
            if not any(b != a and all(y <= x for x, y in zip(a, b, strict=True)) for b in left)
        ]
        states = [route(t, replicas) for replicas in weakest]
        if any(not state for state in states):
            return None, any(state is None for state in states)
        found.append(_worst_of([state for state in states if state]))
    return found, True


def _worst_of(states: Sequence[Sequence[StateRouting]]) -> list[CaseRouting]:
    """A case with losses: a routing for each, quality and spend of the worst."""
    found = []
    for chosen in product(*states):
        worst = min(chosen, key=lambda entry: (entry.quality, -entry.spend))
        ordered = sorted(chosen, key=lambda entry: -entry.quality)
        found.append(
            CaseRouting(
                worst.quality,
                # Of losses alike in quality the dearest is counted, so that none is understated.
                max(e.spend for e in chosen if e.quality <= worst.quality + 1e-9),
                min(entry.bound for entry in chosen),
                tuple(entry.routing for entry in ordered),
            )
        )
    return found


def _combine(
    demand: DemandInstance,
    setup: PlacedSetup,
    cases: Sequence[Sequence[CaseRouting]],
    *,
    free: bool = False,
) -> tuple[float, list[CaseRouting]] | None:
    """The best combination of routings: (value, a routing by case). free: whatever they spend."""
    weights = demand.cell_weights().sum(axis=0)
    parts = [case.hours / demand.hours for case in demand.cases]
    by_cost = demand.instance.objective == "cost"
    best: tuple[float, list[CaseRouting]] | None = None
    for chosen in product(*cases):
        quality = sum(w * c.quality for w, c in zip(weights, chosen, strict=True))
        cost = setup.cost + sum(h * c.spend for h, c in zip(parts, chosen, strict=True))
        floor = demand.instance.quality_floor
        if demand.cost_at_most is not None and not free and not cost <= demand.cost_at_most:
            continue
        if by_cost and floor is not None and quality < floor:
            continue
        value = cost if by_cost else quality
        if best is None or (value < best[0] if by_cost else value > best[0]):
            best = (value, list(chosen))
    return best


def _surely_short(demand: DemandInstance, cases: Sequence[Sequence[CaseRouting]] | None) -> bool:
    """Whether routings of all cases surely miss the mean floor; certain too where there is none."""
    if cases is None:
        return True
    floor = demand.instance.quality_floor
    best = [max(case, key=lambda entry: entry.bound) for case in cases]
    return floor is not None and _bound_of(demand, best) < floor - 1e-6


def _bound_of(demand: DemandInstance, chosen: Sequence[CaseRouting]) -> float:
    weights = demand.cell_weights().sum(axis=0)
    bounds = [(w, case.bound) for w, case in zip(weights, chosen, strict=True) if w > 0]
    return sum(w * bound for w, bound in bounds)


def _all_bounded(chosen: Sequence[CaseRouting]) -> bool:
    return all(math.isfinite(case.bound) for case in chosen)
