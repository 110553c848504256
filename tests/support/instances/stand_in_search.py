"""A hand-made search in place of the joint one, and the command plan with it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from models.instance import Instance
from planner.cli.app import app
from planner.joint import solve as joint
from planner.solution import Effort, ShadowPrices, Shard, Solution, Termination


def hand_made_plan(instance: Instance, status: str = "optimal", bound: float = 0.9) -> Solution:
    """One replica of each LLM, half of the requests each."""
    effort = Effort(
        wall=0.1,
        seconds={"search": 0.1},
        milp_solves=1,
        quality_cuts=2,
        nodes=3,
        termination={"optimal": "gap", "feasible": "time"}[status],
        solver_version="1.16.0",
    )
    halves = np.full(2, 0.5)
    place = (Shard(0, 0, 0, 0, 0), Shard(1, 0, 0, 0, 1))
    prices = ShadowPrices(None, (None,), (None,), ("not requested",))
    rates = halves * instance.arrival_rate
    return Solution(
        status=status,
        value=0.9,
        bound=bound,
        effort=effort,
        replicas=np.ones(2, dtype=int),
        routed_rates=rates,
        fractions=halves,
        quality=0.9,
        dual_prices=np.zeros(2),
        ties=(),
        tie_eps=1e-9,
        placement=place,
        shadow_prices=prices,
    )


def no_plan(status: str) -> Solution:
    from planner.solution import Conflict

    conflict = Conflict(("10 req/s do not fit",)) if status == "infeasible" else None
    return Solution(
        status=status,
        value=None,
        bound=None,
        effort=Effort(
            wall=0.1,
            seconds={},
            milp_solves=0,
            quality_cuts=0,
            nodes=0,
            termination=Termination.TIME if status == "unknown" else status,
        ),
        conflict=conflict,
    )


PutSearch = Callable[[Callable[..., Solution]], None]


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> PutSearch:
    """Puts a function (instance, settings, progress, cancel) in place of the joint search."""

    def put(solve: Callable[..., Solution]) -> None:
        monkeypatch.setattr(
            joint,
            "solve_joint",
            lambda instance, settings, *, progress, cancel, **_: solve(
                instance, settings, progress=progress, cancel=cancel
            ),
        )

    return put


def run_plan_command(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["plan", *map(str, arguments)])
