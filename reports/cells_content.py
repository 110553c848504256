"""The content of a report on classes and cases: what `reports` is given to write, as tables and
plain values.

tables  named frames (planner.export.cells.cells_report_content lists them)
maps    by setup the cases that it serves and one row a shard
meta    words and numbers of the headline, signs of the LLMs, where things come from
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

import pandas as pd

__all__ = ["CellsReport", "CellsReportMeta"]


class CellsReportMeta(TypedDict):
    """Text and numbers that accompany the tables; sentences unless stated otherwise.

    figures: what, value and unit of the headline; case_setups: by case the position of its setup,
    None without one; hours_per_month; rate_headroom: rates are planned for 1 + this times the
    stated ones; starts_usd_per_h; llms, classes: names; signs: LLM -> one
    character; rates: headers of the columns of rates by class; setup: what runs, a line an option;
    schedule: what starts and stops between setups;
    payment: what to buy, and what is paid how;
    nearest: the limit with least room, a line a case; slo_scope: limits over all requests that
    some LLMs exceed; conflict: why there is no plan.
    """

    scenario: str
    goal: str
    status: str
    verdict: str
    verified: bool
    placeholders: str
    figures: Sequence[tuple[str, Any, str]]
    case_setups: Sequence[int | None]
    hours_per_month: int
    rate_headroom: float
    starts_usd_per_h: float
    llms: Sequence[str]
    classes: Sequence[str]
    signs: Mapping[str, str]
    rates: Sequence[str]
    setup: Sequence[str]
    schedule: Sequence[str]
    payment: Sequence[str]
    nearest: Sequence[str]
    slo_scope: Sequence[str]
    conflict: Sequence[str]
    confidence: Sequence[str]
    router: str
    filters: str
    dropped: Sequence[str]
    effort_notes: Sequence[str]
    provenance: Sequence[str]
    lost_nodes: Sequence[str]
    sha256: str
    version: str
    scenario_path: str
    overrides: Mapping[str, str]
    notes: Sequence[str]
    created: datetime


class CellsReport(TypedDict):
    """Tables, maps of setups, and meta."""

    tables: Mapping[str, pd.DataFrame]
    maps: Sequence[tuple[str, pd.DataFrame]]
    meta: CellsReportMeta
