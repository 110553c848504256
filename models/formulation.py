"""What the joint program is made of, before it becomes Pyomo components or bare arrays.

`models.program` (Pyomo, integer) and `models.relaxation` (arrays, continuous) read the same record;
a test holds that they reach the same optimum.

Scaling: rates are counted in `unit` req/s and quality on the 0..1 scale of `models.quality`, so
that coefficients are of order 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.capacity import CapacityRow
from models.envelope import EnvelopeArm
from models.instance import Instance, Slo
from models.nogood import NoGood
from models.openings.opening_cuts import OpeningCuts


class GoalKind(StrEnum):
    """What a program optimises.

    QUALITY is maximised. COST: USD/h of the GPUs used, minimised. GPUS: the leanest plan, fewest
    GPUs first and then least cost (`formulation_lean_cost`). KNOB: one number of the scenario,
    moved no further than the rest needs.
    """

    QUALITY = "quality"
    COST = "cost"
    GPUS = "gpus"
    KNOB = "knob"


class KnobKind(StrEnum):
    """A number that a program may move, and what it counts.

    NODES of a pool, MOST replicas of an LLM: minimised. SLO: factor of the allowance of one SLO
    over all requests, or of all of them: minimised. RATE: factor of the arrival rate; LEAST
    replicas of an LLM; UTILIZATION: part of all GPUs in use: maximised.
    """

    NODES = "nodes"
    SLO = "slo"
    RATE = "rate"
    MOST = "most"
    LEAST = "least"
    UTILIZATION = "utilization"


@dataclass(frozen=True, kw_only=True)
class Knob:
    """of: position of the pool, of the LLM, or of the SLO among those over all requests; None
    where there is but one, or for all SLOs. low, high: ends of its range.
    """

    kind: KnobKind
    low: float
    high: float
    of: int | None = None

    @property
    def whole(self) -> bool:
        """Whether it counts things."""
        return self.kind in (KnobKind.NODES, KnobKind.MOST, KnobKind.LEAST)

    @property
    def maximised(self) -> bool:
        """Whether more of it asks more."""
        return self.kind in (KnobKind.RATE, KnobKind.LEAST, KnobKind.UTILIZATION)


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What is optimised, and the limits that earlier decisions set.

    quality_at_least: on the 0..1 scale, or None. cost_at_most, cost_at_least: USD/h, or None.
    gpus_at_most: per pool, fewer than it has (for a first plan that is easy to place), or None.
    gpus_in_all: over all pools, or None. changes: of a setup, at most this many. knob: what moves
    where that is the goal.
    """

    of: GoalKind
    quality_at_least: float | None = None
    cost_at_most: float | None = None
    cost_at_least: float | None = None
    gpus_at_most: tuple[int, ...] | None = None
    gpus_in_all: int | None = None
    changes: "Changes | None" = None
    knob: Knob | None = None

    def moves(self, kind: KnobKind, of: int | None = None) -> bool:
        """Whether the goal's knob is this one."""
        return self.knob is not None and self.knob.kind == kind and self.knob.of in (None, of)

    @property
    def room(self) -> bool:
        """Whether the largest spent part of all budgets is what is minimised."""
        return self.moves(KnobKind.SLO)


@dataclass(frozen=True)
class Changes:
    """A setup that runs.

    replicas: (O,) of it; most: number of replicas that may start or stop in total, on any
    GPUs; below zero no plan keeps it.
    """

    replicas: tuple[int, ...]
    most: int

    def count(self, replicas: np.ndarray) -> int:
        """Replicas that start or stop in a change to another setup (O,)."""
        return int(np.abs(replicas - np.array(self.replicas)).sum())


def limit_of_changes(goal: Goal, instance: Instance) -> Changes | None:
    """The limit of starts and stops that a plan must keep: the goal's, else that of the instance;
    None without one.
    """
    running = instance.running
    if goal.changes is not None or running is None or running.most is None:
        return goal.changes
    return Changes(running.replicas, running.most - running.gone)


@dataclass(frozen=True, kw_only=True)
class Formulation:
    """options: positions that may be used.

    arms: per such option its arms. upper: (O,) most replicas.

    cut_prices (C, M), cut_base (C,): quality cuts on the 0..1 scale. unit: req/s that count as 1.
    openings: cuts over open LLMs, None where the program does not say which are.
    """

    instance: Instance
    goal: Goal
    options: tuple[int, ...]
    arms: Mapping[int, Sequence[EnvelopeArm]]
    upper: np.ndarray
    capacity: Sequence[CapacityRow]
    cut_prices: np.ndarray
    cut_base: np.ndarray
    no_goods: Sequence[NoGood]
    unit: float
    openings: OpeningCuts | None = None

    @property
    def demand(self) -> float:
        """Arrival rate in units."""
        return self.instance.arrival_rate / self.unit

    @property
    def changes(self) -> Changes | None:
        """The limit of starts and stops, None without one."""
        return limit_of_changes(self.goal, self.instance)

    @property
    def shared_slos(self) -> tuple[Slo, ...]:
        """The SLOs over all requests, in the order of the arms' budgets."""
        return shared_slos(self.instance)

    @property
    def budget_scale(self) -> np.ndarray:
        """(S,) divisor of each budget's coefficients, so that every budget row reads `... <=
        demand`.
        """
        return np.array([allowance(slo) * self.unit for slo in self.shared_slos])


