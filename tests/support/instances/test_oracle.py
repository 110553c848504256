"""The oracle against optima known by hand, against plain sampling, and the width of what it
certifies.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import linprog

from models.instance import Instance, Llm, Option, Pool, Slo
from planner.plans.setup_content import setup_content
from planner.solution import Effort, Shard, Solution, Status, Termination, TieGroup
from planner.verification.verifier import run_verifier
from profiles.records import Column, Curve, Scores
from tests.support.instances.oracle import (
    GAP,
    OracleResult,
    best_plan,
    feasible_setups,
    fewest_gpus,
    quality_cuts,
)
from tests.support.instances.tail_rule import share_late_by_rule
from tests.support.instances.tiny import KINDS, random_instance
from tests.support.walls import first_fast, usually

MEAN = ("ttft", "mean")
BIG_GAIN = 0.4


def curve(rates: list[float], columns: Mapping[Column, list[float]]) -> Curve:
    return Curve(
        np.array(rates), {c: np.array(v) for c, v in columns.items()}, ("measured",) * len(rates)
    )


def two_llms(
    big: Curve, *, slo: Slo, nodes: int = 2, gpus: int = 1, tp: int = 1, **changes: object
) -> Instance:
    """small (0.1 s at any rate, score 0.5) and big (score 0.9), 10 req/s: the best quality is 0.5 +
    0.4 times big's fraction.
    """
    small = Option(
        llm=0,
        pool=0,
        tp_degree=1,
        mps_share=0.5,
        memory=10.0,
        curve=curve(
            [1, 10], {MEAN: [0.1, 0.1], ("ttft", "p50"): [0.05, 0.05], ("ttft", "p95"): [0.1, 0.1]}
        ),
    )
    instance = Instance(
        llms=(Llm("small"), Llm("big")),
        pools=(Pool(name="a", gpu="gpu", nodes=nodes, gpus_per_node=gpus, memory=80.0, price=2.0),),
        options=(small, Option(llm=1, pool=0, tp_degree=tp, mps_share=1.0, memory=70.0, curve=big)),
        slos=(slo,),
        arrival_rate=10.0,
        scores=Scores(
            np.array(["p", "q"]),
            ("small", "big"),
            np.array([[0.5, 0.5], [0.5 + BIG_GAIN, 0.5 + BIG_GAIN]]),
            np.array([0.3, 0.7]),
        ),
    )
    return replace(instance, **changes)


FLAT = curve([2, 10], {MEAN: [0.5, 0.5]})
RISING = curve([1, 11], {MEAN: [0.14, 0.54]})  # 0.1 + 0.04 r
DIP = curve([1, 5, 10], {MEAN: [1.0, 0.2, 0.4]})
TAIL = curve([1, 10], {MEAN: [0.2, 0.2], ("ttft", "p50"): [0.1, 0.1], ("ttft", "p95"): [0.4, 0.4]})
BY_HAND = {
    # 0.1 (10 - x) + 0.5 x <= 10 * 0.3
    "flat": (two_llms(FLAT, slo=Slo(*MEAN, 0.3)), 5.0),
    # 0.1 (10 - x) + x (0.1 + 0.04 x) <= 10 * 0.2
    "rising": (two_llms(RISING, slo=Slo(*MEAN, 0.2)), 5.0),
    # three GPUs: two replicas of big at half the rate each, 0.02 x^2 <= 1
    "two replicas": (two_llms(RISING, slo=Slo(*MEAN, 0.2), nodes=3), 50**0.5),
    # six-GPU node, tp 4: a second replica does not fit though 6 GPUs are 1.5 times 4
    "six-GPU node": (two_llms(RISING, slo=Slo(*MEAN, 0.2), nodes=1, gpus=6, tp=4), 5.0),
    # L <= 0.3 where 4.5 <= r <= 7.5
    "several intervals": (
        two_llms(
            DIP, slo=Slo(*MEAN, 0.3, "each_llm"), llms=(Llm("small"), Llm("big", max_replicas=1))
        ),
        7.5,
    ),
    # small is better here: big must run, and may do so no slower than 4.5 req/s
    "least rate of an interval": (
        two_llms(
            DIP,
            slo=Slo(*MEAN, 0.3, "each_llm"),
            llms=(Llm("small"), Llm("big", min_replicas=1)),
            scores=Scores(
                np.array(["p"]), ("small", "big"), np.array([[0.9], [0.5]]), np.array([1.0])
            ),
        ),
        5.5,
    ),
    # p95 over all at 0.3 s: small's tail ends at 0.05 + 0.05 ln(500) / ln(10) = 0.185 s, 0.1 %; of
    # big 15 % exceed 0.25686 s and 10 % exceed 0.30969 s, so 10.917 %: 0.01 + 0.10817 x <= 0.5
    "percentile between two shares": (
        two_llms(TAIL, slo=Slo("ttft", "p95", 0.3)),
        0.49 / (0.149 - 0.05 * (0.2 - 0.3 * math.log10(10 / 3)) / (0.3 * math.log10(1.5))),
    ),
    # at 0.4 s big is at 5 %: with the 0.1 % of small that leaves room for all of it
    "percentile at the limit": (two_llms(TAIL, slo=Slo("ttft", "p95", 0.4), nodes=2), 10.0),
    # big's p95 alone says nothing below it: 0.01 + 0.999 x <= 0.5
    "one percentile above the limit": (
        two_llms(
            curve([1, 10], {MEAN: [0.2, 0.2], ("ttft", "p95"): [0.4, 0.4]}),
            slo=Slo("ttft", "p95", 0.3),
        ),
        0.49 / 0.999,
    ),
    # p50 over all at 0.2 s: 30 % of big's exceed 0.16656 s and 20 % exceed 0.21938 s, so 23.67 %:
    # 0.01 + 0.2357 x <= 5 holds for all x
    "p50 never binds": (two_llms(TAIL, slo=Slo("ttft", "p50", 0.2)), 10.0),
    # one GPU: either small or big; big alone has 0.5 s
    "no room next to it": (two_llms(FLAT, slo=Slo(*MEAN, 0.3), nodes=1), 0.0),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_optimum_by_hand(name: str) -> None:
    instance, favoured = BY_HAND[name]
    found = best_plan(instance)
    expected = 0.5 + 0.4 * favoured / 10
    assert found.feasible
    assert found.value <= expected + 1e-9
    assert found.bound >= expected - 1e-9
    assert found.bound - found.value <= GAP + 1e-12


def test_dips_are_not_bridged() -> None:
    # the DIP curve under a mean SLO: x L(x) is 1 at 1, 1.8 at 3 (L = 0.6), 1 again at 5, 2.1 at
    # 7.5: with 1.5 + 0.1 x in all only the far side of the hump gives the best x: (0.2 + 0.04 (x -
    # 5)) x = 0.5 + 0.1 x, so x = (-b + sqrt) / 2a with 0.04 x^2 - 0.1 x - 0.5 = 0
    found = best_plan(two_llms(DIP, slo=Slo(*MEAN, 0.15)))
    x = (0.1 + (0.01 + 4 * 0.04 * 0.5) ** 0.5) / 0.08
    assert found.value == pytest.approx(0.5 + 0.04 * x, abs=2 * GAP)


def test_infeasible_by_slo_and_by_room() -> None:
    assert best_plan(two_llms(FLAT, slo=Slo(*MEAN, 0.05))).feasible is False
    assert (
        best_plan(
            two_llms(FLAT, slo=Slo(*MEAN, 0.3), nodes=1, llms=(Llm("small", 1), Llm("big", 1)))
        ).feasible
        is False
    )


def test_cost_is_least_and_fewest_gpus_reach_a_quality() -> None:
    instance = two_llms(RISING, slo=Slo(*MEAN, 0.2), nodes=3, objective="cost", quality_floor=0.5)
    assert best_plan(instance).value == 2.0
    assert best_plan(replace(instance, quality_floor=0.65)).value == 4.0
    assert best_plan(replace(instance, quality_floor=0.75)).value == 6.0
    assert best_plan(replace(instance, quality_floor=0.8)).feasible is False
    assert [fewest_gpus(instance, quality) for quality in (0.5, 0.65, 0.75, 0.8)] == [1, 2, 3, None]


def test_placement_counts_gpus_and_nodes() -> None:
    # 42.8 GiB shards alone on an 80 GiB GPU: two need two GPUs though 40 % of the SMs
    # would do
    shard = Option(llm=0, pool=0, tp_degree=1, mps_share=0.2, memory=42.8, curve=RISING)
    pair = Option(llm=1, pool=0, tp_degree=2, mps_share=0.2, memory=20.0, curve=RISING)
    base = two_llms(
        RISING, slo=Slo(*MEAN, 9.0), nodes=2, gpus=2, options=(shard, pair), arrival_rate=1.0
    )
    gpus = {s.replicas: s.gpus for s in feasible_setups(base)}
    assert gpus[1, 0] == 1
    assert gpus[2, 0] == 2
    assert (5, 0) not in gpus
    assert gpus[2, 1] == 2
    assert gpus[0, 3] == 2
    one_each = feasible_setups(
        two_llms(
            RISING, slo=Slo(*MEAN, 9.0), nodes=2, gpus=1, options=(shard, pair), arrival_rate=1.0
        )
    )
    assert {s.replicas[1] for s in one_each} == {0}  # a pair of GPUs is not two nodes with one each


@pytest.mark.parametrize("kind", ["convex", "binary"])
def test_quality_cuts_are_the_assignment_lp(kind: str) -> None:
    rng = np.random.default_rng(7)
    for seed in range(12):
        scores = random_instance(seed, kind).scores
        m, count = scores.values.shape
        g, alpha = quality_cuts(scores.values, scores.weights)
        fractions = rng.dirichlet(np.full(m, 0.5))
        fractions = np.where(rng.random(m) < 0.2, 0.0, fractions) + np.eye(m)[0] * 1e-3
        fractions /= fractions.sum()
        rows = np.vstack([np.tile(np.eye(count), m), np.kron(np.eye(m), np.ones(count))])
        answer = linprog(
            -scores.values.ravel(),
            A_eq=rows[:-1],
            b_eq=np.concatenate([scores.weights, fractions])[:-1],
        )
        assert (g + alpha @ fractions).min() == pytest.approx(-answer.fun, abs=1e-9)


@pytest.mark.parametrize("kind", first_fast(usually(KINDS, (0, 1, 2, 3, 6))))
def test_no_sampled_plan_beats_the_bound(kind: str) -> None:
    """Random rates on the raw curves, judged by a plain loop: none above the bound, and the
    oracle's own point is judged good too.
    """
    rng = np.random.default_rng(11)
    for seed in range(15):
        instance = replace(random_instance(seed, kind), objective="quality")
        found = best_plan(instance)
        assert found.feasible is not None
        if found.feasible:
            assert found.bound - found.value <= 5e-5
            assert _judge(
                instance, np.array(found.replicas), np.array(found.rates)
            ) == pytest.approx(found.value, abs=1e-9)
        for setup in feasible_setups(instance):
            n = np.array(setup.replicas)
            for _ in range(30):
                x = instance.arrival_rate * rng.dirichlet(
                    np.where(n > 0, rng.choice([0.3, 1.0, 5.0]), 1e-12)
                )
                quality = _judge(instance, n, x)
                assert quality is None or (found.feasible and quality <= found.bound + 1e-9)


def _judge(instance: Instance, n: np.ndarray, x: np.ndarray) -> float | None:
    """Return the quality of rates x (req/s) with replicas n, or None where they break a limit."""
    deployed = [(o, x[k], x[k] / n[k]) for k, o in enumerate(instance.options) if n[k]]
    if any(r > o.curve.max_rate * (1 + 1e-9) for o, _, r in deployed):
        return None
    for slo in instance.slos:
        at = [
            {c: float(np.interp(r, o.curve.rates, v)) for c, v in o.curve.latency.items()}
            for o, _, r in deployed
        ]
        if slo.scope == "each_llm":
            if max(one[slo.metric, slo.statistic] for one in at) > slo.limit * (1 + 1e-10):
                return None
        elif slo.statistic == "mean":
            if sum(
                rate * one[slo.metric, "mean"]
                for (_, rate, _), one in zip(deployed, at, strict=True)
            ) > (slo.limit * instance.arrival_rate * (1 + 1e-10)):
                return None
        else:
            late = 0.0
            for (_, rate, _), one in zip(deployed, at, strict=True):
                columns = {p: value for (metric, p), value in one.items() if metric == slo.metric}
                late += rate * share_late_by_rule(columns, slo.limit)
            if late > (1 - int(slo.statistic[1:]) / 100) * instance.arrival_rate * (1 + 1e-10):
                return None
    fractions = np.zeros(len(instance.llms))
    np.add.at(fractions, [o.llm for o in instance.options], x / instance.arrival_rate)
    g, alpha = quality_cuts(instance.scores.values, instance.scores.weights)
    return float((g + alpha @ fractions).min())


@pytest.mark.parametrize("kind", first_fast(usually(KINDS, (0, 1, 2, 3, 6))))
def test_oracle_plans_pass_the_verifier(kind: str) -> None:
    """Plans made here from the oracle's rates, without the optimiser: the verifier has nothing
    against a right plan.
    """
    judged = 0
    for seed in range(40):
        instance = random_instance(seed, kind)
        found = best_plan(instance)
        if found.feasible:
            solution = _solution(instance, found)
            gap = abs(found.bound - found.value) / max(abs(found.value), 1e-9)
            sense = {"quality": "maximize", "cost": "minimize"}[instance.objective]
            objective = {
                "sense": sense,
                "of": instance.objective,
                "value": found.value,
                "bound": found.bound,
                "rel_gap": gap,
            }
            plan = {
                "status": "optimal",
                "objective": objective,
                **setup_content(instance, solution),
            }
            assert run_verifier(plan, instance, rel_gap_target=1e-4) == (), (seed, found)
            judged += 1
    assert judged >= 15


def _solution(instance: Instance, found: OracleResult) -> Solution:
    """Return the oracle's rates with the prices, tie splits and placement that a plan needs."""
    fractions = np.zeros(len(instance.llms))
    np.add.at(
        fractions, [o.llm for o in instance.options], np.array(found.rates) / instance.arrival_rate
    )
    fractions /= fractions.sum()
    g, cuts = quality_cuts(instance.scores.values, instance.scores.weights)
    best = int((g + cuts @ fractions).argmin())
    prices = np.where(fractions > 0, cuts[best] - cuts[best][fractions > 0].min(), np.nan)
    ties = _ties(instance, prices, fractions)
    placement = _place(instance, found.replicas)
    effort = Effort(termination=Termination.GAP)
    quality = float(g[best] + cuts[best] @ fractions)
    rates, replicas = np.array(found.rates), np.array(found.replicas)
    return Solution(
        status=Status.OPTIMAL,
        value=found.value,
        bound=found.bound,
        effort=effort,
        replicas=replicas,
        routed_rates=rates,
        fractions=fractions,
        quality=quality,
        dual_prices=prices,
        ties=ties,
        placement=tuple(placement),
    )


