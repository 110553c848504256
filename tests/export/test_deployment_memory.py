"""Memory of the servers on a GPU: it adds up, and what falls short is noted."""

from planner.export.bundle import build_bundle
from planner.export.deployment import build_deployment
from tests.support.plans import export_cases
from tests.support.plans.bundle_cases import deployment, every_case
from tests.support.plans.export_cases import ON


@every_case
def test_memory_adds_up_on_every_gpu(name: str) -> None:
    headroom = deployment(name)["about"]["headroom"]
    for node in deployment(name)["nodes"]:
        for gpu in node["gpus"]:
            own = [row for row in node["servers"] if gpu["at"] in row["gpus"]]
            assert sum(row["utilization"] for row in own) <= min(1.0 - headroom, 0.95) + 1e-9
            if gpu["shared"]:
                assert sum(row["memory_limit_mib"] for row in own) <= 1024 * node["memory_gib"]
                assert sum(row["mps_share_pct"] for row in own) <= 100 + 1e-9
        for row in node["servers"]:
            assert (
                row["utilization"] * node["memory_gib"]
                >= row["memory_gib_per_gpu"] - 0.002 * node["memory_gib"]
            )
            assert row["memory_limit_mib"] > 1024 * row["utilization"] * node["memory_gib"]


def test_a_plan_without_headroom_is_reported() -> None:
    options = [("small", "EdgeGPU", 1, 50, 10.0, 24.0), ("large", "EdgeGPU", 1, 50, 5.0, 24.0)]
    source = export_cases.case(
        options, export_cases.TWO_POOLS[1:], 12.0, setups={"memory_headroom_pct": 0}
    )
    found = build_bundle(source, ON)
    assert sum("memory_headroom_pct" in caution for caution in found.cautions) == 2
    used = [
        row["utilization"]
        for node in build_deployment(source.plan.content, source.loaded.instance, ON)["nodes"]
        for row in node["servers"]
    ]
    assert sum(used) <= 0.95
