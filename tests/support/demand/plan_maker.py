"""plan.json, schema 2, made from replicas on nodes, lanes and rates sent outside: no search, and
nothing of the planner or its verifier. What is given is taken to be feasible; all else is worked
out here.

    quality and dual prices    a linear program over (prompt, LLM), scipy
    latencies                  np.interp; percentiles by halving the latency (tail_rule)
    losses                     every choice of nodes, one by one
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
from scipy.optimize import linprog

from models.demand.requests import DemandInstance, RequestClass
from models.instance import Slo
from profiles.records import PROVENANCES, Curve, Scores
from tests.support.instances.payments import paid_for_pool
from tests.support.instances.tail_rule import REMAINDER, share_late_by_rule

Plan = dict[str, Any]
TRACE = 1e-9
"""Part of a cell's rate that is float noise."""


@dataclass(frozen=True)
class Lane:
    """Replicas of one option (position in the instance) with the rates (C,) of them all."""

    option: int
    replicas: int
    rates: tuple[float, ...]


@dataclass(frozen=True)
class Routing:
    """Lanes with requests (idle ones are added) and rates sent outside by class, (C, E) req/s."""

    lanes: tuple[Lane, ...]
    outside: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Seat:
    """One replica (number of its option) on GPUs of one node of the option's pool."""

    option: int
    replica: int
    node: int
    gpus: tuple[int, ...]


def make_cells_plan(
    demand: DemandInstance,
    seats: Sequence[Seat],
    routings: Sequence[Sequence[Routing]],
    *,
    slack: float = 0.0,
) -> Plan:
    """The plan of one setup.

    routings: of every case one or more; with lost nodes each kind of choice takes the first one
    whose lanes its survivors hold. slack: relative distance of the bound from the value.
    """
    return _Maker(demand, seats).plan(routings, slack)


