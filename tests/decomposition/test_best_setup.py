"""The second road by its parts: spends, policies, the small simplex, enumeration, packing, routing.

Each against another way to know.
"""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import linprog

from models.instance import Instance, Llm, Option, Pool, Slo
from planner.decomposition import packing, price_bank
from planner.decomposition.enumeration import enumerate_setups, retained
from planner.decomposition.fleet import bracket_fleet
from planner.decomposition.packing import (
    PlacementVerdict,
    first_fit_decreasing,
    pack,
    pack_on_fewest,
)
from planner.decomposition.policies import Prompts
from planner.decomposition.price_bank import DecompositionState
from planner.decomposition.routing import route
from planner.decomposition.simplex import Simplex
from planner.decomposition.spend_tables import admissible, shared_slos, spend_table, spends_at
from profiles.records import Curve, Scores
from tests.support.oracle import best_plan, feasible_setups
from tests.support.tiny import KINDS, random_instance

QUALITY_KINDS = [kind for kind in KINDS if kind != "cost"]


# ---------------------------------------------------------------- curves


def random_curve(rng: np.random.Generator) -> Curve:
    """A jagged curve: latencies rise and fall, percentiles cross."""
    points = int(rng.integers(1, 6))
    rates = np.sort(rng.uniform(0.0 if rng.random() < 0.5 else 0.5, 20.0, points))
    mean = rng.uniform(0.05, 1.0, points)
    latency = {("ttft", "mean"): mean}
    for name, factor in (("p50", 0.9), ("p90", 1.6), ("p95", 1.9), ("p99", 2.8)):
        if rng.random() < 0.7 or name == "p95":
            latency["ttft", name] = mean * factor * rng.uniform(0.6, 1.4, points)
    return Curve(rates, latency, ("measured",) * points)


@pytest.mark.parametrize("seed", range(60))
def test_chords_of_a_spend_table_lie_below_the_curve_and_near_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    curve = random_curve(rng)
    slos = (Slo("ttft", "mean", 0.4), Slo("ttft", "p95", float(rng.uniform(0.2, 2.0))))
    table = spend_table(curve, slos, 10.0, 200)
    assert table.rates[0] == 0.0
    assert table.rates[-1] == curve.max_rate
    assert np.all(np.diff(table.rates) > 0)
    at = np.sort(rng.uniform(0.0, curve.max_rate, 400))
    raw = np.array([spends_at(curve, slos, 10.0, rate) for rate in at]).T
    for s in range(2):
        chord = np.interp(at, table.rates, table.lower[s])
        assert np.all(chord <= raw[s] + 1e-12)
        # a cell is 1/200 of the range; only beside a jump of the percentile may a chord be further
        # away than a few of its curvatures
        assert np.quantile(raw[s] - chord, 0.9) <= 2e-3 * max(raw[s].max(), 1.0)


def test_a_mean_spend_is_little_s_law_in_shares_of_the_budget() -> None:
    curve = Curve(np.array([2.0, 4.0]), {("ttft", "mean"): np.array([0.1, 0.3])}, ("measured",) * 2)
    spent = spends_at(curve, (Slo("ttft", "mean", 0.5),), 10.0, 3.0)
    assert spent[0] == pytest.approx(3.0 * 0.2 / (10.0 * 0.5))


@pytest.mark.parametrize(
    ("limit", "share"), [(0.09, 1.0), (0.1, 0.5), (0.2, 0.3), (0.3, 0.1), (0.5, 0.05), (9.0, 0.05)]
)
def test_the_share_above_a_limit_is_read_off_the_line_of_the_percentiles(
    limit: float, share: float
) -> None:
    latency = {("ttft", p): np.array([v]) for p, v in (("p50", 0.1), ("p90", 0.3), ("p95", 0.5))}
    curve = Curve(np.array([5.0]), latency, ("measured",))
    assert spends_at(curve, (Slo("ttft", "p95", limit),), 10.0, 4.0)[0] == pytest.approx(
        4.0 * share / 0.5
    )


def test_an_slo_of_each_llm_admits_intervals() -> None:
    curve = Curve(
        np.array([1.0, 2.0, 3.0]), {("ttft", "mean"): np.array([0.5, 0.1, 0.5])}, ("measured",) * 3
    )
    slos = (Slo("ttft", "mean", 0.3, "each_llm"),)
    assert [admissible(curve, slos, rate) for rate in (0.5, 1.4, 1.5, 2.0, 2.5, 2.6)] == [
        False,
        False,
        True,
        True,
        True,
        False,
    ]
    table = spend_table(curve, slos, 10.0, 50)
    assert table.rates[0] == pytest.approx(1.5)
    assert table.rates[-1] == pytest.approx(2.5)


