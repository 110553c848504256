"""plan.json of a solution (schema version 1, docs/plan.schema.json): positions and SI units become
names and the units of files.

`build_plan_content` returns no plan that fails the independent verifier. In addition to the result
the content has `context`: what else tables and sentences need (pools, filters, dropped options,
notices, seconds by phase), so that a plan read back from its file renders as a fresh one does.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.garbage import without_garbage_collection
from planner.plans.conflict_content import conflict_content
from planner.plans.context_content import context_content
from planner.plans.record import SCHEMA, Plan
from planner.plans.schema import PlanContent
from planner.plans.solved_content import ContextOfSetup, solved_content
from planner.solution import Solution
from planner.version import VERSION

if TYPE_CHECKING:
    from planner.scenario.assemble import LoadResult
    from planner.settings import Settings

__all__ = ["build_plan_content"]


@without_garbage_collection()
def build_plan_content(
    loaded: "LoadResult",
    solution: Solution,
    settings: "Settings",
    timings: Mapping[str, float],
    begin: ContextOfSetup | None = None,
) -> Plan:
    """Return the plan of a solution, verified.

    loaded: the scenario that was solved. timings: s by phase, in addition to those in
    `solution.effort`. begin: what the context says of the plan that this one starts from.
    VerificationError when the plan, or the best effort of a conflict, fails the verifier.
    """
    instance, scenario = loaded.instance, loaded.scenario
    notices = list(dict.fromkeys([*loaded.notices, *instance.warnings]))
    context = context_content(loaded, instance, solution, timings, notices)

    def begun(solved: Mapping[str, Any]) -> Mapping[str, Any]:
        return begin({**solved, "context": context}) if begin else {}

    solved = solved_content(instance, solution, settings.rel_gap, begin=begun)
    content: PlanContent = {
        "schema": SCHEMA,
        "scenario": scenario.spec.name,
        "scenario_path": Path(scenario.path).as_posix(),
        "overrides": dict(scenario.overrides),
        "scenario_sha256": loaded.sha256,
        "planner_version": VERSION,
        **solved,
        "context": {**context, **begun(solved)},  # type: ignore[typeddict-item]
    }
    if solution.conflict is not None:
        content["conflict"] = conflict_content(loaded, solution.conflict, settings.rel_gap)
    return Plan(content)
