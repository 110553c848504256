"""The joint road against brute force on 1,000 tiny random instances: value, bound, feasibility,
fewest GPUs, and the plan's own claims.

With v and b the solution's value and bound, V and B the oracle's (V is reached, B is proven; B - V
<= 5e-6 as a rule), maximising::

    v <= B        b >= V        v >= V - gap        gpus_used <= fewest GPUs that surely reach v
"""

from itertools import pairwise

import pytest

from planner.joint.solve import Settings, solve_joint
from tests.support.instances.oracle import best_plan
from tests.support.instances.oracle_faults import REL_GAP, solution_faults
from tests.support.instances.tiny import KINDS, random_instance
from tests.support.walls import first_fast

SEEDS = 125
"""Per kind: 8 kinds make 1,000 instances."""


@pytest.mark.parametrize(
    "seeds",
    first_fast([range(*ends) for ends in pairwise((0, 3, 25, 50, 75, 100, SEEDS))]),
    ids=str,
)
@pytest.mark.parametrize("kind", KINDS)
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
