"""The state that searches share: the clock, usable options, and the content of programs."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from models.instance import Llm
from models.nogood import NoGood
from planner.joint.setups.search_state import SearchClock
from planner.solution import Termination
from tests.support.instances.clusters import cluster
from tests.support.instances.search_states import QUALITY, fresh_state
from tests.support.instances.tiny import random_instance


def test_the_clock_says_why_a_search_ended() -> None:
    cancel = threading.Event()
    running = SearchClock(time.perf_counter() + 60, cancel)
    assert running.termination(closed=True) == Termination.GAP
    assert running.termination(closed=False) == Termination.STALLED
    assert not running.stopped()
    over = SearchClock(time.perf_counter() - 1)
    assert over.stopped()
    assert over.left() < 0
    assert over.termination(closed=False) == Termination.TIME
    cancel.set()
    assert running.stopped()
    assert running.interrupted()
    assert running.termination(closed=False) == Termination.INTERRUPT
    assert running.termination(closed=True) == Termination.GAP, "a closed gap is a closed gap"


def test_work_is_booked_and_ends_a_search() -> None:
    """A root counts as 50 nodes, a program may visit 20 at least, a part gives the rest back."""
    clock = SearchClock(time.perf_counter() + 60, work=10_000)
    assert clock.node_limit(100) == 100
    assert clock.node_limit(5000) == 20
    clock.book_work(10, 100)
    assert (clock.work, clock.worked) == (4000, 6000)
    with clock.limited(1000):
        assert clock.work == 1000
        assert not clock.stopped()
        clock.book_work(0, 40)
        assert clock.stopped()
    assert clock.work == 2000
    assert not clock.stopped()
    clock.book_solves(3, 500)
    assert (clock.work, clock.worked) == (500, 9500)
    clock.book_work(0, 40)
    assert clock.stopped()
    assert not clock.late()
    assert clock.termination(closed=False) == Termination.STALLED


def test_a_part_is_limited_where_the_whole_is_not() -> None:
    clock = SearchClock(time.perf_counter() + 60)
    assert clock.node_limit(100) is None
    with clock.limited(5000):
        assert clock.node_limit(100) == 50
        clock.book_work(1, 100)
        assert clock.stopped()
    assert not clock.stopped()
    assert clock.node_limit(100) is None
    assert clock.worked == 5100


def test_time_is_booked_by_phase() -> None:
    clock = SearchClock(time.perf_counter() + 60)
    now = clock.spend("relax", time.perf_counter() - 2.0)
    assert clock.spend("relax", now) >= now
    clock.add("highs", 0.5)
    clock.add("highs", 0.25)
    assert clock.seconds["relax"] == pytest.approx(2.0, abs=0.5)
    assert clock.seconds["highs"] == 0.75


def test_options_without_a_rate_or_a_replica_are_not_usable() -> None:
    instance = random_instance(3, "each_llm")
    strict = tuple(replace(slo, limit=1e-9) for slo in instance.slos if slo.scope == "each_llm")
    assert strict
    assert fresh_state(replace(instance, slos=strict)).usable() == ()
    pair = cluster([(0, 1, 1.0, 1.0), (1, 1, 1.0, 1.0)], 2)
    none = replace(pair, llms=(Llm("a", 0, 0), Llm("b")))
    assert fresh_state(none).usable() == (1,)


def test_a_formulation_holds_what_is_requested() -> None:
    state = fresh_state(random_instance(2, "two_pools"))
    for fractions in np.random.default_rng(0).dirichlet(np.ones(len(state.instance.llms)), 5):
        state.quality.price(fractions)
    options = state.usable()[:1]
    aside = NoGood(0, ((0,),), (1,))
    form = state.formulation(QUALITY, options, cuts=np.array([0, 2]), aside=[aside])
    assert form.options == options
    assert set(form.arms) == set(options)
    assert form.no_goods == (aside,)
    assert np.array_equal(form.cut_base, state.quality.cuts.base[[0, 2]])
    assert state.no_goods == [], "what is set aside belongs to one search"
    assert state.formulation(QUALITY, options).cut_base.size == len(state.quality.cuts)
    assert form.demand * state.unit == pytest.approx(state.instance.arrival_rate)


def test_items_are_a_setup_s_replicas_in_one_pool() -> None:
    state = fresh_state(random_instance(2, "two_pools"))
    options = state.instance.options
    replicas = np.arange(1, len(options) + 1)
    for p in range(len(state.instance.pools)):
        items = state.items(p, replicas)
        assert [item.key for item in items] == [o for o, k in enumerate(options) if k.pool == p]
        for item in items:
            option = options[item.key]
            assert (item.shards, item.share, item.memory, item.count) == (
                option.tp_degree,
                option.mps_share,
                option.memory,
                item.key + 1,
            )
