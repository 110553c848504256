"""Keys of classes of requests, cases of the day, LLMs outside the cluster and schedules of setups.

What they mean together is in `models.demand.requests`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field, Tag

from planner.scenario.schema.bounds import (
    MOST_SLOS,
    Hours,
    Milliseconds,
    Name,
    NodeCount,
    Rate,
    RequestsPerSecond,
    Score,
    SloFactor,
    Strict,
    Tokens,
    Usd,
    Weight,
    Work,
)
from profiles.records import METRICS, STATISTICS, Column

__all__ = [
    "ALTERNATIVES",
    "ApiSpec",
    "CaseRates",
    "CaseSpec",
    "ClassSpec",
    "FleetSpec",
    "NumberOrMapping",
    "OnlyRate",
    "SloSpec",
]

ALTERNATIVES = ("number", "mapping")
"""Tags of a key that holds a number or a mapping of numbers; pydantic puts them into the places of
its errors.
"""


def _number_or_mapping(value: Any) -> str:
    return ALTERNATIVES[isinstance(value, dict | BaseModel)]


NumberOrMapping = Discriminator(_number_or_mapping)

OnlyRate = Annotated[
    Annotated[RequestsPerSecond, Tag("number")] | Annotated[dict[str, Rate], Tag("mapping")],
    NumberOrMapping,
]
"""Without cases: req/s in all, or by class."""
CaseRates = Annotated[
    Annotated[Rate, Tag("number")] | Annotated[dict[str, Rate], Tag("mapping")], NumberOrMapping
]
"""Of one case: req/s in all (no classes, or one), or by class."""
WorkByLlm = Annotated[
    Annotated[Work, Tag("number")] | Annotated[dict[str, Work], Tag("mapping")], NumberOrMapping
]
Latency = Annotated[
    Milliseconds | None, Field(description="latency, ms, constant in the rate; default: not known")
]


class SloSpec(Strict):
    """One service-level objective; all of them hold at once."""

    metric: Literal["ttft", "tpot", "e2e"] = Field(
        description="time to first token, time per output token, end-to-end time"
    )
    statistic: Literal["mean", "p50", "p90", "p95", "p99"] = Field(description="mean or percentile")
    limit_ms: Milliseconds = Field(description="limit, ms")
    scope: Literal["all", "each_llm"] = Field(
        default="all", description="over all requests together, or for every deployed option"
    )


class ApiSpec(Strict):
    """An LLM outside the cluster: a price, a rate limit and latencies."""

    usd_per_request: Usd | None = Field(
        default=None, description="price of one request, USD; or the two prices of tokens"
    )
    usd_per_1m_input_tokens: Usd | None = Field(
        default=None, description="price of a million input tokens, USD; classes state how many"
    )
    usd_per_1m_output_tokens: Usd | None = Field(
        default=None, description="price of a million output tokens, USD"
    )
    max_rate_rps: RequestsPerSecond | None = Field(
        default=None, description="requests of all classes in a case, req/s; default: no limit"
    )
    ttft_mean_ms: Latency = None
    ttft_p50_ms: Latency = None
    ttft_p90_ms: Latency = None
    ttft_p95_ms: Latency = None
    ttft_p99_ms: Latency = None
    tpot_mean_ms: Latency = None
    tpot_p50_ms: Latency = None
    tpot_p90_ms: Latency = None
    tpot_p95_ms: Latency = None
    tpot_p99_ms: Latency = None
    e2e_mean_ms: Latency = None
    e2e_p50_ms: Latency = None
    e2e_p90_ms: Latency = None
    e2e_p95_ms: Latency = None
    e2e_p99_ms: Latency = None

    @property
    def latency_ms(self) -> dict[Column, float]:
        """Latencies that are stated, ms."""
        columns = ((metric, statistic) for metric in METRICS for statistic in STATISTICS)
        stated = {column: getattr(self, f"{column[0]}_{column[1]}_ms") for column in columns}
        return {column: value for column, value in stated.items() if value is not None}


class ClassSpec(Strict):
    """Requests of one kind; the gateway tells it by a header or an API key."""

    name: Name = Field(description="name of the class, unique")
    scores: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="scores table of its prompts; default: the scenario's `scores`"
    )
    slo: Annotated[tuple[SloSpec, ...], Field(strict=False, max_length=MOST_SLOS)] = Field(
        default=(), description="SLOs over the requests of this class"
    )
    llms: Annotated[tuple[Name, ...], Field(strict=False, min_length=1)] | None = Field(
        default=None, description="LLMs that may answer it; default: all"
    )
    quality_at_least: Score | None = Field(
        default=None, description="quality that it must reach in every case"
    )
    work: WorkByLlm = Field(
        default=1.0, description="load of one request, or {llm: load}; 1: as profiled"
    )
    input_tokens: Tokens | None = Field(
        default=None, description="mean tokens of a prompt, for prices by tokens"
    )
    output_tokens: Tokens | None = Field(
        default=None, description="mean tokens of an answer, for prices by tokens"
    )
    weight: Weight = Field(default=1.0, description="of one request in the objective")


class CaseSpec(Strict):
    """A steady state that the fleet must serve: a period, a stress load, a failure."""

    name: Name = Field(description="name of the case, unique")
    hours: Hours = Field(
        default=1.0, description="its weight in the objective, h; 0: must hold, and is not counted"
    )
    arrival_rate_rps: CaseRates | None = Field(
        default=None, description="req/s of every class, {class: rate}; a number without classes"
    )
    lost_nodes: dict[str, NodeCount] = Field(
        default={}, description="{pool: nodes} that may be lost, whichever they are"
    )
    slo_factor: SloFactor = Field(default=1.0, description="of every limit of an SLO")
    quality_at_least: Score | None = Field(
        default=None, description="quality that the case must reach over its classes"
    )
    of: Name | None = Field(
        default=None,
        description="of a scheduled fleet: the case whose setup this one tests; default: its own",
    )


class FleetSpec(Strict):
    """Whether one setup serves all cases, or setups follow each other."""

    mode: Literal["fixed", "scheduled"] = Field(
        default="fixed",
        description="one setup for all cases, or one for each case without `of`, in a cycle",
    )
    start_usd_per_gpu: Usd = Field(
        default=0.0, description="of a scheduled fleet: USD for each GPU that a replica starts on"
    )