# ---------------------------------------------------------------- quality


@pytest.mark.parametrize("seed", range(10))
def test_a_policy_is_the_argmax_over_all_prompts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 2, (3, 400)).astype(float) if seed % 2 else rng.normal(size=(3, 400))
    weights = rng.integers(0, 4, 400).astype(float)
    prompts = Prompts(
        Scores(np.arange(400).astype(str), ("a", "b", "c"), values, weights / weights.sum())
    )
    alpha = rng.normal(size=2) * 0.3
    policy = prompts.policy((0, 2), alpha)
    net = values[[0, 2]] - alpha[:, None]
    base = float(weights @ net.max(axis=0) / weights.sum())
    assert base - 1e-12 <= policy.base <= base + 2e-6
    assert policy.fractions.sum() == pytest.approx(1.0)
    assert policy.quality == pytest.approx(base + alpha @ policy.fractions, abs=2e-6)
    assert policy.quality <= base + alpha @ policy.fractions + 1e-12


# ---------------------------------------------------------------- simplex


@pytest.mark.parametrize("seed", range(40))
def test_the_small_simplex_finds_the_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = int(rng.integers(2, 7)), int(rng.integers(8, 30))
    matrix = np.round(rng.normal(size=(rows, columns)), 1)
    matrix = np.vstack([matrix, np.ones(columns)])
    rhs = (
        matrix @ rng.uniform(0, 1, columns)
        if seed % 4
        else np.append(rng.normal(size=rows) * 50, 1.0)
    )
    cost = rng.normal(size=columns)
    program = Simplex(matrix, rhs, {})
    known = linprog(-cost, A_eq=matrix, b_eq=rhs)
    assert program.feasible() == (known.status == 0)
    if known.status != 0:
        return
    duals = program.maximise(cost)
    x = program.point()
    assert np.allclose(matrix @ x, rhs, atol=1e-7)
    assert cost @ x == pytest.approx(-known.fun, abs=1e-7)
    assert duals @ rhs == pytest.approx(-known.fun, abs=1e-6)
    better = np.ones(rows + 1) * 0.1
    program.add(better)
    grown = linprog(-np.append(cost, 9.0), A_eq=np.column_stack([matrix, better]), b_eq=rhs)
    program.maximise(np.append(cost, 9.0))
    assert np.append(cost, 9.0) @ program.point() == pytest.approx(-grown.fun, abs=1e-6)


# ---------------------------------------------------------------- setups


def cluster(
    options: list[tuple[int, int, float, float]],
    llms: int,
    nodes: int = 1,
    per_node: int = 4,
    most: int | None = 1,
) -> Instance:
    """options: (llm, tp, share, memory)."""
    curve = Curve(
        np.array([1.0, 10.0]), {("ttft", "mean"): np.array([0.1, 0.5])}, ("measured",) * 2
    )
    scores = Scores(np.array(["p"]), tuple("abcdef"[:llms]), np.full((llms, 1), 0.5), np.ones(1))
    return Instance(
        tuple(Llm("abcdef"[i], 0, most) for i in range(llms)),
        (Pool("p", "gpu", nodes, per_node, 80.0, 1.0),),
        tuple(Option(i, 0, tp, share, memory, curve) for i, tp, share, memory in options),
        (),
        5.0,
        scores,
        memory_headroom=0.0,
    )


def test_three_llms_on_four_gpus_have_the_published_number_of_setups() -> None:
    ways = [
        (i, tp, share / 100, 1.0)
        for i in range(3)
        for tp in (1, 2, 4)
        for share in range(10, 101, 10)
    ]
    setups = enumerate_setups(cluster(ways, 3))
    assert int((setups.llms() == 0b111).sum()) == 15_883
    assert len(setups) == 18_220


@pytest.mark.parametrize("kind", KINDS)
def test_enumeration_and_packing_know_the_same_setups_as_brute_force(kind: str) -> None:
    for seed in range(20):
        instance = random_instance(seed, kind)
        setups = enumerate_setups(instance)
        counts = setups.replicas(np.arange(len(setups)), len(instance.options))
        carried = counts @ np.array([option.curve.max_rate for option in instance.options])
        seats = [pack(instance, setups.deployed(k)) for k in range(len(setups))]
        assert all(seat.verdict != PlacementVerdict.UNDECIDED for seat in seats)
        mine = {
            tuple(map(int, row))
            for row, seat, rate in zip(counts, seats, carried, strict=True)
            if seat.placed and rate >= instance.arrival_rate
        }
        assert mine == {setup.replicas for setup in feasible_setups(instance)}


