"""The peers of `python -m bench peers`: their plans pass the verifier, are never better than the
planner's bound, and are what each of them is defined by.
"""

import threading
from functools import cache

import numpy as np
import pytest

from bench.peers.__main__ import compared_with_planner, plan_in_words
from bench.peers.greedy import cheapest_start
from bench.peers.marginal_routing import MarginalRouting
from bench.peers.measure import MELANGE, PEERS, PLANNER, REL_GAP, SOS2, TWO_STAGE, peer_answer
from bench.peers.melange import cheapest_routing, melange_plan, request_prices
from bench.peers.peer_case import PeerAnswer, PeerCase, late_after
from bench.peers.textbook import has_bent_curves, textbook_plan
from models.instance import Instance, Slo
from planner.plans.solved_content import solved_content
from planner.settings import Settings
from tests.support.instances.by_hand import flat, make, option
from tests.support.instances.tiny import random_instance
from tests.support.walls import UNHURRIED_S, first_fast

EXACT = Settings(1e-6, 60.0)

HARD = [
    (1, "convex"),
    (5, "cost"),
    (5, "percentile"),
    (1, "nonconvex"),
    (2, "each_llm"),
    (7, "cost"),
]


@cache
def planned(seed: int, kind: str) -> tuple[Instance, PeerAnswer]:
    """An instance and the planner's answer."""
    instance = random_instance(seed, kind)
    answer = peer_answer(instance, PLANNER, EXACT, threading.Event())
    assert answer is not None
    return instance, answer


def verified_value(instance: Instance, answer: PeerAnswer) -> float:
    """The value of a plan that passes the verifier."""
    assert answer.solution is not None, answer.words
    content = solved_content(instance, answer.solution, REL_GAP)
    assert content["checks"]["verified"]
    return float(content["objective"]["value"])


OTHERS = [peer for peer in PEERS if peer not in (PLANNER, TWO_STAGE)]
"""The two-stage baseline has tests of its own."""


@pytest.mark.parametrize("peer", OTHERS)
@pytest.mark.parametrize(("seed", "kind"), first_fast(HARD, (0, 1)))
def test_a_plan_of_a_peer_is_verified_and_within_the_bound(seed: int, kind: str, peer: str) -> None:
    instance, ours = planned(seed, kind)
    found = peer_answer(instance, peer, EXACT, threading.Event())
    if found is None:  # another objective, or the same program as another peer's
        assert peer == SOS2 or (peer == MELANGE and kind != "cost")
        return
    value, bound = verified_value(instance, found), ours.solution.bound
    assert value >= bound - 1e-6 if kind == "cost" else value <= bound + 1e-6


ALL_PROMPTS = [(6, "convex"), (5, "cost"), (2, "nonconvex"), (1, "two_pools"), (7, "cost")]


@pytest.mark.parametrize(("seed", "kind"), first_fast(ALL_PROMPTS, (0, 1)))
def test_the_textbook_program_of_all_prompts_has_the_optimum(seed: int, kind: str) -> None:
    """Four to eight prompts, all in the sample; the first setup of convex 6 cannot be placed."""
    instance, ours = planned(seed, kind)
    found = textbook_plan(PeerCase(instance, EXACT))
    assert verified_value(instance, found) == pytest.approx(ours.solution.value, abs=2e-6)
    placed_at_once = len(found.notes) == 1
    assert placed_at_once == ((seed, kind) != (6, "convex"))


def test_without_binaries_a_bent_curve_promises_too_little_latency() -> None:
    instance, ours = planned(3, "nonconvex")
    assert has_bent_curves(PeerCase(instance, EXACT))
    mixed = textbook_plan(PeerCase(instance, EXACT))
    assert mixed.solution is None
    assert mixed.words == "no routing of its setup keeps the SLOs"
    adjacent = textbook_plan(PeerCase(instance, EXACT), adjacent=True)
    assert verified_value(instance, adjacent) == pytest.approx(ours.solution.value, abs=1e-5)


def test_where_the_floor_holds_on_the_sample_alone_it_is_raised() -> None:
    """One of two prompts is in the sample. The easy one alone needs 0.09 of "good", the hard one
    0.98; both together 0.48, two of its replicas.
    """
    options = [option(0, flat(0.2, 1.0)), option(1, flat(0.1, 4.0))]
    values = ((1.0, 0.6), (0.55, 0.2))
    instance = make(options, 4.0, gpus=4, values=values, objective="cost", quality_floor=0.59)
    found = {}
    for seed in range(6):
        answer = textbook_plan(PeerCase(instance, Settings(1e-6, 60.0, 1, seed)), sample=1)
        found[len(answer.notes)] = verified_value(instance, answer)
    assert found == {1: 8.0, 2: 6.0}


