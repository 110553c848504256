"""Search states of instances, as a solve would begin with."""

import threading
import time

import numpy as np

from models.formulation import Goal, GoalKind
from models.instance import Instance
from models.quality import Quality
from planner.joint.setups.goal_state import GoalState
from planner.joint.setups.search_state import SearchClock, SearchState
from tests.support.instances.oracle import best_plan
from tests.support.instances.tiny import random_instance

QUALITY = Goal(of=GoalKind.QUALITY)


def fresh_state(instance: Instance, cancel: threading.Event | None = None) -> SearchState:
    return SearchState(
        instance=instance,
        quality=Quality(instance.scores),
        clock=SearchClock(time.perf_counter() + 60.0, cancel),
    )


def goal_state(instance: Instance, goal: Goal = QUALITY, gap: float = 1e-6) -> GoalState:
    return GoalState(shared=fresh_state(instance), goal=goal, abs_gap=lambda _: gap)


def feasible_instances(kind: str, count: int) -> list[Instance]:
    """Tiny instances that brute force finds a plan for."""

    found: list[Instance] = []
    for seed in range(200):
        instance = random_instance(seed, kind)
        if best_plan(instance).feasible:
            found.append(instance)
        if len(found) == count:
            break
    return found


def random_fractions(rng: np.random.Generator, llms: int) -> np.ndarray:
    """A point of the simplex, some of them at its border."""
    fractions = rng.dirichlet(np.full(llms, rng.choice([0.3, 1.0, 5.0])))
    if llms > 1 and rng.random() < 0.3:
        fractions[rng.integers(llms)] = 0.0
    return fractions / fractions.sum()
