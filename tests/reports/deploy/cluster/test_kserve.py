"""KServe's objects follow its CRD, split only among options of one LLM, and leave out shares."""

from typing import Any

import kubernetes_validate
import pytest

from planner.errors import DataError
from planner.export.bundle import build_bundle
from reports.deploy.cluster.kserve import kserve_files, kserve_refusals
from reports.deploy.weights import SHARES
from tests.support.plans.bundle_cases import (
    CASES,
    deployment,
    documents,
    exported,
    with_replicas,
)
from tests.support.plans.cluster_schemas import crd_problems
from tests.support.plans.export_cases import ON


def services(name: str) -> list[dict[str, Any]]:
    return documents(exported(name).files["kserve/llm-inference-services.yaml"])


@pytest.mark.parametrize("name", ["whole", "hostile whole", "two options"])
def test_objects_follow_the_crd_and_hold_the_plan(name: str) -> None:
    objects = services(name)
    for one in objects:
        assert crd_problems(one) == []
        # The CRD leaves parts of the pod open; a pod with an image says what Kubernetes would.
        pod = {**one["spec"]["template"]}
        pod["containers"] = [{**container, "image": "preset"} for container in pod["containers"]]
        kubernetes_validate.validate(
            {"apiVersion": "v1", "kind": "Pod", "metadata": one["metadata"], "spec": pod},
            "1.37",
            strict=True,
        )
    servers = [row for node in deployment(name)["nodes"] for row in node["servers"]]
    assert sum(one["spec"]["replicas"] for one in objects) == len(servers)
    gpus = sum(one["spec"]["replicas"] * one["spec"]["parallelism"]["tensor"] for one in objects)
    assert gpus == sum(row["tp_degree"] for row in servers)
    degrees = [one["spec"]["parallelism"]["tensor"] for one in objects]
    assert degrees == sorted(degrees, reverse=True)


def test_requests_are_split_among_the_options_of_one_llm_alone() -> None:
    routes = {
        one["metadata"]["name"]: (one["spec"]["model"]["name"], one["spec"]["router"]["route"])
        for one in services("two options")
    }
    small = {name: route for name, (llm, route) in routes.items() if llm == "small"}
    assert len(small) == 2
    assert {route["group"] for route in small.values()} == {"small"}
    assert sum(route["weight"] for route in small.values()) == SHARES
    rates = {"small-tp1-lab": 0.0, "small-tp1-edge": 0.0}
    for node in deployment("two options")["nodes"]:
        for row in node["servers"]:
            if row["llm"] == "small":
                rates[f"small-tp1-{node['pool_label']}"] += row["rate_rps"]
    for name, rate in rates.items():
        share = rate / sum(rates.values())
        assert small[name]["weight"] == pytest.approx(SHARES * share, abs=1)
    assert [route for llm, route in routes.values() if llm == "large"] == [{}]


def test_the_degree_reaches_vllm_in_two_ways() -> None:
    (large,) = (one for one in services("whole") if one["spec"]["model"]["name"] == "large")
    (container,) = large["spec"]["template"]["containers"]
    assert "--tensor-parallel-size=2 --gpu-memory-utilization=0." in container["env"][0]["value"]
    assert large["spec"]["parallelism"] == {"tensor": 2}
    assert container["resources"]["limits"] == {"nvidia.com/gpu": "2"}
    assert large["spec"]["template"]["nodeSelector"] == {"plan-pool": "lab"}


def test_shares_are_refused_by_name() -> None:
    (reason,) = exported("shared").left_out["kserve"]
    assert "large-tp2-s60-lab" in reason
    assert "edge" not in reason
    assert "no field for a share" in reason
    assert reason in exported("shared").files["README.md"]
    with pytest.raises(DataError, match="no field for a share"):
        build_bundle(CASES["shared"](), ON, ["kserve"])


def scaled(day: int, night: int) -> dict[str, Any]:
    """The small LLM's object where a setup runs so many replicas of it, and the next so many."""
    setups = [with_replicas(count) for count in (day, night)]
    (one,) = (
        one
        for one in kserve_files(setups)["llm-inference-services.yaml"]
        if one["spec"]["model"]["name"] == "small"
    )
    assert crd_problems(one) == []
    return dict(one["spec"])


def test_counts_that_change_are_bounds_with_the_cost_of_a_replica() -> None:
    assert scaled(3, 3)["replicas"] == 3
    bounds = scaled(1, 3)["scaling"]
    assert bounds == {
        "minReplicas": 1,
        "maxReplicas": 3,
        "wva": {"variantCost": "2.0000", "keda": {}},
    }
    assert "replicas" not in scaled(1, 3)
    # KServe's least is 1: none at all is what it keeps when idle.
    none = scaled(0, 2)["scaling"]
    assert none["minReplicas"] == 1
    assert none["wva"]["keda"] == {"idleReplicaCount": 0}


def test_whole_gpus_are_not_refused() -> None:
    assert kserve_refusals([deployment("whole")]) == []
