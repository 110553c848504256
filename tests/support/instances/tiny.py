"""Tiny random instances, deterministic per (seed, kind): small enough for brute force, odd enough
to catch mistakes.

2-3 LLMs, 2-4 options, 1-4 GPUs (or one six-GPU node), curves of 1-3 points, 4-8 prompts. At most
three options can be deployed at once, so that the oracle's search has two free rates.
"""

from itertools import pairwise

import numpy as np

from models.instance import Instance, Llm, Option, Pool, Slo
from profiles.records import Curve, Scores

KINDS = ("convex", "nonconvex", "binary", "two_pools", "six_gpus", "percentile", "each_llm", "cost")
TAILS = "tails"
"""A kind of its own: any subset of percentile columns per option, equal columns, flat curves, one
percentile SLO of any statistic over all requests, its limit often exactly at a load point.
"""
SHARES = (0.3, 0.4, 0.5, 0.6, 0.7, 1.0)
ABOVE_MEAN = {"p50": (0.8, 0.95), "p90": (1.5, 2.0), "p95": (2.0, 2.6), "p99": (2.8, 4.0)}


def random_instance(seed: int, kind: str) -> Instance:
    """Return the instance number `seed` of one of KINDS, or TAILS; about half have an SLO that
    binds, some are infeasible.
    """
    rng = np.random.default_rng([seed, (*KINDS, TAILS).index(kind)])
    pools = _pools(rng, kind)
    llms, places = _llms_and_places(rng, kind, pools)
    options = tuple(sorted((_option(rng, kind, *place, pools) for place in places), key=_key))
    arrival_rate = _arrival_rate(rng, llms, options, pools) * (
        0.6 if kind in ("two_pools", "cost") else 1.0
    )
    scores = _scores(rng, kind, tuple(llm.name for llm in llms))
    return Instance(
        llms=llms,
        pools=pools,
        options=options,
        slos=_slos(rng, kind, options),
        arrival_rate=arrival_rate,
        scores=scores,
        objective="cost" if kind == "cost" else "quality",
        quality_floor=_floor(rng, scores) if kind == "cost" else None,
        memory_headroom=0.1,
        min_utilization=float(rng.choice([0.0, 0.0, 0.0, 0.4, 0.8])),
    )


def _pools(rng: np.random.Generator, kind: str) -> tuple[Pool, ...]:
    if kind == "six_gpus":
        return (Pool(name="six", gpu="gpu-a", nodes=1, gpus_per_node=6, memory=80.0, price=2.0),)
    if kind == "two_pools" or (kind == "cost" and rng.random() < 0.5):
        return (
            Pool(
                name="big",
                gpu="gpu-a",
                nodes=1,
                gpus_per_node=int(rng.integers(1, 3)),
                memory=80.0,
                price=2.0,
            ),
            Pool(
                name="small",
                gpu="gpu-b",
                nodes=int(rng.integers(1, 3)),
                gpus_per_node=1,
                memory=48.0,
                price=1.1,
            ),
        )
    nodes, per_node = [(1, 1), (1, 2), (2, 1), (1, 3), (2, 2)][
        rng.integers(1 if kind == "cost" else 0, 5)
    ]
    return (
        Pool(name="only", gpu="gpu-a", nodes=nodes, gpus_per_node=per_node, memory=80.0, price=2.0),
    )


def _llms_and_places(
    rng: np.random.Generator, kind: str, pools: tuple[Pool, ...]
) -> tuple[tuple[Llm, ...], list[tuple[int, int, int, float]]]:
    """LLMs, and (llm, pool, tp_degree, mps_share) of the options: one or two per LLM, four at most
    and then one replica per LLM.
    """
    count = int(rng.integers(2, 4))
    total = int(rng.integers(2 if count == 2 else 3, 5))
    owners = list(range(count)) + [int(i) for i in rng.integers(count, size=total - count)]
    taken: set[tuple[int, int, int, float]] = set()
    for owner in owners:
        for _ in range(20):
            pool = int(rng.integers(len(pools)))
            if kind == "six_gpus":
                tp, share = (
                    (4, 1.0)
                    if rng.random() < 0.5
                    else (int(rng.choice([2, 3, 6])), float(rng.choice([0.5, 1.0])))
                )
            else:
                tp = int(rng.choice([1, 1, pools[pool].gpus_per_node]))
                share = float(rng.choice(SHARES))
            if (owner, pool, tp, share) not in taken:
                taken.add((owner, pool, tp, share))
                break
    several = len(taken) > 3
    llms = []
    for i in range(count):
        most = [1, 1, 2][rng.integers(3)] if several else [None, 1, 2][rng.integers(3)]
        llms.append(Llm(f"llm-{'abc'[i]}", min_replicas=int(rng.random() < 0.1), max_replicas=most))
    return tuple(llms), sorted(taken)


def _option(
    rng: np.random.Generator,
    kind: str,
    llm: int,
    pool: int,
    tp: int,
    share: float,
    pools: tuple[Pool, ...],
) -> Option:
    memory = float(np.round(rng.uniform(8, 0.7 * 0.9 * pools[pool].memory), 2))
    return Option(
        llm=llm,
        pool=pool,
        tp_degree=tp,
        mps_share=share,
        memory=memory,
        curve=_curve(rng, kind, size=1 + llm, speed=(tp * share) ** 0.7),
    )


def _key(option: Option) -> tuple[int, int, int, float]:
    return option.llm, option.pool, option.tp_degree, option.mps_share


