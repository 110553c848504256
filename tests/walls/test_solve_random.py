"""The joint road against brute force on tiny random instances (1,080 in `make walls`): value,
bound, feasibility, fewest GPUs, and the plan's own claims.

With v and b the solution's value and bound, V and B the oracle's (V is reached, B is proven; B - V
<= 5e-6 as a rule), maximising::

    v <= B        b >= V        v >= V - gap        gpus_used <= fewest GPUs that surely reach v
"""

from dataclasses import replace
from itertools import pairwise

import pytest

from models.instance import Headroom
from planner.joint import search
from planner.joint.programs import root_relaxation
from planner.joint.setups import cut_loop, setup_routing
from planner.joint.solve import Settings, solve_joint
from planner.verification.verifier import run_verifier
from tests.support.instances.oracle import best_plan
from tests.support.instances.oracle_faults import REL_GAP, plan_content_of, solution_faults
from tests.support.instances.payments import paid_otherwise
from tests.support.instances.tightened import tightened_by_hand
from tests.support.instances.tiny import KINDS, TAILS, random_instance
from tests.support.walls import first_fast, wall_size

SEEDS = wall_size(8, 120)
"""Per kind, of 9 kinds."""


@pytest.mark.parametrize(
    "seeds",
    first_fast([range(*ends) for ends in pairwise((0, 3, *range(8, SEEDS + 1, 8)))]),
    ids=str,
)
@pytest.mark.parametrize("kind", [*KINDS, TAILS])
def test_joint_agrees_with_brute_force(kind: str, seeds: range) -> None:
    faults: list[str] = []
    for seed in seeds:
        instance = random_instance(seed, kind)
        try:
            solution = solve_joint(instance, Settings(rel_gap=REL_GAP), explain=False)
        except Exception as fault:
            fault.add_note(f"while solving random_instance({seed}, {kind!r})")
            raise
        found = solution_faults(instance, solution, best_plan(instance))
        faults += [f"{kind} {seed}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("seeds", first_fast([range(3), range(3, wall_size(5, 60))]), ids=str)
@pytest.mark.parametrize("kind", ["cost", "two_pools"])
def test_owned_and_reserved_pools_agree_with_brute_force(kind: str, seeds: range) -> None:
    faults: list[str] = []
    for seed in seeds:
        instance = paid_otherwise(random_instance(seed, kind), seed)
        solution = solve_joint(instance, Settings(rel_gap=REL_GAP), explain=False)
        found = solution_faults(instance, solution, best_plan(instance))
        faults += [f"{kind} {seed}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("seeds", first_fast([range(2), range(2, wall_size(4, 10))]), ids=str)
@pytest.mark.parametrize("kind", [*KINDS, TAILS])
def test_what_is_done_with_many_llms_is_right_with_few(
    kind: str, seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (cut_loop, root_relaxation, setup_routing):
        monkeypatch.setattr(module, "MANY_LLMS", 0)
    monkeypatch.setattr(search, "PROGRAMS_FIRST", 1)
    faults: list[str] = []
    for seed in seeds:
        instance = random_instance(seed, kind)
        solution = solve_joint(instance, Settings(rel_gap=REL_GAP), explain=False)
        found = solution_faults(instance, solution, best_plan(instance))
        faults += [f"{kind} {seed}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("seeds", first_fast([range(2), range(2, wall_size(5, 8))]), ids=str)
@pytest.mark.parametrize("kind", [*KINDS, TAILS])
def test_a_plan_with_headroom_is_the_best_of_the_tightened_instance(
    kind: str, seeds: range
) -> None:
    faults: list[str] = []
    for seed in seeds:
        headroom = Headroom(
            slo=0.05 * (seed % 4), rate=0.1 * (seed % 3), utilization=0.1 * (seed % 2 + seed % 3)
        )
        instance = replace(random_instance(seed, kind), headroom=headroom)
        solution = solve_joint(instance, Settings(rel_gap=REL_GAP), explain=False)
        tightened = tightened_by_hand(instance)
        found = solution_faults(tightened, solution, best_plan(tightened))
        if solution.has_plan:
            found += run_verifier(plan_content_of(instance, solution), instance)
        faults += [f"{kind} {seed} {headroom}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)
