"""Tiny random demands, deterministic per (seed, kind): small enough for brute force.

1-2 pools of 1-3 nodes with 1-2 GPUs, 2-3 served LLMs, 2-3 options, 5-40 prompts.
"""

from dataclasses import dataclass, replace

import numpy as np

from models.demand.requests import DemandCase, DemandInstance, OutsideLlm, RequestClass
from models.instance import Instance, Llm, ObjectiveKind, Option, Pool, Slo
from profiles.records import Curve, Scores

__all__ = ["DEMANDS", "Features", "random_demand"]


@dataclass(frozen=True, kw_only=True)
class Features:
    """What a random demand has.

    alone: only one class sends requests in each case. limits: statistic of the SLOs (mean, p95)
    and whether classes, the top level or each LLM have them. calm: fewer requests, more money.
    """

    classes: int = 1
    cases: int = 1
    alone: bool = False
    pools: int = 1
    statistic: str = "mean"
    class_slos: bool = False
    top_slos: bool = True
    each_llm: bool = False
    nonconvex: bool = False
    work: bool = False
    permitted: bool = False
    floors: bool = False
    factor: bool = False
    outside: bool = False
    budget: bool = False
    cost: bool = False
    lost: bool = False
    calm: bool = False


DEMANDS: dict[str, Features] = {
    "one_class": Features(),
    "cases": Features(cases=3, factor=True),
    "alone": Features(classes=2, cases=2, alone=True, class_slos=True, work=True),
    "two_pools": Features(cases=2, pools=2),
    "nonconvex": Features(cases=2, nonconvex=True),
    "percentile": Features(cases=2, statistic="p95"),
    "each_llm": Features(cases=2, each_llm=True, factor=True),
    "lost": Features(cases=2, lost=True),
    "outside": Features(cases=2, outside=True),
    "classes": Features(classes=2, class_slos=True, work=True),
    "classes_cases": Features(classes=2, cases=2, class_slos=True, top_slos=False, permitted=True),
    "classes_percentile": Features(classes=2, statistic="p95", class_slos=True),
    "classes_lost": Features(classes=2, cases=2, class_slos=True, lost=True, factor=True),
    "classes_outside": Features(classes=2, cases=2, class_slos=True, outside=True, floors=True),
    "classes_each_llm": Features(classes=2, class_slos=True, each_llm=True, nonconvex=True),
    "budget": Features(cases=2, outside=True, budget=True),
    "classes_budget": Features(classes=2, cases=2, class_slos=True, outside=True, budget=True),
    "cost": Features(cases=2, cost=True),
    "classes_cost": Features(classes=2, cases=2, class_slos=True, cost=True, outside=True),
    "everything": Features(
        classes=2,
        cases=3,
        class_slos=True,
        work=True,
        permitted=True,
        floors=True,
        factor=True,
        outside=True,
        budget=True,
        lost=True,
        pools=2,
        calm=True,
    ),
}
"""Kinds of demands. Those of one class, and `alone`, have one class in a case: the oracle is exact
where their curves are convex and their limits means.
"""

SHARES = (0.5, 1.0, 1.0)


def random_demand(seed: int, kind: str) -> DemandInstance:
    """Demand number `seed` of a kind; many have a limit that binds, some are infeasible."""
    features = DEMANDS[kind]
    rng = np.random.default_rng([seed, list(DEMANDS).index(kind)])
    pools = _random_pools(rng, features)
    count = 2 if features.outside or rng.random() < 0.6 else 3
    options = _random_options(rng, features, pools, count)
    names = tuple(f"llm-{'abc'[i]}" for i in range(count))
    llms = tuple(
        Llm(name, max_replicas=None if rng.random() < 0.7 else int(rng.integers(1, 3)))
        for name in names
    )
    outside = (_random_outside(rng, features, options),) if features.outside else ()
    served = (*names, *(llm.name for llm in outside))
    slos = _random_slos(rng, features, options)
    scores = _random_scores(rng, served)
    instance = Instance(
        llms=llms,
        pools=pools,
        options=options,
        slos=slos if features.top_slos else (),
        arrival_rate=1.0,
        scores=replace(scores, llms=names, values=scores.values[:count]),
        objective=ObjectiveKind.COST if features.cost else ObjectiveKind.QUALITY,
        quality_floor=_random_floor(rng, scores) if features.cost else None,
        min_utilization=float(rng.choice([0.0, 0.0, 0.0, 0.3])),
    )
    capacity = _capacity(options, pools)
    classes = tuple(
        _random_class(rng, features, c, served, options) for c in range(features.classes)
    )
    cases = tuple(_random_case(rng, features, t, capacity, pools) for t in range(features.cases))
    demand = DemandInstance(instance=instance, classes=classes, cases=cases, outside=outside)
    if features.budget:
        prices = sum(pool.gpus * float(pool.price or 0.0) for pool in pools)
        least = 0.9 if features.calm else 0.4
        most = float(np.round(prices * rng.uniform(least, least + 0.9), 4))
        demand = replace(demand, cost_at_most=most)
    return demand


