"""Deploy bundles in tests: plans by name, their bundles, and schemas of what they hold."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files as package_files
from typing import Any

import jsonschema
import pytest
import yaml

from planner.export.bundle import Bundle, build_bundle
from planner.export.deployment import build_deployment
from planner.plans.plan_and_scenario import PlanAndScenario
from tests.support.plans import export_cases
from tests.support.plans.export_cases import ON

CASES: dict[str, Callable[[], PlanAndScenario]] = {
    "trio": export_cases.trio,
    "shared": export_cases.shared,
    "halves": export_cases.halves,
    "whole": export_cases.whole,
    "two options": export_cases.two_options,
    "idle": lambda: export_cases.idle(1),
    "one": lambda: export_cases.idle(0),
    "hostile": lambda: export_cases.shared(hostile=True),
    "hostile whole": lambda: export_cases.whole(hostile=True),
}


every_case = pytest.mark.parametrize("name", CASES)


@cache
def exported(name: str) -> Bundle:
    return build_bundle(CASES[name](), ON)


@cache
def deployment(name: str) -> dict[str, Any]:
    source = CASES[name]()
    return build_deployment(source.plan.content, source.loaded.instance, ON)


def servers(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for node in deployment(name)["nodes"]:
        for row in node["servers"]:
            yield node, row


def documents(text: str) -> list[Any]:
    """YAML as 1.1 reads it: compose, Kubernetes and LiteLLM do."""
    return list(yaml.safe_load_all(text))


@cache
def compose_schema() -> jsonschema.Draft7Validator:
    """The Compose Specification's own schema, as check-jsonschema carries it."""
    text = (
        package_files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    ).read_text(encoding="utf-8")
    return jsonschema.Draft7Validator(json.loads(text))


def compose_files(name: str) -> Iterator[tuple[str, str]]:
    yield from (
        (path, text) for path, text in exported(name).files.items() if path.startswith("compose")
    )


def with_replicas(count: int, periods: list[tuple[int, int]] | None = None) -> dict[str, Any]:
    """The deployment of whole GPUs as a setup of a schedule: so many replicas of the small LLM on
    its first node, at 2 USD/h a GPU.
    """
    here = deployment("whole")
    small = next(row for node in here["nodes"] for row in node["servers"] if row["llm"] == "small")
    nodes = [
        {
            **node,
            "price_usd_per_gpu_h": 2.0,
            "servers": [row for row in node["servers"] if row["llm"] != "small"],
        }
        for node in here["nodes"]
    ]
    nodes[0]["servers"] += [{**small, "name": f"small-{k}"} for k in range(count)]
    return {**here, "nodes": nodes, "periods": periods or []}
