"""Tiny random demands of scheduled fleets, deterministic per (seed, kind)."""

from dataclasses import dataclass, replace

import numpy as np

from models.demand.requests import DemandInstance
from tests.support.demand.random_demands import random_demand

__all__ = ["SCHEDULES", "random_schedule"]


@dataclass(frozen=True)
class Schedule:
    """demand: kind of random demand. start_usd: of a GPU. budget: whether money is short."""

    demand: str
    start_usd: float = 0.0
    budget: bool = False


SCHEDULES: dict[str, Schedule] = {
    "free": Schedule("cases", 1.0),
    "lost": Schedule("lost"),
    "classes": Schedule("classes_cases"),
    "budget": Schedule("cases", 0.0, budget=True),
    "budget_starts": Schedule("cases", 3.0, budget=True),
    "two_pools": Schedule("two_pools", 2.0, budget=True),
    "cost": Schedule("cost"),
    "cost_starts": Schedule("cost", 2.0),
    "lost_budget": Schedule("lost", 1.0, budget=True),
}


def random_schedule(seed: int, kind: str) -> DemandInstance:
    """The first case, and every other of hours above 0 without lost nodes, has its own setup; the
    others test the first one.
    """
    schedule = SCHEDULES[kind]
    demand = random_demand(seed, schedule.demand)
    first, *others = demand.cases
    cases = [replace(first, hours=max(first.hours, 1.0))]
    for case in others:
        if case.loses_nodes:
            # A quiet day besides: two setups at least.
            half = tuple(round(0.5 * rate, 4) for rate in first.rates)
            cases.append(replace(first, name="quiet", hours=6.0, rates=half))
        cases.append(replace(case, of=0 if case.hours == 0 or case.loses_nodes else None))
    demand = replace(demand, cases=tuple(cases), start_usd=schedule.start_usd)
    if not schedule.budget:
        return demand
    pools = tuple(replace(pool, price=pool.price or 1.0) for pool in demand.instance.pools)
    dear = sum(pool.gpus * float(pool.price or 0.0) for pool in pools)
    part = np.random.default_rng(seed).uniform(0.3, 0.9)
    instance = replace(demand.instance, pools=pools)
    return replace(demand, instance=instance, cost_at_most=round(float(part * dear), 3))
