"""The fields of the sheets that hold classes, cases, their rates and LLMs outside the cluster."""

from profiles.records import METRICS, STATISTICS
from profiles.workbook_fields import SLO_FIELDS, FieldKind, SheetField

__all__ = ["CASE_FIELDS", "CLASS_FIELDS", "CLASS_SLO_FIELDS", "OUTSIDE_FIELDS", "RATE_FIELDS"]


def _demand_field(
    key: str, label: str, kind: FieldKind, expected: str, note: str = ""
) -> SheetField:
    return SheetField(key=key, label=label, kind=kind, expected=expected, note=note)


def _number(key: str, label: str, expected: str, note: str = "") -> SheetField:
    return _demand_field(key, label, FieldKind.NUMBER, expected, note)


CLASS_FIELDS = (
    _demand_field(
        "name", "Class", FieldKind.TEXT, "a name", "kind of requests that the gateway can tell"
    ),
    _demand_field(
        "scores",
        "Scores",
        FieldKind.TEXT,
        "a sheet whose name begins with Scores, or a .csv or .parquet file",
        "of the prompts of this class; blank = the sheet Scores",
    ),
    _demand_field(
        "llms",
        "LLMs",
        FieldKind.NAMES,
        "names with semicolons between, e.g. small; large",
        "that may answer it; blank = all",
    ),
    _number(
        "quality_at_least",
        "Quality at least (score)",
        "a number",
        "in every case; blank = no floor",
    ),
    _demand_field(
        "work",
        "Work",
        FieldKind.NAMED_NUMBERS,
        "a number > 0, or LLM: number pairs with semicolons between, e.g. small: 1; large: 1.5",
        "load of one request; blank = 1, as profiled",
    ),
    _number("input_tokens", "Input tokens", "a number >= 0", "mean of a prompt, for token prices"),
    _number(
        "output_tokens", "Output tokens", "a number >= 0", "mean of an answer, for token prices"
    ),
    _number("weight", "Weight", "a number > 0", "of one request in the objective; blank = 1"),
    _number(
        "arrival_rate_rps",
        "Rate (req/s)",
        "a number >= 0",
        "only where there is no sheet Cases; else the sheet Rates has it",
    ),
)

CLASS_SLO_FIELDS = (
    _demand_field("class", "Class", FieldKind.TEXT, "the name of a class", "as in Classes"),
    *SLO_FIELDS,
)

CASE_FIELDS = (
    _demand_field(
        "name", "Case", FieldKind.TEXT, "a name", "a period, a stress load or a failure; unique"
    ),
    _number(
        "hours",
        "Duration (hours)",
        "a number >= 0",
        "weight in quality and cost; 0: must hold, and is not counted; blank = 1",
    ),
    _demand_field(
        "lost_nodes",
        "Lost nodes",
        FieldKind.NAMED_NUMBERS,
        "pool: number pairs with semicolons between, e.g. a100: 1",
        "that may be lost, whichever they are; blank = none",
    ),
    _number("slo_factor", "SLO factor", "a number > 0", "of every limit of an SLO; blank = 1"),
    _number(
        "quality_at_least",
        "Quality at least (score)",
        "a number",
        "over the classes of the case; blank = no floor",
    ),
    _demand_field(
        "of",
        "Tests the setup of",
        FieldKind.TEXT,
        "the name of a case",
        "only of a scheduled fleet: whose setup this case tests; blank = it has its own",
    ),
    _number(
        "arrival_rate_rps",
        "Rate (req/s)",
        "a number >= 0",
        "only where there is no sheet Classes; else the sheet Rates has it",
    ),
)

RATE_FIELDS = (
    _demand_field("case", "Case", FieldKind.TEXT, "the name of a case", "as in Cases"),
    _demand_field("class", "Class", FieldKind.TEXT, "the name of a class", "as in Classes"),
    _number("rate_rps", "Rate (req/s)", "a number >= 0", "0 where the class sends nothing"),
)

OUTSIDE_FIELDS = (
    _demand_field(
        "name", "LLM", FieldKind.TEXT, "the name of an LLM", "as in LLMs; it needs no GPU"
    ),
    _number(
        "usd_per_request",
        "Price (USD/request)",
        "a number >= 0",
        "of one request; or the two prices of tokens",
    ),
    _number(
        "usd_per_1m_input_tokens",
        "Input price (USD/1M tokens)",
        "a number >= 0",
        "of a million input tokens; Classes states how many a prompt has",
    ),
    _number(
        "usd_per_1m_output_tokens",
        "Output price (USD/1M tokens)",
        "a number >= 0",
        "of a million output tokens",
    ),
    _number(
        "max_rate_rps",
        "Max rate (req/s)",
        "a number > 0",
        "of all classes in a case; blank = no limit",
    ),
    *(
        _number(
            f"{metric}_{statistic}_ms",
            f"{metric.upper()} {statistic} (ms)",
            "a number > 0",
            "constant in the rate; blank = not known",
        )
        for metric in METRICS
        for statistic in STATISTICS
    ),
)
