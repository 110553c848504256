"""The content of a report: what `reports` is given to write, as tables and plain values.

tables   named frames (planner.export.report_content lists them)
meta     words and numbers of the headline, SLOs, signs of the LLMs, where things come from
nearest  with a conflict, the report of its best effort, else None
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NotRequired, TypedDict

import pandas as pd

__all__ = ["Report", "ReportMeta", "ReportObjective", "ReportSlo"]


class ReportObjective(TypedDict):
    """Objective found and best possible.

    sense: minimize or maximize; of: quality or cost; unit: of value and bound; rel_gap: 0..1.
    """

    sense: str
    of: str
    value: float | None
    bound: float | None
    rel_gap: float | None
    unit: str


class ReportSlo(TypedDict):
    """One SLO with what the setup achieves; header: of its latency in the tables."""

    metric: str
    statistic: str
    scope: str
    limit_ms: float
    planned_limit_ms: NotRequired[float]
    achieved_ms: float | None
    binding: bool
    name: str
    header: str


class ReportMeta(TypedDict):
    """Text and numbers that accompany the tables; sentences unless stated otherwise.

    goal: objective, demand, GPUs and limits; placeholders: warning of made-up scores, "" without;
    best_quality: mean score of the best LLM for every prompt, which no plan exceeds;
    best_effort: the change after which a best effort is a
    plan, "" without one; best_effort_verdict: its verdict, with a conflict; rounding: part of a
    limit by which it may be missed; tokens_per_request: input and output, None where not all
    curves state them; llms: names; signs:
    LLM -> one character; options: how each deployed option is run; latencies: headers of columns;
    estimates: what one more buys, by shadow prices; marginals: the same, planned again;
    achieved_rate: at which rates latencies are, where that is not the arrival rate;
    at_random: what is reached without scores of prompts, without a full stop, "" where the same.
    """

    scenario: str
    goal: str
    placeholders: str
    best_effort: str
    best_effort_verdict: NotRequired[str]
    status: str
    verdict: str
    objective: ReportObjective
    quality: float | None
    cost_usd_per_h: float | None
    gpus_used: int | None
    gpus_total: int
    verified: bool
    llms: Sequence[str]
    signs: Mapping[str, str]
    options: Sequence[str]
    slos: Sequence[ReportSlo]
    latencies: Sequence[str]
    arrival_rate_rps: float
    prompts: int
    best_quality: float
    at_random: str
    hours_per_month: int
    rounding: float
    tokens_per_request: float | None
    achieved_rate: Sequence[str]
    planned_rate_rps: float
    slo_scope: Sequence[str]
    missed_limits: Sequence[str]
    binding: str
    estimates: Sequence[str]
    marginals: Sequence[str]
    alternatives: Sequence[str]
    provenance: Sequence[str]
    router: str
    filters: str
    dropped: Sequence[str]
    effort_notes: Sequence[str]
    sha256: str
    version: str
    scenario_path: str
    overrides: Mapping[str, str]
    notes: Sequence[str]
    created: datetime


class Report(TypedDict):
    """Tables, meta, and the best effort of a conflict."""

    tables: Mapping[str, pd.DataFrame]
    meta: ReportMeta
    nearest: "Report | None"
