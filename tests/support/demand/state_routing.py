"""The best routing of one case on given replicas, by brute force.

    one class       branch and bound over the rates (`tests.support.instances.oracle`), an LLM
                    outside being an option with a flat curve: exact where one lane an option is the
                    best
    more classes    lanes with caps rho_j on their load: at a cap the limits are linear in the
                    rates, so each choice of caps is a linear program; caps from a grid, then moved
                    one by one. All its routings keep the limits: the best is a bound from below.

Lanes whose latencies fall are held between their cap and a little less, others below it; the
highest latencies between are reckoned with.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import numpy as np
from scipy.optimize import linprog

from models.demand.requests import DemandInstance
from models.instance import Instance, Llm, Option, Pool, Slo
from profiles.records import Column, Curve
from tests.support.demand.plan_maker import Lane, Routing
from tests.support.instances.oracle import Setup, quality_cuts, search_rates
from tests.support.instances.tail_rule import REMAINDER, share_late_by_rule

__all__ = ["StateRouting", "route_state"]

GAP = 5e-6
NOISE = 1e-9
EXCESS_PRICE = 1e3
"""Score units of a budget that is exceeded by all of itself."""


@dataclass(frozen=True)
class StateRouting:
    """quality: of the case. spend: USD/h outside. bound: none is better in quality; or inf."""

    quality: float
    spend: float
    bound: float
    routing: Routing


def route_state(
    demand: DemandInstance, case: int, replicas: Sequence[int], *, effort: int, priced: bool
) -> list[StateRouting] | None:
    """Routings of a case, floors kept, none of them worse than another in quality and spend.

    priced: spend matters, so that several are sought. None: there is surely none; []: none found.
    """
    active = [cell.request_class for cell in demand.cells(case)]
    if not active:
        return [StateRouting(0.0, 0.0, 0.0, Routing(()))]
    if len(active) == 1:
        found, certain = _route_one_class(demand, case, active[0], replicas, priced=priced)
    else:
        found, certain = _route_classes(demand, case, active, replicas, effort, priced), False
    kept: list[StateRouting] = []
    for entry in sorted(found, key=lambda e: (-e.quality, e.spend)):
        if not kept or entry.spend < kept[-1].spend - NOISE:
            kept.append(entry)
    return None if certain and not kept else kept


def slos_of_class(demand: DemandInstance, case: int, request_class: int) -> list[Slo]:
    """Limits of a class that is alone in its case: its own and those of all requests."""
    factor = demand.cases[case].slo_factor
    slos = (*demand.classes[request_class].slos, *demand.instance.slos)
    return [replace(slo, limit=slo.limit * factor) for slo in slos]


def has_columns(known: Collection[Column], slo: Slo) -> bool:
    """Whether the SLO can be judged by these columns."""
    if slo.scope == "each_llm" or slo.statistic == "mean":
        return (slo.metric, slo.statistic) in known
    return any((slo.metric, p) in known for p in REMAINDER)


def may_serve(
    demand: DemandInstance, case: int, c: int, latency: Collection[Column], llm: int
) -> bool:
    """Whether an LLM (number among the served) with these columns may serve a class in a case."""
    slos = slos_of_class(demand, case, c)
    return demand.classes[c].permitted[llm] and all(has_columns(latency, slo) for slo in slos)


def outside_may_serve(demand: DemandInstance, case: int, c: int, position: int) -> bool:
    """Columns, permission, and each_llm limits of an LLM outside."""
    latency = demand.outside[position].latency
    if not may_serve(demand, case, c, latency, len(demand.instance.llms) + position):
        return False
    return all(
        slo.scope != "each_llm" or latency[slo.metric, slo.statistic] <= slo.limit * (1 + NOISE)
        for slo in slos_of_class(demand, case, c)
    )


# ---------------------------------------------------------------- one class


def _route_one_class(
    demand: DemandInstance, case: int, c: int, replicas: Sequence[int], *, priced: bool
) -> tuple[list[StateRouting], bool]:
    """Routings with one busy lane an option; whether that leaves out none that is better."""
    instance, entry, rate = demand.instance, demand.classes[c], demand.cases[case].rates[c]
    slos = slos_of_class(demand, case, c)
    own = [
        o
        for o, option in enumerate(instance.options)
        if replicas[o]
        and (o, c) not in demand.unjudged
        and may_serve(demand, case, c, demand.curve(o, c).latency, option.llm)
    ]
    outside = [k for k in range(len(demand.outside)) if outside_may_serve(demand, case, c, k)]
    options = [replace(instance.options[o], curve=_per_request(demand, o, c), pool=0) for o in own]
    exact = all(slo.statistic == "mean" for slo in slos) and all(
        _is_convex(option.curve) for option in options
    )
    found, certain = [], exact
    for part in _outside_parts(priced=priced and bool(outside)):
        places = options + [
            _flat_option(demand, k, len(instance.llms) + k, rate, part) for k in outside
        ]
        if not places:
            return [], True
        small = Instance(
            llms=tuple(Llm(name) for name in demand.served),
            pools=(Pool(name="all", gpu="any", nodes=1, gpus_per_node=1, memory=1.0),),
            options=tuple(places),
            slos=tuple(slos),
            arrival_rate=rate,
            scores=entry.scores,
        )
        counts = [
            _busy_counts(replicas[o], slos, exact, option.curve)
            for o, option in zip(own, options, strict=True)
        ]
        setups = [Setup((*n, *(1 for _ in outside)), 0, None) for n in product(*counts)]
        reached = search_rates(small, setups, gap=GAP if part == 1.0 else 10 * GAP, max_batches=100)
        if reached.feasible is None:
            certain = False
        if not reached.feasible:
            continue
        floor = max(entry.quality_floor or -np.inf, demand.cases[case].quality_floor or -np.inf)
        if reached.value < floor:
            certain = certain and reached.bound < floor - 1e-6
            continue
        rates = np.array(reached.rates)
        sent = np.zeros((len(demand.classes), len(demand.outside)))
        sent[c, outside] = rates[len(own) :]
        lanes = tuple(
            Lane(o, int(n), tuple(float(x) if k == c else 0.0 for k in range(len(demand.classes))))
            for o, n, x in zip(own, reached.replicas, rates, strict=False)
            if x > 0
        )
        spend = 3600 * float(sent[c] @ np.array(entry.outside_usd, dtype=float))
        found.append(
            StateRouting(
                reached.value,
                spend,
                reached.bound if exact and part == 1.0 else np.inf,
                Routing(lanes, tuple(map(tuple, sent.tolist()))),
            )
        )
    return found, certain


def _outside_parts(*, priced: bool) -> tuple[float, ...]:
    """Caps on rates sent outside, in parts of what is possible."""
    return (1.0, 0.75, 0.5, 0.35, 0.2, 0.1, 0.05, 0.0) if priced else (1.0,)


def _per_request(demand: DemandInstance, option: int, c: int) -> Curve:
    """The curve over requests of the class, which weigh `work`."""
    curve = demand.curve(option, c)
    work = demand.classes[c].work[demand.instance.options[option].llm]
    return replace(curve, rates=curve.rates / work)


def _flat_option(demand: DemandInstance, k: int, llm: int, rate: float, part: float) -> Option:
    most = demand.outside[k].max_rate
    last = max(part * (rate if most is None else min(most, rate)), 1e-12)
    latency = {column: np.array([value]) for column, value in demand.outside[k].latency.items()}
    return Option(
        llm=llm,
        pool=0,
        tp_degree=1,
        mps_share=1.0,
        memory=1.0,
        curve=Curve(np.array([last]), latency, ("measured",)),
    )


def _is_convex(curve: Curve) -> bool:
    """Whether the mean rises and grows ever faster: then one lane of all replicas is the best."""
    if ("ttft", "mean") not in curve.latency or len(curve.latency) == 0:
        return False
    slopes = np.diff(curve.latency["ttft", "mean"], prepend=curve.latency["ttft", "mean"][0])
    steep = slopes[1:] / np.diff(curve.rates)
    return bool(np.all(steep >= 0) and np.all(np.diff(steep) >= -1e-12))


def _busy_counts(most: int, slos: Sequence[Slo], exact: bool, curve: Curve) -> range | list[int]:
    """Replicas of an option that may be busy; the others are an idle lane."""
    if not exact:
        return range(most + 1)
    # Where even an idle replica is above a limit for each LLM, it gets nothing.
    alone = [slo for slo in slos if slo.scope == "each_llm"]
    above = any(curve.latency[s.metric, s.statistic][0] > s.limit for s in alone)
    return [0] if above else [most]


# ---------------------------------------------------------------- more classes


@dataclass(frozen=True)
class CappedLane:
    """Its load is between low and cap, req/s of one replica. width: what low may be below cap."""

    option: int
    replicas: int
    cap: float
    width: float
    low: float = 0.0


def _route_classes(
    demand: DemandInstance,
    case: int,
    active: Sequence[int],
    replicas: Sequence[int],
    effort: int,
    priced: bool,
) -> list[StateRouting]:
    found: list[StateRouting] = []
    prices = (0.0, 0.003, 0.01, 0.03, 0.1, 1.0) if priced else (0.0,)
    for number, shapes in enumerate(_lane_shapes(replicas)):
        if number >= effort:
            break
        for price in prices:
            best = _best_caps(demand, case, active, shapes, price, effort)
            if best is not None:
                found.append(best)
    return found


def _lane_shapes(replicas: Sequence[int]) -> Iterator[list[tuple[int, int]]]:
    """(option, replicas) of lanes: first one lane an option, then two of one, then of several."""
    ways = [
        [((o, n),) if n else (), *(((o, a), (o, n - a)) for a in range(1, n // 2 + 1))]
        for o, n in enumerate(replicas)
    ]
    combined = sorted(product(*ways), key=lambda lanes: sum(map(len, lanes)))
    for choice in combined:
        yield [lane for lanes in choice for lane in lanes]


def _best_caps(
    demand: DemandInstance,
    case: int,
    active: Sequence[int],
    shapes: Sequence[tuple[int, int]],
    price: float,
    effort: int,
) -> StateRouting | None:
    """The best of a grid of caps, each then moved up and down in ever smaller steps."""
    curves = [demand.curve(o, c) for o, _ in shapes for c in active]
    falls = any((np.diff(v) < 0).any() for curve in curves for v in curve.latency.values())
    tops = [demand.instance.options[o].curve.max_rate for o, _ in shapes]
    grid = (1.0, 0.8, 0.6, 0.45, 0.3, 0.15, 0.0)
    starts = list(product(grid, repeat=len(shapes)))
    rng = np.random.default_rng(len(starts))
    most = 12 * effort
    if len(starts) > most:
        starts = [(g,) * len(shapes) for g in grid] + [
            starts[k] for k in rng.choice(len(starts), most - len(grid), replace=False)
        ]

    def tried(parts: Sequence[float], width: float) -> tuple[float, StateRouting | None] | None:
        found = []
        for between in (width, 0.0) if falls else (width,):
            lanes = [
                CappedLane(o, m, part * top, between * top)
                for (o, m), part, top in zip(shapes, parts, tops, strict=True)
            ]
            result = _LaneProgram(demand, case, active, lanes).solve(price)
            found += [] if result is None else [result]
        return max(found, key=lambda pair: pair[0], default=None)

    reached = [(result, parts) for parts in starts if (result := tried(parts, 0.15)) is not None]
    if not reached:
        return None
    (value, best), parts = max(reached, key=lambda pair: pair[0][0])
    step = 0.1
    while step > 0.4 / 10 ** min(effort, 4):
        better = False
        for move in _cap_moves(len(shapes)):
            moved = tuple(
                min(1.0, max(1e-4, p + step * m)) if m else p
                for p, m in zip(parts, move, strict=True)
            )
            result = tried(moved, 0.5 * step)
            if result is not None and result[0] > value + 1e-10:
                (value, best), parts, better = result, moved, True
        step = step if better else step / 2
    return best


def _cap_moves(lanes: int) -> list[tuple[int, ...]]:
    """One cap up or down, or one up and another down."""
    single = [tuple(s * (k == j) for k in range(lanes)) for j in range(lanes) for s in (1, -1)]
    pairs = [
        tuple((k == i) - (k == j) for k in range(lanes))
        for i in range(lanes)
        for j in range(lanes)
        if i != j
    ]
    return single + pairs


class _LaneProgram:
    """Columns: x by (lane, class), z by (outside, class) where they may serve, q by class, and the
    part by which budgets are exceeded.
    """

    def __init__(
        self,
        demand: DemandInstance,
        case: int,
        active: Sequence[int],
        lanes: Sequence[CappedLane],
    ):
        self.demand, self.case, self.active = demand, case, list(active)
        self.lanes = [
            replace(lane, low=max(0.0, lane.cap - lane.width)) if self._falls(lane) else lane
            for lane in lanes
        ]
        self.columns = [
            ("lane", j, c)
            for j, lane in enumerate(self.lanes)
            for c in self.active
            if self._lane_may_serve(lane, c)
        ] + [
            ("outside", k, c)
            for k in range(len(demand.outside))
            for c in self.active
            if outside_may_serve(demand, case, c, k)
        ]
        self.rates = demand.cases[case].rates

    def _falls(self, lane: CappedLane) -> bool:
        """Whether latencies up to the cap are not highest at the cap."""
        for c in self.active:
            curve = self.demand.curve(lane.option, c)
            below = curve.rates[curve.rates < lane.cap]
            for values in curve.latency.values():
                at_cap = np.interp(lane.cap, curve.rates, values)
                if np.any(np.interp(below, curve.rates, values) > at_cap + 1e-12):
                    return True
        return False

    def _lane_may_serve(self, lane: CappedLane, c: int) -> bool:
        demand = self.demand
        curve, llm = demand.curve(lane.option, c), demand.instance.options[lane.option].llm
        if (lane.option, c) in demand.unjudged or not 0 < lane.cap <= curve.max_rate:
            return False
        if not may_serve(demand, self.case, c, curve.latency, llm):
            return False
        return all(
            slo.scope != "each_llm"
            or _highest(curve, lane, (slo.metric, slo.statistic)) <= slo.limit
            for slo in slos_of_class(demand, self.case, c)
        )

    def _spend(self, slo: Slo, column: tuple[str, int, int]) -> float:
        """Use of the SLO's budget by one request: latency (s), or share above the limit."""
        kind, position, c = column
        if kind == "outside":
            latency = {key: float(v) for key, v in self.demand.outside[position].latency.items()}
        else:
            lane = self.lanes[position]
            curve = self.demand.curve(lane.option, c)
            latency = {key: _highest(curve, lane, key) for key in curve.latency}
        if slo.statistic == "mean":
            return latency[slo.metric, "mean"]
        tails = {p: v for (metric, p), v in latency.items() if metric == slo.metric and p != "mean"}
        return share_late_by_rule(tails, slo.limit)

    def _row(self, values: Mapping[int, float]) -> np.ndarray:
        entries = np.zeros(len(self.columns) + len(self.active) + 1)
        for k, value in values.items():
            entries[k] = value
        return entries

    def solve(self, price: float) -> tuple[float, StateRouting | None] | None:
        """(Value, routing); no routing where budgets are exceeded, None where rates do not fit."""
        if not self.columns:
            return None
        demand, case, count = self.demand, self.demand.cases[self.case], len(self.columns)
        width = count + len(self.active) + 1
        at_most: list[tuple[np.ndarray, float]] = []
        equal: list[tuple[np.ndarray, float]] = []
        for j, lane in enumerate(self.lanes):
            llm = demand.instance.options[lane.option].llm
            mine = {
                k: demand.classes[c].work[llm]
                for k, (kind, i, c) in enumerate(self.columns)
                if kind == "lane" and i == j
            }
            if mine:
                full = lane.replicas * lane.cap
                at_most.append((self._row(mine), full))
                at_most.append((-self._row(mine), -lane.replicas * lane.low))
        for i, outside in enumerate(demand.outside):
            mine = {
                k: 1.0
                for k, (kind, p, _) in enumerate(self.columns)
                if kind == "outside" and p == i
            }
            if mine and outside.max_rate is not None:
                at_most.append((self._row(mine), outside.max_rate))
        for c in self.active:
            mine = {k: 1.0 for k, (_, _, own) in enumerate(self.columns) if own == c}
            equal.append((self._row(mine), self.rates[c]))
        at_most += self._budgets()
        at_most += self._quality(count)
        weights = demand.case_weights(self.case)
        objective = np.zeros(width)
        objective[count:-1] = -weights[self.active]
        if case.quality_floor is not None:
            at_most.append((objective.copy(), -case.quality_floor))
        objective[-1] = EXCESS_PRICE
        for k, (kind, i, c) in enumerate(self.columns):
            if kind == "outside":
                objective[k] = price * 3600 * demand.classes[c].outside_usd[i]
        floors = [demand.classes[c].quality_floor for c in self.active]
        solved = linprog(
            objective,
            A_ub=np.array([a for a, _ in at_most]),
            b_ub=np.array([b for _, b in at_most]),
            A_eq=np.array([a for a, _ in equal]),
            b_eq=np.array([b for _, b in equal]),
            bounds=[(0, None)] * count + [(floor, None) for floor in floors] + [(0, None)],
            options={"primal_feasibility_tolerance": 1e-10},
        )
        if solved.status != 0:
            return None
        routing, spend = self._routing(np.maximum(solved.x[:count], 0.0))
        quality = float(weights[self.active] @ solved.x[count:-1])
        found = StateRouting(quality, spend, np.inf, routing)
        return -float(solved.fun), found if solved.x[-1] <= 0 else None

    def _budgets(self) -> list[tuple[np.ndarray, float]]:
        """Limits over all requests of a class, and over all of the case."""
        demand, found = self.demand, []
        factor = demand.cases[self.case].slo_factor
        groups = [([c], demand.classes[c].slos) for c in self.active]
        groups.append((self.active, demand.instance.slos))
        for classes, slos in groups:
            for slo in slos:
                if slo.scope == "each_llm":
                    continue
                here = replace(slo, limit=slo.limit * factor)
                share = here.limit if slo.statistic == "mean" else REMAINDER[slo.statistic]
                used = {
                    k: self._spend(here, column)
                    for k, column in enumerate(self.columns)
                    if column[2] in classes
                }
                budget = share * sum(self.rates[c] for c in classes)
                # How far over their budgets requests are shows the search of caps the way.
                used[len(self.columns) + len(self.active)] = -budget
                found.append((self._row(used), budget))
        return found

    def _quality(self, count: int) -> list[tuple[np.ndarray, float]]:
        """q_c <= g + alpha f for the cuts of the class's LLMs."""
        found, llms = [], len(self.demand.instance.llms)
        for number, c in enumerate(self.active):
            g, alpha = _cuts_of_class(self.demand, c)
            used = []
            for kind, i, own in self.columns:
                inside = kind == "lane" and self.demand.instance.options[self.lanes[i].option].llm
                used.append((inside if kind == "lane" else llms + i, own == c))
            for offset, price in zip(g, alpha, strict=True):
                values = {
                    k: -price[llm] / self.rates[c] for k, (llm, mine) in enumerate(used) if mine
                }
                values[count + number] = 1.0
                found.append((self._row(values), float(offset)))
        return found

    def _routing(self, x: np.ndarray) -> tuple[Routing, float]:
        demand = self.demand
        # Rates of a class sum up to its rate exactly; the solver leaves 1e-10 of it.
        total = np.zeros(len(demand.classes))
        for value, (_, _, c) in zip(x, self.columns, strict=True):
            total[c] += value
        rates = np.zeros((len(self.lanes), len(demand.classes)))
        sent = np.zeros((len(demand.classes), len(demand.outside)))
        for value, (kind, i, c) in zip(x, self.columns, strict=True):
            if value <= 1e-9 * self.rates[c]:
                continue
            scaled = value * self.rates[c] / total[c]
            if kind == "lane":
                rates[i, c] = scaled
            else:
                sent[c, i] = scaled
        lanes = tuple(
            Lane(lane.option, lane.replicas, tuple(map(float, own)))
            for lane, own in zip(self.lanes, rates, strict=True)
            if own.any()
        )
        prices = np.array([entry.outside_usd for entry in demand.classes], dtype=float)
        spend = 3600 * float((sent * prices).sum())
        return Routing(lanes, tuple(map(tuple, sent.tolist()))), spend


def _highest(curve: Curve, lane: CappedLane, column: Column) -> float:
    """Highest latency (s) between the lane's least and highest load."""
    inside = curve.rates[(lane.low < curve.rates) & (curve.rates < lane.cap)]
    at = np.array([lane.low, *inside, lane.cap])
    return float(np.interp(at, curve.rates, curve.latency[column]).max())


def _cuts_of_class(demand: DemandInstance, c: int) -> tuple[np.ndarray, np.ndarray]:
    """Cuts over all served LLMs; at most three, as `quality_cuts` needs."""
    scores = demand.classes[c].scores
    return _cuts_of_table(scores.values.tobytes(), scores.weights.tobytes(), len(scores.values))


@cache
def _cuts_of_table(values: bytes, weights: bytes, llms: int) -> tuple[np.ndarray, np.ndarray]:
    return quality_cuts(np.frombuffer(values).reshape(llms, -1), np.frombuffer(weights))
