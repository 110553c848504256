"""Pools, route, priorities and chart values agree with each other, their CRDs and the plan."""

import re
from typing import Any

import pytest

from reports.deploy.cluster.llm_d import llm_d_files, llm_d_refusals
from reports.deploy.cluster.pods import pod_short_names
from reports.deploy.weights import SHARES
from tests.support.plans.bundle_cases import deployment, documents, exported, servers
from tests.support.plans.cluster_schemas import crd_problems

CLASSES = [
    {"name": "chat", "label": "chat", "priority": 10},
    {"name": "batch: [x", "label": "batch-x", "priority": 0},
]


@pytest.mark.parametrize("name", ["two options", "halves", "hostile whole"])
def test_pools_find_their_pods_and_have_a_chart_each(name: str) -> None:
    files = {
        path.removeprefix("llm-d/"): documents(text)
        for path, text in exported(name).files.items()
        if path.startswith("llm-d/")
    }
    for one in (*files["pools.yaml"], *files["route.yaml"]):
        assert crd_problems(one) == []
    pods = [one["spec"]["template"]["metadata"]["labels"] for one in files["servers.yaml"]]
    for pool in files["pools.yaml"]:
        selector = pool["spec"]["selector"]["matchLabels"]
        assert [labels for labels in pods if selector.items() <= labels.items()]
        release = pool["metadata"]["name"]
        (values,) = files[f"values-{release}.yaml"]
        assert values["router"]["modelServers"]["matchLabels"] == selector
        # The chart names its picker by the first 40 characters of the release's name.
        assert pool["spec"]["endpointPickerRef"]["name"] == f"{release[:40]}-epp"
    (kustomization,) = files["kustomization.yaml"]
    assert kustomization["resources"] == ["models.yaml", "route.yaml", "servers.yaml"]


def backends(rule: dict[str, Any]) -> dict[str, int]:
    return {one["name"]: one["weight"] for one in rule["backendRefs"]}


def test_an_llm_that_is_named_is_split_among_its_options() -> None:
    (route,) = documents(exported("two options").files["llm-d/route.yaml"])
    *named, last = route["spec"]["rules"]
    by_llm = {rule["matches"][0]["headers"][0]["value"]: backends(rule) for rule in named}
    assert {rule["matches"][0]["headers"][0]["name"] for rule in named} == {"x-plan-llm"}
    assert set(by_llm["small"]) == {"small-tp1-lab", "small-tp1-edge"}
    assert by_llm["large"] == {"large-tp2-lab": SHARES}
    assert "headers" not in last["matches"][0]
    planned = dict.fromkeys(backends(last), 0.0)
    for node, row in servers("two options"):
        planned[f"{row['llm']}-tp{row['tp_degree']}-{node['pool_label']}"] += row["fraction"]
    for name, weight in backends(last).items():
        assert weight == pytest.approx(SHARES * planned[name], abs=1)
    assert sum(backends(last).values()) == sum(by_llm["small"].values()) == SHARES


def test_an_idle_llm_can_still_be_asked_for() -> None:
    here = deployment("whole")
    nodes = [
        {
            **node,
            "servers": [
                {**row, "fraction": 0.0 if row["llm"] == "small" else row["fraction"]}
                for row in node["servers"]
            ],
        }
        for node in here["nodes"]
    ]
    (route,) = llm_d_files([{**here, "nodes": nodes}])["route.yaml"]
    weights = [backends(rule) for rule in route["spec"]["rules"]]
    assert {"small-tp1-lab": SHARES} in weights
    assert weights[-1]["small-tp1-lab"] == 0


def test_classes_have_a_priority_in_every_pool_and_no_weights() -> None:
    files = llm_d_files([{**deployment("two options"), "classes": CLASSES}])
    objectives = files["objectives.yaml"]
    for one in objectives:
        assert crd_problems(one) == []
    pools = {one["metadata"]["name"] for one in files["pools.yaml"]}
    assert {(one["spec"]["poolRef"]["name"], one["spec"]["priority"]) for one in objectives} == {
        (pool, priority) for pool in pools for priority in (10, 0)
    }
    names = [one["metadata"]["name"] for one in objectives]
    assert len(set(names)) == len(names)
    charted = [
        entry["name"]
        for pool in pools
        for entry in files[f"values-{pool}.yaml"][0]["router"]["inferenceObjectives"]
    ]
    assert sorted(charted) == sorted(names)
    (route,) = files["route.yaml"]
    assert crd_problems(route) == []
    for rule in route["spec"]["rules"]:
        (header,) = rule["matches"][0]["headers"]
        assert header["name"] == "x-plan-pool"
        assert backends(rule) == {header["value"]: SHARES}


def test_names_fit_where_charts_add_to_them() -> None:
    names = [f"{'l' * 30}-tp{tp}-{'p' * 16}" for tp in (1, 2, 4)]
    short = pod_short_names(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]{,39}", name) for name in short.values())
    assert len(set(short.values())) == 3
    assert pod_short_names(["small-tp1-lab"]) == {"small-tp1-lab": "small-tp1-lab"}


def test_what_kubernetes_cannot_hold_is_refused_here_too() -> None:
    assert "unequal shares" in " ".join(llm_d_refusals([deployment("shared")]))
