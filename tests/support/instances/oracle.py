"""The brute-force oracle: the best plan of a tiny instance with certified limits, by its own
mathematics (numpy only).

1. Replica vectors n: enumerated, each placed by exhaustive search over states of the nodes (fewest
   GPUs = least cost of a pool).
2. Q(f) = min over the vertices alpha of the tie arrangement of g(alpha) + alpha f: with <= 3 LLMs
   these few cuts are exact.
3. Rates x of all remaining n together: branch and bound over boxes lo <= x <= hi with sum x =
   lambda. In a box

       Q <= max over the box of one cut                                              (filled
       greedily, exact)
       Q <= max over the box of [cut + mu (budget - usage)]   for any mu >= 0        (usage >= a
       linear function exact on its quadratics) usage >= sum_o lo_o * min latency (or share above
       the limit) between lo_o/n_o and hi_o/n_o

   and points on the raw curves give the value. No tolerance helps a point: the value is feasible,
   up to the float noise NOISE.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, count, product

import numpy as np

from models.instance import Instance, Option, Slo
from tests.support.instances.payments import paid_for_pool

GAP = 5e-6
"""Score units (or score range 1) between value and bound at which the search stops."""
NOISE = 1e-11
"""Relative float noise forgiven in the limits that a point must keep."""
FLOOR_SLACK = 1e-6
"""What the contract forgives below quality_at_least."""
BATCH = 128
MAX_BATCHES = 400
ABOVE = {"p50": 0.5, "p90": 0.1, "p95": 0.05, "p99": 0.01}
TAIL = (0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001)
"""Shares at which the latency of a tail is read."""


@dataclass(frozen=True)
class OracleResult:
    """feasible: None where the search was cut off undecided.

    value: reached by (replicas, rates); bound: no plan is better.

    value and bound are quality or USD/h; nan where there is no plan. gpus_used: fewest GPUs that
    hold `replicas`.
    """

    feasible: bool | None
    value: float
    bound: float
    replicas: tuple[int, ...] = ()
    rates: tuple[float, ...] = ()
    gpus_used: int = 0


@dataclass(frozen=True)
class Setup:
    """A replica vector that fits: the fewest GPUs that hold it and their price (None without
    prices).
    """

    replicas: tuple[int, ...]
    gpus: int
    cost: float | None


def best_plan(instance: Instance, gap: float = GAP) -> OracleResult:
    """Return the best plan (highest quality, or least cost with quality at least the floor) and a
    proven limit on any plan.
    """
    return best_plan_among(instance, feasible_setups(instance), gap)


def best_plan_among(instance: Instance, setups: Sequence[Setup], gap: float = GAP) -> OracleResult:
    """The same of some setups alone."""
    return (
        _least_cost(instance, setups)
        if instance.objective == "cost"
        else search_rates(instance, setups, gap=gap)
    )


def best_plan_with(instance: Instance, option: int) -> OracleResult:
    """The best quality of plans that run a replica of one option."""
    return search_rates(instance, [s for s in feasible_setups(instance) if s.replicas[option] > 0])


def fewest_gpus(instance: Instance, quality_at_least: float) -> int | None:
    """Fewest GPUs with which this quality is certainly reached; None where no plan was found to
    reach it.
    """
    setups = feasible_setups(instance)
    for gpus in sorted({s.gpus for s in setups}):
        found = search_rates(
            instance, [s for s in setups if s.gpus == gpus], target=quality_at_least, max_batches=60
        )
        if found.feasible and found.value >= quality_at_least:
            return gpus
    return None


def _least_cost(instance: Instance, setups: Sequence[Setup]) -> OracleResult:
    assert instance.quality_floor is not None
    bound, maybe = math.nan, False
    for cost in sorted({s.cost for s in setups if s.cost is not None}):
        same = [s for s in setups if s.cost == cost]
        found = search_rates(
            instance,
            same,
            target=instance.quality_floor,
            refuted_below=instance.quality_floor - FLOOR_SLACK,
        )
        reached = bool(found.feasible) and found.value >= instance.quality_floor
        if (
            not reached
            and found.feasible is not False
            and not found.bound < instance.quality_floor - FLOOR_SLACK
        ):
            maybe = True
        if math.isnan(bound) and (reached or maybe):
            bound = cost
        if reached:
            return OracleResult(True, cost, bound, found.replicas, found.rates, found.gpus_used)
    return OracleResult(None if maybe else False, math.nan, bound)


# ---------------------------------------------------------------- setups


def feasible_setups(instance: Instance) -> list[Setup]:
    """All replica vectors that keep the replica limits, the utilisation floor and the arrival rate,
    and that can be placed.
    """
    options, cache = instance.options, {}
    found: list[Setup] = []

    def fits(replicas: tuple[int, ...]) -> tuple[int, float | None] | None:
        gpus, cost = 0, 0.0
        for p, pool in enumerate(instance.pools):
            part = tuple((o, n) for o, n in enumerate(replicas) if n and options[o].pool == p)
            if part not in cache:
                cache[part] = _fewest_gpus_of_pool(instance, p, part)
            if cache[part] is None:
                return None
            gpus, cost = gpus + cache[part], cost + paid_for_pool(pool, cache[part])
        return gpus, None if math.isnan(cost) else cost

    def extend(replicas: tuple[int, ...]) -> None:
        if any(
            sum(w * n for w, n in zip(q.weight, replicas, strict=False)) > q.most * (1 + 1e-9)
            for q in instance.quotas
        ):
            return
        placed = fits(replicas)
        of_llm = [
            sum(n for o, n in enumerate(replicas) if options[o].llm == i)
            for i in range(len(instance.llms))
        ]
        if placed is None or any(
            llm.max_replicas is not None and n > llm.max_replicas
            for llm, n in zip(instance.llms, of_llm, strict=True)
        ):
            return
        if len(replicas) < len(options):
            for n in count():
                before = len(reached)
                extend((*replicas, n))
                if len(reached) == before:
                    return
            return
        reached.append(replicas)
        used = (
            sum(n * o.tp_degree * o.mps_share for n, o in zip(replicas, options, strict=True))
            / instance.gpus
        )
        capacity = sum(n * o.curve.max_rate for n, o in zip(replicas, options, strict=True))
        enough = all(n >= llm.min_replicas for llm, n in zip(instance.llms, of_llm, strict=True))
        if (
            enough
            and used >= instance.min_utilization - NOISE
            and capacity >= instance.arrival_rate
        ):
            found.append(Setup(replicas, *placed))

    reached: list[tuple[int, ...]] = []
    extend(())
    return found


def _fewest_gpus_of_pool(
    instance: Instance, pool: int, part: Sequence[tuple[int, int]]
) -> int | None:
    """Place the replicas one after the other in every way (equal GPUs and nodes once); None where
    they do not fit.
    """
    kind = instance.pools[pool]
    empty = tuple((0.0, 0.0, 0) for _ in range(kind.gpus_per_node))
    states = {tuple(empty for _ in range(kind.nodes))}
    for o, n in part:
        for _ in range(n):
            states = {
                after
                for state in states
                for after in place_one(state, instance.options[o], instance.room(pool))
            }
    return min(
        (
            sum(share > 0 or taken > 0 for node in state for share, _, taken in node)
            for state in states
        ),
        default=None,
    )


def place_one(state: tuple, option: Option, room: float) -> set[tuple]:
    """Every state after one more replica: tp_degree different GPUs of one node, within 100 % and
    the room; or an instance at one of its starts on a GPU without shares, in free slices.
    """
    after = set()
    if option.mig is not None:
        for d, node in enumerate(state):
            for g, start in product(range(len(node)), option.mig.starts):
                slices = sum(2**k for k in range(start, start + option.mig.size))
                if node[g][0] == 0 and not node[g][2] & slices:
                    grown = sorted((*node[:g], (0.0, 0.0, node[g][2] | slices), *node[g + 1 :]))
                    after.add(tuple(sorted((*state[:d], tuple(grown), *state[d + 1 :]))))
        return after
    for d, node in enumerate(state):
        for gpus in combinations(range(len(node)), option.tp_degree):
            if any(node[g][2] for g in gpus):
                continue
            grown = list(node)
            for g in gpus:
                grown[g] = (
                    round(node[g][0] + option.mps_share, 9),
                    round(node[g][1] + option.memory, 9),
                    0,
                )
            if all(grown[g][0] <= 1 + 1e-9 and grown[g][1] <= room * (1 + 1e-9) for g in gpus):
                after.add(tuple(sorted((*state[:d], tuple(sorted(grown)), *state[d + 1 :]))))
    return after


# ---------------------------------------------------------------- quality


def quality_cuts(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(g (C,), alpha (C, M)) with Q(f) = min_c g_c + alpha_c f for all fractions f.

    values: (M, N) scores, M <= 3.

    g(alpha) + alpha f is piecewise linear in alpha (up to a constant on all alpha): its minimum is
    at a vertex, where prompts whose best LLMs tie link all LLMs. Vertices: every spanning tree of
    LLM pairs, every choice of a prompt that ties each pair.
    """
    links = {1: [()], 2: [((0, 1),)], 3: [((0, 1), (1, 2)), ((0, 1), (0, 2)), ((0, 2), (2, 1))]}[
        len(values)
    ]
    found = {}
    for tree in links:
        for prompts in product(range(values.shape[1]), repeat=len(tree)):
            alpha = np.zeros(len(values))
            for (known, new), x in zip(tree, prompts, strict=True):
                alpha[new] = alpha[known] + values[new, x] - values[known, x]
            reduced = values - alpha[:, None]
            best = reduced.max(axis=0)
            if all(
                (best[x] - reduced[list(link), x] <= 1e-9).all()
                for link, x in zip(tree, prompts, strict=True)
            ):
                found[tuple(np.round(alpha, 9))] = (float(weights @ best), alpha)
    return np.array([g for g, _ in found.values()]), np.array(
        [alpha for _, alpha in found.values()]
    )


