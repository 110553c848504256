"""Infeasible scenarios: limits in conflict, repairs that work, the best effort."""

import threading
import time
from dataclasses import replace

import pytest

from models.instance import Headroom, Instance, Llm, Slo
from models.quality import Quality
from planner.joint.programs.capacity_bound import capacity_shortage
from planner.joint.repairs.infeasibility import explain_infeasibility
from planner.joint.setups.search_state import SearchClock, SearchState
from planner.joint.solve import Settings, solve_joint
from planner.solution import Repair, Solution
from tests.support.fast_clock import FastClock
from tests.support.instances.by_hand import check, checked, flat, make, option
from tests.support.instances.search_states import fresh_state
from tests.support.instances.tiny import KINDS, random_instance
from tests.support.walls import first_fast


def repaired(instance: Instance, repair: Repair) -> Instance:
    """The scenario with the one change, written from the contract's paths."""
    path = repair.change.split(".")
    if path[0] == "slo":
        slos = list(instance.slos)
        slos[int(path[1])] = replace(slos[int(path[1])], limit=repair.after / 1e3)
        return replace(instance, slos=tuple(slos))
    if path[0] == "pools":
        pools = list(instance.pools)
        pools[int(path[1])] = replace(pools[int(path[1])], nodes=int(repair.after))
        return replace(instance, pools=tuple(pools))
    if path[0] == "llms":
        llms = list(instance.llms)
        llms[int(path[1])] = replace(llms[int(path[1])], **{path[2]: int(repair.after)})
        return replace(instance, llms=tuple(llms))
    if repair.change == "arrival_rate_rps":
        return replace(instance, arrival_rate=repair.after)
    if repair.change == "objective.quality_at_least":
        return replace(instance, quality_floor=repair.after)
    if repair.change == "setups.min_gpu_utilization_pct":
        return replace(instance, min_utilization=repair.after / 100)
    if path[0] == "headroom":
        part = {path[1].removesuffix("_pct"): repair.after / 100}
        return replace(instance, headroom=replace(instance.headroom, **part))
    raise AssertionError(f"unknown path {repair.change}")


def check_repairs(instance: Instance, solution: Solution) -> dict[str, float]:
    assert solution.status == "infeasible"
    assert solution.conflict is not None
    assert solution.conflict.limits
    for repair in solution.conflict.repairs:
        assert checked(repaired(instance, repair), Settings(), explain=False).has_plan, repair
    if solution.conflict.repairs:
        assert solution.conflict.best_effort is not None
        assert solution.conflict.best_effort_change in solution.conflict.repairs
        nearest = repaired(instance, solution.conflict.best_effort_change)
        check(nearest, solution.conflict.best_effort, 1e-6)
    return {repair.change: repair.after for repair in solution.conflict.repairs}


def test_too_much_rate_by_hand() -> None:
    """Two GPUs of 10 req/s against 30: 20 req/s are served, or a third node repairs it."""
    instance = make(
        [option(0, flat(0.1, 10)), option(1, flat(0.1, 10))],
        30,
        gpus=1,
        nodes=2,
        slos=[Slo("ttft", "mean", 0.2)],
    )
    repairs = check_repairs(instance, checked(instance))
    assert repairs["arrival_rate_rps"] == pytest.approx(20, rel=4e-3)
    assert repairs["pools.0.nodes"] == 3
    assert "slo.0.limit_ms" not in repairs


def test_too_tight_a_limit_by_hand() -> None:
    """The faster LLM needs 0.1 s; 50 ms cannot be held, 100 ms can, and no node helps."""
    instance = make(
        [option(0, flat(0.3, 10)), option(1, flat(0.1, 10))], 8, slos=[Slo("ttft", "mean", 0.05)]
    )
    solution = checked(instance)
    repairs = check_repairs(instance, solution)
    assert set(repairs) == {"slo.0.limit_ms"}
    assert repairs["slo.0.limit_ms"] == pytest.approx(100, rel=4e-3)
    assert solution.conflict is not None
    limit, vain = solution.conflict.limits
    assert limit == "mean TTFT over all requests at most 50 ms"
    assert (
        vain
        == "Tried without success, each alone: more nodes of pool only, up to 9; a rate down to"
        " 0.000977 req/s."
    )


