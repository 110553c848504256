"""Marginal value of one unit: each difference is that of planning again, certain ones
alone are reported as numbers.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from planner.cli.app import app
from planner.joint import solve as joint
from planner.plans.conflict_content import instance_without_conflict
from planner.presentation.marginals import marginals_lines, marginals_table
from planner.settings import Settings
from planner.solution import Repair
from planner.studies.marginals import marginal_values
from tests.support.instances.tiny import random_instance
from tests.support.paths import HOME
from tests.support.walls import first_fast, usually, wall_size

TRIO = str(HOME / "examples" / "paper-trio" / "scenario.yaml")
FEW = ["--set", "setups.tp_degrees=[2]", "--set", "setups.mps_shares_pct=[30, 50, 70, 100]"]


@pytest.mark.parametrize("kind", first_fast(usually(["cost", "two_pools", "convex"], (0,))))
def test_each_difference_is_that_of_planning_again(kind: str) -> None:
    settings, judged = Settings(rel_gap=1e-6), 0
    for seed in range(wall_size(3, 8)):
        instance = random_instance(seed, kind)
        plan = joint.solve_joint(instance, settings, explain=False)
        if not plan.has_plan:
            continue
        found = marginal_values(instance, plan, settings)
        changes = [(one.change, one.after > one.before) for one in found]
        assert len(set(changes)) == len(changes)
        assert {
            ("arrival_rate_rps", True),
            *((f"slo.{k}.limit_ms", True) for k in range(len(instance.slos))),
        } <= set(changes)
        requested = {one.change for one in found if one.change == "objective.quality_at_least"}
        assert requested == ({"objective.quality_at_least"} if kind == "cost" else set())
        for one in found:
            if one.change.endswith("memory_gib"):
                continue
            there = joint.solve_joint(
                instance_without_conflict(instance, Repair(one.change, one.before, one.after)),
                settings,
                explain=False,
            )
            assert (one.value is None) == (there.value is None)
            if there.value is not None:
                assert one.difference == pytest.approx(
                    there.value - plan.value, abs=1e-5 * max(1.0, abs(there.value))
                )  # type: ignore[operator]
            judged += 1
    assert judged >= wall_size(5, 12)


@pytest.mark.parametrize("seed", [7, 10])
def test_an_llm_that_runs_because_it_must_says_what_that_costs(seed: int) -> None:
    settings = Settings(rel_gap=1e-6)
    instance = random_instance(seed, "cost")
    plan = joint.solve_joint(instance, settings, explain=False)
    running = {instance.options[o].llm for o in np.flatnonzero(plan.replicas)}
    idle = next(k for k in range(len(instance.llms)) if k not in running)
    llms = list(instance.llms)
    llms[idle] = replace(llms[idle], min_replicas=1)
    forced = replace(instance, llms=tuple(llms))
    dearer = joint.solve_joint(forced, settings, explain=False)
    change = f"llms.{idle}.min_replicas"
    found = marginal_values(forced, dearer, settings)
    [one] = [one for one in found if one.change == change]
    assert (one.before, one.after) == (1, 0)
    assert plan.value is not None
    assert one.value == pytest.approx(plan.value, rel=1e-5)


@pytest.mark.slow
def test_the_value_of_more_of_a_limit_is_never_negative() -> None:
    settings = Settings(rel_gap=1e-6)
    for seed in range(wall_size(3, 8)):
        instance = random_instance(seed, "convex")
        plan = joint.solve_joint(instance, settings, explain=False)
        if not plan.has_plan or instance.min_utilization > 0:
            continue
        for one in marginal_values(instance, plan, settings):
            more = one.after > one.before
            if (
                one.certain
                and one.difference is not None
                and one.change not in ("arrival_rate_rps", "objective.quality_at_least")
                and not one.change.endswith("min_replicas")
            ):
                assert (one.difference > 0) == more


def test_the_command_prints_them(tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    done = CliRunner().invoke(
        app, ["plan", TRIO, *FEW, "--marginals", "--json", str(out)], env={"COLUMNS": "80"}
    )
    assert done.exit_code == 0
    assert "marginal values (planned again)" in done.stdout
    assert "+1 node of pool a100 (2 instead of 1)" in done.stdout
    content = json.loads(out.read_text(encoding="utf-8"))
    jsonschema.validate(
        content, json.loads((HOME / "docs" / "plan.schema.json").read_text(encoding="utf-8"))
    )
    found, lines = content["context"]["marginals"], marginals_lines(content)
    assert len(marginals_table(content)) == len(found) >= 5
    assert "its 4 GPUs cost" in lines[0]
    allowed = {one["change"] for one in found if one["change"].startswith("llms")}
    assert allowed == {
        f"llms.{k}.max_replicas"
        for k, llm in enumerate(content["context"]["llms"])
        if runs(content, llm["name"]) == 1
    }
    assert sum(one["certain"] or one["difference"] is None for one in found) == len(lines) - (
        "No measurable effect" in lines[-1]
    )
    assert all(sum(f"({one['to']:g} instead of" in line for line in lines) >= 1 for one in found)


def runs(content: dict[str, Any], name: str) -> int:
    return sum(option["replicas"] for option in content["options"] if option["llm"] == name)
