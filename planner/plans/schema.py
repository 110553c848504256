"""The content of plan.json as types, one per part; the same as docs/plan.schema.json says (a test
compares them).

Plain dicts at run time: nothing is copied or checked, and what `read_plan_file` gives is of these
types too. Names and units of files: ms, req/s, GiB, USD/h, per cent for `_pct`, 0..1 for shares and
fractions. null (None) means that there is no plan or no such number. docs/plan-json.md explains
every key.
"""

from typing import Any, NotRequired, TypedDict

__all__ = [
    "AlternativeContent",
    "AlternativesContent",
    "BestEffortContent",
    "ChangeContent",
    "ChecksContent",
    "ConflictContent",
    "ContextContent",
    "DroppedContent",
    "FewestChangesContent",
    "FewestGpusContent",
    "FiltersContent",
    "LlmContent",
    "LostNodeContent",
    "MarginalContent",
    "ObjectiveContent",
    "OptionContent",
    "PlanContent",
    "PoolContent",
    "ReplicaChangeContent",
    "RouterContent",
    "ScenarioContextContent",
    "SearchedContent",
    "SetupContent",
    "ShadowPricesContent",
    "ShardContent",
    "SloContent",
    "SolvedContent",
    "SolverContent",
    "StartsAndStopsContent",
    "TieContent",
]


# ---------------------------------------------------------------- the setup


class SliceContent(TypedDict):
    """What of a GPU an option runs on: a share of each, or a MIG instance, which has no share."""

    mps_share_pct: float | None
    mig_profile: NotRequired[str]


class SlotContent(TypedDict):
    """Where on its GPU a MIG instance is: its first memory slice."""

    mig_start: NotRequired[int]


class OptionContent(SliceContent):
    """One deployed option; latency_ms: `<metric>_<statistic>` -> ms at the rate per replica."""

    llm: str
    pool: str
    gpu: str
    tp_degree: int
    replicas: int
    rate_rps: float
    rate_per_replica_rps: float
    max_rate_per_replica_rps: float
    latency_ms: dict[str, float]
    memory_gib_per_gpu: float
    provenance: str


class TieContent(TypedDict):
    """One set of LLMs that tie: the share of prompt weight concerned, split over `llms`."""

    llms: list[str]
    share: float
    split: list[float]


class RouterContent(TypedDict):
    """The rule of the router and how ties are split."""

    rule: str
    tie_eps: float
    ties: list[TieContent]


class SloContent(TypedDict):
    """One SLO with what the setup achieves; achieved_ms: None without a setup.

    planned_limit_ms: less the headroom, where the scenario states one; binding: against it.
    """

    metric: str
    statistic: str
    scope: str
    limit_ms: float
    planned_limit_ms: NotRequired[float]
    achieved_ms: float | None
    binding: bool


class ShardContent(SliceContent, SlotContent):
    """One shard of one replica on one GPU; node, gpu, replica and shard count from 0."""

    pool: str
    node: int
    gpu: int
    llm: str
    tp_degree: int
    replica: int
    shard: int


class DecidedNodesContent(TypedDict):
    """The number of nodes of one pool that the plan has decided."""

    pool: str
    nodes: int


class BoughtNodesContent(TypedDict, total=False):
    """Only of a scenario that leaves numbers of nodes to the plan."""

    pools: list[DecidedNodesContent]


class SetupContent(BoughtNodesContent):
    """What a solution runs and reaches; dual_prices: None for LLMs not routed to."""

    quality: float | None
    cost_usd_per_h: float | None
    gpus_used: int | None
    gpus_total: int
    options: list[OptionContent]
    routing: dict[str, float]
    dual_prices: dict[str, float | None]
    router: RouterContent
    slo: list[SloContent]
    placement: list[ShardContent]


# ---------------------------------------------------------------- the solution


class ObjectiveContent(TypedDict):
    """Value found and bound on all plans: mean score (of quality) or USD/h (of cost)."""

    sense: str
    of: str
    value: float | None
    bound: float | None
    rel_gap: float | None


class ShadowPricesContent(TypedDict):
    """Change of the objective per +1 req/s, per +1 ms of each SLO, per node of each pool."""

    arrival_rate_rps: float | None
    slo: list[float | None]
    pools: dict[str, float | None]
    notes: list[str]


class SolverContent(TypedDict):
    """The search in numbers; wall_s without loading."""

    name: str
    version: str
    wall_s: float
    milp_solves: int
    quality_cuts: int
    nodes: int
    termination: str


class ChecksContent(TypedDict):
    """What the verifier says; only verified plans are written."""

    verified: bool
    problems: list[str]


