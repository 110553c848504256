"""What `drift --json` writes: names and units of files (ms, req/s, per cent)."""

import math
from datetime import UTC, datetime
from typing import Any

from planner.monitoring.curve_factors import CurveDrift
from planner.monitoring.drift import Drift
from planner.monitoring.rate_level import RateDrift
from planner.monitoring.replan import Replan
from planner.monitoring.slo_budget import SloBudget
from planner.plans.option_index import option_slice, option_slice_content
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.presentation.diff import diff_line

__all__ = ["drift_content"]


def drift_content(source: PlanAndScenario, drift: Drift) -> dict[str, Any]:
    """Everything that was found."""
    metered = drift.metered
    start, end = (
        datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds")
        for time in (metered.start, metered.end)
    )
    return {
        "schema": 1,
        "scenario": source.plan.content["scenario"],
        "scenario_sha256": source.plan.content["scenario_sha256"],
        "from": start,
        "to": end,
        "servers": metered.servers,
        "windows": len(metered.windows),
        "windows_not_steady": dict(metered.left_out),
        "drift": bool(drift.findings),
        "findings": [finding.value for finding in drift.findings],
        "rate": _rate_of_drift_content(drift.rate),
        "curves": [_curve_of_drift_content(one) for one in drift.curves],
        "slo": [_slo_of_drift_content(one) for one in drift.budgets],
        "replan": None if drift.replan is None else _replan_of_drift_content(drift.replan),
        "notices": list(metered.notices),
    }


def _rate_of_drift_content(rate: RateDrift) -> dict[str, Any]:
    return {
        "planned_rps": rate.planned,
        "level_rps": rate.level,
        "error_pct": 100.0 * rate.error,
        "dispersion": rate.dispersion,
        "all_replicas_seen": rate.is_whole,
        "slo_kept_from_rps": rate.good_from,
        "slo_kept_to_rps": rate.good_to,
        "setup_holds_up_to_rps": rate.held_up_to,
        "place": rate.place.value,
    }


def _curve_of_drift_content(one: CurveDrift) -> dict[str, Any]:
    entry = one.option.deployed.entry
    tokens = [None if math.isnan(value) else value for value in one.tokens]
    return {
        **{key: entry[key] for key in ("llm", "pool", "tp_degree")},
        **option_slice_content(option_slice(entry)),
        "metric": one.metric,
        "of": one.span.value,
        "factor": one.factor.value,
        "factor_half": one.factor.half,
        "stated_error_pct": 100.0 * one.stated,
        "windows": one.windows,
        "rate_per_replica_rps": list(one.rates),
        "input_tokens": tokens[0],
        "output_tokens": tokens[1],
        "drifted": one.drifted,
    }


def _slo_of_drift_content(one: SloBudget) -> dict[str, Any]:
    spent = one.spent
    return {
        "metric": one.slo.metric,
        "statistic": one.slo.statistic,
        "scope": one.slo.scope,
        "llm": one.llm or None,
        "limit_ms": 1000.0 * one.slo.limit,
        "spent_pct": None if spent is None else 100.0 * spent.value,
        "spent_half_pct": None if spent is None else 100.0 * spent.half,
        "spent_at_most_pct": None if one.at_most is None else 100.0 * one.at_most,
        "runs_out": one.runs_out,
    }


def _replan_of_drift_content(replan: Replan) -> dict[str, Any]:
    return {
        "rate_rps": replan.rate,
        "factors": [
            {"option": option, "metric": metric, "factor": factor}
            for (option, metric), factor in replan.factors.items()
        ],
        "status": replan.status.value,
        "today": replan.kept,
        "today_impossible": replan.kept_impossible,
        "new": replan.value,
        "gain": replan.gain,
        "pays": replan.pays,
        "changes": None if replan.diff is None else diff_line(replan.diff),
    }
