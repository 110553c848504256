"""The sheets of an input workbook: their names, their fields (`profiles.workbook_fields`) and their
content.

One description for both directions: `reports.workbook.input_sheets` writes by it,
`planner.scenario.workbook` reads by it. A header is a label with its unit in parentheses, e.g.
`Memory (GiB)`; the key itself (`memory_gib`) is read as a header too. Headers of Scores are the
names of the LLMs, unchanged, plus `prompt_id` and `weight`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from profiles.workbook_demand_fields import (
    CASE_FIELDS,
    CLASS_FIELDS,
    CLASS_SLO_FIELDS,
    OUTSIDE_FIELDS,
    RATE_FIELDS,
)
from profiles.workbook_fields import (
    LLM_FIELDS,
    POOL_FIELDS,
    POOL_PAYMENT_FIELDS,
    PROFILE_FIELDS,
    SETTING_FIELDS,
    SLO_FIELDS,
    SheetField,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CASES",
    "CLASSES",
    "CLASS_SLOS",
    "DEMAND",
    "DEMAND_SHEETS",
    "LLMS",
    "OLDER_SHEETS",
    "OUTSIDE",
    "POOLS",
    "PROFILES",
    "RATES",
    "REPORT_SHEETS",
    "SCORES",
    "SETTINGS",
    "SHEETS",
    "TABLES",
    "UNHOLDABLE",
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
OUTSIDE, CLASSES, CLASS_SLOS, CASES, RATES = DEMAND_SHEETS = (
    "Outside LLMs",
    "Classes",
    "Class SLOs",
    "Cases",
    "Rates",
)
"""Sheets that only scenarios with LLMs outside, classes or cases have. Score tables of classes are
on sheets whose names begin with `Scores`.
"""
REPORT_SHEETS: tuple[str, ...] = (
    *(
        "Summary",
        "Assumptions",
        "Case results",
        "Class results",
        "Limits",
        "Setup",
        "Lanes",
        "Routing",
        "GPU map",
        "Latency",
        "Sensitivity",
        "Frontier",
    ),
    *(
        "Setups study",
        "Setups data",
        "Baselines",
        "Alternatives",
        "Dropped options",
        "Conflict",
        "Checks and log",
    ),
)
"""Sheets of a report, in order; silently passed over when it is read as an input."""
OLDER_SHEETS = (
    "Cost",
    "Shards",
    "Curve points",
    "Shadow prices",
    "Checks",
    "Losses",
    "Router",
    "Log",
)
"""Sheets that reports of 0.1.0 had besides, passed over too."""

UNHOLDABLE = r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|x005F_"
"""What cells cannot give back as it was: control characters, and the mark by which workbooks escape
them (openpyxl takes it out).
"""


@dataclass(frozen=True, kw_only=True)
class WorkbookInputs:
    """What the sheets hold.

    Rows: key -> value (missing or None: a blank cell); settings: dotted key -> value.

    profiles, scores: tables with the columns of the files; None: the sheet is left out, and
    settings name a file. arrival_rate_rps: None where classes or cases have the rates.

    outside, classes, class_slos, cases, rates: rows of the sheets of a demand; class_scores: by
    sheet the score tables of classes that have their own.
    """

    pools: Sequence[Mapping[str, Any]]
    llms: Sequence[Mapping[str, Any]]
    slo: Sequence[Mapping[str, Any]]
    arrival_rate_rps: float | None
    settings: Mapping[str, Any]
    profiles: "pd.DataFrame | None"
    scores: "pd.DataFrame | None"
    notes: tuple[str, ...] = field(default=())
    outside: Sequence[Mapping[str, Any]] = ()
    classes: Sequence[Mapping[str, Any]] = ()
    class_slos: Sequence[Mapping[str, Any]] = ()
    cases: Sequence[Mapping[str, Any]] = ()
    rates: Sequence[Mapping[str, Any]] = ()
    class_scores: "Mapping[str, pd.DataFrame]" = field(default_factory=dict)


def sheet_reference(book: str, sheet: str) -> str:
    """What a scenario calls a table in the workbook of this file name."""
    return f"{book}#{sheet}"


TABLES: Mapping[str, tuple[SheetField, ...]] = {
    POOLS: (*POOL_FIELDS, *POOL_PAYMENT_FIELDS),
    LLMS: LLM_FIELDS,
    PROFILES: PROFILE_FIELDS,
    DEMAND: SLO_FIELDS,
    SETTINGS: SETTING_FIELDS,
    OUTSIDE: OUTSIDE_FIELDS,
    CLASSES: CLASS_FIELDS,
    CLASS_SLOS: CLASS_SLO_FIELDS,
    CASES: CASE_FIELDS,
    RATES: RATE_FIELDS,
}
"""Fields by sheet, in the order in which they are written; of DEMAND those of its table, of
SETTINGS its rows.
"""
