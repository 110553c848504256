"""Memory of the servers on a GPU: it adds up, what falls short is noted, and limits of contexts."""

from dataclasses import replace
from typing import Any

import pytest

from planner.export import deployment_memory
from planner.export.bundle import build_bundle
from planner.export.deployment import build_deployment
from planner.export.deployment_memory import (
    deployment_memory_context_cautions,
    deployment_with_memory,
)
from profiles.catalogue import load_catalogue_llms
from reports.deploy.vllm_server import vllm_max_model_len, vllm_serve_flags
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


def node(llm: str, tp_degree: int, utilization: float, **more: Any) -> dict[str, Any]:
    """A node whose one server has so much of GPUs of 80 GiB."""
    server = {"llm_name": llm, "tp_degree": tp_degree, "gpus": range(tp_degree), "tokens": None}
    server |= {"memory_gib_per_gpu": 1.0, **more}
    servers = deployment_with_memory([server], 80.0, 1.0 - utilization)
    return {"label": "n", "memory_gib": 80.0, "servers": servers}


def limit(of: dict[str, Any]) -> int | None:
    (server,) = of["servers"]
    return vllm_max_model_len(server)


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue as it is, but that the longest context of no LLM is known."""
    llms = {name: replace(llm, context_tokens=None) for name, llm in load_catalogue_llms().items()}
    monkeypatch.setattr(deployment_memory, "load_catalogue_llms", lambda: llms)


def room(llm_gib: float, layers: int, heads: int, gpus: int, utilization: float) -> float:
    """Tokens beside weights and 2 GiB, of heads x 128 x 2 (keys, values) x 2 bytes a layer."""
    return (utilization * 80 - llm_gib / gpus - 2.0) / (2 * layers * heads * 128 * 2 / 2**30)


def test_a_large_llm_on_few_gpus_is_limited_to_its_room() -> None:
    """llama-3.3-70b: 131.4 GiB, 80 layers, 8 KV heads of which two GPUs have 4 each."""
    short = node("llama-3.3-70b", 2, 0.9)
    tokens = limit(short)
    assert tokens is not None
    assert tokens % 1000 == 0
    assert 0 <= room(131.417, 80, 4, 2, 0.9) - tokens < 1001
    assert deployment_memory_context_cautions([short]) == []
    assert f"--max-model-len={tokens}" in vllm_serve_flags(
        {**short["servers"][0], "llm": "llama"}, "fleet", 8001
    )


def test_below_1000_tokens_the_limit_is_of_whole_blocks() -> None:
    """llama-2-7b: 12.551 GiB and half a MiB a token: 0.183 x 80 GiB have room for 182 tokens."""
    assert room(12.551, 32, 32, 1, 0.183) == pytest.approx(182, abs=2)
    assert limit(node("llama-2-7b", 1, 0.183)) == 176


def test_nothing_is_passed_nor_said_where_the_whole_context_fits() -> None:
    for roomy in (node("llama-3.3-70b", 4, 0.9), node("llama-2-7b", 1, 0.3), node("own", 1, 0.1)):
        assert limit(roomy) is None
        assert deployment_memory_context_cautions([roomy]) == []
        flags = vllm_serve_flags({**roomy["servers"][0], "llm": "one"}, "fleet", 8001)
        assert not any("max-model-len" in flag for flag in flags)


def test_a_limit_below_the_requests_of_the_curve_is_reported() -> None:
    assert deployment_memory_context_cautions([node("llama-2-7b", 1, 0.2, tokens=(2000, 96))]) == [
        "llama-2-7b (tp 1) has room for requests of at most 2,000 tokens, and its curve is of"
        " 2,096 in the mean: longer ones are refused"
    ]
    assert deployment_memory_context_cautions([node("llama-2-7b", 1, 0.2, tokens=(1500, 96))]) == []


@pytest.mark.usefixtures("unknown")
def test_where_the_longest_context_is_not_known_the_room_is_reported() -> None:
    short = node("llama-3.3-70b", 2, 0.9)
    [line] = deployment_memory_context_cautions([short])
    assert limit(short) is None
    assert line.startswith("llama-3.3-70b (tp 2) has room for a context of about ")
    shown = int(line.split("about ")[1].split()[0].replace(",", ""))
    assert shown == pytest.approx(room(131.417, 80, 4, 2, 0.9), rel=0.02)
    assert "--max-model-len" in line
    assert deployment_memory_context_cautions([node("llama-3.3-70b", 4, 0.9)]) == []


@pytest.mark.usefixtures("unknown")
def test_the_tightest_server_of_an_option_counts_and_is_named_once() -> None:
    roomy, tight = node("llama-3.3-70b", 2, 0.95), node("llama-3.3-70b", 2, 0.9)
    assert deployment_memory_context_cautions([roomy, tight]) == deployment_memory_context_cautions(
        [tight]
    )


def test_weights_that_do_not_fit_mean_another_precision() -> None:
    none = node("llama-3.3-70b", 1, 0.9)
    [line] = deployment_memory_context_cautions([none])
    assert limit(none) is None
    assert "no room for weights of 16 bits" in line
    assert "precision" in line


def test_an_instance_counts_with_its_own_memory() -> None:
    assert limit(node("llama-3.1-8b", 1, 0.9)) is None
    divided = node("llama-3.1-8b", 1, 0.9, instance_gib=19.5)
    assert limit(divided) == 4000
