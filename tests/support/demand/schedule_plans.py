"""plan.json, schema 2, of several setups, made from plans of one setup each: starts, weights and
totals are worked out here, from the text of the demand alone.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from models.demand.requests import DemandInstance
from tests.support.demand.plan_maker import Plan, Routing, Seat, make_cells_plan
from tests.support.instances.payments import paid_for_pool

__all__ = ["alone_cases", "make_schedule_plan", "replica_starts", "setup_cases"]


def setup_cases(demand: DemandInstance) -> list[list[int]]:
    """Positions of the cases of every setup, its own first."""
    own = [t for t, case in enumerate(demand.cases) if case.of is None]
    return [[t, *(k for k, c in enumerate(demand.cases) if c.of == t)] for t in own]


def alone_cases(demand: DemandInstance, cases: Sequence[int]) -> DemandInstance:
    """The fixed fleet of some cases."""
    kept = tuple(replace(demand.cases[t], of=None) for t in cases)
    return replace(demand, cases=kept, start_usd=None, cost_at_most=None)


def replica_starts(before: Sequence[Seat], after: Sequence[Seat]) -> int:
    """Shards whose replica was not on the same GPUs before."""
    there = Counter((s.option, s.node, frozenset(s.gpus)) for s in before)
    started = 0
    for s in after:
        spot = (s.option, s.node, frozenset(s.gpus))
        started += 0 if there[spot] > 0 else len(s.gpus)
        there[spot] -= 1
    return started


def make_schedule_plan(
    demand: DemandInstance,
    seats: Sequence[Sequence[Seat]],
    routings: Sequence[Sequence[Sequence[Routing]]],
    *,
    slack: float = 0.0,
) -> Plan:
    """seats, routings: of every setup, by its cases in their order (`setup_cases`)."""
    merged: Plan = {key: [] for key in ("setups", "cells", "lanes", "losses")}
    told: dict[str, Plan] = {}
    gpus_cost: float | None = 0.0
    hours = sum(case.hours for case in demand.cases)
    for cases, own_seats, own in zip(setup_cases(demand), seats, routings, strict=True):
        plan = make_cells_plan(alone_cases(demand, cases), own_seats, own)
        first = len(merged["losses"])
        for key in ("cells", "lanes"):
            for entry in plan[key]:
                if entry["loss"] is not None:
                    entry["loss"] += first
        for loss in plan["losses"]:
            if loss["same_as"] is not None:
                loss["same_as"] += first
        for key in merged:
            merged[key] += plan[key]
        told |= {entry["case"]: entry for entry in plan["cases"]}
        part = sum(demand.cases[t].hours for t in cases) / hours
        price = plan["cost"]["gpus_usd_per_h"]
        gpus_cost = None if price is None or gpus_cost is None else gpus_cost + part * price
    entries = [told[case.name] for case in demand.cases]
    weights = demand.cell_weights().sum(axis=0)
    quality = sum(
        float(w) * entry["quality"] for w, entry in zip(weights, entries, strict=True) if w > 0
    )
    outside = 0.0
    for t, entry in enumerate(entries):
        setup = next(s for s in merged["setups"] if entry["case"] in s["cases"])
        used = {(s["pool"], s["node"], s["gpu"]) for s in setup["placement"]}
        held = Counter(pool for pool, _, _ in used)
        pools = demand.instance.pools
        gpus = 0.0 if gpus_cost is None else sum(paid_for_pool(p, held[p.name]) for p in pools)
        spent = (entry["cost_usd_per_h"] or 0.0) - gpus
        outside += demand.cases[t].hours / hours * spent
    started = sum(replica_starts(seats[k - 1], own) for k, own in enumerate(seats))
    starts = (demand.start_usd or 0.0) * started / hours if len(seats) > 1 else 0.0
    total = None if gpus_cost is None else gpus_cost + outside + starts
    value = quality if demand.instance.objective == "quality" else total
    sign = 1 if demand.instance.objective == "quality" else -1
    bound = value + sign * slack * abs(value)
    return {
        "schema": 2,
        "status": "optimal",
        "objective": {
            "sense": "maximize" if sign > 0 else "minimize",
            "of": str(demand.instance.objective),
            "value": value,
            "bound": bound,
            "rel_gap": abs(bound - value) / max(abs(value), 1e-9),
        },
        "quality": quality,
        "cost_usd_per_h": total,
        "gpus_used": max(setup["gpus_used"] for setup in merged["setups"]),
        "gpus_total": demand.instance.gpus,
        **merged,
        "cases": entries,
        "cost": {
            "gpus_usd_per_h": gpus_cost,
            "outside_usd_per_h": outside,
            "starts_usd_per_h": starts,
        },
    }