@pytest.mark.parametrize("seed", range(10))
def test_first_fit_for_all_rows_at_once_is_that_of_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    options = [
        (
            i % 3,
            int(rng.choice([1, 2])),
            float(rng.choice([0.3, 0.5, 0.7])),
            float(rng.uniform(5, 60)),
        )
        for i in range(6)
    ]
    instance = cluster(options, 3, nodes=2, per_node=2, most=None)
    setups = enumerate_setups(instance)
    rows = rng.permutation(len(setups))[:200]
    placed = retained(instance, setups)
    assert np.array_equal(placed[rows], first_fit_decreasing(instance, setups.replicas(rows, 6)))
    for row in rows:
        items = [
            (o, r)
            for o in packing._order(instance, 0)
            for option, n in setups.deployed(int(row))
            if option == o
            for r in range(n)
        ]
        assert (packing._first_fit(instance, 0, items) is not None) == placed[row]
        if placed[row]:
            assert pack(instance, setups.deployed(int(row))).placed


def test_exhaustive_packing_places_what_first_fit_does_not() -> None:
    instance = cluster(
        [(i, 1, share, 1.0) for i, share in enumerate((0.4, 0.4, 0.3, 0.3, 0.3, 0.3))],
        6,
        per_node=2,
    )
    setups = enumerate_setups(instance)
    everything = int(np.flatnonzero(setups.llms() == 0b111111)[0])
    assert not retained(instance, setups)[everything]
    placement = pack(instance, setups.deployed(everything))
    assert placement.placed
    share = np.zeros(2)
    for option, _, _, gpus in placement.seats:
        assert len(set(gpus)) == instance.options[option].tp_degree
        share[list(gpus)] += instance.options[option].mps_share
    assert share.max() <= 1.0 + 1e-9


def test_as_few_gpus_as_can_be() -> None:
    instance = cluster([(0, 1, 0.5, 50.0), (1, 1, 0.5, 20.0), (2, 1, 0.5, 45.0)], 3)
    packed = pack_on_fewest(instance, ((0, 1), (1, 1), (2, 1)))
    assert packed.placed
    assert packed.gpus == (2,)


# ---------------------------------------------------------------- routing


@pytest.mark.parametrize("kind", QUALITY_KINDS)
def test_no_routing_beats_the_bound_and_the_value_is_reached(kind: str) -> None:
    for seed in range(12):
        instance = random_instance(seed, kind)
        road, slos = DecompositionState(instance), shared_slos(instance)
        rng = np.random.default_rng(seed)
        for setup in feasible_setups(instance)[:6]:
            deployed = tuple((o, n) for o, n in enumerate(setup.replicas) if n)
            routed = route(road, deployed, 1e-5)
            if routed.value is not None:
                assert routed.value <= routed.bound + 1e-12
                each = [
                    min(rate / n, instance.options[o].curve.max_rate)
                    for rate, (o, n) in zip(routed.rates, deployed, strict=True)
                ]
                assert np.allclose(
                    each,
                    [rate / n for rate, (_, n) in zip(routed.rates, deployed, strict=True)],
                    rtol=1e-9,
                )
                assert all(
                    admissible(instance.options[o].curve, instance.slos, r)
                    for (o, _), r in zip(deployed, each, strict=True)
                )
                spent = sum(
                    (
                        n * spends_at(instance.options[o].curve, slos, instance.arrival_rate, r)
                        for (o, n), r in zip(deployed, each, strict=True)
                    ),
                    np.zeros(len(slos)),
                )
                assert np.all(spent <= 1.0 + 1e-8)
                assert routed.rates.sum() == pytest.approx(instance.arrival_rate)
            for _ in range(40):
                quality = random_routing(instance, deployed, rng)
                assert quality is None or quality <= routed.bound + 1e-9


def random_routing(
    instance: Instance, deployed: tuple[tuple[int, int], ...], rng: np.random.Generator
) -> float | None:
    """Quality of a random assignment of prompts, None where it breaks an SLO or a curve ends."""
    scores, slos = instance.scores, shared_slos(instance)
    llms = sorted({instance.options[o].llm for o, _ in deployed})
    choice = rng.dirichlet(np.full(len(llms), 0.3), size=scores.weights.size)
    fractions = scores.weights @ choice
    spent = np.zeros(len(slos))
    for o, n in deployed:
        option = instance.options[o]
        own = [p for p, _ in deployed if instance.options[p].llm == option.llm]
        rate = instance.arrival_rate * fractions[llms.index(option.llm)] / len(own) / n
        if not admissible(option.curve, instance.slos, rate):
            return None
        spent += n * spends_at(option.curve, slos, instance.arrival_rate, rate)
    return (
        float(scores.weights @ (choice * scores.values[llms].T).sum(axis=1))
        if np.all(spent <= 1.0)
        else None
    )