class _Maker:
    def __init__(self, demand: DemandInstance, seats: Sequence[Seat]):
        self.demand, self.instance, self.seats = demand, demand.instance, seats
        self.deployed = sorted({seat.option for seat in seats})
        self.count = {o: sum(s.option == o for s in seats) for o in self.deployed}
        self.cells: list[Plan] = []
        self.lanes: list[Plan] = []
        self.losses: list[Plan] = []
        self.slo_loads: dict[int, list[list[tuple[Curve, float, float]]]] = defaultdict(list)
        self.weakest = dict.fromkeys(self.deployed, 0)

    def plan(self, routings: Sequence[Sequence[Routing]], slack: float) -> Plan:
        demand = self.demand
        gpus, cost = self._gpus()
        cases, outside, quality = [], 0.0, 0.0
        for t, case in enumerate(demand.cases):
            states = list(self._states(t, routings[t]))
            told = [self._state(t, loss, routing) for loss, routing in states]
            worst, spent = min(told, key=lambda pair: pair[0]) if told else (None, 0.0)
            requests = sum(case.rates) > 0
            cases.append(
                {
                    "case": case.name,
                    "hours": case.hours,
                    "quality": worst if requests else None,
                    "gpus_used": gpus,
                    "cost_usd_per_h": None if cost is None else cost + spent,
                    "slo": self._case_slos(t) if requests else [],
                }
            )
            outside += case.hours / demand.hours * spent
            if requests:
                quality += float(demand.cell_weights()[:, t].sum()) * float(worst)
        total = None if cost is None else cost + outside
        value = quality if self.instance.objective == "quality" else total
        return {
            "schema": 2,
            "status": "optimal",
            "objective": self._objective(value, slack),
            "quality": quality,
            "cost_usd_per_h": total,
            "gpus_used": gpus,
            "gpus_total": self.instance.gpus,
            "setups": [self._setup(gpus)],
            "cells": self.cells,
            "lanes": self.lanes,
            "losses": self.losses,
            "cases": cases,
            "cost": {
                "gpus_usd_per_h": cost,
                "outside_usd_per_h": outside,
                "starts_usd_per_h": 0.0,
            },
        }

    def _objective(self, value: Any, slack: float) -> Plan:
        sign = 1 if self.instance.objective == "quality" else -1
        bound = value + sign * slack * abs(value)
        return {
            "sense": "maximize" if sign > 0 else "minimize",
            "of": str(self.instance.objective),
            "value": value,
            "bound": bound,
            "rel_gap": abs(bound - value) / max(abs(value), 1e-9),
        }

    # ------------------------------------------------------------ setup

    def _gpus(self) -> tuple[int, float | None]:
        used = {
            (self.instance.options[s.option].pool, s.node, g) for s in self.seats for g in s.gpus
        }
        pools = self.instance.pools
        held = [sum(of == p for of, _, _ in used) for p in range(len(pools))]
        cost = float(sum(map(paid_for_pool, pools, held)))
        return len(used), None if math.isnan(cost) else cost

    def _setup(self, gpus: int) -> Plan:
        options = []
        for o in self.deployed:
            option = self.instance.options[o]
            options.append(
                {
                    "llm": self.instance.llms[option.llm].name,
                    "pool": self.instance.pools[option.pool].name,
                    "gpu": self.instance.pools[option.pool].gpu,
                    "tp_degree": option.tp_degree,
                    "mps_share_pct": 100 * option.mps_share,
                    "replicas": self.count[o],
                    "memory_gib_per_gpu": option.memory,
                    "provenance": PROVENANCES[self.weakest[o]],
                }
            )
        shards = [
            {
                "pool": self.instance.pools[self.instance.options[s.option].pool].name,
                "node": s.node,
                "gpu": g,
                "option": self.deployed.index(s.option),
                "replica": s.replica,
                "shard": k,
            }
            for s in self.seats
            for k, g in enumerate(s.gpus)
        ]
        cases = [case.name for case in self.demand.cases]
        return {"cases": cases, "options": options, "placement": shards, "gpus_used": gpus}

    # ------------------------------------------------------------ losses

    def _states(
        self, case: int, routings: Sequence[Routing]
    ) -> Iterator[tuple[int | None, Routing]]:
        """(loss or None, routing) that the case's cells and lanes are stated of."""
        entry = self.demand.cases[case]
        if not any(entry.lost_nodes):
            yield None, routings[0]
            return
        taken: dict[int, int] = {}
        for nodes, alike, left in loss_choices(self.demand, self.seats, case):
            k = next(k for k, r in enumerate(routings) if fits(r, left))
            named = {self.instance.pools[p].name: list(held) for p, held in nodes.items()}
            self.losses.append(
                {"case": entry.name, "nodes": named, "same_as": taken.get(k), "alike": alike}
            )
            if k not in taken:
                taken[k] = len(self.losses) - 1
                yield taken[k], routings[k]

    # ------------------------------------------------------------ one state

    def _state(self, t: int, loss: int | None, routing: Routing) -> tuple[float, float]:
        """State lanes and cells; (quality of the case, USD/h outside)."""
        demand, case = self.demand, self.demand.cases[t]
        lanes = list(routing.lanes)
        if loss is None:
            for o in self.deployed:
                idle = self.count[o] - sum(x.replicas for x in lanes if x.option == o)
                if idle:
                    lanes.append(Lane(o, idle, (0.0,) * len(demand.classes)))
        loads = [self._lane(lane, case.name, loss) for lane in lanes]
        quality, spent, everything = 0.0, 0.0, []
        for c, entry in enumerate(demand.classes):
            rate = case.rates[c]
            if rate == 0:
                continue
            sent = np.array(routing.outside[c] if routing.outside else [0.0] * len(demand.outside))
            served = [
                (demand.curve(lane.option, c), lane.rates[c], load)
                for lane, load in zip(lanes, loads, strict=True)
                if lane.rates[c] > TRACE * rate
            ]
            for llm, z in zip(demand.outside, sent, strict=True):
                if z > TRACE * rate:
                    constant = {column: np.array([v]) for column, v in llm.latency.items()}
                    served.append((Curve(np.zeros(1), constant, ("measured",)), float(z), 0.0))
            fractions = np.append(np.zeros(len(self.instance.llms)), sent / rate)
            for lane in lanes:
                fractions[self.instance.options[lane.option].llm] += lane.rates[c] / rate
            cell = self._cell(entry, fractions, served, t)
            cell |= {"class": entry.name, "case": case.name, "loss": loss, "rate_rps": rate}
            self.cells.append(cell)
            everything += served
            quality += float(demand.case_weights(t)[c]) * cell["quality"]
            spent += 3600 * float(sent @ np.array(entry.outside_usd, dtype=float))
        self.slo_loads[t].append(everything)
        return quality, spent

    def _lane(self, lane: Lane, case: str, loss: int | None) -> float:
        demand, option = self.demand, self.instance.options[lane.option]
        pairs = zip(demand.classes, lane.rates, strict=True)
        load = sum(entry.work[option.llm] * x for entry, x in pairs) / lane.replicas
        names = [entry.name for entry in demand.classes]
        told: Plan = {
            "case": case,
            "loss": loss,
            "option": self.deployed.index(lane.option),
            "replicas": lane.replicas,
            "load_rps": load,
            "rates": dict(zip(names, lane.rates, strict=True)),
            "latency_ms": _columns(option.curve, load),
        }
        own = {
            name: _columns(demand.class_curves[lane.option, c], load)
            for c, name in enumerate(names)
            if (lane.option, c) in demand.class_curves
        }
        if own:
            told["class_latency_ms"] = own
        self.lanes.append(told)
        for c, x in enumerate(lane.rates):
            if x > 0:
                rank = _weakest_beside(demand.curve(lane.option, c), load)
                self.weakest[lane.option] = max(self.weakest[lane.option], rank)
        return load

    def _cell(
        self,
        entry: RequestClass,
        fractions: np.ndarray,
        served: list[tuple[Curve, float, float]],
        case: int,
    ) -> Plan:
        names = self.demand.served
        quality, prices, ties = route_exactly(entry.scores, fractions, names)
        return {
            "quality": quality,
            "routing": {n: float(f) for n, f in zip(names, fractions, strict=True) if f > 0},
            "dual_prices": {n: p for n, p in prices.items() if p is not None},
            "router": {"rule": "argmax(score - dual_price)", "tie_eps": 1e-9, "ties": ties},
            "slo": [self._slo(slo, case, [served]) for slo in entry.slos],
        }

    # ------------------------------------------------------------ SLOs

    def _case_slos(self, case: int) -> list[Plan]:
        return [self._slo(slo, case, self.slo_loads[case]) for slo in self.instance.slos]

    def _slo(self, slo: Slo, case: int, states: list[list[tuple[Curve, float, float]]]) -> Plan:
        limit = 1e3 * slo.limit * self.demand.cases[case].slo_factor
        reached = max(1e3 * achieved(slo, served) for served in states)
        return {
            "metric": slo.metric,
            "statistic": slo.statistic,
            "scope": slo.scope,
            "limit_ms": limit,
            "achieved_ms": reached,
            "binding": reached >= limit * (1 - 1e-3),
        }