class SolvedContent(SetupContent):
    """One solution: status, objective, setup, prices, search, checks."""

    status: str
    objective: ObjectiveContent
    shadow_prices: ShadowPricesContent
    solver: SolverContent
    checks: ChecksContent


# ---------------------------------------------------------------- alternatives


class SearchedContent(TypedDict):
    """What alternatives were searched for: how many, within which loss, for which plan."""

    number: int
    loss_pct: float
    current: str | None


class FewestGpusContent(TypedDict):
    """GPUs of the smallest plan found, and how few are proved to be too few."""

    found: int
    proved: int


class FewestChangesContent(TypedDict):
    """Starts and stops from the current plan: fewest found, proved bound, those of the plan."""

    found: int
    proved: int
    plan_found: int


class StartsAndStopsContent(TypedDict):
    """Replicas that start and stop in a change from the current plan."""

    start: int
    stop: int


ReplicaChangeContent = TypedDict(
    "ReplicaChangeContent",
    {
        "llm": str,
        "pool": str,
        "tp_degree": int,
        "mps_share_pct": float | None,
        "mig_profile": NotRequired[str],
        "from": int,
        "to": int,
    },
)
"""Replicas of one option in the plan and in the alternative."""


class AlternativeContent(SolvedContent):
    """Another setup nearly as good; loss: of the objective, in its unit."""

    aims: list[str]
    loss: float
    loss_pct: float
    changes: list[ReplicaChangeContent]
    from_current: StartsAndStopsContent | None


class AlternativesContent(TypedDict):
    """Other setups, best first, and what is proved about all of them."""

    asked: SearchedContent
    limit: float
    fewest_gpus: FewestGpusContent
    fewest_changes: FewestChangesContent | None
    complete: bool
    stopped: str
    plans: list[AlternativeContent]


# ---------------------------------------------------------------- the context


class ReservedContent(TypedDict):
    """Nodes that are paid for in any case, and the price of one of their GPUs."""

    nodes: int
    price_usd_per_gpu_h: float


class PaidPoolContent(TypedDict, total=False):
    """How a pool is paid, where it is not rented; of a number of nodes that the plan has decided
    its bounds.
    """

    owned: bool
    reserved: ReservedContent
    nodes_at_least: int
    nodes_at_most: int


class PoolContent(PaidPoolContent):
    """One pool; memory and price of one GPU."""

    name: str
    gpu: str
    nodes: int
    gpus_per_node: int
    memory_gib: float
    price_usd_per_gpu_h: float | None


class LlmContent(TypedDict):
    """The limits on the replicas of one LLM; max_replicas None = no limit."""

    name: str
    min_replicas: int
    max_replicas: int | None


class MigFilterContent(TypedDict):
    """The MIG profiles that may be used, where the scenario lists them."""

    mig_profiles: NotRequired[list[str]]


class FiltersContent(MigFilterContent):
    """What limited the options, defaults included; None = everything profiled."""

    tp_degrees: list[int] | None
    mps_shares_pct: list[float] | None
    memory_headroom_pct: float
    min_gpu_utilization_pct: float


class HeadroomContent(TypedDict):
    """What the plan keeps free, per cent."""

    slo_pct: float
    rate_pct: float
    utilization_pct: float


class DroppedContent(SliceContent):
    """One option that was considered and left out."""

    llm: str
    pool: str
    tp_degree: int
    reason: str


MarginalContent = TypedDict(
    "MarginalContent",
    {
        "change": str,
        "from": float,
        "to": float,
        "status": str,
        "value": float | None,
        "bound": float | None,
        "difference": float | None,
        "certain": bool,
    },
)
"""The plan with one limit moved by a unit; change: dotted path of the scenario."""


class ScenarioContextContent(TypedDict):
    """The scenario restated. scores_provenance: a ScoreProvenance."""

    arrival_rate_rps: float
    headroom: NotRequired[HeadroomContent]
    quality_at_least: float | None
    prompts: int
    scores_provenance: NotRequired[str]
    pools: list[PoolContent]
    llms: NotRequired[list[LlmContent]]
    filters: FiltersContent
    options_considered: int
    dropped: list[DroppedContent]


class SimulatedSloContent(TypedDict):
    """Mean over the runs and 95 % interval of one SLO, ms; high_ms: None after a single run."""

    mean_ms: float
    low_ms: float
    high_ms: float | None
    verdict: str


class SimulatedContent(TypedDict):
    """A short simulation of the SLOs near their limits; slo: None for the others. Or why there was
    none.
    """

    runs: NotRequired[int]
    seconds_per_run: NotRequired[float]
    requests: NotRequired[int]
    seed: NotRequired[int]
    slo: NotRequired[list[SimulatedSloContent | None]]
    skipped: NotRequired[str]