def _ties(instance: Instance, prices: np.ndarray, fractions: np.ndarray) -> tuple[TieGroup, ...]:
    """Split the tied prompts so that the fractions are met: a linear program over (group, LLM)."""
    reduced = np.where(
        np.isnan(prices)[:, None], -np.inf, instance.scores.values - np.nan_to_num(prices)[:, None]
    )
    near = reduced >= reduced.max(axis=0) - 1e-9
    groups = sorted({tuple(map(int, np.flatnonzero(column))) for column in near.T})
    share = [
        instance.scores.weights[[tuple(np.flatnonzero(c)) == group for c in near.T]].sum()
        for group in groups
    ]
    parts = [(k, i) for k, group in enumerate(groups) for i in group]
    rows = [[float(k == j) for k, _ in parts] for j in range(len(groups))] + [
        [float(i == j) for _, i in parts] for j in range(len(fractions))
    ]
    slack = np.vstack(
        [
            np.zeros((len(groups), 2 * len(fractions))),
            np.hstack([np.eye(len(fractions)), -np.eye(len(fractions))]),
        ]
    )
    answer = linprog(
        np.append(np.zeros(len(parts)), np.ones(slack.shape[1])),
        A_eq=np.hstack([rows, slack]),
        b_eq=[*share, *fractions],
    )
    assert answer.fun <= 1e-7
    dealt = dict(zip(parts, answer.x, strict=False))
    splits = [np.array([dealt[k, i] for i in group]) for k, group in enumerate(groups)]
    return tuple(
        TieGroup(g, float(s), tuple(map(float, p / p.sum())))
        for g, s, p in zip(groups, share, splits, strict=True)
        if len(g) > 1
    )


