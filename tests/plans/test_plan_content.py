"""Telling: every key of plan.json with its unit, strict JSON, nothing unverified leaves; the named
tables.
"""

import pytest

from planner.version import VERSION
from tests.support.plans.built_plans import built_plan, check_schema


def test_plan_has_every_key_in_file_units() -> None:
    plan = built_plan(arrival_rate_rps=60)
    check_schema(plan)
    content = plan.content
    assert content["overrides"] == {"arrival_rate_rps": 60}
    assert content["planner_version"] == VERSION
    assert content["objective"] == {
        "sense": "maximize",
        "of": "quality",
        "value": 0.9,
        "bound": 0.9,
        "rel_gap": 0.0,
    }
    assert (content["gpus_used"], content["gpus_total"], content["cost_usd_per_h"]) == (
        4,
        4,
        pytest.approx(7.2),
    )
    assert content["checks"] == {"verified": True, "problems": []}
    yi = content["options"][2]
    assert (yi["mps_share_pct"], yi["rate_per_replica_rps"], yi["max_rate_per_replica_rps"]) == (
        20,
        20.0,
        40.0,
    )
    # At 20 req/s, a third of the way from 1.5 to 4.0 times the mean of 80 ms.
    assert yi["latency_ms"]["ttft_mean"] == pytest.approx(80 * (1.5 + 2.5 / 3))
    assert [o["provenance"] for o in content["options"]] == ["estimated", "measured", "estimated"]
    mean, each = content["slo"]
    assert mean["achieved_ms"] == pytest.approx((20 + 50 + 80) / 3 * (1.5 + 2.5 / 3))
    assert each["achieved_ms"] == pytest.approx(yi["latency_ms"]["ttft_p99"])
    assert content["shadow_prices"]["slo"] == [pytest.approx(0.00008), None]
    assert content["shadow_prices"]["pools"] == {"a100": 0.031}
    assert content["context"]["seconds"] == {"load": 0.3, "build": 0.2, "lp": 0.4, "milp": 0.8}


# --- achieved latency -----------------------------------------------------------------------------


# --- words ----------------------------------------------------------------------------------------
