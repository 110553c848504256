"""The restricted program: what HiGHS answers, which options and cuts it holds, and its bound."""

from dataclasses import replace

import numpy as np
import pytest

import planner.joint.programs.restricted_milp
from models.linear import LinearProgram
from planner.joint import solve as joint
from planner.joint.programs.restricted_milp import CUTOFF_SLACK, RestrictedMilp
from planner.joint.programs.root_relaxation import relax_root
from planner.joint.setups.primal_heuristics import try_rounding_heuristic
from planner.joint.solver.highs import Answer, SolveSettings, StopReason, solve_with_highs
from tests.support.instances.oracle import best_plan, best_plan_with
from tests.support.instances.programs import CASES
from tests.support.instances.search_states import feasible_instances, goal_state
from tests.support.instances.tiny import random_instance


@pytest.mark.parametrize(("kind", "seed"), [*CASES[::2], ("two_pools", 1043), ("two_pools", 1027)])
def test_an_answer_s_value_is_that_of_its_point(
    monkeypatch: pytest.MonkeyPatch, kind: str, seed: int
) -> None:
    """For every program of a whole search, cutoffs included: HiGHS 1.16.0 may return the optimum's
    value with a start's point.

    Seen on two_pools 1043 with the pools swapped, in the search for the leanest plan: value 2.26,
    the point's cost 3.5 (the start).
    """

    def checking(program: LinearProgram, settings: SolveSettings) -> Answer:
        answer = solve_with_highs(program, settings)
        if answer.x is not None:
            cost = float(program.cost @ answer.x) + program.offset
            assert cost == pytest.approx(answer.value, abs=1e-6)
        return answer

    monkeypatch.setattr(planner.joint.programs.restricted_milp, "solve_with_highs", checking)
    instance = random_instance(seed, kind)
    swapped = list(range(len(instance.pools)))[::-1]
    options = sorted(
        (replace(o, pool=swapped[o.pool]) for o in instance.options),
        key=lambda o: (o.llm, o.pool, o.tp_degree, o.mps_share),
    )
    for requested in (
        instance,
        replace(instance, pools=instance.pools[::-1], options=tuple(options)),
    ):
        joint.solve_joint(requested, explain=False)


def milp_of(kind: str, seed: int = 0) -> RestrictedMilp:
    state = goal_state(feasible_instances(kind, seed + 1)[seed])
    relaxation = relax_root(state)
    assert relaxation is not None
    return RestrictedMilp(state, relaxation)


@pytest.mark.parametrize("kind", ["convex", "nonconvex", "two_pools", "six_gpus"])
def test_the_bound_over_all_options_holds_for_the_best_plan(kind: str) -> None:
    for seed in range(3):
        milp = milp_of(kind, seed)
        instance, quality = milp.state.shared.instance, milp.state.shared.quality
        options = milp.promising(99)
        assert options == milp.state.shared.usable()
        assert milp.excluded_bound(options) == np.inf
        solution = milp.solve(options, 1e-7)
        best = -quality.from_score(best_plan(instance).value)
        assert solution.answer.bound <= best + 1e-6
        replicas, rates = solution.setup()
        assert rates.sum() == pytest.approx(instance.arrival_rate, rel=1e-6)
        assert np.all(rates[replicas == 0] == 0)
        fractions = solution.fractions()
        assert fractions is not None
        assert fractions.sum() == pytest.approx(1.0)
        for p, used in enumerate(solution.gpus_used()):
            held = [o for o, n in enumerate(replicas) if n and instance.options[o].pool == p]
            assert (used > 0) == bool(held)


@pytest.mark.parametrize("kind", ["convex", "two_pools"])
def test_options_left_out_are_in_the_bound(kind: str) -> None:
    """A plan with an option outside loses at least the excluded bound: by brute force over plans
    that must run it.
    """
    compared = 0
    for seed in range(3):
        milp = milp_of(kind, seed)
        state = milp.state
        instance, quality = state.shared.instance, state.shared.quality
        every = milp.promising(99)
        for outside in every:
            inside = tuple(o for o in every if o != outside)
            bound = milp.excluded_bound(inside)
            known = best_plan_with(instance, outside)
            if known.feasible:
                assert bound <= -quality.from_score(known.value) + 1e-6
                compared += 1
    assert compared >= 3


def test_few_options_are_those_of_least_loss_and_the_incumbent_s() -> None:
    milp = milp_of("two_pools")
    loss = milp.relaxation.point.column_loss
    usable = milp.state.shared.usable()
    first = milp.promising(1)
    assert loss[first[0]] == min(loss[o] for o in usable)
    try_rounding_heuristic(milp.state, milp.relaxation.point)
    assert milp.state.incumbent is not None
    used = set(np.flatnonzero(milp.state.incumbent.routed.replicas).tolist())
    assert used <= set(milp.promising(1))
    assert all(milp.may_help(o) for o in used)


def test_the_cutoff_admits_the_incumbent_and_nothing_much_worse() -> None:
    milp = milp_of("convex")
    options = milp.promising(99)
    try_rounding_heuristic(milp.state, milp.relaxation.point)
    assert milp.state.incumbent is not None
    with_cutoff = milp.solve(options, 1e-7)
    assert with_cutoff.has_setup
    assert with_cutoff.answer.value <= milp.state.loss + 2 * CUTOFF_SLACK
    better = milp.state.incumbent
    milp.state.incumbent = replace(better, loss=better.loss - 0.5)
    assert milp.solve(options, 1e-7).answer.stop is StopReason.INFEASIBLE
    milp.cutoff = False
    assert milp.solve(options, 1e-7).answer.value == pytest.approx(with_cutoff.answer.value)


def test_the_nodes_of_a_program_are_limited_by_its_columns() -> None:
    seen: list[SolveSettings] = []
    milp = milp_of("two_pools")
    milp.nodes = 40_000

    def recording(program: LinearProgram, settings: SolveSettings) -> Answer:
        seen.append(settings)
        assert settings.nodes == max(40_000 // program.cost.size, 20)
        return solve_with_highs(program, settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planner.joint.programs.restricted_milp, "solve_with_highs", recording)
        milp.solve(milp.promising(99), 1e-7)
    assert len(seen) == 1
    assert milp.state.shared.milp_solves == 1


def test_replicas_that_are_not_whole_are_a_fault() -> None:
    milp = milp_of("convex")
    solution = milp.solve(milp.promising(99), 1e-7)
    x = solution.answer.x.copy()  # type: ignore[union-attr]
    column = next(c for c in solution.compiled.replicas.values() if c >= 0)
    x[column] = 0.5
    halved = replace(solution, answer=replace(solution.answer, x=x))
    with pytest.raises(ArithmeticError, match="not whole"):
        halved.setup()
