"""A scenario read from its file or a mapping.

Its schema, its rules, and how it is read from a file (YAML or a workbook) or a mapping, with
overrides.

A scenario names pools of GPUs, LLMs, a profile table, a scores table, an arrival rate, SLOs and an
objective; every key, its unit and its default are in the classes below (and in
docs/scenario.schema.json, which is made from them). Unknown keys are faults. Overrides are dotted
paths with YAML values: `slo.0.limit_ms=300`, `setups.tp_degrees=[1, 2]` (a list replaces the list).
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from planner.program import PROGRAM
from planner.scenario.demand.plain import only_class_name, plain_demand_spec, plain_override_path
from planner.scenario.schema.demand_faults import demand_schema_faults
from planner.scenario.schema.faults import cross_schema_faults, schema_fault_of
from planner.scenario.schema.paths import set_at_schema_path
from planner.scenario.schema.pool_faults import pool_schema_faults
from planner.scenario.schema.specification import ScenarioSpec
from profiles.io.faults import Fault, ScenarioError, file_text_or_fault, shown_in_fault
from profiles.io.workbook_guard import is_workbook
from profiles.io.yaml_text import parse_yaml

if TYPE_CHECKING:
    from planner.scenario.workbook_headers import InputBook

__all__ = ["Scenario", "load_parsed_scenario", "load_scenario", "load_scenario_with_content"]

SIZE_LIMIT = 300_000

TABLE_ENDINGS = (".csv", ".parquet")
"""Of tables, which are no scenarios."""

Overrides = Mapping[str, Any] | Sequence[str]


@dataclass(frozen=True)
class Scenario:
    """A sound scenario, the file it came from and what was overridden (dotted path -> value).

    Tables are relative to the file. only_class: name of the class in a file that states one class
    in one case, which `spec` then does not name.
    """

    spec: ScenarioSpec
    path: Path
    overrides: Mapping[str, Any] = field(default_factory=dict)
    only_class: str = ""

    @property
    def profiles_path(self) -> Path:
        """The profile table."""
        return self.path.parent / self.spec.profiles

    @property
    def scores_path(self) -> Path:
        """The scores table."""
        return self.path.parent / self.spec.scores


def load_scenario(path: Path | str, overrides: Overrides = ()) -> Scenario:
    """Read a scenario file. Raises ScenarioError with every fault.

    overrides: dotted path -> value, or `KEY=VALUE` texts with YAML values.
    """
    faults: list[Fault] = []
    scenario, _ = load_scenario_with_content(Path(path), overrides, faults)
    if scenario is None:
        raise ScenarioError(faults)
    return scenario


def load_parsed_scenario(content: Any, path: Path | str, overrides: Overrides = ()) -> Scenario:
    """Make a scenario of plain content (a workbook's, a page's).

    path: where it came from or would be. Raises ScenarioError.
    """
    faults: list[Fault] = []
    scenario, _ = _check_loaded_scenario(content, Path(path), overrides, faults)
    if scenario is None:
        raise ScenarioError(faults)
    return scenario


def load_scenario_with_content(
    path: Path, overrides: Overrides, faults: list[Fault], book: "InputBook | None" = None
) -> tuple[Scenario | None, Any]:
    """`load_scenario` that appends to faults; also the file's content after overrides as far as
    it could be read.

    book: the workbook at path where it was read before; its own faults are in `faults` already.
    """
    if is_workbook(path):
        return _load_workbook(path, overrides, faults, book)
    if path.suffix.lower() in TABLE_ENDINGS and path.is_file():
        problem = "this is a table, not a scenario"
        fix = f"write a scenario around two tables: {PROGRAM} init --from-tables PROFILES SCORES"
        faults.append(Fault(str(path), "", "", problem, fix))
        return None, None
    text, fault = file_text_or_fault(path, SIZE_LIMIT)
    if fault:
        faults.append(fault)
        return None, None
    content = parse_yaml(text, str(path), faults)
    if content is None and faults:
        return None, None
    return _check_loaded_scenario(content, path, overrides, faults)


def _load_workbook(
    path: Path, overrides: Overrides, faults: list[Fault], book: "InputBook | None"
) -> tuple[Scenario | None, Any]:
    """The same for a workbook; faults by cell."""
    if book is None:
        # Imported here because only workbooks need openpyxl.
        from planner.scenario.workbook import read_workbook

        book = read_workbook(path, faults)
        if book is None:
            return None, None
    content_faults: list[Fault] = []
    scenario, content = _check_loaded_scenario(book.content, path, overrides, content_faults)
    faults.extend(book.by_cell(content_faults))
    return (None if faults else scenario), content


def _check_loaded_scenario(
    content: Any, path: Path, overrides: Overrides, faults: list[Fault]
) -> tuple[Scenario | None, Any]:
    file = str(path)
    if not isinstance(content, Mapping):
        fix = "write keys and values: " + ", ".join(
            f"{key}: ..." for key in ("version", "name", "pools", "llms")
        )
        faults.append(
            Fault(
                file,
                "",
                shown_in_fault(content) if content is not None else "",
                "this is not a scenario",
                fix,
            )
        )
        return None, None
    if "scenario_sha256" in content:
        fix = f"name its scenario: {shown_in_fault(content.get('scenario_path'), 200)}"
        faults.append(Fault(file, "", "", "this is a plan, not a scenario", fix))
        return None, None
    content = deepcopy(dict(content))
    parsed = _load_overrides(overrides, faults)
    stated = deepcopy(content)
    applied = {plain_override_path(stated, key): value for key, value in parsed.items()}
    for key, value in applied.items():
        if fault := set_at_schema_path(ScenarioSpec, content, key, deepcopy(value)):
            faults.append(fault)
    content_faults = [
        *cross_schema_faults(content, file),
        *pool_schema_faults(content, file),
        *demand_schema_faults(content, file, applied),
    ]
    spec = None
    try:
        spec = ScenarioSpec.model_validate(content)
    except ValidationError as error:
        translated = (
            schema_fault_of(ScenarioSpec, one, file) for one in error.errors(include_url=False)
        )
        content_faults = [*(fault for fault in translated if fault), *content_faults]
    faults.extend(_loaded_with_origin(fault, applied) for fault in content_faults)
    if spec is None or faults:
        return None, content
    plain = plain_demand_spec(spec)
    only = only_class_name(spec) if plain is not spec else ""
    return Scenario(plain, path, parsed, only), content


def _load_overrides(overrides: Overrides, faults: list[Fault]) -> dict[str, Any]:
    """Read overrides as path -> value; the last one of a path counts."""
    if isinstance(overrides, Mapping):
        return dict(overrides)
    parsed: dict[str, Any] = {}
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            faults.append(
                Fault(
                    "--set",
                    "",
                    shown_in_fault(text),
                    "this is not KEY=VALUE",
                    "write e.g. slo.0.limit_ms=300",
                )
            )
            continue
        value_faults: list[Fault] = []
        parsed[key.strip()] = parse_yaml(value, "--set", value_faults)
        if value_faults:
            faults.append(
                Fault(
                    "--set",
                    key.strip(),
                    shown_in_fault(value),
                    value_faults[0].problem,
                    value_faults[0].fix,
                )
            )
            del parsed[key.strip()]
    return parsed


def _loaded_with_origin(fault: Fault, overrides: Mapping[str, Any]) -> Fault:
    """Faults of an overridden value are reported at `--set`, not at the file."""
    at = fault.where
    overridden = any(at == key or at.startswith(f"{key}.") for key in overrides)
    return Fault("--set", at, fault.value, fault.problem, fault.fix) if overridden else fault