class RobustnessContent(TypedDict):
    """The search for the smallest headroom that keeps the SLOs in replays.

    to: how requests arrive; key, percent: the headroom of this plan, None where none was enough;
    value_without: objective without it; complete: the search was not stopped.
    """

    to: str
    replays: int
    seconds_per_replay: float
    seed: int
    kept_pct: float
    kept_without_pct: float
    key: str | None
    percent: float | None
    value_without: float
    plans_tried: int
    complete: bool


class CheckedPromptsContent(TypedDict):
    """What holds on all prompts.

    quality: at least, of the plan's fractions; bound: no plan has more, None for a cost;
    bound_shift: by which every bound on quality rises; fraction_off_pct: of requests, largest
    difference between a fraction and what the router sends.
    """

    quality: float
    bound: float | None
    bound_shift: float
    fraction_off_pct: float


class AllPromptsContent(TypedDict):
    """A score table too large for memory, for which representatives stand.

    prompts: in it; standing: representatives; exact: only equal prompts were made one; checked:
    None where the check was stopped.
    """

    prompts: int
    standing: int
    exact: bool
    checked: CheckedPromptsContent | None


class LostNodeContent(TypedDict):
    """The worst loss of a node of a pool; case: null where the scenario states none."""

    case: str | None
    pool: str
    holds: bool | None
    worst_node: int
    quality: float | None
    served_pct: float | None


class RunningOptionContent(SliceContent):
    """Replicas of one option that run."""

    llm: str
    pool: str
    tp_degree: int
    replicas: int


class RunningSeatContent(TypedDict):
    """One replica that runs. option: position in the options that run."""

    option: int
    node: int
    gpus: list[int]


class PricedChangesContent(TypedDict):
    """A price of changes: USD for each GPU on which a replica has to start, spread over hours.

    running: where replicas run. gpus: shards that start beside them, what they cost once and per
    hour; None without a plan.
    """

    usd_per_gpu: float
    hours: float
    running: list[RunningSeatContent]
    gpus: int | None
    usd: float | None
    usd_per_h: float | None


class StartContent(TypedDict):
    """The plan that this one starts from: its file, its scenario, what runs.

    kept, started, stopped: replicas; moved: of the kept ones, on other GPUs; None without a plan.
    most_changes: how many may start or stop in all, None without a limit. changes: with a price.
    """

    plan: str
    scenario_sha256: str
    options: list[RunningOptionContent]
    kept: int | None
    started: int | None
    stopped: int | None
    moved: int | None
    most_changes: int | None
    changes: NotRequired[PricedChangesContent]


StartedContextContent = TypedDict(
    "StartedContextContent", {"from": NotRequired[StartContent]}, total=False
)
"""What a plan says that starts from one that runs."""


class ContextContent(ScenarioContextContent, StartedContextContent):
    """What reports show in addition to the plan.

    sources: of the curves used; tables_sha256: of `curves` and `scores`;
    curve_warnings: why they may promise too much; seconds: by phase.
    """

    sources: list[str]
    tables_sha256: NotRequired[dict[str, str]]
    curve_warnings: NotRequired[list[str]]
    effort_notes: list[str]
    seconds: dict[str, float]
    notices: list[str]
    simulated: NotRequired[SimulatedContent]
    robustness: NotRequired[RobustnessContent]
    all_prompts: NotRequired[AllPromptsContent]
    marginals: NotRequired[list[MarginalContent]]
    lost_nodes: NotRequired[list[LostNodeContent]]
    alternatives: NotRequired[AlternativesContent]


# ---------------------------------------------------------------- why nothing fits


ChangeContent = TypedDict(
    "ChangeContent", {"change": str, "from": float, "to": float, "proved": NotRequired[bool]}
)
"""One change of the scenario: dotted path, value before and after in the scenario's unit.

proved: no smaller one is enough (plans of 0.1.0 do not say).
"""


class BestEffortContent(SolvedContent):
    """The plan of the nearest feasible case, after `change`."""

    change: ChangeContent | None
    context: ContextContent


class ConflictContent(TypedDict):
    """limits: sentences; repairs: single changes, each of which makes the scenario feasible."""

    limits: list[str]
    repairs: list[ChangeContent]
    best_effort: BestEffortContent | None


# ---------------------------------------------------------------- the file


class PlanContent(SolvedContent):
    """All of plan.json; overrides: dotted path -> value; conflict: where nothing fits."""

    schema: int
    scenario: str
    scenario_path: str
    overrides: dict[str, Any]
    scenario_sha256: str
    planner_version: str
    context: ContextContent
    conflict: NotRequired[ConflictContent]
