"""A scenario file and what a page has changed in it: the overrides of every command, as few as
possible.
"""

import hashlib
import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner.scenario.load import Scenario, load_parsed_scenario, load_scenario
from planner.scenario.schema.paths import set_at_schema_path
from planner.scenario.schema.specification import ScenarioSpec

__all__ = [
    "ScenarioEdit",
    "changed",
    "content_of_edit",
    "cost_objective_edit",
    "edit_states_demand",
    "edit_words",
    "file_key_of_edit",
    "overrides_between_edits",
]


MOST_RATES = 2
"""Of cases, that are named one by one."""
KEPT_FREE = {"rate_pct": "the rate", "slo_pct": "SLO limits", "utilization_pct": "curves"}
"""Key of a headroom -> what it is of."""


@dataclass(frozen=True)
class ScenarioEdit:
    """path: the scenario's file, absolute; base: its content, complete with defaults; overrides:
    dotted path -> value.
    """

    path: str
    base: Mapping[str, Any] = field(repr=False)
    overrides: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_file(cls, path: str) -> "ScenarioEdit":
        """A file without changes. ScenarioError with every fault of the scenario."""
        return cls(path, load_scenario(path).spec.model_dump(mode="json"))

    @property
    def scenario(self) -> Scenario:
        """The scenario after the changes. ScenarioError with every fault."""
        return load_parsed_scenario(self.base, self.path, self.overrides)


def content_of_edit(edit: ScenarioEdit) -> dict[str, Any]:
    """The scenario's content after the changes, as plain mappings and lists; changes may be
    faulty.
    """
    content = deepcopy(dict(edit.base))
    for path, value in edit.overrides.items():
        set_at_schema_path(ScenarioSpec, content, path, deepcopy(value))
    return content


def edit_states_demand(edit: ScenarioEdit) -> bool:
    """Whether the content after the changes has classes, cases, LLMs outside or a budget."""
    content = content_of_edit(edit)
    return (
        any(content.get(key) is not None for key in ("classes", "cases", "demand"))
        or any(llm.get("api") is not None for llm in content["llms"])
        or content["objective"].get("cost_at_most_usd_per_h") is not None
    )


def changed(edit: ScenarioEdit, content: Mapping[str, Any]) -> ScenarioEdit:
    """The same file with other changes: those that make its content `content`."""
    return ScenarioEdit(edit.path, edit.base, overrides_between_edits(edit.base, content))


def overrides_between_edits(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted paths and values that turn one content into the other; what changes its keys or its
    length is given as a whole.
    """
    overrides: dict[str, Any] = {}
    _compare_edits("", before, after, overrides)
    return overrides


def _compare_edits(path: str, before: Any, after: Any, overrides: dict[str, Any]) -> None:
    inner: list[tuple[str, Any, Any]] = []
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping) and before.keys() == after.keys():
        inner = [(key, before[key], after[key]) for key in before]
    elif (
        isinstance(before, list)
        and isinstance(after, list)
        and len(before) == len(after)
        and isinstance(before[0], Mapping)
    ):
        inner = [(str(k), *pair) for k, pair in enumerate(zip(before, after, strict=True))]
    if not inner:
        overrides[path] = after
    for key, one, other in inner:
        _compare_edits(f"{path}.{key}" if path else key, one, other, overrides)


def cost_objective_edit(quality: float | None) -> dict[str, Any]:
    """The cheapest plan as an objective. quality: of a plan, which is to be reached (rounded down
    to 0.001); None: 0.5.
    """
    floor = 0.5 if quality is None else math.floor(1000.0 * quality) / 1000.0
    return {"minimize": "cost", "quality_at_least": floor}


def file_key_of_edit(edit: ScenarioEdit) -> str:
    """SHA-256 over the bytes of a scenario's file and tables; what is missing counts as empty."""
    digest = hashlib.sha256()
    folder = Path(edit.path).parent
    tables = [edit.base["profiles"], edit.base["scores"], edit.base.get("demand")]
    tables += [one["scores"] for one in edit.base.get("classes") or ()]
    for path in (Path(edit.path), *(folder / str(name) for name in tables if name is not None)):
        content = path.read_bytes() if path.is_file() else b""
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def edit_words(edit: ScenarioEdit) -> list[str]:
    """Each change against the file in a word or two, each once: `50 req/s`, `mean TTFT 300 ms`,
    `2 nodes of a100`, `40 req/s of chat in day`.
    """
    paths = [(path.split("."), value) for path, value in edit.overrides.items()]
    rates = sum(_is_rate_of_case(parts) for parts, _ in paths)
    least = _least_of_each_llm(edit)
    words = [
        "other rates"
        if _is_rate_of_case(parts) and rates > MOST_RATES
        else f"at least {least:g} of each LLM"
        if least is not None and parts[0] == "llms" and parts[2:] == ["min_replicas"]
        else _edit_value_words(edit, parts, value)
        for parts, value in paths
    ]
    return list(dict.fromkeys(words))


def _least_of_each_llm(edit: ScenarioEdit) -> float | None:
    """How many replicas each of several LLMs must have by these changes, where that is one
    number.
    """
    llms = [k for k, llm in enumerate(content_of_edit(edit)["llms"]) if not llm.get("api")]
    least = {edit.overrides.get(f"llms.{k}.min_replicas") for k in llms}
    return least.pop() if len(llms) > 1 and len(least) == 1 else None


def _is_rate_of_case(parts: list[str]) -> bool:
    return parts[0] == "cases" and parts[2:3] == ["arrival_rate_rps"]


def _edit_value_words(edit: ScenarioEdit, parts: list[str], value: Any) -> str:
    content = content_of_edit(edit)
    if not isinstance(value, int | float):
        return f"other {'rates' if _is_rate_of_case(parts) else parts[0].replace('_', ' ')}"
    match parts:
        case ["arrival_rate_rps"]:
            return f"{value:g} req/s"
        case ["cases", at, "arrival_rate_rps", *name]:
            # A name may hold dots.
            of = f" of {'.'.join(name)}" if name else ""
            return f"{value:g} req/s{of} in {content['cases'][int(at)]['name']}"
        case ["slo", at, "limit_ms"]:
            slo = content["slo"][int(at)]
            return f"{slo['statistic']} {slo['metric'].upper()} {value:g} ms"
        case ["pools", at, "nodes"]:
            return (
                f"{value:g} node{'s' if value != 1 else ''} of {content['pools'][int(at)]['name']}"
            )
        case ["llms", at, "min_replicas" | "max_replicas" as limit]:
            side = "least" if limit == "min_replicas" else "most"
            return f"at {side} {value:g} of {content['llms'][int(at)]['name']}"
        case ["objective", "quality_at_least"]:
            return f"quality at least {value:g}"
        case ["objective", "cost_at_most_usd_per_h"]:
            return f"budget {value:g} USD/h"
        case ["headroom", key] if key in KEPT_FREE:
            return f"{value:g} % headroom of {KEPT_FREE[key]}"
    return f"other {parts[0].replace('_', ' ')}"
