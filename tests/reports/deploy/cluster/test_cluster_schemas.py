"""The checks of exported objects find planted faults: without the projects' schemas what is
missing, with them also what is unknown, of another type or out of range.
"""

from copy import deepcopy
from typing import Any

import pytest

from reports.deploy.cluster.keda import keda_files
from reports.deploy.cluster.kserve import kserve_files
from reports.deploy.cluster.llm_d import llm_d_files
from tests.support.outside import NOT_RUN
from tests.support.plans.bundle_cases import deployment, with_replicas
from tests.support.plans.cluster_schemas import SCHEMAS, crd_problems, helm_problems


def one_of(kind: str) -> dict[str, Any]:
    """An exported object of a kind."""
    here = {**deployment("whole"), "classes": [{"name": "c", "label": "c", "priority": 10}]}
    pooled = llm_d_files([here])
    setups = [with_replicas(1, [(0, 720)]), with_replicas(2, [(720, 0)])]
    found = {
        "LLMInferenceService": kserve_files([here])["llm-inference-services.yaml"],
        "InferencePool": pooled["pools.yaml"],
        "InferenceObjective": pooled["objectives.yaml"],
        "HTTPRoute": pooled["route.yaml"],
        "ScaledObject": keda_files(setups)["schedule.yaml"],
    }[kind][0]
    assert found["kind"] == kind
    return deepcopy(found)


FAULTS = {
    "LLMInferenceService": ("model", "replicas", -1),
    "InferencePool": ("selector", "targetPorts", [{"number": 0}]),
    "InferenceObjective": ("poolRef", "priority", "high"),
    "HTTPRoute": ("rules", "rules", [{"matches": [{"path": {"type": "Any"}}]}]),
    "ScaledObject": ("triggers", "minReplicaCount", -1),
}
"""By kind: a key of `spec` to be left out, and one with a value that is refused."""


@pytest.mark.parametrize("kind", FAULTS)
def test_what_is_missing_is_found(kind: str) -> None:
    one = one_of(kind)
    del one["spec"][FAULTS[kind][0]]
    assert [problem for problem in crd_problems(one) if problem.endswith("is missing")]


@pytest.mark.parametrize("kind", FAULTS)
def test_what_the_schema_refuses_is_found(kind: str) -> None:
    if not SCHEMAS.exists():
        pytest.skip(f"{NOT_RUN}: the projects' schemas are not here (shared/schemas)")
    _, key, value = FAULTS[kind]
    for spec in ({"modle": "x"}, {key: value}):
        one = one_of(kind)
        one["spec"] |= spec
        assert crd_problems(one)
    assert helm_problems({"servingEngineSpec": {"modelSpec": [{"replicaCount": "two"}]}})
    assert helm_problems({"servingEngineSpec": {"modelSpecs": []}})
