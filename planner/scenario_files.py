"""A scenario as files again: its content as YAML, with its tables beside it."""

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from planner.scenario.load import Scenario
from planner.scenario.templates import inputs_of
from profiles.io.workbook_guard import is_workbook

__all__ = ["scenario_text", "write_folder"]


def scenario_text(content: Mapping[str, Any]) -> str:
    """YAML of a scenario's content, blank values left out; entries of lists on one line each."""
    return "\n".join(line for key, value in content.items() for line in _lines(key, value)) + "\n"


def _lines(key: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [f"{key}:", *(f"  - {_flow(entry)}" for entry in value)]
    return [f"{key}: {_flow(value)}"]


def _flow(value: Any) -> str:
    """A value on one line; JSON's scalars mean the same in YAML 1.2."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items() if one is not None) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    if isinstance(value, float) and value.is_integer() and math.fabs(value) < 1e15:
        return f"{int(value)}"
    return json.dumps(value, ensure_ascii=False)


def write_folder(scenario: Scenario, folder: Path) -> Path:
    """Write scenario.yaml, profiles and scores into a folder; the scenario's file. Tables are copied, those of a workbook become CSV.

    OSError when that is not possible, DataError when a workbook cannot be read any more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = scenario.spec.model_dump(mode="json")
    book = inputs_of(scenario, folder, most_prompts=10**9) if is_workbook(scenario.path) else None
    for key, path in (("profiles", scenario.profiles_path), ("scores", scenario.scores_path)):
        frame = getattr(book, key, None)
        content[key] = f"{key}.csv" if frame is not None else f"{key}{path.suffix.lower()}"
        if frame is not None:
            frame.to_csv(folder / content[key], index=False)
        else:
            shutil.copyfile(path, folder / content[key])
    target = folder / "scenario.yaml"
    target.write_text(scenario_text(content), encoding="utf-8")
    return target