def routed_by_hand() -> PeerCase:
    """Of 4 req/s "good" answers 1 a replica and "poor" 4, on whole GPUs; quality is the fraction of
    "good".
    """
    curves = (flat(0.2, 1.0), flat(0.1, 4.0))
    options = [option(i, curve) for i, curve in enumerate(curves)]
    slo = Slo("ttft", "mean", 0.5)
    return PeerCase(make(options, 4.0, gpus=3, slos=[slo]), EXACT)


def test_a_margin_is_what_one_more_replica_adds() -> None:
    routing = MarginalRouting(routed_by_hand())
    one = routing.tight(np.array([1, 1]))
    two = routing.tight(np.array([2, 1]))
    assert one is not None
    assert two is not None
    assert (one.quality, two.quality) == pytest.approx((0.25, 0.5))
    assert one.gains == pytest.approx([0.25, 0.0])
    assert one.rates == pytest.approx([1.0, 3.0])
    assert routing.rough(np.array([1, 0])) is None


def test_greedy_starts_with_the_cheapest_replicas_and_adds_what_fits() -> None:
    case = routed_by_hand()
    assert cheapest_start(case).tolist() == [0, 1]
    found = peer_answer(case.instance, "greedy", EXACT, threading.Event())
    assert verified_value(case.instance, found) == pytest.approx(0.5)
    assert found.solution.replicas.tolist() == [2, 1]
    assert found.words == "steps: 2"


def test_melange_routes_by_price_first_and_buys_after_that() -> None:
    """Half of 4 req/s to "good", which needs two GPUs and a half of "poor": three GPUs."""
    curves = (flat(0.2, 1.0), flat(0.1, 4.0))
    options = [option(i, curve) for i, curve in enumerate(curves)]
    values = ((1.0, 0.9, 0.6, 0.5), (0.5, 0.5, 0.5, 0.5))
    instance = make(options, 4.0, gpus=8, values=values, objective="cost", quality_floor=0.725)
    case = PeerCase(instance, EXACT)
    assert request_prices(case) == pytest.approx([2.0, 0.5])
    assert cheapest_routing(case) == pytest.approx([0.5, 0.5], abs=1e-5)
    found = melange_plan(case)
    assert verified_value(instance, found) == pytest.approx(6.0)
    assert found.solution.replicas.tolist() == [2, 1]


def test_a_spent_limit_is_said() -> None:
    instance = routed_by_hand().instance
    late = late_after(0.0)
    assert late.wait(UNHURRIED_S)
    greedy = peer_answer(instance, "greedy", EXACT, late)
    assert greedy.words == "steps: 0, cut short"
    assert greedy.solution.replicas.tolist() == [0, 1]
    assert verified_value(instance, greedy) == 0.0


def test_a_loss_is_told_in_per_cent_and_a_plan_beyond_the_bound_as_a_fault() -> None:
    ours = {"value": 0.5, "bound": 0.51, "cpu_s": 2.0, "objective": "quality"}
    row = {"value": 0.45, "cpu_s": 5.0, "verified": True, "words": "try 2"}
    compared = compared_with_planner(row, ours)
    assert compared["loss_pct"] == pytest.approx(10.0)
    assert (compared["cpu_ratio"], compared["beyond"]) == (2.5, False)
    assert plan_in_words(row | compared) == "placed, verified, try 2"
    better = row | compared_with_planner(row | {"value": 0.52}, ours)
    assert plan_in_words(better) == "BETTER THAN THE BOUND"
    costs = {"value": 10.0, "bound": 9.0, "cpu_s": 2.0, "objective": "cost"}
    assert compared_with_planner({"value": 12.0, "cpu_s": None}, costs) == {
        **{"planner_bound": 9.0, "cpu_ratio": None, "beyond": False},
        "loss_pct": pytest.approx(20.0),
    }
    assert compared_with_planner({"value": 8.0, "cpu_s": 1.0}, costs)["beyond"]
    none = compared_with_planner({"value": None, "cpu_s": 1.0}, costs)
    assert (none["loss_pct"], none["beyond"]) == (None, False)