def _random_pools(rng: np.random.Generator, features: Features) -> tuple[Pool, ...]:
    sizes = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)]
    pools = []
    for p in range(features.pools):
        nodes, gpus = sizes[int(rng.integers(2 if features.pools == 1 else 0, 5))]
        if features.pools > 1:
            nodes = min(nodes, 2)
        price = float(np.round(rng.uniform(1.0, 3.0), 2))
        pools.append(
            Pool(
                name=f"pool-{p}",
                gpu=f"gpu-{p}",
                nodes=nodes,
                gpus_per_node=gpus,
                memory=80.0,
                price=price,
            )
        )
    return tuple(pools)


def _random_options(
    rng: np.random.Generator, features: Features, pools: tuple[Pool, ...], count: int
) -> tuple[Option, ...]:
    """One option of every LLM, now and then one more."""
    owners = list(range(count)) + ([int(rng.integers(count))] if count == 2 else [])
    found: dict[tuple[int, int, int, float], Option] = {}
    for llm in owners:
        pool = int(rng.integers(len(pools)))
        tp = int(rng.choice([1, 1, pools[pool].gpus_per_node]))
        share = float(rng.choice(SHARES))
        speed = (tp * share) ** 0.7
        found[llm, pool, tp, share] = Option(
            llm=llm,
            pool=pool,
            tp_degree=tp,
            mps_share=share,
            memory=float(np.round(rng.uniform(15, 34), 1)),
            curve=_random_curve(rng, features, 1 + llm, speed),
        )
    return tuple(found[key] for key in sorted(found))


def _random_curve(rng: np.random.Generator, features: Features, size: int, speed: float) -> Curve:
    """Rising, convex latencies of 2 or 3 points; of nonconvex demands often falling first."""
    points = int(rng.integers(2, 4))
    top = rng.uniform(6, 14) * speed / size**0.5
    rates = np.round(top * np.linspace(rng.uniform(0.05, 0.3), 1.0, points), 4)
    start = rng.uniform(0.1, 0.3) * size / speed**0.5
    # Steeper from interval to interval.
    growth = np.cumsum(
        np.append(0.0, rng.uniform(0.2, 0.6, points - 1) * 3.0 ** np.arange(points - 1))
    )
    mean = start * (1 + growth)
    if features.nonconvex and rng.random() < 0.7:
        mean[0] = mean[1] * rng.uniform(1.1, 2.0)
    latency = {("ttft", "mean"): np.round(mean, 6)}
    if features.statistic != "mean":
        latency["ttft", "p50"] = np.round(0.8 * mean, 6)
        latency["ttft", "p95"] = np.round(mean * rng.uniform(1.8, 2.6), 6)
    return Curve(rates, latency, ("measured",) * points)


def _random_outside(
    rng: np.random.Generator, features: Features, options: tuple[Option, ...]
) -> OutsideLlm:
    usual = float(np.mean([o.curve.latency["ttft", "mean"].mean() for o in options]))
    mean = float(np.round(usual * rng.uniform(0.5, 2.0), 4))
    latency = {("ttft", "mean"): mean}
    if rng.random() < 0.8:
        latency["ttft", "p95"] = float(np.round(2 * mean, 4))
    most = None if rng.random() < 0.4 else float(np.round(rng.uniform(0.5, 4.0), 3))
    return OutsideLlm(name="outside", max_rate=most, latency=latency)


