"""The scenario: what is asked. Its schema, its rules, and how it is read from a file (YAML or a workbook) or a mapping, with overrides.

A scenario names pools of GPUs, LLMs, a profile table, a scores table, an arrival rate, SLOs and an objective; every key, its unit and its
default stand in the classes below (and in docs/scenario.schema.json, which is made from them). Unknown keys are faults.
Overrides are dotted paths with YAML values: `slo.0.limit_ms=300`, `setups.tp_degrees=[1, 2]` (a list replaces the list).
"""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from planner.scenario.schema_faults import cross_faults, fault_of, set_path
from profiles.io.faults import Fault, ScenarioError, file_text, shown
from profiles.io.workbook_guard import is_workbook
from profiles.io.yaml_text import parse_yaml

if TYPE_CHECKING:
    from planner.scenario.workbook_headers import Book

__all__ = [
    "LlmSpec",
    "MaximizeQuality",
    "MinimizeCost",
    "PoolSpec",
    "Scenario",
    "ScenarioSpec",
    "SetupsSpec",
    "SloSpec",
    "SolverSpec",
    "load_scenario",
    "parse_scenario",
    "read_scenario",
    "scenario_schema",
    "write_schema",
]

SIZE_LIMIT = 1_000_000
MOST = 1_000_000
"""Counts above this are taken for mistakes."""

Overrides = Mapping[str, Any] | Sequence[str]
Name = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$", max_length=200)]
Positive = Annotated[float, Field(gt=0, le=1e12)]
Percent = Annotated[float, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=1, le=MOST)]
Share = Annotated[float, Field(gt=0, le=100)]


class Strict(BaseModel):
    """Numbers are numbers (no text, no true/false), all finite; unknown keys are refused; nothing can be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class PoolSpec(Strict):
    """Nodes that are all alike; the tensor-parallel group of one replica stays inside one node."""

    name: Name = Field(description="name of the pool, unique")
    gpu: Name = Field(description="GPU type: key into the GPU catalogue and into the profile table")
    nodes: Count = Field(description="number of nodes")
    gpus_per_node: Count = Field(description="GPUs in each node")
    memory_gib: Positive | None = Field(default=None, description="memory of one GPU, GiB; default: from the catalogue")
    price_usd_per_gpu_h: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="price of one GPU, USD/h; default: from the catalogue"
    )


class LlmSpec(Strict):
    """One LLM that may be deployed."""

    name: Name = Field(description="name of the LLM, unique: key into the profile and scores tables")
    weights_gib: Positive | None = Field(
        default=None, description="weights, GiB, all shards together; default: from the catalogue, at 16 bit"
    )
    min_replicas: Annotated[int, Field(ge=0, le=MOST)] = Field(default=0, description="at least so many replicas, over all options")
    max_replicas: Annotated[int, Field(ge=0, le=MOST)] | None = Field(
        default=None, description="at most so many replicas, over all options; default: no limit"
    )


class SloSpec(Strict):
    """One service-level objective; all of them hold at once."""

    metric: Literal["ttft", "tpot", "e2e"] = Field(description="time to first token, time per output token, end-to-end time")
    statistic: Literal["mean", "p50", "p90", "p95", "p99"] = Field(description="mean or percentile")
    limit_ms: Positive = Field(description="limit, ms")
    scope: Literal["all", "each_llm"] = Field(default="all", description="over all requests together, or for every deployed option")


class MaximizeQuality(Strict):
    """Best quality that capacity and SLOs allow."""

    maximize: Literal["quality"] = Field(description="quality of the answers, weight-averaged over prompts")


class MinimizeCost(Strict):
    """Cheapest GPUs that reach a quality."""

    minimize: Literal["cost"] = Field(description="cost of the GPUs in use, USD/h")
    quality_at_least: float = Field(description="quality that the plan must reach, in the unit of the scores")


class SetupsSpec(Strict):
    """Which setups may be considered."""

    tp_degrees: Annotated[tuple[Count, ...], Field(strict=False, min_length=1)] | None = Field(
        default=None, description="tensor-parallel degrees; default: all profiled"
    )
    mps_shares_pct: Annotated[tuple[Share, ...], Field(strict=False, min_length=1)] | None = Field(
        default=None, description="MPS shares, per cent of one GPU; default: all profiled"
    )
    memory_headroom_pct: Percent = Field(default=10.0, description="part of each GPU's memory kept free, per cent")
    min_gpu_utilization_pct: Percent = Field(
        default=0.0, description="least sum of tp * share of deployed replicas over all GPUs, per cent"
    )


class SolverSpec(Strict):
    """How long and how closely to search; no part of the scenario's hash."""

    rel_gap: Annotated[float, Field(ge=0)] = Field(default=1.0e-4, description="relative gap at which the search may stop")
    time_limit_s: Positive = Field(default=60.0, description="time limit, s")
    threads: Annotated[int, Field(ge=1, le=1024)] = Field(default=1, description="threads of the solver")
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(default=0, description="seed of the solver")


def _sense(value: Any) -> str | None:
    keys = value if isinstance(value, dict) else type(value).model_fields if isinstance(value, Strict) else ()
    return next((sense for sense in ("minimize", "maximize") if sense in keys), None)


Objective = Annotated[Annotated[MaximizeQuality, Tag("maximize")] | Annotated[MinimizeCost, Tag("minimize")], Discriminator(_sense)]