def loss_choices(
    demand: DemandInstance, seats: Sequence[Seat], case: int
) -> list[tuple[dict[int, tuple[int, ...]], int, dict[int, int]]]:
    """(nodes lost by pool, number of choices like it, survivors by option), a kind each."""
    instance = demand.instance
    held: dict[tuple[int, int], list[int]] = defaultdict(list)
    for seat in seats:
        held[instance.options[seat.option].pool, seat.node] += [seat.option] * len(seat.gpus)
    lost = {p: k for p, k in enumerate(demand.cases[case].lost_nodes) if k}
    kinds: dict[Any, list[tuple[int, ...]]] = defaultdict(list)
    for choice in product(
        *(combinations(range(instance.pools[p].nodes), k) for p, k in lost.items())
    ):
        key = tuple(
            tuple(sorted(tuple(sorted(held[p, node])) for node in nodes))
            for p, nodes in zip(lost, choice, strict=True)
        )
        kinds[key].append(choice)
    found = []
    for choices in kinds.values():
        nodes = dict(zip(lost, choices[0], strict=True))
        left: dict[int, int] = defaultdict(int)
        for seat in seats:
            gone = seat.node in nodes.get(instance.options[seat.option].pool, ())
            left[seat.option] += not gone
        found.append((nodes, len(choices), dict(left)))
    return found


