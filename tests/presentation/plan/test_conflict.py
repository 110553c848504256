"""Repairs in words."""

from typing import Any

from planner.presentation.plan.conflict import conflict_lines, conflict_repair_text
from tests.support.plans.built_plans import built_plan
from tests.support.plans.handmade import infeasible, trio


def test_repairs_are_reported_with_numbers() -> None:
    _, repairs = conflict_lines(built_plan(infeasible(trio())).content)
    assert repairs == [
        (
            "raise the SLO on mean TTFT from 10 to 412.5 ms, perhaps less is enough",
            "slo.0.limit_ms=412.5",
        ),
        ("add 1 node to pool a100 (2 instead of 1), the smallest that does", "pools.0.nodes=2"),
        ("drop to 41.3 req/s (from 60), perhaps less is enough", "arrival_rate_rps=41.3"),
    ]


def test_repairs_of_replicas_and_compute_are_reported_with_names() -> None:
    content = built_plan().content

    def words(change: str, before: float, after: float, reported: Any = content) -> str:
        return conflict_repair_text(reported, {"change": change, "from": before, "to": after})

    assert words("llms.0.max_replicas", 1, 4) == "allow 4 replicas of mistral-7b (1 now)"
    assert words("llms.1.min_replicas", 2, 1) == "require only 1 replica of wizardlm-13b (2 now)"
    assert (
        words("setups.min_gpu_utilization_pct", 75, 50)
        == "lower the minimum of allocated compute from 75 to 50 %"
    )
    older = {
        **content,
        "context": {key: value for key, value in content["context"].items() if key != "llms"},
    }
    assert words("llms.0.max_replicas", 1, 4, older) == "change llms.0.max_replicas from 1 to 4"
