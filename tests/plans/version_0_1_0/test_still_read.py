"""Scenarios and plans of version 0.1.0 are read as they were: the plans in this folder are those
that it wrote for the examples, paper-trio's with `--near 2 --marginals`.
"""

import json
from pathlib import Path

import jsonschema
import pytest

import planner
from planner.packed_files import PAGE_EXAMPLES, SCHEMAS
from planner.plans.plan_and_scenario import load_plan_and_scenario
from planner.plans.tables import plan_tables
from planner.verification.verifier import run_verifier
from profiles.io.faults import DataError
from tests.support.plans.old_examples import old_example

FOLDER = Path(__file__).parent

TAILS = ("percentile-slo", "from-benchmarks")
"""Examples with a percentile over all requests, whose rule has changed since."""


@pytest.mark.parametrize("name", [name for name in PAGE_EXAMPLES if name not in TAILS])
def test_a_plan_is_read_with_its_scenario_and_still_verified(name: str) -> None:
    """load_plan compares the scenario's hash: the scenario means what it meant."""
    source = load_plan_and_scenario(FOLDER / f"{name}.json", old_example(name))
    content = source.plan.content
    assert content["planner_version"] == "0.1.0"
    assert not run_verifier(content, source.loaded.instance, rel_gap_target=1e-4)
    assert len(plan_tables(content)["setup"]) == len(content["options"])
    schema = json.loads((SCHEMAS / "plan.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(content, schema)


@pytest.mark.parametrize("name", TAILS)
def test_a_plan_of_other_rules_is_to_be_made_again(name: str) -> None:
    plan, scenario = FOLDER / f"{name}.json", old_example(name)
    with pytest.raises(DataError, match=r"under other rules.*plan it again") as refused:
        load_plan_and_scenario(plan, scenario)
    assert "not sound" not in str(refused.value)
    seen = load_plan_and_scenario(plan, scenario, unverified=True)
    assert all("achieved_ms" in problem for problem in seen.problems)


def test_an_old_plan_can_be_simulated_and_compared() -> None:
    old, scenario = FOLDER / "two-gpu-types.json", old_example("two-gpu-types")
    # Its shares of GPUs were over-rated then; the engine has the law of today.
    assert len(planner.simulate(old, scenario=scenario, minutes=0.5).slo) == 1
    change = planner.diff(old, planner.plan(scenario, current=old))
    assert change.routing["LLM"].tolist() == [llm["name"] for llm in _llms(old)]


def _llms(plan: Path) -> list[dict]:
    llms: list[dict] = json.loads(plan.read_text(encoding="utf-8"))["context"]["llms"]
    return llms
