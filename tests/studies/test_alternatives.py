"""Other setups nearly as good, against brute force on tiny instances: next best in order, fewest
GPUs and changes, seats; the command.
"""

import math
import threading
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from models.instance import Instance
from models.packing.first_fit import Item
from models.packing.placement import place_on_fewest
from planner.joint import solve as joint
from planner.plans.changes.running_setup import RunningSetup
from planner.plans.changes.stable_placement import ReplicaPlace
from planner.plans.solved_content import solved_content
from planner.settings import Settings
from planner.solution import Solution
from planner.studies.alternatives import Alternatives, AlternativesOptions, find_alternatives
from tests.support.instances.oracle import Setup, feasible_setups, search_rates
from tests.support.instances.tiny import random_instance
from tests.support.walls import first_fast, usually, wall_size

SETTINGS = Settings(rel_gap=1e-6)
SLACK = 2e-5
"""Score units, or USD/h: the oracle's own gap and the search's."""
LOSS, COUNT = 0.4, 4
KINDS = ("convex", "nonconvex", "binary", "two_pools", "six_gpus", "percentile", "each_llm", "cost")


def values(instance: Instance) -> list[tuple[Setup, float, float]]:
    """Every setup with the value that it surely reaches and the best it might (as gains: quality,
    or -USD/h; -inf = surely no plan).
    """
    found = []
    for setup in feasible_setups(instance):
        truth = search_rates(instance, [setup])
        low, high = (
            (truth.value if truth.feasible else -math.inf),
            (-math.inf if truth.feasible is False else truth.bound),
        )
        if instance.objective == "cost":
            floor, gain = instance.quality_floor or 0.0, -float(setup.cost or 0.0)
            low, high = (
                (gain if low >= floor + SLACK else -math.inf),
                (gain if high >= floor - SLACK else -math.inf),
            )
        found.append((setup, low, high))
    return found


def kind_of(
    instance: Instance, replicas: Sequence[int]
) -> frozenset[tuple[tuple[int, int, int], int]]:
    counts: Counter[tuple[int, int, int]] = Counter()
    for option, count in zip(instance.options, replicas, strict=True):
        if count:
            counts[option.llm, option.pool, option.tp_degree] += int(count)
    return frozenset(counts.items())


def holds(replicas: Sequence[int], other: Sequence[int]) -> bool:
    return all(a >= b for a, b in zip(replicas, other, strict=True))


def serving(solution: Solution) -> tuple[int, ...]:
    return tuple(int(n) for n in np.where(solution.routed_rates > 0, solution.replicas, 0))


def gain(instance: Instance, value: float) -> float:
    return value if instance.objective == "quality" else -value


def left_over(
    instance: Instance, truth: list[tuple[Setup, float, float]], reported: list[Solution]
) -> list[tuple[Setup, float, float]]:
    """The setups that may still be reported: of no reported kind, holding no reported one, nor one
    of a reported kind that is as good.
    """
    kinds = {kind_of(instance, one.replicas) for one in reported} | {
        kind_of(instance, serving(one)) for one in reported
    }
    similar = [
        (setup, high) for setup, _, high in truth if kind_of(instance, setup.replicas) in kinds
    ]
    return [
        (setup, low, high)
        for setup, low, high in truth
        if kind_of(instance, setup.replicas) not in kinds
        and not any(holds(setup.replicas, serving(one)) for one in reported)
        and not any(
            holds(setup.replicas, other.replicas) and best >= low - SLACK for other, best in similar
        )
    ]


def cases(kind: str, seeds: int) -> list[tuple[Instance, Solution]]:
    """Instances with a plan."""
    instances = [random_instance(seed, kind) for seed in range(seeds)]
    solved = [
        (instance, joint.solve_joint(instance, SETTINGS, explain=False)) for instance in instances
    ]
    return [(instance, plan) for instance, plan in solved if plan.status == "optimal"]