def _curve(rng: np.random.Generator, kind: str, size: int, speed: float) -> Curve:
    """Rising latencies; of the kinds nonconvex and each_llm (half of it) falling first; now and
    then a single point.
    """
    points = 1 if rng.random() < 0.05 else int(rng.integers(2, 4))
    top = rng.uniform(6, 14) * speed / size**0.5
    rates = np.round(top * np.sort(np.append(rng.uniform(0.05, 0.9, points - 1), 1.0)), 4)
    if any(b - a < 0.05 for a, b in pairwise(rates)):
        rates = np.round(top * np.linspace(0.2, 1.0, points), 4)
    start = rng.uniform(0.1, 0.3) * size / speed**0.5
    growth = np.cumsum(np.append(0.0, rng.uniform(0.1, 1.0, points - 1) * np.arange(1, points)))
    mean = start * (1 + growth)
    if (kind == "nonconvex" or (kind == "each_llm" and rng.random() < 0.5)) and points > 1:
        mean[0] = mean[1] * rng.uniform(1.1, 2.5)
    latency = {("ttft", "mean"): np.round(mean, 6)}
    present = ["p50", "p90", "p95", "p99"] if kind in ("percentile", "each_llm") else []
    if len(present) and rng.random() < 0.5:
        present = [present[int(rng.integers(2))], "p95"] if rng.random() < 0.5 else ["p95", "p99"]
    for name in present:
        low, high = ABOVE_MEAN[name]
        latency["ttft", name] = np.round(mean * rng.uniform(low, high, points), 6)
    if kind == TAILS:
        latency |= _tail_columns(rng, mean)
    return Curve(rates, latency, ("measured",) * points)


def _tail_columns(rng: np.random.Generator, mean: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
    """One to four percentiles; some equal to their neighbour, some flat in the rate."""
    count = int(rng.integers(1, 5))
    present = np.sort(rng.choice(list(ABOVE_MEAN), count, replace=False)).tolist()
    if rng.random() < 0.2:
        mean = np.full(mean.size, mean[0])
    columns: dict[tuple[str, str], np.ndarray] = {}
    below = np.zeros(mean.size)
    for name in present:
        column = np.maximum(below, mean * rng.uniform(*ABOVE_MEAN[name], mean.size))
        below = below if columns and rng.random() < 0.3 else np.round(column, 6)
        columns["ttft", name] = below
    return columns


def _arrival_rate(
    rng: np.random.Generator,
    llms: tuple[Llm, ...],
    options: tuple[Option, ...],
    pools: tuple[Pool, ...],
) -> float:
    """Part of what the cluster could carry if every option shared it evenly: now and then more than
    it can.
    """
    gpus = sum(pool.gpus for pool in pools)
    per_gpu = np.mean(
        [
            o.curve.max_rate
            / (o.tp_degree * max(o.mps_share, o.memory / (0.9 * pools[o.pool].memory)))
            for o in options
        ]
    )
    fits = [
        min(gpus / o.tp_degree, llms[o.llm].max_replicas or 99) * o.curve.max_rate for o in options
    ]
    return float(np.round(min(per_gpu * gpus, sum(fits)) * rng.uniform(0.2, 0.75), 4))


def _scores(rng: np.random.Generator, kind: str, names: tuple[str, ...]) -> Scores:
    prompts = int(rng.integers(4, 9))
    if kind == "binary":
        values = rng.integers(0, 2, size=(len(names), prompts)).astype(float)
    else:
        ease = rng.uniform(0, 0.5, prompts)
        values = np.round(
            ease
            + rng.uniform(0, 0.35, (len(names), prompts))
            + 0.08 * np.arange(len(names))[:, None],
            6,
        )
    weights = rng.integers(1, 5, prompts).astype(float) if rng.random() < 0.5 else np.ones(prompts)
    ids = np.array([f"p{k}" for k in range(prompts)])
    return Scores(ids, names, np.ascontiguousarray(values), weights / weights.sum())


def _slos(rng: np.random.Generator, kind: str, options: tuple[Option, ...]) -> tuple[Slo, ...]:
    """One limit between the fastest and the slowest latency of its column, sometimes a second one,
    sometimes none.
    """

    def slo(statistic: str, scope: str) -> Slo:
        column = np.concatenate([o.curve.latency["ttft", statistic] for o in options])
        low, high = column.min(), np.quantile(column, 0.9)
        return Slo(
            "ttft",
            statistic,
            float(
                np.round(
                    low + (high - low) * rng.uniform(0.05, 0.3 if kind == "binary" else 0.6), 4
                )
            ),
            scope,
        )

    if kind == TAILS:
        statistic = str(rng.choice(list(ABOVE_MEAN)))
        known = np.concatenate(
            [v for o in options for (_, p), v in o.curve.latency.items() if p != "mean"]
        )
        low, high = known.min(), np.quantile(known, 0.9)
        limit = float(rng.choice(known) if rng.random() < 0.3 else rng.uniform(low, high))
        return (Slo("ttft", statistic, limit),)
    if kind == "percentile":
        return (
            (slo("p95", "all"), slo("mean", "all")) if rng.random() < 0.3 else (slo("p95", "all"),)
        )
    if kind == "each_llm":
        first = slo("p95" if rng.random() < 0.5 else "mean", "each_llm")
        return (first, slo("mean", "all")) if rng.random() < 0.5 else (first,)
    return () if rng.random() < 0.1 else (slo("mean", "all"),)


def _floor(rng: np.random.Generator, scores: Scores) -> float:
    """A quality between the worst single LLM and the best assignment."""
    best, worst = scores.weights @ scores.values.max(axis=0), (scores.values @ scores.weights).min()
    return float(np.round(worst + (best - worst) * rng.uniform(0.1, 0.9), 4))
