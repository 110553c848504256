"""The program of a node: its bound against brute force over the setups of the box."""

import numpy as np
import pytest

from models.instance import Instance
from planner.joint.solver.highs import StopReason
from planner.joint.tree.branch_and_cut import replica_groups
from planner.joint.tree.node_program import NodeProgram
from tests.support.instances.oracle import best_plan_among, feasible_setups
from tests.support.instances.search_states import QUALITY, feasible_instances, fresh_state
from tests.support.walls import first_fast, wall_size

ROUNDS, TOLERANCE = 30, 1e-5


def program_of(instance: Instance) -> NodeProgram:
    state = fresh_state(instance)
    options = state.usable()
    form = state.formulation(QUALITY, options)
    points = {o: state.points(o) for o in options}
    near = np.full(len(instance.llms), 1 / len(instance.llms))
    groups = replica_groups(form)
    return NodeProgram(form, state.quality, points, state.settings(), groups, near)


@pytest.mark.parametrize("kind", first_fast(["convex", "nonconvex", "two_pools", "each_llm"]))
def test_no_plan_of_a_box_loses_less_than_its_bound(kind: str) -> None:
    """Boxes of one setup and of all up to one, with and without weight on GPUs."""
    compared = 0
    for instance in feasible_instances(kind, wall_size(2, 6)):
        program, setups = program_of(instance), feasible_setups(instance)
        for chosen in setups[:: max(len(setups) // 3, 1)]:
            counts = program.groups @ np.array(chosen.replicas)
            for low in (counts, np.zeros(counts.size)):
                inside = [
                    s for s in setups
                    if np.all(low <= program.groups @ np.array(s.replicas))
                    and np.all(program.groups @ np.array(s.replicas) <= counts)
                ]  # fmt: skip
                best = best_plan_among(instance, inside)
                if not best.feasible:
                    continue
                loss = -program.quality.from_score(best.value)
                for weighed in (0.0, 20 * TOLERANCE):
                    program.weigh_gpus(weighed)
                    point = program.solve_box(low, counts, np.inf, TOLERANCE, ROUNDS)
                    assert point.stop is StopReason.OPTIMAL
                    assert point.bound <= loss + 1e-6
                    assert np.all(point.counts <= counts + 1e-6)
                    compared += 1
    assert compared >= 4


def test_a_box_without_a_plan_is_infeasible() -> None:
    program = program_of(feasible_instances("convex", 1)[0])
    empty = np.zeros(len(program.groups))
    assert program.solve_box(empty, empty, np.inf, TOLERANCE, 3).stop is StopReason.INFEASIBLE
    assert program.solve_box(empty, empty + 9, np.inf, TOLERANCE, 3).stop is StopReason.OPTIMAL


def test_a_cutoff_and_rounds_end_a_node_early() -> None:
    program = program_of(feasible_instances("convex", 1)[0])
    low, high = np.zeros(len(program.groups)), np.full(len(program.groups), 9.0)
    rough = program.solve_box(low, high, -2.0, TOLERANCE, ROUNDS)
    assert program.lps == 1
    fine = program.solve_box(low, high, np.inf, TOLERANCE, ROUNDS)
    assert 2 < program.lps <= 1 + ROUNDS
    assert fine.bound > rough.bound
