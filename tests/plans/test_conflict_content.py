"""Why nothing fits, in plan.json: repairs in the scenario's units, the best effort verified."""

from dataclasses import replace

import pytest

from models.instance import Slo
from planner.errors import InfeasibleError, VerificationError
from planner.plans.conflict_content import instance_without_conflict
from planner.plans.plan_content import build_plan_content
from planner.solution import Repair
from tests.support.plans.built_plans import check_schema
from tests.support.plans.handmade import SETTINGS, infeasible, loaded, trio


def test_infeasible_plan_carries_conflict_and_best_effort() -> None:
    instance = trio(slos=(Slo("ttft", "mean", 0.01),))
    plan = build_plan_content(loaded(instance), infeasible(instance), SETTINGS, {})
    check_schema(plan)
    conflict = plan.content["conflict"]
    assert conflict["repairs"][0] == {
        "change": "slo.0.limit_ms",
        "from": 10,
        "to": 412.5,
        "proved": False,
    }
    best = plan.best_effort
    assert best is not None
    assert best.content["slo"][0]["limit_ms"] == 412.5
    assert best.content["checks"]["verified"]
    assert plan.content["quality"] is None
    with pytest.raises(InfeasibleError, match="at most 10 ms"):
        plan.demand_setup()


def test_best_effort_is_verified_against_its_own_case() -> None:
    instance = trio(slos=(Slo("ttft", "mean", 0.01),))
    solution = infeasible(instance)
    assert solution.conflict is not None
    wrong = replace(solution.conflict, best_effort_change=Repair("slo.0.limit_ms", 10.0, 11.0))
    with pytest.raises(VerificationError):
        build_plan_content(loaded(instance), replace(solution, conflict=wrong), SETTINGS, {})


@pytest.mark.parametrize(
    ("path", "after", "read"),
    [
        ("arrival_rate_rps", 41.3, lambda i: i.arrival_rate),
        ("slo.1.limit_ms", 1600.0, lambda i: 1000 * i.slos[1].limit),
        ("pools.0.nodes", 3, lambda i: i.pools[0].nodes),
        ("llms.2.max_replicas", 5, lambda i: i.llms[2].max_replicas),
        ("llms.0.min_replicas", 0, lambda i: i.llms[0].min_replicas),
        ("objective.quality_at_least", 0.4, lambda i: i.quality_floor),
        ("setups.min_gpu_utilization_pct", 25.0, lambda i: 100 * i.min_utilization),
    ],
)
def test_changes_are_known(path: str, after: float, read) -> None:
    assert read(instance_without_conflict(trio(), Repair(path, 1.0, after))) == pytest.approx(after)


def test_unknown_change_is_refused() -> None:
    with pytest.raises(ValueError, match=r"setups\.tp_degrees"):
        instance_without_conflict(trio(), Repair("setups.tp_degrees", 1, 2))
