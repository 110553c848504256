"""Memory of the servers on a GPU: it adds up, what falls short is noted, and room for a context."""

from typing import Any

import pytest

from planner.export.bundle import build_bundle
from planner.export.deployment import build_deployment
from planner.export.deployment_memory import deployment_memory_context_cautions
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


def node(llm: str, tp_degree: int, utilization: float, memory_gib: float = 80.0) -> dict[str, Any]:
    server = {"llm_name": llm, "tp_degree": tp_degree, "utilization": utilization}
    return {"label": "n", "memory_gib": memory_gib, "servers": [server]}


def test_a_large_llm_on_few_gpus_is_reported_with_its_tokens() -> None:
    """llama-3.3-70b: 131.4 GiB on two GPUs, a token's cache 80 layers x 4 heads x 128 x 2 x 2 B."""
    [line] = deployment_memory_context_cautions([node("llama-3.3-70b", 2, 0.9)])
    per_token = 2 * 80 * 4 * 128 * 2 / 2**30
    tokens = (0.9 * 80 - 131.4 / 2 - 2.0) / per_token
    assert line.startswith("llama-3.3-70b (tp 2) has room for a context of about ")
    shown = int(line.split("about ")[1].split()[0].replace(",", ""))
    assert shown == pytest.approx(tokens, rel=0.02)
    assert "--max-model-len" in line


def test_the_tightest_server_of_an_option_counts_and_is_named_once() -> None:
    roomy, tight = node("llama-3.3-70b", 2, 0.95), node("llama-3.3-70b", 2, 0.9)
    assert deployment_memory_context_cautions([roomy, tight]) == deployment_memory_context_cautions(
        [tight]
    )


def test_there_is_nothing_to_say_with_room_or_of_an_unknown_llm() -> None:
    assert (
        deployment_memory_context_cautions([node("llama-3.3-70b", 4, 0.9), node("own", 1, 0.1)])
        == []
    )


def test_weights_that_do_not_fit_mean_another_precision() -> None:
    [line] = deployment_memory_context_cautions([node("llama-3.3-70b", 1, 0.9)])
    assert "no room for weights of 16 bits" in line
    assert "precision" in line


def test_an_instance_counts_with_its_own_memory() -> None:
    divided = node("llama-3.1-8b", 1, 0.9)
    divided["servers"][0]["instance_gib"] = 19.5
    assert deployment_memory_context_cautions([node("llama-3.1-8b", 1, 0.9)]) == []
    assert "has room for a context" in deployment_memory_context_cautions([divided])[0]