@pytest.mark.parametrize("kind", first_fast(usually(KINDS, (1,))))
def test_the_next_best_come_in_order_and_fewest_gpus_are_fewest(kind: str) -> None:
    listed = 0
    several = wall_size(20, 24) if kind in ("each_llm", "cost") else 9
    for instance, plan in cases(kind, several):
        found = find_alternatives(
            instance,
            plan,
            SETTINGS,
            AlternativesOptions(COUNT, 1.0 if kind == "cost" else LOSS),
        )
        truth = values(instance)
        limit = gain(instance, found.limit)
        reported = [plan]
        for one in (one.solution for one in found.others if one.aim == "next"):
            rest = left_over(instance, truth, reported)
            assert (
                gain(instance, one.value)
                >= max((low for _, low, _ in rest), default=-math.inf) - SLACK
            )
            assert (
                gain(instance, one.bound)
                >= max((low for _, low, _ in rest), default=-math.inf) - SLACK
            )
            assert (
                limit - SLACK
                <= gain(instance, one.value)
                <= max(high for _, _, high in truth) + SLACK
            )
            assert kind_of(instance, one.replicas) not in {
                kind_of(instance, before.replicas) for before in reported
            }
            reported.append(one)
        listed += len(reported) - 1
        assert found.complete or len(reported) == COUNT + 1
        if found.complete:
            assert all(low < limit + SLACK for _, low, _ in left_over(instance, truth, reported))
        surely = min((s.gpus for s, low, _ in truth if low >= limit + SLACK), default=99)
        perhaps = min((s.gpus for s, _, high in truth if high >= limit - SLACK), default=99)
        fewest = min(used(instance, one) for one in (plan, *(one.solution for one in found.others)))
        assert found.gpus <= surely
        assert perhaps <= fewest <= surely
        for one in found.others:
            solved_content(instance, one.solution, SETTINGS.rel_gap)
    assert listed >= 5


def used(instance: Instance, solution: Solution) -> int:
    return len({(instance.options[s.option].pool, s.node, s.gpu) for s in solution.placement})


@pytest.mark.parametrize(
    "kind", first_fast(usually(["convex", "two_pools", "binary", "cost"], (0,)))
)
def test_fewest_changes_are_fewest(kind: str) -> None:
    judged = moves = 0
    for number, (instance, plan) in enumerate(cases(kind, 24 if kind == "cost" else 14)):
        truth = values(instance)

        def changes(replicas: Sequence[int], running: Sequence[int]) -> int:
            return int(np.abs(np.array(replicas) - np.array(running)).sum())

        before = max(
            (setup.replicas for setup, _, _ in truth),
            key=lambda replicas: (changes(replicas, plan.replicas), replicas),
        )
        loss = 1.0 if kind == "cost" else (LOSS, 0.05, 0.005)[number % 3]
        found = find_alternatives(
            instance,
            plan,
            SETTINGS,
            AlternativesOptions(0, loss, RunningSetup(seated(instance, before), gone=1)),
        )
        limit = gain(instance, found.limit)
        surely = min(
            (changes(s.replicas, before) for s, low, _ in truth if low >= limit + SLACK), default=99
        )
        perhaps = min(
            (changes(s.replicas, before) for s, _, high in truth if high >= limit - SLACK),
            default=99,
        )
        fewest = min(
            changes(one.replicas, before)
            for one in (plan, *(one.solution for one in found.others if one.aim == "changes"))
        )
        assert perhaps <= fewest <= surely
        assert found.changes is not None
        assert perhaps + 1 <= found.changes <= surely + 1
        judged += fewest < changes(plan.replicas, before)
        moves += fewest > 0
    assert judged >= 1
    assert moves >= 2


def seated(instance: Instance, replicas: Sequence[int]) -> tuple[ReplicaPlace, ...]:
    """A setup that can be placed, on seats."""
    seats: list[ReplicaPlace] = []
    for p, pool in enumerate(instance.pools):
        held = [
            (o, option)
            for o, option in enumerate(instance.options)
            if replicas[o] and option.pool == p
        ]
        items = [
            Item(o, option.tp_degree, option.mps_share, option.memory, replicas[o])
            for o, option in held
        ]
        seats += [
            (o, node, gpus)
            for o, _, node, gpus in place_on_fewest(
                items, pool.nodes, pool.gpus_per_node, instance.room(p)
            ).seats
        ]
    return tuple(seats)


def test_cancelled_it_returns_what_there_is() -> None:
    instance = random_instance(3, "convex")
    plan = joint.solve_joint(instance, SETTINGS, explain=False)
    cancel = threading.Event()
    cancel.set()
    found = find_alternatives(instance, plan, SETTINGS, AlternativesOptions(3, LOSS), cancel=cancel)
    assert found == Alternatives(
        limit=found.limit,
        gpus=found.gpus,
        changes=None,
        others=(),
        complete=False,
        stopped="interrupt",
    )
