"""The limit of a server's requests: in every command and manifest, and in the README."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from planner.export.bundle import Bundle, build_bundle
from planner.export.deployment import build_deployment
from reports.deploy.readme_checks import readme_check_contexts
from reports.deploy.vllm_server import vllm_max_model_len
from tests.support.plans.bundle_cases import documents, exported
from tests.support.plans.cluster_schemas import helm_problems
from tests.support.plans.export_cases import ON, TWO_POOLS, case

NAMES = {"small": "llama-2-7b", "large": "gemma-3-12b"}
"""4,096 tokens of half a MiB, which fit everywhere here; 131,072 of 0.375 MiB, which do not."""
FLAG = re.compile(r"--max-model-len=(\d+)")


def server(utilization: float, longest: int | None = 5000) -> dict[str, Any]:
    """10 GiB a GPU, of which 4 are taken; a token takes 1/1000 GiB."""
    context = {"longest": longest, "memory_gib": 10.0, "taken_gib": 4.0, "token_gib": 0.001}
    return {"utilization": utilization, "context": context}


@pytest.mark.parametrize(
    ("utilization", "longest", "limit"),
    [
        *((0.75, 5000, 3000), (0.799, 5000, 3000), (0.9, 5000, None), (0.9, 4990, None)),
        *((0.45, 5000, 496), (0.4011, 5000, None), (0.3, 5000, None), (0.75, None, None)),
    ],
)
def test_the_limit_is_the_room_in_whole_steps(
    utilization: float, longest: int | None, limit: int | None
) -> None:
    assert vllm_max_model_len(server(utilization, longest)) == limit


def test_an_llm_in_no_catalogue_has_no_limit() -> None:
    assert vllm_max_model_len({"utilization": 0.5, "context": None}) is None


def limited(share: int, memory: float) -> tuple[Bundle, int]:
    """A bundle on GPUs of 80 GiB, by halves or whole, and the limit of gemma-3-12b in it."""
    options = [
        ("small", "TestGPU", 1, share, 10.0, 20.0),
        ("large", "TestGPU", 1, share, 5.0, memory),
    ]
    pools = [{**TWO_POOLS[0], "memory_gib": 80 if share < 100 else 48}]
    source = case(options, pools, 58.0 if share < 100 else 28.0, NAMES)
    rows = [
        row
        for node in build_deployment(source.plan.content, source.loaded.instance, ON)["nodes"]
        for row in node["servers"]
    ]
    assert {row["llm_name"] for row in rows} == set(NAMES.values())
    assert {vllm_max_model_len(row) for row in rows if row["llm_name"] == NAMES["small"]} == {None}
    (limit,) = {vllm_max_model_len(row) for row in rows if row["llm_name"] == NAMES["large"]}
    assert limit is not None
    return build_bundle(source, ON), limit


def command_lines(value: Any) -> Iterator[list[str]]:
    """Every list of words that is the command of a server, wherever it is in a document."""
    if isinstance(value, list) and "--served-model-name" in value:
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from command_lines(part)


def test_every_kind_of_files_passes_it_to_the_servers_concerned_alone() -> None:
    bundle, limit = limited(100, 40.0)
    flag = f"--max-model-len={limit}"
    of_pods = [path for path in bundle.files if path.endswith("/servers.yaml")]
    of_nodes = [path for path in bundle.files if path.startswith("compose")]
    assert {"kubernetes/servers.yaml", "llm-d/servers.yaml"} <= set(of_pods)
    for paths in (of_pods, of_nodes):
        lines = [line for path in paths for line in command_lines(documents(bundle.files[path]))]
        assert {"gemma-3-12b" in line for line in lines} == {True, False}
        for line in lines:
            assert [flag] * ("gemma-3-12b" in line) == [x for x in line if FLAG.match(x)]
    script = bundle.files["deploy.sh"]
    assert script.count(flag) == script.count("--served-model-name gemma-3-12b") > 0
    assert len(FLAG.findall(script)) < script.count("--served-model-name")
    for one in documents(bundle.files["kserve/llm-inference-services.yaml"]):
        (container,) = one["spec"]["template"]["containers"]
        concerned = one["spec"]["model"]["name"] == "gemma-3-12b"
        assert (f" {flag}" in container["env"][0]["value"]) == concerned
    (values,) = documents(bundle.files["production-stack/values.yaml"])
    assert helm_problems(values) == []
    assert {
        model["modelURL"]: model["vllmConfig"].get("maxModelLen")
        for model in values["servingEngineSpec"]["modelSpec"]
    } == {"meta-llama/Llama-2-7b-chat-hf": None, "google/gemma-3-12b-it": limit}


def test_the_readme_says_it_in_one_line_and_nothing_is_to_do() -> None:
    bundle, limit = limited(100, 40.0)
    (line,) = [x for x in bundle.files["README.md"].splitlines() if "Longest requests" in x]
    assert f"gemma-3-12b (tp 1) take at most {limit:,} tokens, and refuse longer ones" in line
    assert "llama-2-7b" not in line
    assert not any("context" in line for line in bundle.to_do)
    assert "Longest requests" not in exported("whole").files["README.md"]


def test_servers_of_an_option_with_other_limits_are_named_with_both() -> None:
    rows = [{**server(u), "llm_name": "one", "tp_degree": 1} for u in (0.7, 0.8)]
    setups = [{"nodes": [{"servers": [row]}]} for row in rows]
    (line,) = readme_check_contexts(setups)
    assert "servers of one (tp 1) take at most 3,000 or 4,000 tokens, " in line


def test_a_pod_on_an_equal_part_is_limited_to_the_room_of_its_part() -> None:
    """Of 80 GiB gemma-3-12b (22.7 GiB) has 0.589 by plan, and 0.475 as a pod: 13.3 GiB of room."""
    bundle, limit = limited(50, 38.0)
    assert set(FLAG.findall(bundle.files["deploy.sh"])) == {str(limit)}
    (pod,) = set(FLAG.findall(bundle.files["kubernetes/servers.yaml"]))
    assert int(pod) == pytest.approx((38.0 - 22.7 - 2.0) / (48 * 8 * 256 * 4 / 2**30), abs=1000)
    assert int(pod) < limit
    assert "its `--max-model-len` may be below" in bundle.files["README.md"]