class ScenarioSpec(Strict):
    """What the planner is asked; the content of scenario.yaml."""

    version: Annotated[int, Field(ge=1, le=1)] = Field(description="version of this format")
    name: Name = Field(description="name of the scenario")
    pools: Annotated[tuple[PoolSpec, ...], Field(strict=False, min_length=1)] = Field(description="pools of GPUs")
    llms: Annotated[tuple[LlmSpec, ...], Field(strict=False, min_length=1)] = Field(description="LLMs that may be deployed")
    profiles: Annotated[str, Field(min_length=1)] = Field(description="profile table, .csv or .parquet; relative to the scenario file")
    scores: Annotated[str, Field(min_length=1)] = Field(description="scores table, .csv or .parquet; relative to the scenario file")
    scores_missing: Literal["error", "drop"] = Field(default="error", description="what to do with prompts that lack a score")
    arrival_rate_rps: Positive = Field(description="requests offered in all, req/s")
    slo: Annotated[tuple[SloSpec, ...], Field(strict=False)] = Field(description="SLOs; [] when capacity alone limits")
    objective: Objective = Field(description="{maximize: quality} or {minimize: cost, quality_at_least: ...}")
    setups: SetupsSpec = Field(default=SetupsSpec(), description="which setups may be considered")
    solver: SolverSpec = Field(default=SolverSpec(), description="how long and how closely to search")


@dataclass(frozen=True)
class Scenario:
    """A sound scenario, the file it came from and what was overridden (dotted path -> value). Tables are found beside the file."""

    spec: ScenarioSpec
    path: Path
    overrides: Mapping[str, Any] = field(default_factory=dict)

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
    scenario, _ = read_scenario(Path(path), overrides, faults)
    if scenario is None:
        raise ScenarioError(faults)
    return scenario


def parse_scenario(content: Any, path: Path | str, overrides: Overrides = ()) -> Scenario:
    """Make a scenario of plain content (a workbook's, a page's). path: where it came from or would stand. Raises ScenarioError."""
    faults: list[Fault] = []
    scenario, _ = _check(content, Path(path), overrides, faults)
    if scenario is None:
        raise ScenarioError(faults)
    return scenario


def read_scenario(path: Path, overrides: Overrides, faults: list[Fault], book: "Book | None" = None) -> tuple[Scenario | None, Any]:
    """`load_scenario` that appends to faults, beside the file's content after overrides as far as it could be read.

    book: the workbook at path where it was read before; its own faults stand in `faults` already.
    """
    if is_workbook(path):
        return _read_workbook(path, overrides, faults, book)
    text, fault = file_text(path, SIZE_LIMIT)
    if fault:
        faults.append(fault)
        return None, None
    content = parse_yaml(text, str(path), faults)
    if content is None and faults:
        return None, None
    return _check(content, path, overrides, faults)


def _read_workbook(path: Path, overrides: Overrides, faults: list[Fault], book: "Book | None") -> tuple[Scenario | None, Any]:
    """The same for a workbook; faults are told by cell."""
    if book is None:
        # Imported here because only workbooks need openpyxl.
        from planner.scenario.workbook import read_book

        book = read_book(path, faults)
        if book is None:
            return None, None
    found: list[Fault] = []
    scenario, content = _check(book.content, path, overrides, found)
    faults.extend(book.tell(found))
    return (None if faults else scenario), content


def scenario_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the scenario file, with descriptions, units and defaults."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **ScenarioSpec.model_json_schema()}


def write_schema(path: Path) -> None:
    """Write the schema; docs/scenario.schema.json is made so."""
    path.write_text(json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _check(content: Any, path: Path, overrides: Overrides, faults: list[Fault]) -> tuple[Scenario | None, Any]:
    file = str(path)
    if not isinstance(content, Mapping):
        mend = "write keys and values: " + ", ".join(f"{key}: ..." for key in ("version", "name", "pools", "llms"))
        faults.append(Fault(file, "", shown(content) if content is not None else "", "this is not a scenario", mend))
        return None, None
    content = deepcopy(dict(content))
    asked = _asked(overrides, faults)
    for key, value in asked.items():
        if fault := set_path(ScenarioSpec, content, key, deepcopy(value)):
            faults.append(fault)
    found = cross_faults(content, file)
    spec = None
    try:
        spec = ScenarioSpec.model_validate(content)
    except ValidationError as error:
        told = (fault_of(ScenarioSpec, one, file) for one in error.errors(include_url=False))
        found = [*(fault for fault in told if fault), *found]
    faults.extend(_tell_origin(fault, asked) for fault in found)
    return (Scenario(spec, path, asked) if spec and not faults else None), content


def _asked(overrides: Overrides, faults: list[Fault]) -> dict[str, Any]:
    """Read overrides as path -> value; the last one of a path counts."""
    if isinstance(overrides, Mapping):
        return dict(overrides)
    asked: dict[str, Any] = {}
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            faults.append(Fault("--set", "", shown(text), "this is not KEY=VALUE", "write e.g. slo.0.limit_ms=300"))
            continue
        found: list[Fault] = []
        asked[key.strip()] = parse_yaml(value, "--set", found)
        if found:
            faults.append(Fault("--set", key.strip(), shown(value), found[0].problem, found[0].mend))
            del asked[key.strip()]
    return asked


def _tell_origin(fault: Fault, asked: Mapping[str, Any]) -> Fault:
    """Faults of an overridden value are told at `--set`, not at the file."""
    at = fault.where
    overridden = any(at == key or at.startswith(f"{key}.") for key in asked)
    return Fault("--set", at, fault.value, fault.problem, fault.mend) if overridden else fault