def fits(routing: Routing, left: Mapping[int, int]) -> bool:
    """Whether the lanes of a routing find enough survivors."""
    held: dict[int, int] = defaultdict(int)
    for lane in routing.lanes:
        held[lane.option] += lane.replicas
    return all(count <= left.get(o, 0) for o, count in held.items())


def achieved(slo: Slo, served: Sequence[tuple[Curve, float, float]]) -> float:
    """Latency (s) of requests at (curve, rate, load) by the statistic of the SLO."""
    column = (slo.metric, slo.statistic)
    if slo.scope == "each_llm":
        return max(float(np.interp(r, c.rates, c.latency[column])) for c, _, r in served)
    total = sum(rate for _, rate, _ in served)
    if slo.statistic == "mean":
        parts = (rate * float(np.interp(r, c.rates, c.latency[column])) for c, rate, r in served)
        return sum(parts) / total
    tails = [
        (
            rate,
            {
                p: float(np.interp(load, curve.rates, curve.latency[slo.metric, p]))
                for p in REMAINDER
                if (slo.metric, p) in curve.latency
            },
        )
        for curve, rate, load in served
    ]
    budget = REMAINDER[slo.statistic] * total * (1 + 1e-12)
    low, high = 0.0, 1e3 * max(max(columns.values()) for _, columns in tails)
    for _ in range(200):
        middle = 0.5 * (low + high)
        late = sum(rate * share_late_by_rule(columns, middle) for rate, columns in tails)
        low, high = (low, middle) if late <= budget else (middle, high)
    return high


def route_exactly(
    scores: Scores, fractions: np.ndarray, names: Sequence[str]
) -> tuple[float, dict[str, float | None], list[Plan]]:
    """(Quality, dual prices, tie groups) of the best assignment of prompts with these fractions."""
    used = [i for i, f in enumerate(fractions) if f > 0]
    values, weights = scores.values[used], scores.weights
    count, prompts = values.shape
    each_prompt = np.kron(np.ones((1, count)), np.eye(prompts))
    each_llm = np.kron(np.eye(count), weights[None, :])
    part = fractions[used] / fractions[used].sum()
    solved = linprog(
        -(values * weights).ravel(),
        A_eq=np.vstack([each_prompt, each_llm[:-1]]),
        b_eq=np.append(np.ones(prompts), part[:-1]),
    )
    assert solved.status == 0, solved.message
    y = solved.x.reshape(count, prompts)
    # Prices of a minimum of -Q, for all LLMs but the last.
    alpha = np.append(-solved.eqlin.marginals[prompts:], 0.0)
    alpha -= alpha.min()
    quality = float((y * values * weights).sum())
    prices: dict[str, float | None] = dict.fromkeys(names)
    prices |= {names[i]: float(a) for i, a in zip(used, alpha, strict=True)}
    reduced = values - alpha[:, None]
    near = reduced >= reduced.max(axis=0) - 1e-9
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for x in range(prompts):
        groups[tuple(np.flatnonzero(near[:, x]).tolist())].append(x)
    ties = []
    for group, members in groups.items():
        share = float(weights[members].sum())
        if len(group) > 1 and share > 0:
            split = (y[np.ix_(group, members)] * weights[members]).sum(axis=1) / share
            llms = [names[used[i]] for i in group]
            ties.append({"llms": llms, "share": share, "split": (split / split.sum()).tolist()})
    return quality, prices, ties


def _columns(curve: Curve, load: float) -> dict[str, float]:
    return {
        f"{m}_{s}": 1e3 * float(np.interp(load, curve.rates, values))
        for (m, s), values in curve.latency.items()
    }


def _weakest_beside(curve: Curve, load: float) -> int:
    """Rank of the weaker of the two points around the load."""
    right = min(int(np.searchsorted(curve.rates, load)), len(curve.rates) - 1)
    left = right if curve.rates[right] == load else max(right - 1, 0)
    return max(PROVENANCES.index(curve.provenance[k]) for k in (left, right))


def with_bound(plan: Plan, bound: float) -> Plan:
    """The same plan with another bound."""
    value = plan["objective"]["value"]
    gap = abs(bound - value) / max(abs(value), 1e-9)
    return {**plan, "objective": {**plan["objective"], "bound": bound, "rel_gap": gap}}
