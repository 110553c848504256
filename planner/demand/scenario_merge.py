"""A scenario with the keys of a day in place of its arrival rate.

Classes that the scenario has already keep their own keys (limits, scores, LLMs) and get the token
means of the log. Paths of tables are written as seen from the new place. Comments are not kept.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from planner.demand.day import DemandDay
from planner.demand.day_files import day_keys
from planner.errors import ScenarioError
from profiles.io.faults import Fault, file_text_or_fault
from profiles.io.yaml_text import parse_yaml, yaml_text

__all__ = ["merged_scenario_text", "read_scenario_to_merge"]

MOST_BYTES = 300_000
REPLACED = ("arrival_rate_rps", "cases", "demand", "classes")
TABLES = ("profiles", "scores")


def read_scenario_to_merge(path: Path) -> dict[str, Any]:
    """The content of a scenario in YAML. ScenarioError with every fault."""
    faults: list[Fault] = []
    text, fault = file_text_or_fault(path, MOST_BYTES)
    if path.suffix.lower() == ".xlsx":
        problem = "this is a workbook"
        fault = Fault(str(path), "", "", problem, "name a scenario in YAML, or paste cases.yaml")
    content = None if fault else parse_yaml(text, str(path), faults)
    faults = [fault] if fault else faults
    if isinstance(content, dict) and not faults:
        return content
    if not faults:
        problem = "this is no scenario"
        faults.append(Fault(str(path), "", "", problem, "name a file with the keys of a scenario"))
    raise ScenarioError(faults)


def merged_scenario_text(
    content: Mapping[str, Any], day: DemandDay, scenario: Path, folder: Path
) -> str:
    """The scenario to be written into `folder`. ScenarioError for classes that the log lacks."""
    keys = day_keys(day)
    own = _classes_by_name(content, scenario)
    made = [one for one in keys["classes"] if isinstance(one, dict)]  # type: ignore[attr-defined]
    names = [one["name"] for one in made]
    faults = [
        Fault(
            str(scenario),
            "classes",
            repr(name),
            "the log has no class of this name",
            f"rename one: --class NAME={name}; the log has {', '.join(names[:40])}",
        )
        for name in own
        if name not in names
    ]
    if faults:
        raise ScenarioError(faults)
    classes = [_with_moved_tables(own.get(one["name"], {}), scenario, folder) | one for one in made]
    kept = {key: value for key, value in content.items() if key not in REPLACED}
    return yaml_text([{**_with_moved_tables(kept, scenario, folder), **keys, "classes": classes}])


def _classes_by_name(content: Mapping[str, Any], scenario: Path) -> dict[str, dict[str, Any]]:
    classes = content.get("classes") or []
    if not isinstance(classes, list) or not all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in classes
    ):
        problem, fix = "classes are no list of mappings with names", "put it right first"
        raise ScenarioError([Fault(str(scenario), "classes", "", problem, fix)])
    return {one["name"]: one for one in classes}


def _with_moved_tables(content: Mapping[str, Any], scenario: Path, folder: Path) -> dict[str, Any]:
    """A copy whose paths of tables lead from `folder` to where they led from the scenario."""
    moved = dict(content)
    for key in TABLES:
        path = moved.get(key)
        if isinstance(path, str) and not os.path.isabs(path):
            place = os.path.realpath(scenario.parent / path)
            moved[key] = os.path.relpath(place, os.path.realpath(folder))
    return moved
