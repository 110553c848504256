"""Kinds of setups: which are the same, and what is excluded from later searches."""

from dataclasses import replace

import numpy as np

from models.instance import Instance
from models.quality import Quality
from planner.joint import solve as joint
from planner.joint.setups.search_state import SearchClock, SearchState
from planner.settings import Settings
from planner.studies.setup_kinds import SetupKinds
from tests.support.instances.tiny import random_instance

FEASIBLE = next(
    one
    for one in (random_instance(seed, "convex") for seed in range(99))
    if joint.solve_joint(one, explain=False).has_plan
    and not any(llm.min_replicas for llm in one.llms)
)


def state_of(instance: Instance = FEASIBLE) -> SearchState:
    instance = replace(instance, min_utilization=0.0)
    return SearchState(
        instance=instance, quality=Quality(instance.scores), clock=SearchClock(np.inf)
    )


def test_shares_do_not_make_a_kind() -> None:
    state = state_of()
    option = state.instance.options[0]
    twin = replace(option, mps_share=option.mps_share / 2)
    instance = replace(state.instance, options=(option, twin))
    kinds = SetupKinds(state_of(instance))
    assert kinds._kind(np.array([1, 0])) == kinds._kind(np.array([0, 1]))
    assert kinds._kind(np.array([2, 0])) != kinds._kind(np.array([1, 0]))


def test_idle_replicas_are_left_out() -> None:
    state = state_of()
    count = len(state.instance.options)
    replicas, rates = np.ones(count, dtype=int), np.zeros(count)
    rates[0] = state.instance.arrival_rate
    serving = SetupKinds(state).serving(replicas, rates)
    assert serving.tolist() == [1] + [0] * (count - 1)


def test_an_excluded_setup_is_listed_and_does_not_come_again() -> None:
    state = state_of()
    plan = joint.solve_joint(state.instance, Settings(rel_gap=1e-6), explain=False)
    kinds = SetupKinds(state)
    assert not kinds.is_listed(plan.replicas)
    kinds.exclude(plan)
    serving = kinds.serving(plan.replicas, plan.routed_rates)
    assert kinds.is_listed(serving)
    before = len(state.no_goods)
    kinds.exclude(plan)
    assert len(state.no_goods) == before + 1  # of the setup itself; its kind is listed already