def test_one_price_found_by_bisection_is_the_master_s() -> None:
    """The paper's way, on convex curves and many prompts: bisect beta, tatonnement on alpha in
    between; the same dual value.
    """
    rng = np.random.default_rng(3)
    values = np.clip(np.linspace(0.4, 0.7, 2)[:, None] + rng.normal(0, 0.15, (2, 4000)), 0, 1)
    scores = Scores(np.arange(4000).astype(str), ("a", "b"), values, np.full(4000, 1 / 4000))
    rates = np.linspace(0.5, 20, 12)
    curves = [
        Curve(rates, {("ttft", "mean"): base / (1.02 - rates / 20.4)}, ("measured",) * 12)
        for base in (0.05, 0.12)
    ]
    options = tuple(Option(i, 0, 1, 1.0, 1.0, curve) for i, curve in enumerate(curves))
    instance = Instance(
        (Llm("a"), Llm("b")),
        (Pool("p", "g", 1, 2, 80.0),),
        options,
        (Slo("ttft", "mean", 0.16),),
        18.0,
        scores,
    )
    routed = route(DecompositionState(instance), ((0, 1), (1, 1)), 1e-6)
    grid = np.linspace(0, 18.0, 4001)
    margin = np.sort(values[1] - values[0])[::-1]
    quality = values[0].mean() + np.interp(
        grid / 18.0, np.arange(4001) / 4000, np.append(0.0, np.cumsum(margin)) / 4000
    )
    late = sum(
        rate * np.interp(rate, curves[k].rates, curves[k].latency["ttft", "mean"])
        for k, rate in ((0, 18.0 - grid), (1, grid))
    )
    low, high = 0.0, 10.0
    for _ in range(60):
        beta = (low + high) / 2
        best = int(np.argmax(quality - beta * late / (18.0 * 0.16)))
        low, high = (beta, high) if late[best] > 18.0 * 0.16 else (low, beta)
    assert routed.value == pytest.approx(quality[best], abs=2e-4)
    assert routed.beta[0] == pytest.approx(high, rel=0.05)


def test_a_bound_of_another_setup_s_prices_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every price found on the way bounds every setup with the same LLMs."""
    from planner.decomposition.best_setup import Bounds

    for seed in range(20):
        instance = random_instance(seed, "convex")
        road, setups = DecompositionState(instance), enumerate_setups(instance)
        bounds = Bounds(road, setups)
        everything = np.arange(len(setups))
        values = [route(road, setups.deployed(k), 1e-6).value for k in everything]
        bounds.learn(everything)
        for k, value in enumerate(values):
            assert value is None or value <= bounds.upper[k] + 1e-9


# ---------------------------------------------------------------- relaxation


@pytest.mark.parametrize("kind", QUALITY_KINDS)
def test_the_relaxation_brackets_the_best_plan(kind: str) -> None:
    found = 0
    for seed in range(25):
        instance = random_instance(seed, kind)
        known, fleet = best_plan(instance), bracket_fleet(instance, tolerance=1e-5)
        span = float(np.ptp(instance.scores.values)) or 1.0
        if known.feasible:
            assert fleet.bound >= known.value - 1e-6 * span
        if fleet.value is not None:
            assert known.feasible is not False
            assert fleet.value <= (known.bound if known.feasible else math.inf) + 1e-6 * span
            found += 1
    assert found >= 5


def test_the_relaxation_proves_that_there_is_none() -> None:
    instance = cluster([(0, 1, 1.0, 1.0), (1, 1, 1.0, 1.0)], 2)
    short = Instance(
        instance.llms,
        instance.pools,
        instance.options,
        (),
        21.0,
        instance.scores,
        memory_headroom=0.0,
    )
    assert bracket_fleet(short, tolerance=1e-5).bound == -np.inf
    assert math.isfinite(bracket_fleet(instance, tolerance=1e-5).bound)


def test_every_pair_of_rows_is_summed() -> None:
    from planner.decomposition.fleet import _up_to_two

    rows = np.eye(3, dtype=int)
    sums = {tuple(row) for row in _up_to_two(rows)}
    assert sums == {
        tuple(sum(part, start=np.zeros(3, dtype=int)))
        for n in (0, 1, 2)
        for part in itertools.combinations_with_replacement(rows, n)
    }


def test_a_full_bank_forgets_what_was_used_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_bank, "MOST_POLICIES", 6)
    instance = random_instance(1, "convex")
    free = DecompositionState(instance)
    setup = tuple((o, n) for o, n in enumerate(feasible_setups(instance)[0].replicas) if n)
    first = route(free, setup, 1e-7)
    assert route(free, setup, 1e-7).bound == pytest.approx(first.bound, abs=1e-6)
    assert all(bank.quality.size <= 6 + 1 for bank in free.banks.values())
