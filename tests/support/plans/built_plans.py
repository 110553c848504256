"""Plans of hand-made solutions, and the schema that they fit."""

import json
from pathlib import Path

import jsonschema

from planner.joint import solve as joint
from planner.plans.plan_content import build_plan_content
from planner.plans.plan_file import plan_file_text, write_plan_file
from planner.plans.record import Plan
from planner.scenario.assemble import assemble_instance
from planner.solution import Solution
from tests.support.paths import HOME
from tests.support.plans.handmade import SETTINGS, loaded, solved, trio

TRIO = HOME / "examples" / "paper-trio" / "scenario.yaml"
FEW = ["setups.tp_degrees=[2]", "setups.mps_shares_pct=[30, 50, 70, 100]"]
SCHEMA = json.loads((HOME / "docs" / "plan.schema.json").read_text())


def built_plan(solution: Solution | None = None, **overrides: object) -> Plan:
    instance = trio()
    return build_plan_content(
        loaded(instance, **overrides), solution or solved(instance), SETTINGS, {"load": 0.3}
    )


def check_schema(plan: Plan) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(
        json.loads(plan_file_text(plan.content)), SCHEMA, cls=jsonschema.Draft202012Validator
    )


def write_trio_plan(path: Path) -> None:
    """The plan of the first example with few shares, as plan.json."""
    loaded = assemble_instance(TRIO, FEW)
    solution = joint.solve_joint(loaded.instance, loaded.settings)
    write_plan_file(build_plan_content(loaded, solution, loaded.settings, {}), path)
