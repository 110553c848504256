"""The relaxation of a knob's program with a floor of quality: a bound on the knob, with opening
cuts and without; against brute force and against plans.
"""

from dataclasses import replace

import numpy as np
import pytest

from models.demand.headroom import with_headroom
from models.instance import Instance
from planner.joint.repairs import knob_relaxation, least_change
from planner.joint.repairs.adjustments import Adjustment, adjustments_of
from planner.joint.repairs.knob_relaxation import KnobProgram, relax_knob
from planner.joint.repairs.least_change import least_change_by_program
from planner.joint.solve import solve_goal
from tests.support.instances.oracle import best_plan
from tests.support.instances.search_states import fresh_state
from tests.support.instances.tiny import random_instance
from tests.support.walls import first_fast, wall_size

NEARER = 5e-3
"""More than twice the precision of a repair."""


def crowded(seed: int) -> Instance:
    """More requests than the cost instance is made for."""
    instance = random_instance(seed, "cost")
    return replace(instance, arrival_rate=(1.5, 2.5, 4.0, 8.0)[seed % 4] * instance.arrival_rate)


def rate_of(instance: Instance) -> Adjustment:
    (rate,) = [one for one in adjustments_of(instance) if one.change == "arrival_rate_rps"]
    return rate


def rate_program(instance: Instance) -> KnobProgram:
    state = fresh_state(with_headroom(instance))
    knob = rate_of(instance).knob
    assert knob is not None
    return KnobProgram(state, knob, solve_goal(state.instance, state.quality).quality_at_least)


@pytest.mark.parametrize("seeds", first_fast([range(2), range(2, wall_size(10, 100))]), ids=str)
def test_largest_rates_with_opening_cuts_are_those_of_brute_force(
    seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rates that move with opening cuts: no plan serves more than the relaxation's bound, the
    repair is the same as without them, and a little more has no plan.
    """
    proved = 0
    for seed in seeds:
        instance = crowded(seed)
        rate, usual = rate_of(instance), rate_program(instance)
        if not usual.state.usable():
            continue
        plain = least_change_by_program(rate, usual.state, usual.floor)
        with monkeypatch.context() as patched:
            patched.setattr(knob_relaxation, "MOST_PLAIN_LLMS", 0)
            program = rate_program(instance)
            program.relax()
            again = rate_program(instance)
            opened = least_change_by_program(rate, again.state, again.floor)
        assert (plain.value is None) == (opened.value is None), seed
        if opened.value is None:
            continue
        assert program.opened
        assert opened.value <= program.knob.high * instance.arrival_rate * (1 + 1e-6), seed
        beyond = opened.value * (1 + NEARER)
        if opened.proved:
            proved += 1
            assert plain.value == pytest.approx(opened.value, rel=NEARER)
            if beyond < instance.arrival_rate:
                assert best_plan(rate.apply(beyond)).feasible is not True, seed
    assert proved


def test_a_part_of_a_replica_opens_a_part_of_an_llm(monkeypatch: pytest.MonkeyPatch) -> None:
    """With opening cuts the relaxation never serves more, and somewhere it serves less."""
    monkeypatch.setattr(knob_relaxation, "MOST_PLAIN_LLMS", 0)
    less = 0
    for seed in range(6):
        program = rate_program(crowded(seed))
        if not program.state.usable():
            continue
        plain = relax_knob(program.state, program.compile(), program.knob)
        program.relax()
        opened = relax_knob(program.state, program.compile(), program.knob)
        if plain is None or opened is None:
            continue
        assert opened.value <= plain.value * (1 + 1e-6)
        assert np.all(opened.opened >= opened.fractions - 1e-9)
        less += opened.value < plain.value * (1 - 1e-3)
    assert less


def test_largest_rates_by_ranges_are_those_of_one_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges below the bound, one after the other, leave the repair and its proof as they are."""
    compared = 0
    for seed in range(6):
        instance = crowded(seed)
        rate, program = rate_of(instance), rate_program(instance)
        by_ranges = least_change_by_program(rate, program.state, program.floor)
        with monkeypatch.context() as patched:
            patched.setattr(least_change, "LEAST_RANGE", 2.0)  # no range fits: one program
            again = rate_program(instance)
            at_once = least_change_by_program(rate, again.state, again.floor)
        assert (by_ranges.value is None) == (at_once.value is None), seed
        if by_ranges.value is not None and by_ranges.proved and at_once.proved:
            compared += 1
            assert by_ranges.value == pytest.approx(at_once.value, rel=NEARER), seed
    assert compared


def test_a_setup_is_served_as_far_as_its_curves_allow() -> None:
    """The relaxation limited to a repair's setup ends at its rate, and beyond it there is none."""
    for seed in range(4):
        instance = crowded(seed)
        rate, program = rate_of(instance), rate_program(instance)
        found = least_change_by_program(rate, program.state, program.floor)
        if found.plan is None or found.value is None:
            continue
        program = KnobProgram(program.state, program.knob, program.floor)
        point = program.relaxed_at(found.plan.replicas)
        assert point is not None
        assert point.value * instance.arrival_rate >= found.value * (1 - 1e-3)
        return
    raise AssertionError("no instance has a repair")
