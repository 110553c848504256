"""docs/plan-cells.schema.json is what plans over classes and cases look like, and docs/plan-json.md
names its keys.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from planner.cells.solve import solve_cells
from planner.plans.cells.cells_content import build_cells_plan
from planner.scenario.assemble import assemble_instance
from planner.settings import Settings
from tests.support.paths import HOME
from tests.support.walls import UNHURRIED_S

SCHEMA = json.loads((HOME / "docs" / "plan-cells.schema.json").read_text(encoding="utf-8"))
PLAIN = json.loads((HOME / "docs" / "plan.schema.json").read_text(encoding="utf-8"))
TEXT = (HOME / "docs" / "plan-json.md").read_text(encoding="utf-8")
CASES = [
    {"name": "day", "hours": 10, "arrival_rate_rps": {"chat": 10, "batch": 2}},
    {"name": "closed", "hours": 4, "arrival_rate_rps": {"chat": 0, "batch": 0}},
    {
        "name": "node-lost",
        "hours": 0,
        "arrival_rate_rps": {"chat": 6, "batch": 0},
        "lost_nodes": {"a100": 1},
    },
]
"""Of the example's day, at rates that are planned in seconds."""


def plan_of_day(rate: float) -> dict[str, Any]:
    """The plan of a smaller day, with chat at a rate."""
    overrides = {"cases": CASES, "cases.0.arrival_rate_rps.chat": rate}
    loaded = assemble_instance(HOME / "examples/day/scenario.yaml", overrides, cells=True)
    assert loaded.demand is not None
    # The gap is wide: what is looked at is the form.
    settings = Settings(time_limit=UNHURRIED_S, rel_gap=0.05)
    solution = solve_cells(loaded.demand, settings)
    return build_cells_plan(loaded, loaded.demand, solution, settings, {"load": 0.1})


def check_against_schema(plan: dict[str, Any]) -> None:
    content = json.loads(json.dumps(plan, allow_nan=False))
    jsonschema.validate(content, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_a_plan_fits_the_schema() -> None:
    plan = plan_of_day(10)
    check_against_schema(plan)
    assert plan["setups"][0]["placement"]
    assert plan["losses"]
    assert next(one for one in plan["cases"] if one["case"] == "closed")["quality"] is None
    assert {cell["loss"] is None for cell in plan["cells"]} == {True, False}


def test_so_does_what_cannot_be_planned() -> None:
    plan = plan_of_day(5000)
    check_against_schema(plan)
    assert plan["status"] == "infeasible"
    assert plan["conflict"]["limits"]


@pytest.mark.parametrize("name", ["objective", "router", "solver", "checks"])
def test_what_both_schemas_have_is_the_same(name: str) -> None:
    assert SCHEMA["$defs"][name] == PLAIN["$defs"][name]


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of the schema whose keys it lists."""
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for part in node.values():
            yield from objects(part)
    if isinstance(node, list):
        for part in node:
            yield from objects(part)


def test_it_allows_no_key_that_it_does_not_name() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert all(one["additionalProperties"] is False for one in objects(SCHEMA))


def test_plan_json_names_every_key() -> None:
    section = TEXT.partition("\n## Schema 2")[2]
    own = ("setup", "cell", "lane", "loss", "case", "cost")
    keys = {key for one in own for key in SCHEMA["$defs"][one]["properties"]}
    keys |= set(SCHEMA["properties"]) - set(PLAIN["properties"])
    keys |= set(SCHEMA["$defs"]["setup"]["properties"]["options"]["items"]["properties"])
    keys |= set(SCHEMA["$defs"]["setup"]["properties"]["placement"]["items"]["properties"])
    keys |= set(PLAIN["$defs"]["context"]["properties"]) & {"lost_nodes", "arrival_rate_rps"}
    assert not [key for key in keys if not re.search(rf"\b{key}\b", section)]
