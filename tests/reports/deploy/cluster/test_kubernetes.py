"""Kubernetes objects follow the schemas, services find their pods, shared GPUs are equal parts."""

import re

import kubernetes_validate
import pytest

from reports.deploy.weights import SHARES
from tests.support.plans.bundle_cases import documents, exported, servers


@pytest.mark.parametrize("name", ["halves", "whole", "hostile whole"])
def test_kubernetes_follows_its_schema(name: str) -> None:
    files = {
        path: text for path, text in exported(name).files.items() if path.startswith("kubernetes/")
    }
    objects = [
        one for path in ("models", "servers") for one in documents(files[f"kubernetes/{path}.yaml"])
    ]
    for one in objects:
        kubernetes_validate.validate(one, "1.37", strict=True)
        assert re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", one["metadata"]["name"])
    (route,) = documents(files["kubernetes/route.yaml"])
    backends = route["spec"]["rules"][0]["backendRefs"]
    assert sum(backend["weight"] for backend in backends) == SHARES
    assert {backend["name"] for backend in backends} == {
        one["metadata"]["name"] for one in objects if one["kind"] == "Service"
    }
    pods = sum(one["spec"]["replicas"] for one in objects if one["kind"] == "Deployment")
    assert pods == len(list(servers(name)))


def test_each_service_finds_its_pods() -> None:
    objects = documents(exported("halves").files["kubernetes/servers.yaml"])
    pods = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in objects
        if one["kind"] == "Deployment"
    ]
    for service in (one for one in objects if one["kind"] == "Service"):
        assert [labels for labels in pods if service["spec"]["selector"].items() <= labels.items()]


def test_equal_parts_become_shared_gpus() -> None:
    files = exported("halves").files
    (plugin,) = documents(files["kubernetes/device-plugin-mps-2.yaml"])
    assert plugin["sharing"]["mps"] == {
        "renameByDefault": True,
        "resources": [{"name": "nvidia.com/gpu", "replicas": 2}],
    }
    for one in documents(files["kubernetes/servers.yaml"]):
        if one["kind"] == "Deployment":
            (container,) = one["spec"]["template"]["spec"]["containers"]
            assert container["resources"]["limits"] == {"nvidia.com/gpu.shared": "1"}
            (flag,) = [word for word in container["args"] if "utilization" in word]
            assert float(flag.partition("=")[2]) <= 0.475
