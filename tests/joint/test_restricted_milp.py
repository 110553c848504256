"""The restricted program: what HiGHS answers, which options and cuts it holds, and its bound."""

from dataclasses import replace

import pytest

import planner.joint.restricted_milp
from models.linear import LinearProgram
from planner.joint import solve as joint
from planner.joint.highs import Answer, SolveSettings, solve
from tests.support.programs import CASES
from tests.support.tiny import random_instance


@pytest.mark.parametrize(("kind", "seed"), [*CASES[::2], ("two_pools", 1043), ("two_pools", 1027)])
def test_an_answer_s_value_is_that_of_its_point(
    monkeypatch: pytest.MonkeyPatch, kind: str, seed: int
) -> None:
    """For every program of a whole search, starts included: HiGHS 1.16.0 may tell the optimum's
    value beside the start's point.

    Seen on two_pools 1043 with the pools swapped, in the search for the leanest plan: value 2.26,
    the point's cost 3.5 (the start).
    """

    def checking(program: LinearProgram, settings: SolveSettings) -> Answer:
        answer = solve(program, settings)
        if answer.x is not None:
            cost = float(program.cost @ answer.x) + program.offset
            assert cost == pytest.approx(answer.value, abs=1e-6), f"start {settings.start}"
        return answer

    monkeypatch.setattr(planner.joint.restricted_milp, "solve", checking)
    instance = random_instance(seed, kind)
    swapped = list(range(len(instance.pools)))[::-1]
    options = sorted(
        (replace(o, pool=swapped[o.pool]) for o in instance.options),
        key=lambda o: (o.llm, o.pool, o.tp_degree, o.mps_share),
    )
    for asked in (instance, replace(instance, pools=instance.pools[::-1], options=tuple(options))):
        joint.solve(asked, explain=False)
