"""Marginal value of one unit, in a table and sentences."""

from typing import Any

from planner.presentation.marginals import marginals_lines, marginals_table
from tests.support.plans.built_plans import built_plan


def entry(change: str, before: float, after: float, **more: Any) -> dict[str, Any]:
    base = {"status": "optimal", "value": 0.92, "bound": 0.92, "difference": 0.02, "certain": True}
    return {"change": change, "from": before, "to": after, **base, **more}


def lines(*entries: Any) -> list[str]:
    return marginals_lines(built_plan().with_marginals(list(entries)).content)


def test_a_node_is_shown_with_its_price() -> None:
    node, slo = lines(
        entry("pools.0.nodes", 1, 2), entry("slo.0.limit_ms", 150, 140, difference=-0.01)
    )
    assert node.startswith("+1 node of pool a100 (2 instead of 1): +0.020 quality; its 4 GPUs cost")
    assert slo.startswith("-10 ms for the SLO on mean TTFT (140 instead of 150): -0.010 quality")


def test_a_replica_that_is_required_is_named() -> None:
    [line] = lines(entry("llms.0.min_replicas", 1, 0))
    assert line.startswith("-1 replica required of ")
    assert "(0 instead of 1): +0.020 quality" in line


def test_without_a_plan_and_without_an_effect() -> None:
    none, unknown, unmeasurable = lines(
        entry("arrival_rate_rps", 60, 61, status="infeasible", value=None, difference=None),
        entry("llms.0.max_replicas", 1, 2, status="unknown", value=None, difference=None),
        entry("arrival_rate_rps", 60, 59, certain=False),
    )
    assert none == "+1 req/s (61 instead of 60): no plan keeps all limits"
    assert unknown.endswith("unknown: stopped before a plan was found")
    assert unmeasurable == "No measurable effect on the quality: -1 req/s (59 instead of 60)"


def test_the_table_has_a_row_each() -> None:
    plan = built_plan()
    assert not len(marginals_table(plan.content))
    assert not marginals_lines(plan.content)
    frame = marginals_table(
        plan.with_marginals([entry("pools.0.memory_gib", 80, 96)]).content  # type: ignore[list-item]
    )
    assert frame.loc[0, "Limit"] == "GiB of each GPU of pool a100"
    assert frame.loc[0, "Difference (mean score)"] == 0.02