def _random_slos(
    rng: np.random.Generator, features: Features, options: tuple[Option, ...]
) -> tuple[Slo, ...]:
    """One limit between the fastest and the slowest latency; now and then none."""
    if rng.random() < 0.1:
        return ()
    scope = "each_llm" if features.each_llm and rng.random() < 0.7 else "all"
    column = np.concatenate([o.curve.latency["ttft", features.statistic] for o in options])
    low, high = float(column.min()), float(np.quantile(column, 0.9))
    part = rng.uniform(0.1, 0.6) if scope == "all" else rng.uniform(0.4, 0.9)
    return (Slo("ttft", features.statistic, float(np.round(low + (high - low) * part, 4)), scope),)


def _random_scores(rng: np.random.Generator, served: tuple[str, ...]) -> Scores:
    prompts = int(rng.choice([5, 8, 13, 40]))
    ease = rng.uniform(0, 0.5, prompts)
    better = 0.08 * np.arange(len(served))[:, None]
    values = np.round(ease + better + rng.uniform(0, 0.35, (len(served), prompts)), 4)
    weights = rng.integers(1, 5, prompts).astype(float)
    ids = np.array([f"p{k}" for k in range(prompts)])
    return Scores(ids, served, np.ascontiguousarray(values), weights / weights.sum())


def _random_floor(rng: np.random.Generator, scores: Scores, most: float = 0.7) -> float:
    """Between the worst LLM alone and `most` of the way to the best assignment."""
    best = float(scores.weights @ scores.values.max(axis=0))
    worst = float((scores.values @ scores.weights).min())
    return float(np.round(worst + (best - worst) * rng.uniform(0.0, most), 4))


def _random_class(
    rng: np.random.Generator,
    features: Features,
    position: int,
    served: tuple[str, ...],
    options: tuple[Option, ...],
) -> RequestClass:
    scores = _random_scores(rng, served)
    permitted = [True] * len(served)
    if features.permitted and position == 1:
        permitted[int(rng.integers(len(served)))] = False
    llms = 1 + max(o.llm for o in options)
    work = np.round(rng.uniform(0.5, 2.0, llms), 2) if features.work else np.ones(llms)
    floored = features.floors and rng.random() < 0.6
    return RequestClass(
        name=("chat", "batch")[position],
        scores=scores,
        slos=_random_slos(rng, features, options) if features.class_slos else (),
        permitted=tuple(permitted),
        work=tuple(map(float, work)),
        quality_floor=_random_floor(rng, scores, most=0.4) if floored else None,
        weight=float(rng.choice([1.0, 1.0, 0.5, 2.0])) if features.classes > 1 else 1.0,
        outside_usd=(float(np.round(rng.uniform(5e-5, 5e-4), 6)),) if features.outside else (),
    )


def _random_case(
    rng: np.random.Generator,
    features: Features,
    position: int,
    capacity: float,
    pools: tuple[Pool, ...],
) -> DemandCase:
    total = capacity * rng.uniform(0.15, 0.6) * (0.5 if features.calm else 1.0)
    parts = rng.dirichlet(np.full(features.classes, 3.0))
    rates = [float(np.round(total * part, 4)) for part in parts]
    if features.alone:
        rates = [rate if c == position % features.classes else 0.0 for c, rate in enumerate(rates)]
        rates[position % features.classes] = float(np.round(total, 4))
    last = features.lost and position == features.cases - 1
    lost = [0] * len(pools)
    if last:
        several = [p for p, pool in enumerate(pools) if pool.nodes > 1] or [0]
        lost[several[int(rng.integers(len(several)))]] = 1
        rates = [float(np.round(0.5 * rate, 4)) for rate in rates]
    return DemandCase(
        name=("day", "night", "last")[position],
        hours=0.0 if position and rng.random() < 0.3 else float(rng.integers(1, 15)),
        rates=tuple(rates),
        lost_nodes=tuple(lost),
        slo_factor=float(rng.choice([1.0, 1.5])) if features.factor else 1.0,
        quality_floor=None if not features.floors or rng.random() < 0.7 else 0.3,
    )


def _capacity(options: tuple[Option, ...], pools: tuple[Pool, ...]) -> float:
    """req/s if options shared the GPUs of their pools evenly."""
    gpus = sum(pool.gpus for pool in pools)
    per_gpu = [o.curve.max_rate / (o.tp_degree * o.mps_share) for o in options]
    return float(gpus * np.mean(per_gpu))
