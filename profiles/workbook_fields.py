"""The fields of an input workbook: for every key of the scenario and the tables its header with the
unit, what its cells hold, and its meaning.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from profiles.records import METRICS, NEIGHBOURS, PROVENANCES, STATISTICS

__all__ = [
    "ARRIVAL",
    "LLM_FIELDS",
    "OBJECTIVES",
    "POOL_FIELDS",
    "POOL_PAYMENT_FIELDS",
    "PROFILE_FIELDS",
    "SETTING_FIELDS",
    "SLO_FIELDS",
    "YES_NO",
    "FieldKind",
    "SheetField",
]


OBJECTIVES: Mapping[str, Mapping[str, str]] = {
    "maximize quality": {"maximize": "quality"},
    "minimize cost": {"minimize": "cost"},
}


YES_NO: Mapping[str, bool] = {"yes": True, "no": False}


class FieldKind(StrEnum):
    """What a cell holds; NUMBERS, NAMES: several in one cell; NAMED_NUMBERS: `name: number` pairs,
    or one number.
    """

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    NUMBERS = "numbers"
    NAMES = "names"
    NAMED_NUMBERS = "named numbers"


@dataclass(frozen=True, kw_only=True)
class SheetField:
    """One header (or row of Settings).

    key: of the scenario (dotted in Settings) or the table; expected: what a cell holds, in words;
    note: default and meaning; choices: all that may be written, () for anything of the kind.
    """

    key: str
    label: str
    kind: FieldKind
    expected: str
    note: str = ""
    choices: tuple[str, ...] = ()

    @property
    def base(self) -> str:
        """The label without its unit."""
        return self.label.partition(" (")[0]


def _text(key: str, label: str, expected: str, note: str = "") -> SheetField:
    return SheetField(key=key, label=label, kind=FieldKind.TEXT, expected=expected, note=note)


def _whole(key: str, label: str, expected: str, note: str = "") -> SheetField:
    return SheetField(key=key, label=label, kind=FieldKind.WHOLE, expected=expected, note=note)


def _number(key: str, label: str, expected: str, note: str = "") -> SheetField:
    return SheetField(key=key, label=label, kind=FieldKind.NUMBER, expected=expected, note=note)


def _numbers(key: str, label: str, expected: str, note: str = "") -> SheetField:
    return SheetField(key=key, label=label, kind=FieldKind.NUMBERS, expected=expected, note=note)


def _choice_workbook_field(key: str, label: str, choices: Sequence[str], note: str) -> SheetField:
    return SheetField(
        key=key,
        label=label,
        kind=FieldKind.TEXT,
        expected=f"one of {', '.join(choices)}",
        note=note,
        choices=tuple(choices),
    )


ARRIVAL = _number(
    "arrival_rate_rps", "Arrival rate (req/s)", "a number > 0", "requests offered in all"
)


POOL_FIELDS = (
    _text("name", "Pool", "a name", "identical nodes; unique name"),
    _text(
        "gpu",
        "GPU",
        "a GPU type",
        "as in the profiles; memory and price are known for the GPUs of profiles/gpus.csv",
    ),
    _whole("nodes", "Nodes", "a whole number >= 1", "nodes of the pool"),
    _whole(
        "gpus_per_node", "GPUs per node", "a whole number >= 1", "one replica stays inside one node"
    ),
    _number(
        "memory_gib",
        "Memory (GiB)",
        "a number > 0",
        "memory of one GPU; blank = from the catalogue",
    ),
    _number(
        "price_usd_per_gpu_h",
        "Price (USD/GPU/h)",
        "a number >= 0",
        "price of one GPU for an hour; blank = from the catalogue",
    ),
)


POOL_PAYMENT_FIELDS = (
    _whole(
        "nodes.at_least",
        "Nodes at least",
        "a whole number >= 0",
        "instead of Nodes: how many is decided by the plan; blank = 0",
    ),
    _whole("nodes.at_most", "Nodes at most", "a whole number >= 1", "with Nodes at least"),
    _choice_workbook_field(
        "owned", "Owned", tuple(YES_NO), "yes: all GPUs cost their price, used or not; blank = no"
    ),
    _whole(
        "reserved.nodes",
        "Reserved nodes",
        "a whole number >= 1",
        "paid for in any case; what is used beyond is rented",
    ),
    _number(
        "reserved.price_usd_per_gpu_h",
        "Reserved price (USD/GPU/h)",
        "a number >= 0",
        "price of one reserved GPU for an hour",
    ),
    _number(
        "price_usd_per_gpu_year",
        "Price by year (USD/GPU/year)",
        "a number >= 0",
        "price of one GPU for 8,760 h, instead of the one for an hour",
    ),
)
"""Further columns of pools, written only where a pool states one."""


LLM_FIELDS = (
    _text("name", "LLM", "a name", "as in Profiles and Scores; unique"),
    _number(
        "weights_gib",
        "Weights (GiB)",
        "a number > 0",
        "all shards; blank = from the catalogue; used where Profiles states no memory",
    ),
    _whole(
        "min_replicas",
        "Min replicas",
        "a whole number >= 0",
        "over all options; blank = 0, need not be deployed",
    ),
    _whole(
        "max_replicas", "Max replicas", "a whole number >= 0", "over all options; blank = no limit"
    ),
)


SLO_FIELDS = (
    _choice_workbook_field(
        "metric", "Metric", METRICS, "time to first token, time per output token, end to end"
    ),
    _choice_workbook_field("statistic", "Statistic", STATISTICS, "mean or percentile"),
    _number(
        "limit_ms",
        "Limit (ms)",
        "a number > 0",
        "all limits hold at once; no row = capacity alone limits",
    ),
    _choice_workbook_field(
        "scope",
        "Scope",
        ("all", "each_llm"),
        "over all requests together (blank = this), or every deployed option by itself",
    ),
)


PROFILE_FIELDS = (
    _text(
        "class",
        "Class",
        "the name of a class",
        "whose latencies these are; blank = of all classes without rows of their own",
    ),
    _text("llm", "LLM", "the name of an LLM", "as in LLMs"),
    _text("gpu", "GPU", "a GPU type", "as in Pools"),
    _whole("tp_degree", "TP degree (GPUs)", "a whole number >= 1", "GPUs of one replica"),
    _number(
        "mps_share_pct",
        "MPS share (%)",
        "a number above 0, at most 100",
        "compute share of each of those GPUs: 50, not 0.5; blank beside a MIG profile",
    ),
    _text(
        "mig_profile",
        "MIG profile",
        "a profile such as 3g.40gb",
        "of a replica on a MIG instance; blank = it has a share of GPUs",
    ),
    _number(
        "rate_rps",
        "Rate (req/s)",
        "a number >= 0",
        "achieved rate of one replica at this load point",
    ),
    *(
        SheetField(
            key=f"{metric}_{statistic}_ms",
            label=f"{metric.upper()} {statistic} (ms)",
            kind=FieldKind.NUMBER,
            expected="a number > 0",
            note="blank on all rows of an option, or on none",
        )
        for metric in METRICS
        for statistic in STATISTICS
    ),
    _number(
        "memory_gib_per_gpu",
        "Memory per GPU (GiB)",
        "a number > 0",
        "of one shard, KV cache included",
    ),
    _number("concurrency", "Concurrency", "a number >= 0", "for the reader; not used"),
    _number("input_tokens", "Input tokens", "a number >= 0", "mean of a prompt"),
    _number("output_tokens", "Output tokens", "a number >= 0", "mean of an answer"),
    _choice_workbook_field(
        "neighbours",
        "Neighbours",
        NEIGHBOURS,
        "what the other shards of a shared GPU did; blank = unknown",
    ),
    _choice_workbook_field(
        "provenance", "Provenance", PROVENANCES, "where the point comes from; blank = measured"
    ),
    _text("source", "Source", "text", "repeated in the report"),
    _text("measured_on", "Measured on", "text or a date", "for the reader; not used"),
)


SETTING_FIELDS = (
    _whole("version", "Format version", "1", "version of this format"),
    _text("name", "Scenario name", "a name", "name of the scenario"),
    _choice_workbook_field(
        "objective",
        "Objective",
        tuple(OBJECTIVES),
        "best quality, or the cheapest GPUs that reach a quality",
    ),
    _number(
        "objective.quality_at_least",
        "Quality at least (score)",
        "a number",
        "only with minimize cost; in the unit of the scores",
    ),
    _number(
        "objective.cost_at_most_usd_per_h",
        "Budget (USD/h)",
        "a number >= 0",
        "only with maximize quality: GPUs in use and requests outside; blank = none",
    ),
    _choice_workbook_field(
        "fleet.mode",
        "Fleet",
        ("fixed", "scheduled"),
        "one setup for all cases (blank = this), or one for each case, in a cycle",
    ),
    _number(
        "fleet.start_usd_per_gpu",
        "Start (USD/GPU)",
        "a number >= 0",
        "of a scheduled fleet, for each GPU that a replica starts on; blank = 0",
    ),
    _numbers(
        "setups.tp_degrees",
        "TP degrees (GPUs)",
        "whole numbers >= 1 with semicolons between, e.g. 1; 2; 4",
        "that may be used; blank = all profiled",
    ),
    _numbers(
        "setups.mps_shares_pct",
        "MPS shares (%)",
        "numbers above 0, at most 100, with semicolons between, e.g. 50; 100",
        "that may be used; blank = all profiled",
    ),
    SheetField(
        key="setups.mig_profiles",
        label="MIG profiles",
        kind=FieldKind.NAMES,
        expected="profiles with semicolons between, e.g. 3g.40gb; 1g.10gb",
        note="that may be used; blank = all profiled, a lone semicolon = none",
    ),
    _number(
        "setups.memory_headroom_pct",
        "Memory headroom (%)",
        "a number from 0 to 100",
        "kept free on each GPU; blank = 10",
    ),
    _number(
        "setups.min_gpu_utilization_pct",
        "Least GPU utilization (%)",
        "a number from 0 to 100",
        "least sum of TP degree times share over all GPUs; blank = 0",
    ),
    _number(
        "headroom.slo_pct",
        "Headroom: SLO limits (%)",
        "a number from 0, below 100",
        "part of every SLO's limit kept free; blank = 0",
    ),
    _number(
        "headroom.rate_pct",
        "Headroom: arrival rate (%)",
        "a number from 0 to 1000",
        "planned for above the arrival rate; blank = 0",
    ),
    _number(
        "headroom.utilization_pct",
        "Headroom: curves (%)",
        "a number from 0, below 100",
        "part of every curve's last rate not used; blank = 0",
    ),
    _choice_workbook_field(
        "scores_missing", "Prompts without a score", ("error", "drop"), "blank = error"
    ),
    _text(
        "profiles",
        "Profiles file",
        "a file name",
        ".csv or .parquet next to this workbook, instead of the sheet Profiles; blank = the sheet",
    ),
    _text(
        "scores",
        "Scores file",
        "a file name",
        ".csv or .parquet next to this workbook, instead of the sheet Scores; blank = the sheet",
    ),
    _number(
        "solver.rel_gap",
        "Solver: relative gap",
        "a number >= 0",
        "at which the search may stop; blank = 0.0001",
    ),
    _number(
        "solver.time_limit_s", "Solver: time limit (s)", "a number > 0", "of the search; blank = 60"
    ),
    _whole("solver.threads", "Solver: threads", "a whole number >= 1", "blank = 1"),
    _whole("solver.seed", "Solver: seed", "a whole number >= 0", "blank = 0"),
)
