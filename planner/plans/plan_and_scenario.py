"""A plan together with the scenario it was made of, for everything that takes a plan.json."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from models.demand.node_numbers import decided_demand, decided_instance, undecided_pools
from planner.errors import DataError
from planner.plans.plan_file import read_plan_file
from planner.plans.record import REWRITE, Plan
from planner.plans.schema import PlanContent
from planner.plans.soundness import soundness_problems
from planner.program import PROGRAM
from planner.scenario.assemble import LoadResult, assemble_instance
from planner.version import VERSION
from profiles.io.faults import Fault

__all__ = [
    "PlanAndScenario",
    "join_plan_and_scenario",
    "join_plan_to_compare",
    "load_plan_and_scenario",
    "load_plan_to_compare",
    "scenario_at_hand",
    "scenario_of_plan",
    "scenario_with_plan_nodes",
    "unsound_plan_faults",
    "unverified_line",
]


@dataclass(frozen=True)
class PlanAndScenario:
    """A plan, and its scenario loaded with the plan's overrides; their hashes are equal.

    problems: what of the plan is not true of the scenario; only a plan that was explicitly read
    unverified has any.
    """

    plan: Plan
    loaded: LoadResult
    problems: tuple[str, ...] = ()


def load_plan_and_scenario(
    path: Path, scenario: Path | None = None, *, unverified: bool = False
) -> PlanAndScenario:
    """Read plan.json and find its scenario: `scenario`, else by scenario_path relative to the
    plan, else from the current folder; then verify the one against the other.

    unverified: hand on a plan that fails, marked as such (`checks`), with its problems.

    DataError when either cannot be read, when the scenario's hash is not the plan's, or when the
    plan fails the verifier.
    """
    plan = read_plan_file(path)
    return join_plan_and_scenario(plan, path, scenario, unverified=unverified)


def join_plan_and_scenario(
    plan: Plan, path: Path, scenario: Path | None = None, *, unverified: bool = False
) -> PlanAndScenario:
    """The same for a plan that was read from `path`."""
    loaded = scenario_of_plan(plan.content, path, scenario)
    return _verified(plan, loaded, path, unverified=unverified)


def scenario_of_plan(content: Mapping[str, Any], path: Path, scenario: Path | None) -> LoadResult:
    """The scenario of a plan of either schema, with its overrides; DataError when it cannot be read
    or is another one.
    """
    file = scenario or _scenario_file_of_plan(path, content["scenario_path"])
    loaded = assemble_instance(file, content["overrides"], cells=True, sizing=True)
    if loaded.sha256 != content["scenario_sha256"]:
        fix = "plan it again, or name the scenario it was made of with --scenario"
        problem = f"{file} is not (or no longer) the scenario of this plan"
        raise DataError([Fault(str(path), "scenario_sha256", "", problem, fix)])
    return scenario_with_plan_nodes(loaded, content)


def load_plan_to_compare(path: Path, *, unverified: bool = False) -> tuple[Plan, str]:
    """Read plan.json, verified where its scenario is at hand; the plan, and a sentence when it is
    not verified ("" when it is). unverified, DataError: as `load_plan_and_scenario`.
    """
    return join_plan_to_compare(read_plan_file(path), path, unverified=unverified)


def join_plan_to_compare(plan: Plan, path: Path, *, unverified: bool) -> tuple[Plan, str]:
    """The same for a plan that was read from `path`."""
    loaded = scenario_at_hand(plan.content, path)
    if isinstance(loaded, str):
        return plan, loaded
    source = _verified(plan, loaded, path, unverified=unverified)
    return source.plan, unverified_line(path, source.problems) if source.problems else ""


def scenario_at_hand(content: Mapping[str, Any], path: Path) -> LoadResult | str:
    """The scenario of a plan that is to be compared, or the sentence why it is not verified."""
    try:
        file = _scenario_file_of_plan(path, content["scenario_path"])
        loaded = assemble_instance(file, content["overrides"], cells=True, sizing=True)
    except DataError:
        return f"{path} is not verified: its scenario is not at hand"
    if loaded.sha256 != content["scenario_sha256"]:
        return f"{path} is not verified: its scenario has changed since"
    return scenario_with_plan_nodes(loaded, content)


def scenario_with_plan_nodes(loaded: LoadResult, content: Mapping[str, Any]) -> LoadResult:
    """The scenario with the numbers of nodes that its plan has decided; where the plan states none
    that the scenario allows, with the most. content: of plan.json.
    """
    pools = loaded.instance.pools
    undecided = undecided_pools(loaded.instance)
    if not undecided:
        return loaded
    stated = {entry["pool"]: entry["nodes"] for entry in content.get("pools", ())}
    numbers = {}
    for p in undecided:
        nodes, (least, most) = stated.get(pools[p].name), pools[p].sized or (0, 0)
        numbers[p] = nodes if isinstance(nodes, int) and least <= nodes <= most else most
    demand = loaded.demand
    return replace(
        loaded,
        instance=decided_instance(loaded.instance, numbers),
        demand=None if demand is None else decided_demand(demand, numbers),
    )


def _verified(plan: Plan, loaded: LoadResult, path: Path, *, unverified: bool) -> PlanAndScenario:
    """The plan with its scenario, marked where it fails its checks; DataError where that is not
    allowed, or where the scenario has classes and cases.
    """
    if loaded.demand is not None:
        problem = "the scenario has classes and cases, and the plan is of one rate"
        raise DataError([Fault(str(path), "schema", "1", problem, REWRITE)])
    problems = soundness_problems(plan, loaded)
    if problems and not unverified:
        raise DataError(list(unsound_plan_faults(plan.content, problems, str(path))))
    if problems:
        marked = {"verified": False, "problems": problems}
        plan = Plan(cast("PlanContent", {**plan.content, "checks": marked}))
    return PlanAndScenario(plan, loaded, tuple(problems))


def unverified_line(path: Path | str, problems: Sequence[str]) -> str:
    """The sentence that goes with everything which rests on a plan that fails its checks."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"NOT VERIFIED: {path} fails its checks: {problems[0]}{more}. Do not rely on it."


def unsound_plan_faults(
    content: Mapping[str, Any], problems: Sequence[str], file: str
) -> Iterator[Fault]:
    """Faults of a plan that fails the verifier; of another version's, one that says no more than
    that rules have changed.
    """
    look = f"plan it again: {PROGRAM} plan SCENARIO --json PATH (or look at it with --unverified)"
    version = content["planner_version"]
    if version != VERSION:
        problem = (
            f"version {version} made this plan under other rules than those of version {VERSION}"
            f" ({len(problems)} checks fail)"
        )
        yield Fault(file, "planner_version", "", problem, look)
        return
    for one in problems:
        last = one is problems[-1]
        yield Fault(file, "", "", f"this plan is not sound ({one})", look if last else "")


def _scenario_file_of_plan(plan: Path, stated: str) -> Path:
    """The stated path relative to the plan, else from the current folder."""
    for file in (
        Path(os.path.normpath(Path(os.path.realpath(plan)).parent / stated)),
        Path(stated),
    ):
        if file.is_file():
            return file
    raise DataError(
        [
            Fault(
                str(plan),
                "scenario_path",
                stated,
                "the scenario of this plan is not there",
                "name it with --scenario",
            )
        ]
    )