def test_too_high_a_floor_by_hand() -> None:
    """0.7 is required of 10/15."""
    options = [option(0, flat(0.1, 10)), option(1, flat(0.1, 10))]
    instance = make(
        options, 15, llms=(Llm("good", 0, 1), Llm("poor")), objective="cost", quality_floor=0.7
    )
    solution = checked(instance)
    repairs = check_repairs(instance, solution)
    assert repairs["objective.quality_at_least"] == pytest.approx(2 / 3, rel=4e-3)
    assert solution.conflict is not None
    floor = next(
        limit
        for limit in solution.conflict.limits
        if limit.startswith("a quality of at least 0.7 ")
    )
    assert "these scores allow 1 if nothing else is limited" in floor
    assert f"about {repairs['objective.quality_at_least']:g} within the other limits" in floor
    assert repairs["arrival_rate_rps"] == pytest.approx(10 / 0.7, rel=4e-3)


def test_too_high_a_utilisation_by_hand() -> None:
    """One replica of 50 % on one GPU fits, 75 % are required: 50 % is what there is, or no limit
    of one.
    """
    instance = make(
        [option(0, flat(0.1, 10), 0.5)],
        5,
        gpus=1,
        llms=(Llm("good", 0, 1), Llm("poor")),
        min_utilization=0.75,
    )
    repairs = check_repairs(instance, checked(instance))
    assert repairs["setups.min_gpu_utilization_pct"] == pytest.approx(50, rel=4e-3)
    assert repairs["llms.0.max_replicas"] == 2
    assert "pools.0.nodes" not in repairs, "more nodes only make it worse"


@pytest.mark.parametrize("seed", first_fast([201, 205, 208, 209, 215, 221]))
def test_repairs_of_random_conflicts_work(seed: int) -> None:
    """Four times the rate of instances that are feasible as a rule: each repair reported is
    tried.
    """
    instance = random_instance(seed, KINDS[seed % len(KINDS)])
    heavy = replace(instance, arrival_rate=4.0 * instance.arrival_rate)
    check_repairs(heavy, checked(heavy))


def test_no_option_at_all() -> None:
    solution = solve_joint(make([], 5), explain=False)
    assert solution.status == "infeasible"


def test_a_replica_that_cannot_be_had() -> None:
    """min_replicas of an LLM that has no option: requiring none repairs it, nothing else does."""
    instance = make([option(0, flat(0.1, 10))], 5, llms=(Llm("good"), Llm("poor", 1)))
    assert check_repairs(instance, solve_joint(instance)) == {"llms.1.min_replicas": 0}


def test_replica_limits_tried_in_vain_are_reported_together() -> None:
    """Each LLM may run one replica of 10 req/s and 1,000 are required: neither nodes nor eight more
    replicas of either LLM are enough.
    """
    options = [option(0, flat(0.1, 10)), option(1, flat(0.1, 10))]
    instance = make(options, 1000, llms=(Llm("good", 0, 1), Llm("poor", 0, 1)))
    solution = solve_joint(instance)
    check_repairs(instance, solution)
    assert solution.conflict is not None
    limit, vain = solution.conflict.limits
    assert limit == "1000 req/s to be served"
    assert "more nodes of pool only, up to" in vain
    assert vain.endswith("; up to 8 more replicas of one of good, poor.")


def test_no_option_that_could_run_is_infeasible_not_a_fault() -> None:
    """An each_llm limit below every latency leaves no rate of any option, and the utilisation floor
    has nothing to count.
    """
    instance = random_instance(3, "each_llm")
    strict = tuple(
        replace(slo, scope="each_llm", statistic="mean", limit=1e-6) for slo in instance.slos[:1]
    )
    solution = solve_joint(replace(instance, slos=strict, min_utilization=0.5), explain=False)
    assert solution.status == "infeasible"


