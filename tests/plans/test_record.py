"""The plan as a record: its status, and that work which needs a setup says why there is none."""

import json
from pathlib import Path
from typing import Any

import pytest

from planner.errors import InfeasibleError, NoPlanInTimeError
from planner.plans.record import Plan, best_effort_change

TRIO = Path(__file__).parent / "version_0_1_0" / "paper-trio.json"


def plan(**changes: Any) -> Plan:
    return Plan({**json.loads(TRIO.read_text(encoding="utf-8")), **changes})


def test_a_plan_with_a_setup_is_given_back() -> None:
    whole = plan()
    assert whole.demand_setup() is whole
    assert (whole.status, whole.best_effort) == ("optimal", None)


def test_without_a_setup_the_reason_is_raised() -> None:
    conflict = {"limits": ["a limit"], "repairs": [], "best_effort": None}
    with pytest.raises(InfeasibleError, match="a limit"):
        plan(status="infeasible", options=[], conflict=conflict).demand_setup()
    with pytest.raises(NoPlanInTimeError, match="stopped"):
        plan(status="unknown", options=[]).demand_setup()


def test_the_best_effort_is_a_plan_with_its_change() -> None:
    change = {"change": "arrival_rate_rps", "from": 60, "to": 50}
    effort = {"status": "optimal", "change": change, "quality": 0.1}
    found = plan(conflict={"limits": [], "repairs": [], "best_effort": effort}).best_effort
    assert found is not None
    assert found.content["quality"] == 0.1
    assert best_effort_change(found.content) == change
    assert best_effort_change(plan().content) is None