def shared_slos(instance: Instance) -> tuple[Slo, ...]:
    """SLOs of scope all, in the scenario's order."""
    return tuple(slo for slo in instance.slos if slo.scope == "all")


def allowance(slo: Slo) -> float:
    """Budget per req/s of arrival rate: the mean limit in s, or the share that may be late."""
    return slo.limit if slo.statistic == "mean" else 1.0 - float(slo.statistic[1:]) / 100.0


@dataclass(frozen=True, kw_only=True)
class FleetCost:
    """What GPUs cost, or how lean a fleet is, for u (P,) GPUs in use.

        base + sum_p use_p u_p + sum_p rent_p max(0, u_p - reserved_p)

    base: USD/h paid whatever is in use. use, rent: (P,) of one GPU in use. reserved: (P,) GPUs that
    are in use at no further cost; the second sum is over the pools where there are any.
    """

    base: float
    use: np.ndarray
    rent: np.ndarray
    reserved: np.ndarray

    def free(self, instance: Instance) -> np.ndarray:
        """(P,) GPUs whose use adds nothing: all of a pool without a price of use."""
        pools = np.array([float(pool.gpus) for pool in instance.pools])
        return np.where((self.use == 0) & (self.reserved == 0), pools, self.reserved)

    @property
    def renting(self) -> tuple[int, ...]:
        """Pools with reserved GPUs, of which those rented beyond are counted apart."""
        return tuple(np.flatnonzero(self.reserved > 0).tolist())

    def at(self, gpus: Sequence[int] | np.ndarray) -> float:
        """The cost of GPUs in use (P,), summed in the order of the pools: plans on equal GPUs cost
        the same to the last bit.
        """
        total = self.base
        for p, count in enumerate(gpus):
            total += float(self.use[p]) * count
            if self.reserved[p] > 0:
                total += float(self.rent[p]) * max(count - float(self.reserved[p]), 0.0)
        return float(total)


def fleet_cost(instance: Instance) -> FleetCost:
    """USD/h of GPUs in use; a price that is not known counts 0."""
    pools = instance.pools
    reserved = np.array([0 if pool.owned else pool.gpus_reserved for pool in pools], dtype=float)
    price = np.array([0.0 if pool.owned else pool.price or 0.0 for pool in pools])
    return FleetCost(
        base=float(
            sum(
                pool.reserved_price * pool.gpus_reserved + (pool.price or 0.0) * pool.gpus_owned
                for pool in pools
            )
        ),
        use=np.where(reserved > 0, 0.0, price),
        rent=np.where(reserved > 0, price, 0.0),
        reserved=reserved,
    )


def known_fleet_cost(instance: Instance, gpus: Sequence[int]) -> float | None:
    """USD/h of GPUs in use (P,); None where what is paid for at a pool's price has none."""
    for pool, used in zip(instance.pools, gpus, strict=True):
        if pool.price is None and pool.gpus_owned + pool.gpus_rented(used) > 0:
            return None
    return fleet_cost(instance).at(gpus)


def formulation_price_step(instance: Instance) -> float:
    """The largest amount (USD/h) of which the price of every GPU that may be rented is a multiple,
    to a millionth: costs differ by at least this. 0 where nothing is rented: all cost the same.
    """
    cost = fleet_cost(instance)
    whole = [round(price * 1e6) for price in (*cost.use, *cost.rent) if price > 0]
    return float(np.gcd.reduce(whole)) / 1e6 if whole else 0.0


def formulation_lean_cost(instance: Instance) -> FleetCost:
    """Weights of a used GPU that order plans by GPUs first, cost second: the cost of all GPUs
    weighs less than one GPU.
    """
    cost = fleet_cost(instance)
    price = cost.use + cost.rent
    total = float(sum(price[p] * pool.gpus for p, pool in enumerate(instance.pools)))
    unit = 2.0 * total if total > 0 else 1.0
    return FleetCost(
        base=0.0, use=1.0 + cost.use / unit, rent=cost.rent / unit, reserved=cost.reserved
    )