def test_repairs_that_are_cut_short_say_so() -> None:
    """A cancelled explanation reports no wrong least change: what it could not try is reported as
    not tried.
    """
    instance = random_instance(3, "convex")
    crowded = replace(instance, arrival_rate=instance.arrival_rate * 1e4)
    cancel = threading.Event()
    clock = SearchClock(time.perf_counter() + 60, cancel)
    state = SearchState(instance=crowded, quality=Quality(instance.scores), clock=clock)
    cancel.set()
    conflict, notes = explain_infeasibility(crowded, state, Settings(), None, solve_joint)
    assert conflict.repairs == ()
    assert not any("without success" in limit for limit in conflict.limits), (
        "nothing was tried to its end"
    )
    assert any("cut short" in note for note in notes)


def test_repairs_end_soon_after_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a search that took its whole limit, longer than five seconds, repairs take what is left of
    two more; of one with a short limit the rest of five.
    """
    instance = random_instance(3, "convex")
    crowded = replace(instance, arrival_rate=instance.arrival_rate * 1e4)
    deadlines: list[float] = []

    def noted(deadline: float, *given: object, **named: object) -> SearchClock:
        deadlines.append(deadline)
        return SearchClock(deadline, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("planner.joint.repairs.infeasibility.SearchClock", noted)
    for limit in (20.0, 0.5):
        began = time.perf_counter() - limit
        clock = SearchClock(began + limit, began=began)
        state = SearchState(instance=crowded, quality=Quality(instance.scores), clock=clock)
        explain_infeasibility(crowded, state, Settings(), None, solve_joint)
    began_late, began_early = deadlines
    now = time.perf_counter()
    assert now + 1.5 >= began_late
    assert now + 4.5 >= began_early > began_late


def crowded_llms() -> Instance:
    """Three LLMs that must all run, each on a whole GPU, and one GPU a node."""
    llms = tuple(Llm(name, 1) for name in ("good", "poor", "poorer"))
    options = [option(i, flat(0.1, 10)) for i in range(3)]
    values, slos = ((1.0,), (0.5,), (0.0,)), [Slo("ttft", "mean", 0.2)]
    return make(options, 1, gpus=1, nodes=1, llms=llms, values=values, slos=slos)


def test_what_capacity_does_not_allow_is_settled_by_it_alone() -> None:
    """Two LLMs are still one too many for the GPU: no rate and no replica fewer helps, whatever
    the curves say, and three nodes do.
    """
    instance = crowded_llms()
    shortage = capacity_shortage(fresh_state(instance))
    assert shortage is not None
    assert all(shortage.holds_without(i) for i in range(3))
    repairs = check_repairs(instance, checked(instance))
    assert repairs == {"pools.0.nodes": 3}


def test_a_slow_machine_finds_the_same_repairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repairs are ended by their work, or by the time limit, not by seconds of their own."""
    instance = crowded_llms()
    clock = FastClock(monkeypatch, 1000.0)
    usual = solve_joint(instance, Settings(time_limit=1e4)).conflict
    clock.start()
    slow = solve_joint(instance, Settings(time_limit=1e4)).conflict
    assert usual is not None
    assert slow is not None
    assert slow.repairs == usual.repairs
    assert slow.limits == usual.limits
    assert all(repair.proved for repair in slow.repairs)


def test_repairs_end_when_their_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.joint.repairs.infeasibility.EXPLAIN_WORK", 0.0)
    solution = solve_joint(crowded_llms(), Settings())
    assert solution.conflict is not None
    assert solution.conflict.repairs == ()
    assert any("cut short" in note for note in solution.effort.notes)


@pytest.mark.parametrize(
    ("headroom", "change", "after"),
    [
        (Headroom(rate=1.5), "headroom.rate_pct", 100),
        (Headroom(slo=0.6), "headroom.slo_pct", 50),
        (Headroom(utilization=0.725), "headroom.utilization_pct", 50),
    ],
)
def test_headroom_is_given_up_in_whole_per_cents(
    headroom: Headroom, change: str, after: float
) -> None:
    """One GPU of 10 req/s at 0.2 s, 5 req/s within 0.4 s."""
    instance = replace(
        make([option(0, flat(0.2, 10))], 5, gpus=1, slos=[Slo("ttft", "mean", 0.4)]),
        headroom=headroom,
    )
    solution = checked(instance)
    assert solution.conflict is not None
    (repair,) = [one for one in solution.conflict.repairs if one.change == change]
    assert repair.after == after
    assert checked(repaired(instance, repair)).has_plan
