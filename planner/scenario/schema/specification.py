"""The schema of a scenario file: every key with its unit, its bounds and its default.

docs/scenario.schema.json is made from these classes. Unknown keys are faults.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from planner.scenario.schema.bounds import (
    MOST,
    MOST_LLMS,
    MOST_POOLS,
    MOST_SLOS,
    Count,
    Gibibytes,
    Name,
    NodeCount,
    PartPercent,
    Percent,
    Score,
    Seconds,
    Share,
    Strict,
    UsdPerHour,
    UsdPerYear,
)
from planner.scenario.schema.demand_specification import (
    ApiSpec,
    CaseSpec,
    ClassSpec,
    FleetSpec,
    NumberOrMapping,
    OnlyRate,
    SloSpec,
)

__all__ = [
    "HeadroomSpec",
    "LlmSpec",
    "MaximizeQuality",
    "MinimizeCost",
    "NodesSpec",
    "PoolSpec",
    "ReservedSpec",
    "ScenarioSpec",
    "SetupsSpec",
    "SloSpec",
    "SolverSpec",
    "scenario_schema",
    "write_schema",
]


HOURS_A_YEAR = 8760.0


class NodesSpec(Strict):
    """Bounds on a number of nodes that is to be decided."""

    at_least: NodeCount = Field(default=0, description="least number of nodes")
    at_most: Count = Field(description="largest number of nodes")


class ReservedSpec(Strict):
    """Nodes that are paid for in any case, in use or not."""

    nodes: Count = Field(description="number of reserved nodes")
    price_usd_per_gpu_h: UsdPerHour = Field(description="price of one reserved GPU, USD/h")


Nodes = Annotated[
    Annotated[NodeCount, Tag("number")] | Annotated[NodesSpec, Tag("mapping")], NumberOrMapping
]


class PoolSpec(Strict):
    """Identical nodes; the tensor-parallel group of one replica stays inside one node."""

    name: Name = Field(description="name of the pool, unique")
    gpu: Name = Field(description="GPU type: key into the GPU catalogue and into the profile table")
    nodes: Nodes = Field(
        description="number of nodes; {at_least, at_most}: how many is decided by the plan"
    )
    gpus_per_node: Count = Field(description="GPUs in each node")
    memory_gib: Gibibytes | None = Field(
        default=None, description="memory of one GPU, GiB; default: from the catalogue"
    )
    price_usd_per_gpu_h: UsdPerHour | None = Field(
        default=None, description="price of one GPU, USD/h; default: from the catalogue"
    )
    price_usd_per_gpu_year: UsdPerYear | None = Field(
        default=None, description="the same by the year, 8,760 h; instead of the one by the hour"
    )
    owned: bool = Field(
        default=False, description="whether all GPUs of the pool cost their price, used or not"
    )
    reserved: ReservedSpec | None = Field(
        default=None, description="nodes paid for in any case; what is used beyond is rented"
    )

    @property
    def most_nodes(self) -> int:
        """Nodes, or the most of them."""
        return self.nodes if isinstance(self.nodes, int) else self.nodes.at_most

    @property
    def price_by_hour(self) -> float | None:
        """Price of one GPU as stated, USD/h."""
        if self.price_usd_per_gpu_year is not None:
            return self.price_usd_per_gpu_year / HOURS_A_YEAR
        return self.price_usd_per_gpu_h


class LlmSpec(Strict):
    """One LLM that may be deployed, or one outside the cluster."""

    name: Name = Field(
        description="name of the LLM, unique: key into the profile and scores tables"
    )
    weights_gib: Gibibytes | None = Field(
        default=None,
        description="weights, GiB, all shards together; default: from the catalogue, at 16 bit",
    )
    min_replicas: Annotated[int, Field(ge=0, le=MOST)] = Field(
        default=0, description="least number of replicas, over all options"
    )
    max_replicas: Annotated[int, Field(ge=0, le=MOST)] | None = Field(
        default=None, description="largest number of replicas, over all options; default: no limit"
    )
    api: ApiSpec | None = Field(
        default=None, description="of an LLM outside the cluster: price, rate limit, latencies"
    )


class MaximizeQuality(Strict):
    """Best quality that capacity and SLOs allow."""

    maximize: Literal["quality"] = Field(
        description="quality of the answers, weight-averaged over prompts"
    )
    cost_at_most_usd_per_h: UsdPerHour | None = Field(
        default=None, description="budget, USD/h: GPUs in use, LLMs outside, starts; default: none"
    )


class MinimizeCost(Strict):
    """Cheapest GPUs that reach a quality."""

    minimize: Literal["cost"] = Field(description="cost of the GPUs in use, USD/h")
    quality_at_least: Score = Field(
        description="quality that the plan must reach, in the unit of the scores"
    )


class SetupsSpec(Strict):
    """Which setups may be considered."""

    tp_degrees: Annotated[tuple[Count, ...], Field(strict=False, min_length=1)] | None = Field(
        default=None, description="tensor-parallel degrees; default: all profiled"
    )
    mps_shares_pct: Annotated[tuple[Share, ...], Field(strict=False, min_length=1)] | None = Field(
        default=None, description="MPS shares, per cent of one GPU; default: all profiled"
    )
    mig_profiles: Annotated[tuple[Name, ...], Field(strict=False)] | None = Field(
        default=None, description="profiles of MIG instances; default: all profiled; []: none"
    )
    memory_headroom_pct: Percent = Field(
        default=10.0, description="part of each GPU's memory kept free, per cent"
    )
    min_gpu_utilization_pct: Percent = Field(
        default=0.0,
        description="least sum of tp * share of deployed replicas over all GPUs, per cent",
    )


class HeadroomSpec(Strict):
    """What a plan keeps free; enters the scenario's hash only where it is stated."""

    slo_pct: PartPercent = Field(
        default=0.0, description="part of every SLO's limit kept free, per cent"
    )
    rate_pct: Annotated[float, Field(ge=0, le=1000)] = Field(
        default=0.0, description="planned for above arrival_rate_rps, per cent of it"
    )
    utilization_pct: PartPercent = Field(
        default=0.0, description="part of every curve's last rate not used, per cent"
    )


