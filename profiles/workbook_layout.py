"""The sheets of an input workbook: their names, and for every key of the scenario and the tables
its header, unit and meaning.

One description for both directions: `reports.workbook.input_sheets` writes by it,
`planner.scenario.workbook` reads by it. A header is a label with its unit in parentheses, e.g.
`Memory (GiB)`; the key itself (`memory_gib`) is read as a header too. Headers of Scores are the
names of the LLMs as they stand, beside `prompt_id` and `weight`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from profiles.records import METRICS, PROVENANCES, STATISTICS

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ARRIVAL",
    "DEMAND",
    "LLMS",
    "OBJECTIVES",
    "POOLS",
    "PROFILES",
    "REPORT_SHEETS",
    "SCORES",
    "SETTINGS",
    "SHEETS",
    "TABLES",
    "UNHOLDABLE",
    "SheetField",
    "WorkbookInputs",
    "sheet_reference",
]

POOLS, LLMS, PROFILES, SCORES, DEMAND, SETTINGS = SHEETS = (
    "Pools",
    "LLMs",
    "Profiles",
    "Scores",
    "Demand & SLO",
    "Settings",
)
REPORT_SHEETS: tuple[str, ...] = (
    *(
        "Summary",
        "Assumptions",
        "Setup",
        "Cost",
        "Routing",
        "GPU map",
        "Shards",
        "Latency",
        "Curve points",
        "Sensitivity",
        "Frontier",
    ),
    *(
        "Setups study",
        "Setups data",
        "Baselines",
        "Alternatives",
        "Shadow prices",
        "Dropped options",
        "Conflict",
        "Checks",
        "Log",
    ),
)
"""Sheets of a report, in order; silently passed over when it is read as an input."""

OBJECTIVES: Mapping[str, Mapping[str, str]] = {
    "maximize quality": {"maximize": "quality"},
    "minimize cost": {"minimize": "cost"},
}
UNHOLDABLE = r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|x005F_"
"""What cells cannot give back as it was: control characters, and the mark by which workbooks escape
them (openpyxl takes it out).
"""


@dataclass(frozen=True)
class SheetField:
    """One header (or row of Settings).

    key: of the scenario (dotted in Settings) or the table; expected: what a cell holds, in words.

    kind: text | whole | number | numbers (several in one cell). note: default and meaning; choices:
    all that may be written.
    """

    key: str
    label: str
    kind: str
    expected: str
    note: str = ""
    choices: tuple[str, ...] = ()

    @property
    def base(self) -> str:
        """The label without its unit."""
        return self.label.partition(" (")[0]


@dataclass(frozen=True)
class WorkbookInputs:
    """What the sheets hold.

    Rows: key -> value (missing or None: a blank cell); settings: dotted key -> value.

    profiles, scores: tables with the columns of the files; None: the sheet is left out, and
    settings name a file.
    """

    pools: Sequence[Mapping[str, Any]]
    llms: Sequence[Mapping[str, Any]]
    slo: Sequence[Mapping[str, Any]]
    arrival_rate_rps: float
    settings: Mapping[str, Any]
    profiles: "pd.DataFrame | None"
    scores: "pd.DataFrame | None"
    notes: tuple[str, ...] = field(default=())


def sheet_reference(book: str, sheet: str) -> str:
    """What a scenario calls a table that stands in the workbook of this file name."""
    return f"{book}#{sheet}"


def _choice(key: str, label: str, choices: Sequence[str], note: str) -> SheetField:
    return SheetField(key, label, "text", f"one of {', '.join(choices)}", note, tuple(choices))


ARRIVAL = SheetField(
    "arrival_rate_rps", "Arrival rate (req/s)", "number", "a number > 0", "requests offered in all"
)

_POOL_FIELDS = (
    SheetField("name", "Pool", "text", "a name", "nodes that are all alike; unique"),
    SheetField(
        "gpu",
        "GPU",
        "text",
        "a GPU type",
        "as in the profiles; memory and price are known for the GPUs of profiles/gpus.csv",
    ),
    SheetField("nodes", "Nodes", "whole", "a whole number >= 1", "nodes of the pool"),
    SheetField(
        "gpus_per_node",
        "GPUs per node",
        "whole",
        "a whole number >= 1",
        "one replica stays inside one node",
    ),
    SheetField(
        "memory_gib",
        "Memory (GiB)",
        "number",
        "a number > 0",
        "memory of one GPU; blank = from the catalogue",
    ),
    SheetField(
        "price_usd_per_gpu_h",
        "Price (USD/GPU/h)",
        "number",
        "a number >= 0",
        "price of one GPU for an hour; blank = from the catalogue",
    ),
)
_LLM_FIELDS = (
    SheetField("name", "LLM", "text", "a name", "as in Profiles and Scores; unique"),
    SheetField(
        "weights_gib",
        "Weights (GiB)",
        "number",
        "a number > 0",
        "all shards; blank = from the catalogue; used where Profiles tell no memory",
    ),
    SheetField(
        "min_replicas",
        "Min replicas",
        "whole",
        "a whole number >= 0",
        "over all options; blank = 0, need not be deployed",
    ),
    SheetField(
        "max_replicas",
        "Max replicas",
        "whole",
        "a whole number >= 0",
        "over all options; blank = no limit",
    ),
)
_SLO_FIELDS = (
    _choice("metric", "Metric", METRICS, "time to first token, time per output token, end to end"),
    _choice("statistic", "Statistic", STATISTICS, "mean or percentile"),
    SheetField(
        "limit_ms",
        "Limit (ms)",
        "number",
        "a number > 0",
        "all limits hold at once; no row = capacity alone limits",
    ),
    _choice(
        "scope",
        "Scope",
        ("all", "each_llm"),
        "over all requests together (blank = this), or every deployed option by itself",
    ),
)
_PROFILE_FIELDS = (
    SheetField("llm", "LLM", "text", "the name of an LLM", "as in LLMs"),
    SheetField("gpu", "GPU", "text", "a GPU type", "as in Pools"),
    SheetField(
        "tp_degree", "TP degree (GPUs)", "whole", "a whole number >= 1", "GPUs of one replica"
    ),
    SheetField(
        "mps_share_pct",
        "MPS share (%)",
        "number",
        "a number above 0, at most 100",
        "compute share of each of those GPUs: 50, not 0.5",
    ),
    SheetField(
        "rate_rps",
        "Rate (req/s)",
        "number",
        "a number >= 0",
        "achieved rate of one replica at this load point",
    ),
    *(
        SheetField(
            f"{metric}_{statistic}_ms",
            f"{metric.upper()} {statistic} (ms)",
            "number",
            "a number > 0",
            "blank on all rows of an option, or on none",
        )
        for metric in METRICS
        for statistic in STATISTICS
    ),
    SheetField(
        "memory_gib_per_gpu",
        "Memory per GPU (GiB)",
        "number",
        "a number > 0",
        "of one shard, KV cache included",
    ),
    SheetField("concurrency", "Concurrency", "number", "a number >= 0", "for the reader; not used"),
    SheetField("input_tokens", "Input tokens", "number", "a number >= 0", "mean of a prompt"),
    SheetField("output_tokens", "Output tokens", "number", "a number >= 0", "mean of an answer"),
    _choice(
        "provenance", "Provenance", PROVENANCES, "where the point comes from; blank = measured"
    ),
    SheetField("source", "Source", "text", "text", "repeated in the report"),
    SheetField("measured_on", "Measured on", "text", "text or a date", "for the reader; not used"),
)
_SETTING_FIELDS = (
    SheetField("version", "Format version", "whole", "1", "version of this format"),
    SheetField("name", "Scenario name", "text", "a name", "name of the scenario"),
    _choice(
        "objective",
        "Objective",
        tuple(OBJECTIVES),
        "best quality, or the cheapest GPUs that reach a quality",
    ),
    SheetField(
        "objective.quality_at_least",
        "Quality at least (score)",
        "number",
        "a number",
        "with minimize cost alone; in the unit of the scores",
    ),
    SheetField(
        "setups.tp_degrees",
        "TP degrees (GPUs)",
        "numbers",
        "whole numbers >= 1 with semicolons between, e.g. 1; 2; 4",
        "that may be used; blank = all profiled",
    ),
    SheetField(
        "setups.mps_shares_pct",
        "MPS shares (%)",
        "numbers",
        "numbers above 0, at most 100, with semicolons between, e.g. 50; 100",
        "that may be used; blank = all profiled",
    ),
    SheetField(
        "setups.memory_headroom_pct",
        "Memory headroom (%)",
        "number",
        "a number from 0 to 100",
        "kept free on each GPU; blank = 10",
    ),
    SheetField(
        "setups.min_gpu_utilization_pct",
        "Least GPU utilization (%)",
        "number",
        "a number from 0 to 100",
        "least sum of TP degree times share over all GPUs; blank = 0",
    ),
    _choice("scores_missing", "Prompts without a score", ("error", "drop"), "blank = error"),
    SheetField(
        "profiles",
        "Profiles file",
        "text",
        "a file name",
        ".csv or .parquet beside this workbook, instead of the sheet Profiles; blank = the sheet",
    ),
    SheetField(
        "scores",
        "Scores file",
        "text",
        "a file name",
        ".csv or .parquet beside this workbook, instead of the sheet Scores; blank = the sheet",
    ),
    SheetField(
        "solver.rel_gap",
        "Solver: relative gap",
        "number",
        "a number >= 0",
        "at which the search may stop; blank = 0.0001",
    ),
    SheetField(
        "solver.time_limit_s",
        "Solver: time limit (s)",
        "number",
        "a number > 0",
        "of the search; blank = 60",
    ),
    SheetField("solver.threads", "Solver: threads", "whole", "a whole number >= 1", "blank = 1"),
    SheetField("solver.seed", "Solver: seed", "whole", "a whole number >= 0", "blank = 0"),
)

TABLES: Mapping[str, tuple[SheetField, ...]] = {
    POOLS: _POOL_FIELDS,
    LLMS: _LLM_FIELDS,
    PROFILES: _PROFILE_FIELDS,
    DEMAND: _SLO_FIELDS,
    SETTINGS: _SETTING_FIELDS,
}
"""Fields by sheet, in the order in which they are written; of DEMAND those of its table, of
SETTINGS its rows.
"""
