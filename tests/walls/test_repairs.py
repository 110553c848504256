"""Repairs by programs: each works, and by brute force nothing nearer does."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from models.formulation import Goal, GoalKind, Knob, KnobKind
from models.instance import Headroom, Instance
from models.quality import Quality
from planner.joint.repairs.adjustments import Adjustment, adjustments_of
from planner.joint.repairs.least_change import feasible_plan
from planner.joint.repairs.repair_plans import written_repair_value
from planner.joint.setups.search_state import SearchClock, SearchState
from planner.joint.solve import solve_joint
from planner.settings import Settings
from planner.solution import Conflict, Repair
from tests.support.instances.by_hand import checked
from tests.support.instances.oracle import best_plan
from tests.support.instances.tightened import tightened_by_hand
from tests.support.instances.tiny import KINDS, TAILS, random_instance
from tests.support.walls import first_fast, wall_size

HEAVIER = (1.5, 2.5, 4.0, 8.0)
MOST_NODES = 5
NEARER = 5e-3
"""Relative step at which a number that is proved the smallest must have no plan: more than twice
the precision that is promised.
"""


def conflicting(seed: int, kind: str) -> Instance:
    """More requests than the instance is made for, every third with a headroom."""
    instance = random_instance(seed, kind)
    heavy = replace(instance, arrival_rate=HEAVIER[seed % 4] * instance.arrival_rate)
    free = Headroom(slo=0.2, rate=0.3, utilization=0.1) if seed % 3 == 0 else Headroom()
    return replace(heavy, headroom=free)


@cache
def stated_conflict(seed: int, kind: str) -> Conflict | None:
    """That of the instance, with its repairs; both tests look at the first ones."""
    return solve_joint(conflicting(seed, kind), Settings()).conflict


def has_plan(adjustment: Adjustment, value: float) -> bool | None:
    return best_plan(tightened_by_hand(adjustment.apply(value))).feasible


def one_step_less(adjustment: Adjustment, repair: Repair) -> float:
    """A value between the present one and the repair's; the present one where there is none."""
    away = 1 if adjustment.upwards else -1
    nearer = repair.after - away if adjustment.whole else repair.after * (1 - away * NEARER)
    return nearer if adjustment.upwards == (nearer > repair.before) else repair.before


@pytest.mark.parametrize("seeds", first_fast([range(2), range(2, wall_size(4, 40))]), ids=str)
@pytest.mark.parametrize("kind", [*KINDS, TAILS])
def test_repairs_work_and_one_step_less_does_not(kind: str, seeds: range) -> None:
    for seed in seeds:
        instance, conflict = conflicting(seed, kind), stated_conflict(seed, kind)
        if conflict is None:
            continue
        known = {one.change: one for one in adjustments_of(instance)}
        for repair in conflict.repairs:
            adjustment = known[repair.change]
            assert checked(adjustment.apply(repair.after), Settings(), explain=False).has_plan
            nearer = one_step_less(adjustment, repair)
            # Brute force over more than five nodes lists setups for minutes.
            if repair.proved and (not repair.change.endswith("nodes") or nearer <= MOST_NODES):
                assert has_plan(adjustment, nearer) is not True, (kind, seed, repair, nearer)


def test_nearly_all_are_proved() -> None:
    repairs = [
        repair
        for kind in KINDS
        for seed in range(2)
        for conflict in [stated_conflict(seed, kind)]
        if conflict is not None
        for repair in conflict.repairs
    ]
    assert len(repairs) >= 10
    assert sum(repair.proved for repair in repairs) >= 0.9 * len(repairs)


@pytest.mark.parametrize("kind", KINDS)
def test_feasibility_is_that_of_brute_force(kind: str) -> None:
    for seed in range(wall_size(2, 12)):
        instance = replace(conflicting(seed, kind), headroom=Headroom())
        quality = Quality(instance.scores)
        state = SearchState(instance=instance, quality=quality, clock=SearchClock(np.inf))
        floor = (
            None
            if instance.quality_floor is None
            else quality.from_score(instance.quality_floor - 1e-6)
        )
        found, truth = feasible_plan(state, floor), best_plan(instance).feasible
        if found.proved and truth is not None:
            assert (found.plan is not None) == truth, (kind, seed)


def test_without_an_option_nothing_is_left_open() -> None:
    """No option has a rate at which it keeps the limit of every LLM: proved for every number but
    the limit itself.
    """
    instance = random_instance(3, "each_llm")
    strict = tuple(replace(slo, limit=1e-6) for slo in instance.slos)
    solution = solve_joint(replace(instance, slos=strict), Settings())
    assert solution.conflict is not None
    assert not any("cut short" in note for note in solution.effort.notes)
    assert "a rate down to" in solution.conflict.limits[-1]


@pytest.mark.parametrize(
    ("value", "upwards", "written"),
    [(412.34, True, 412.4), (412.34, False, 412.3), (0.0, True, 0.0), (66379.9, False, 66370.0)],
)
def test_four_digits_away_from_what_does_not_work(
    value: float, written: float, *, upwards: bool
) -> None:
    assert written_repair_value(value, upwards=upwards) == written


def test_a_knob_of_all_slos_moves_each() -> None:
    every = Goal(of=GoalKind.KNOB, knob=Knob(kind=KnobKind.SLO, low=1, high=2))
    second = Goal(of=GoalKind.KNOB, knob=Knob(kind=KnobKind.SLO, of=1, low=1, high=2))
    assert [every.moves(KnobKind.SLO, s) for s in (0, 1)] == [True, True]
    assert [second.moves(KnobKind.SLO, s) for s in (0, 1)] == [False, True]
    assert not every.moves(KnobKind.RATE)
