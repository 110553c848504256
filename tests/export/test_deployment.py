"""A plan as servers: placement and fractions are the plan's."""

import pytest

from planner.export.deployment_names import deployment_labels
from tests.support.plans.bundle_cases import CASES, deployment, every_case, servers


@every_case
def test_the_placement_is_that_of_the_plan(name: str) -> None:
    source, reported = CASES[name](), []
    for node, row in servers(name):
        pool, _, at = node["label"].rpartition("-")
        reported += [
            (pool, int(at), gpu, row["llm_name"], row["mps_share_pct"]) for gpu in row["gpus"]
        ]
    pools = deployment_labels((pool.name for pool in source.loaded.instance.pools), 16)
    expected = [
        (pools[p["pool"]], p["node"], p["gpu"], p["llm"], p["mps_share_pct"])
        for p in source.plan.content["placement"]
    ]
    assert sorted(reported) == sorted(expected)


@every_case
def test_fractions_are_those_of_the_plan(name: str) -> None:
    content = CASES[name]().plan.content
    for llm, fraction in content["routing"].items():
        own = [row for _, row in servers(name) if row["llm_name"] == llm]
        assert sum(row["fraction"] for row in own) == pytest.approx(fraction, abs=1e-12)
        assert all(
            row["rate_rps"]
            == pytest.approx(
                row["fraction"] * deployment(name)["about"]["arrival_rate_rps"], abs=1e-6
            )
            for row in own
        )