# ---------------------------------------------------------------- rates


def _interval_min(
    option: Option, column: tuple[str, str], low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Least latency (s) between two rates of one replica."""
    return _line_min(option.curve.rates, option.curve.latency[column], low, high)


def _line_min(
    rates: np.ndarray, latency: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Least value between low and high of the polyline through (rates, latency)."""
    least = np.minimum(np.interp(low, rates, latency), np.interp(high, rates, latency))
    for rate, value in zip(rates, latency, strict=True):
        least = np.where((low < rate) & (rate < high), np.minimum(least, value), least)
    return least


def _tail_curve(option: Option, metric: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates (K,), latencies (G, K) linear between them, and the shares (G,) of the requests that
    take longer.

    One column: its own latency and share. More: at each share of TAIL up to the first column's, the
    straight line over ln(share) through its two neighbours, or the last two columns.
    """
    curve = option.curve
    known = [p for p in ABOVE if (metric, p) in curve.latency]
    columns = [curve.latency[metric, p] for p in known]
    rates = set(curve.rates)
    for a, b in combinations(columns, 2):
        for k in range(1, len(curve.rates)):
            before, after = a[k - 1] - b[k - 1], a[k] - b[k]
            if before * after < 0:
                part = before / (before - after)
                rates.add((1 - part) * curve.rates[k - 1] + part * curve.rates[k])
    rates = np.array(sorted(rates))
    columns = np.maximum.accumulate(
        [np.interp(rates, curve.rates, column) for column in columns], axis=0
    )
    if len(known) == 1:
        return rates, columns, np.array([ABOVE[known[0]]])
    shares = np.array([share for share in TAIL if share <= ABOVE[known[0]]])
    rows = []
    for share in shares:
        right = next((k for k, p in enumerate(known) if ABOVE[p] < share), len(known) - 1)
        right = max(right, 1)
        more, fewer = ABOVE[known[right - 1]], ABOVE[known[right]]
        t = (math.log(share) - math.log(more)) / (math.log(fewer) - math.log(more))
        rows.append(columns[right - 1] + t * (columns[right] - columns[right - 1]))
    return rates, np.array(rows), shares


def _share_above(limit: float, latencies: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Share of requests above the limit; latencies (G, B) of the shares (G,), rising."""
    # What rounding leaves between a latency and an equal limit counts as reached.
    limit = limit * (1 + NOISE)
    share = np.where(limit < latencies[0], 1.0, shares[0])
    for k in range(1, len(latencies)):
        width = latencies[k] - latencies[k - 1]
        line = shares[k - 1] + (shares[k] - shares[k - 1]) * (limit - latencies[k - 1]) / np.where(
            width > 0, width, 1.0
        )
        inside = (latencies[k - 1] <= limit) & (limit < latencies[k])
        share = np.where(limit >= latencies[k], shares[k], np.where(inside, line, share))
    return share


def least_usage(option: Option, slo: Slo, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Least use of the SLO's budget per req/s, at rates of one replica between low and high:
    latency in s, or share above the limit.
    """
    if slo.statistic == "mean":
        return _interval_min(option, (slo.metric, "mean"), low, high)
    rates, tails, shares = _tail_curve(option, slo.metric)
    # The share rises with each of the latencies: the least of each gives no more than the least.
    return _share_above(
        slo.limit, np.array([_line_min(rates, t, low, high) for t in tails]), shares
    )


def _budget(instance: Instance, slo: Slo) -> float:
    """Budget of a scope-all SLO: requests in flight, or req/s above the limit."""
    return instance.arrival_rate * (
        slo.limit if slo.statistic == "mean" else 1 - int(slo.statistic[1:]) / 100
    )


def _within_limits(instance: Instance, n: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """(B,) whether the SLOs may hold somewhere in the boxes; for points (lo == hi) whether they
    do.
    """
    good = np.ones(len(lo), dtype=bool)
    per = np.where(n > 0, n, 1)
    for slo in instance.slos:
        total = np.zeros(len(lo))
        for o, option in enumerate(instance.options):
            low, high = lo[:, o] / per[:, o], hi[:, o] / per[:, o]
            if slo.scope == "each_llm":
                least = _interval_min(option, (slo.metric, slo.statistic), low, high)
                good &= (n[:, o] == 0) | (least <= slo.limit * (1 + NOISE))
            else:
                total += lo[:, o] * least_usage(option, slo, low, high)
        if slo.scope == "all":
            good &= total <= _budget(instance, slo) * (1 + NOISE)
    return good


def _linear_below(
    option: Option, n: np.ndarray, lo: np.ndarray, hi: np.ndarray, column: tuple[str, str]
) -> tuple[np.ndarray, np.ndarray]:
    """(slope, offset) with x L(x/n) >= offset + slope x on [lo, hi], tight: the chord's slope,
    lowered onto every quadratic.
    """
    rates, latency = option.curve.rates, option.curve.latency[column]
    per = np.where(n > 0, n, 1)

    def in_flight(x: np.ndarray) -> np.ndarray:
        return x * np.interp(x / per, rates, latency)

    width = hi - lo
    slope = np.where(
        width > 0, (in_flight(hi) - in_flight(lo)) / np.where(width > 0, width, 1.0), 0.0
    )
    offset = np.minimum(in_flight(lo) - slope * lo, in_flight(hi) - slope * hi)
    starts, steepness = (
        np.append(0.0, rates[:-1]),
        np.append(0.0, np.diff(latency) / np.diff(rates)),
    )
    values = np.append(latency[0], latency[:-1])
    for start, end, b, value in zip(starts, rates, steepness, values, strict=True):
        for x in [start * per] + ([(slope - (value - b * start)) * per / (2 * b)] if b > 0 else []):
            inside = (np.maximum(lo, start * per) <= x) & (x <= np.minimum(hi, end * per))
            offset = np.where(inside, np.minimum(offset, in_flight(x) - slope * x), offset)
    return slope, offset


class _Bounds:
    """Upper bounds on the quality in boxes, and the quality of points, of one instance."""

    def __init__(self, instance: Instance):
        self.instance = instance
        g, alpha = quality_cuts(instance.scores.values, instance.scores.weights)
        owner = [option.llm for option in instance.options]
        self.g, self.per_rate = g, alpha[:, owner] / instance.arrival_rate
        self.order = np.argsort(-self.per_rate, axis=1)

    def quality(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(B,) quality at rates (B, O), and the cut that attains it."""
        cuts = self.g + x @ self.per_rate.T
        return cuts.min(axis=1), cuts.argmin(axis=1)

    def of_boxes(
        self, n: np.ndarray, lo: np.ndarray, hi: np.ndarray, middle: np.ndarray
    ) -> np.ndarray:
        """(B,) upper bounds: the better of the greedy fill of every cut and the budget-priced bound
        of the cut at the middle.
        """
        left = np.repeat(
            (self.instance.arrival_rate - lo.sum(axis=1))[:, None], len(self.g), axis=1
        )
        best = self.g + lo @ self.per_rate.T
        for k in range(lo.shape[1]):
            o = self.order[:, k]
            step = np.clip(left, 0.0, (hi - lo)[:, o])
            best, left = best + step * self.per_rate[np.arange(len(self.g)), o], left - step
        bound = best.min(axis=1)
        cut = self.quality(middle)[1]
        for slo in self.instance.slos:
            if slo.scope == "all" and slo.statistic == "mean":
                bound = np.minimum(bound, self._priced(slo, cut, n, lo, hi))
        return bound

    def _priced(
        self, slo: Slo, cut: np.ndarray, n: np.ndarray, lo: np.ndarray, hi: np.ndarray
    ) -> np.ndarray:
        """Weak duality with a price mu on the budget: per pair of options the mu at which shifting
        rate between them gains nothing.
        """
        lines = [
            _linear_below(option, n[:, o], lo[:, o], hi[:, o], (slo.metric, "mean"))
            for o, option in enumerate(self.instance.options)
        ]
        slope, offset = np.array([s for s, _ in lines]).T, sum(c for _, c in lines)
        gain, room = self.per_rate[cut], _budget(self.instance, slo) * (1 + NOISE) - offset
        bound = np.full(len(lo), np.inf)
        for o, p in combinations(range(lo.shape[1]), 2):
            across = slope[:, o] - slope[:, p]
            mu = np.maximum(
                np.where(
                    across != 0, (gain[:, o] - gain[:, p]) / np.where(across != 0, across, 1.0), 0.0
                ),
                0.0,
            )
            rest = gain - mu[:, None] * slope
            level = np.where(n[:, o] > 0, rest[:, o], rest[:, p])[:, None]
            most = np.maximum((rest - level) * lo, (rest - level) * hi).sum(axis=1)
            bound = np.minimum(
                bound, self.g[cut] + mu * room + level[:, 0] * self.instance.arrival_rate + most
            )
        return bound


def search_rates(
    instance: Instance,
    setups: Sequence[Setup],
    *,
    gap: float = GAP,
    target: float = math.inf,
    refuted_below: float | None = None,
    max_batches: int = MAX_BATCHES,
) -> OracleResult:
    """Best-first branch and bound over the rates of all setups together; stops at the gap, or as
    soon as `target` is reached or refuted.
    """
    if not setups:
        return OracleResult(False, math.nan, math.nan)
    bounds, rate = _Bounds(instance), instance.arrival_rate
    n = np.array([s.replicas for s in setups], dtype=float)
    which, lo = np.arange(len(setups)), np.zeros_like(n)
    hi = n * [o.curve.max_rate for o in instance.options]
    least = (
        -math.inf if math.isinf(target) else (target if refuted_below is None else refuted_below)
    )
    value, dropped, best = -math.inf, -math.inf, (0, np.zeros(n.shape[1]))
    pool = (np.zeros(0, dtype=int), lo[:0], hi[:0], np.zeros(0))
    for _ in range(max_batches):
        others_hi, others_lo = (
            hi.sum(axis=1, keepdims=True) - hi,
            lo.sum(axis=1, keepdims=True) - lo,
        )
        lo, hi = np.maximum(lo, rate - others_hi), np.minimum(hi, rate - others_lo)
        keep = (lo <= hi * (1 + NOISE) + NOISE).all(axis=1)
        keep[keep] = _within_limits(instance, n[which[keep]], lo[keep], hi[keep])
        which, lo, hi = which[keep], lo[keep], np.maximum(lo, hi)[keep]
        free = (hi - lo).sum(axis=1, keepdims=True)
        x = lo + (hi - lo) * np.clip(
            (rate - lo.sum(axis=1, keepdims=True)) / np.where(free > 0, free, 1.0), 0.0, 1.0
        )
        quality, _ = bounds.quality(x)
        quality[~_within_limits(instance, n[which], x, x)] = -math.inf
        if len(x) and quality.max() > value:
            k = int(quality.argmax())
            value, best = float(quality[k]), (int(which[k]), x[k])
        pool = tuple(
            np.concatenate(pair)
            for pair in zip(
                pool, (which, lo, hi, bounds.of_boxes(n[which], lo, hi, x)), strict=True
            )
        )
        cut_off = max(least, value + gap if math.isinf(target) else -math.inf)
        keep = pool[3] > cut_off if math.isinf(target) else pool[3] >= cut_off
        dropped = max(dropped, pool[3][~keep].max(initial=-math.inf))
        pool = tuple(part[keep] for part in pool)
        if not len(pool[3]) or value >= target:
            break
        top = np.argsort(-pool[3])[:BATCH]
        which, lo, hi = (part[top] for part in pool[:3])
        pool = tuple(np.delete(part, top, axis=0) for part in pool)
        wide = (hi - lo).argmax(axis=1)
        rows = np.arange(len(lo))
        middle = (lo[rows, wide] + hi[rows, wide]) / 2
        left_hi, right_lo = hi.copy(), lo.copy()
        left_hi[rows, wide], right_lo[rows, wide] = middle, middle
        which, lo, hi = np.tile(which, 2), np.vstack([lo, right_lo]), np.vstack([left_hi, hi])
    open_bound = pool[3].max(initial=-math.inf)
    if math.isinf(value):
        cut_off_early = bool(len(pool[3]))
        return OracleResult(
            None if cut_off_early else False,
            math.nan,
            max(dropped, open_bound) if cut_off_early else math.nan,
        )
    setup = setups[best[0]]
    return OracleResult(
        True,
        value,
        float(max(value, dropped, open_bound)),
        setup.replicas,
        tuple(map(float, best[1])),
        setup.gpus,
    )
