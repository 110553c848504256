"""The deploy bundle: every file names its plan, same plan same bytes, no name escapes its place."""

import ast
import json
import re
from datetime import date
from pathlib import Path

from models.router import Router
from planner.export.bundle import build_bundle, parse_bundle_kinds
from planner.export.exporter_protocol import bundle_kinds
from planner.operation.router_policy import router_policy_plan_hash
from tests.support.plans.bundle_cases import (
    CASES,
    compose_files,
    documents,
    every_case,
    exported,
)
from tests.support.plans.export_cases import HOSTILE, ON


@every_case
def test_every_file_names_its_plan(name: str) -> None:
    digest = router_policy_plan_hash(CASES[name]().plan.content)
    for path, text in exported(name).files.items():
        top = "\n".join(text.splitlines()[:6])
        assert digest in top, path
        assert "review before use" in top, path
        assert "2026-11-24" in top, path
        assert text.endswith("\n"), path
        assert "\r" not in text, path


@every_case
def test_the_same_plan_gives_the_same_bytes(name: str) -> None:
    assert build_bundle(CASES[name](), ON) == exported(name)
    assert build_bundle(CASES[name](), date(2027, 1, 1)) != exported(name)


def test_a_hostile_name_stays_text() -> None:
    for path, text in exported("hostile").files.items():
        if path.endswith((".yaml", ".yml")):
            for _ in documents(text):
                pass
        if path.endswith(".json"):
            json.loads(text)
        if path.endswith(".py"):
            ast.parse(text)
        assert "\u2028" not in text, path
        assert "\u202e" not in text, path
    for _, text in compose_files("hostile"):
        (content,) = documents(text)
        for service in content["services"].values():
            assert service["labels"]["plan.llm"].replace("$$", "") in {
                name.replace("$", "") for name in HOSTILE.values()
            }
            assert re.findall(r"(?<!\$)(?:\$\$)*\$(?!\$)", service["labels"]["plan.llm"]) == []
    policy = json.loads(exported("hostile").files["router_policy.json"])
    assert set(policy["alpha"]) == {HOSTILE["small"], HOSTILE["large"]}


def test_the_policy_is_one_that_the_router_takes(tmp_path: Path) -> None:
    for name in ("trio", "hostile"):
        (tmp_path / "policy.json").write_text(
            exported(name).files["router_policy.json"], encoding="utf-8"
        )
        router = Router.load(tmp_path / "policy.json")
        routed = {
            llm for llm, fraction in CASES[name]().plan.content["routing"].items() if fraction > 0
        }
        assert set(router.llms) == routed


def test_kinds_come_in_one_order() -> None:
    assert parse_bundle_kinds("litellm, compose,litellm") == ["compose", "litellm"]
    assert parse_bundle_kinds(",".join(bundle_kinds())) == list(bundle_kinds())