class SolverSpec(Strict):
    """How long and how closely to search; no part of the scenario's hash."""

    rel_gap: Annotated[float, Field(ge=0, le=1)] = Field(
        default=1.0e-4, description="relative gap at which the search may stop"
    )
    time_limit_s: Seconds = Field(default=60.0, description="time limit, s")
    threads: Annotated[int, Field(ge=1, le=1024)] = Field(
        default=1, description="threads of the solver"
    )
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(
        default=0, description="seed of the solver"
    )


def _schema_sense(value: Any) -> str | None:
    keys = (
        value
        if isinstance(value, dict)
        else type(value).model_fields
        if isinstance(value, Strict)
        else ()
    )
    return next((sense for sense in ("minimize", "maximize") if sense in keys), None)


Objective = Annotated[
    Annotated[MaximizeQuality, Tag("maximize")] | Annotated[MinimizeCost, Tag("minimize")],
    Discriminator(_schema_sense),
]


class ScenarioSpec(Strict):
    """The content of scenario.yaml."""

    version: Annotated[int, Field(ge=1, le=1)] = Field(description="version of this format")
    name: Name = Field(description="name of the scenario")
    pools: Annotated[
        tuple[PoolSpec, ...], Field(strict=False, min_length=1, max_length=MOST_POOLS)
    ] = Field(description="pools of GPUs")
    llms: Annotated[
        tuple[LlmSpec, ...], Field(strict=False, min_length=1, max_length=MOST_LLMS)
    ] = Field(description="LLMs that may be deployed")
    profiles: Annotated[str, Field(min_length=1)] = Field(
        description="profile table, .csv or .parquet; relative to the scenario file"
    )
    scores: Annotated[str, Field(min_length=1)] = Field(
        description="scores table, .csv or .parquet; relative to the scenario file"
    )
    scores_missing: Literal["error", "drop"] = Field(
        default="error", description="what to do with prompts that lack a score"
    )
    arrival_rate_rps: OnlyRate | None = Field(
        default=None,
        description="requests offered in all, req/s, or {class: req/s}; not beside `cases`",
    )
    slo: Annotated[tuple[SloSpec, ...], Field(strict=False, max_length=MOST_SLOS)] = Field(
        description="SLOs; [] when capacity alone limits"
    )
    objective: Objective = Field(
        description="{maximize: quality} or {minimize: cost, quality_at_least: ...}"
    )
    classes: Annotated[tuple[ClassSpec, ...], Field(strict=False, min_length=1)] | None = Field(
        default=None, description="classes of requests; default: all requests are alike"
    )
    cases: Annotated[tuple[CaseSpec, ...], Field(strict=False, min_length=1)] | None = Field(
        default=None, description="steady states to be served; default: one"
    )
    demand: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="table of rates (case, class, rate_rps) in place of those in `cases`",
    )
    fleet: FleetSpec = Field(
        default=FleetSpec(), description="one setup for all cases, or setups by case"
    )
    setups: SetupsSpec = Field(default=SetupsSpec(), description="which setups may be considered")
    headroom: HeadroomSpec = Field(default=HeadroomSpec(), description="what a plan keeps free")
    solver: SolverSpec = Field(
        default=SolverSpec(), description="how long and how closely to search"
    )

    @property
    def cluster_llms(self) -> tuple[LlmSpec, ...]:
        """LLMs of the cluster, in their order."""
        return tuple(llm for llm in self.llms if llm.api is None)

    @property
    def outside_llms(self) -> tuple[LlmSpec, ...]:
        """LLMs outside the cluster, in their order."""
        return tuple(llm for llm in self.llms if llm.api is not None)

    @property
    def served_llms(self) -> tuple[str, ...]:
        """Names of the LLMs of the cluster, then of those outside."""
        return tuple(llm.name for llm in (*self.cluster_llms, *self.outside_llms))

    def llm_place(self, name: str) -> str:
        """Dotted path of an LLM, e.g. llms.2."""
        return f"llms.{[llm.name for llm in self.llms].index(name)}"

    @property
    def rate_in_all(self) -> float:
        """arrival_rate_rps of a scenario without classes and cases, req/s."""
        if not isinstance(self.arrival_rate_rps, int | float):
            raise TypeError("the scenario states rates by class or case")
        return self.arrival_rate_rps


def scenario_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the scenario file, with descriptions, units and defaults."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ScenarioSpec.model_json_schema(),
    }


def write_schema(path: Path) -> None:
    """Write the schema; docs/scenario.schema.json is made so."""
    path.write_text(
        json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
