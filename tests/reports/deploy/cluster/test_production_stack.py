"""Values of production-stack follow the chart's schema, hold the plan, and refuse what its router
cannot do.
"""

import pytest

from planner.errors import DataError
from planner.export.bundle import build_bundle
from reports.deploy.cluster.production_stack import production_stack_refusals
from tests.support.plans.bundle_cases import (
    CASES,
    deployment,
    documents,
    exported,
    servers,
    with_replicas,
)
from tests.support.plans.cluster_schemas import helm_problems
from tests.support.plans.export_cases import ON

DEMANDED = ("name", "repository", "tag", "modelURL", "requestCPU", "requestMemory", "requestGPU")
"""Of an entry; the chart's templates end without them."""


@pytest.mark.parametrize("name", ["whole", "hostile whole"])
def test_values_follow_the_schema_and_hold_the_plan(name: str) -> None:
    (values,) = documents(exported(name).files["production-stack/values.yaml"])
    assert helm_problems(values) == []
    models = values["servingEngineSpec"]["modelSpec"]
    for model in models:
        assert all(model[key] for key in DEMANDED)
        assert model["vllmConfig"]["tensorParallelSize"] == model["requestGPU"]
        assert int(model["requestMemory"].removesuffix("Gi")) > 0
    planned = list(servers(name))
    assert sum(model["replicaCount"] for model in models) == len(planned)
    assert sum(model["replicaCount"] * model["requestGPU"] for model in models) == sum(
        row["tp_degree"] for _, row in planned
    )
    assert values["servingEngineSpec"]["vllmApiKey"] == {
        "secretName": "vllm-api-key",
        "secretKey": "key",
    }


def test_unequal_rates_of_one_llm_are_refused() -> None:
    (reason,) = exported("two options").left_out["production-stack"]
    assert "small" in reason
    assert "spreads requests equally" in reason
    with pytest.raises(DataError, match="spreads requests equally"):
        build_bundle(CASES["two options"](), ON, ["production-stack"])


def test_shares_and_schedules_are_refused() -> None:
    (reason,) = production_stack_refusals([deployment("halves")])
    assert "share GPUs by MPS" in reason
    (reason,) = production_stack_refusals([with_replicas(1), with_replicas(2)])
    assert "one number of replicas" in reason