def _place(
    instance: Instance, replicas: tuple[int, ...], done: tuple[Shard, ...] = ()
) -> list[Shard]:
    """Place replica after replica by plain recursion; the first placement that fits, in the order
    of GPUs.
    """
    placed = {o: len({s.replica for s in done if s.option == o}) for o in range(len(replicas))}
    left = [o for o, n in enumerate(replicas) if placed[o] < n]
    if not left:
        return list(done)
    option = instance.options[left[0]]
    pool = instance.pools[option.pool]
    for node in range(pool.nodes):
        for gpus in combinations(range(pool.gpus_per_node), option.tp_degree):
            shards = tuple(
                Shard(left[0], placed[left[0]], k, node, gpu) for k, gpu in enumerate(gpus)
            )
            if all(_fits(instance, [*done, *shards], option.pool, node, gpu) for gpu in gpus):
                rest = _place(instance, replicas, (*done, *shards))
                if rest:
                    return rest
    return []


def _fits(instance: Instance, shards: list[Shard], pool: int, node: int, gpu: int) -> bool:
    on_it = [
        instance.options[s.option]
        for s in shards
        if (instance.options[s.option].pool, s.node, s.gpu) == (pool, node, gpu)
    ]
    return sum(o.mps_share for o in on_it) <= 1 + 1e-9 and sum(
        o.memory for o in on_it
    ) <= instance.room(pool)
