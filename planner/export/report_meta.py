"""Text and numbers that accompany a report's tables."""

from collections.abc import Sequence

from planner.export.report_tables import report_option_text
from planner.export.request_tokens import mean_request_tokens
from planner.export.source_date import source_time
from planner.plans.headroom_content import headroom_rate_rps
from planner.plans.labels import (
    latency_column_labels,
    latency_header,
    objective_unit,
    pool_label,
    slo_name,
)
from planner.plans.numbers import ROUNDING
from planner.plans.record import Plan, best_effort_change
from planner.plans.schema import PlanContent
from planner.presentation.alternatives import alternatives_lines
from planner.presentation.formatting import format_exact, format_number
from planner.presentation.marginals import marginals_lines
from planner.presentation.plan.conflict import conflict_repair_text
from planner.presentation.plan.considered_options import dropped_option_lines, filtered_options_line
from planner.presentation.plan.gpu_map import llm_letters
from planner.presentation.plan.headroom import achieved_rate_lines, demand_with_headroom_text
from planner.presentation.plan.limits import binding_limits_line
from planner.presentation.plan.placeholders import placeholder_scores_text
from planner.presentation.plan.provenance import provenance_lines
from planner.presentation.plan.random_routing import random_routing_text
from planner.presentation.plan.shadow_prices import shadow_price_lines
from planner.presentation.plan.simulated_limits import missed_limit_texts
from planner.presentation.plan.slo_scope import slo_scope_lines
from planner.presentation.plan.start import start_lines
from planner.presentation.plan.verdict import verdict_line
from planner.scenario.assemble import LoadResult
from reports.content import ReportMeta, ReportSlo

__all__ = ["HOURS_PER_MONTH", "report_meta"]

HOURS_PER_MONTH = 730
"""8,760 h of a year / 12."""


def report_meta(plan: Plan, loaded: LoadResult, notes: Sequence[str]) -> ReportMeta:
    """The meta of a plan of `loaded`. notes: sentences for the log."""
    content, llms = plan.content, [llm.name for llm in loaded.instance.llms]
    context, planned = content["context"], bool(content["options"])
    tokens = mean_request_tokens(content["options"], loaded.instance)
    at_random = random_routing_text(content, loaded.instance.scores) if planned else ""
    return {
        "scenario": content["scenario"],
        "goal": _report_meta_goal(content, loaded.instance.quality_floor),
        "placeholders": placeholder_scores_text(content),
        "best_effort": _report_meta_best_effort(content),
        "status": content["status"],
        "verdict": verdict_line(content),
        "objective": {**content["objective"], "unit": objective_unit(content)},
        "quality": content["quality"],
        "cost_usd_per_h": content["cost_usd_per_h"],
        "gpus_used": content["gpus_used"],
        "gpus_total": content["gpus_total"],
        "verified": content["checks"]["verified"],
        "llms": llms,
        "signs": llm_letters(llms),
        "options": [report_option_text(content, option) for option in content["options"]],
        "slos": _report_meta_slos(content),
        "achieved_rate": achieved_rate_lines(content),
        "planned_rate_rps": headroom_rate_rps(content),
        "slo_scope": slo_scope_lines(content),
        "missed_limits": missed_limit_texts(content),
        "latencies": [latency_header(column) for column in latency_column_labels(content)],
        "arrival_rate_rps": context["arrival_rate_rps"],
        "prompts": context["prompts"],
        "best_quality": loaded.instance.scores.best_mean,
        "hours_per_month": HOURS_PER_MONTH,
        "rounding": ROUNDING,
        "tokens_per_request": None if tokens is None else sum(tokens),
        "binding": binding_limits_line(content) if planned else "",
        "estimates": shadow_price_lines(content),
        "marginals": marginals_lines(content),
        "alternatives": alternatives_lines(content),
        "at_random": at_random,
        "provenance": (
            [
                *start_lines(content),
                *provenance_lines(content),
                *([f"{at_random}."] if at_random else []),
            ]
            if planned
            else []
        ),
        "router": _report_meta_router_line(content),
        "filters": filtered_options_line(content),
        "dropped": dropped_option_lines(content),
        "effort_notes": list(context["effort_notes"]),
        "sha256": content["scenario_sha256"],
        "version": content["planner_version"],
        "scenario_path": content["scenario_path"],
        "overrides": {key: str(value) for key, value in content["overrides"].items()},
        "notes": list(notes),
        "created": source_time(),
    }


def _report_meta_slos(content: PlanContent) -> list[ReportSlo]:
    return [
        {
            **slo,
            "name": slo_name(slo),
            "header": latency_header(f"{slo['metric']}_{slo['statistic']}"),
        }
        for slo in content["slo"]
    ]


def _report_meta_goal(content: PlanContent, floor: float | None) -> str:
    """Objective, demand, GPUs and limits in a sentence.

    floor: quality that a cost has to keep.
    """
    pools = [pool_label(pool) for pool in content["context"]["pools"]]
    limits = [] if floor is None else [f"quality at least {format_exact(floor)}"]
    limits += [
        f"{slo_name(slo)} at most {format_exact(slo['limit_ms'])} ms" for slo in content["slo"]
    ]
    best = "lowest cost" if content["objective"]["of"] == "cost" else "best quality"
    demand = demand_with_headroom_text(content)
    within = f", with {' and '.join(limits)}" if limits else ""
    return f"{content['scenario']}: {best} for {demand} on {', '.join(pools)}{within}"


def _report_meta_best_effort(content: PlanContent) -> str:
    """The change after which a best effort is a plan; "" for a plan of the scenario as it is."""
    change = best_effort_change(content)
    if not change:
        return ""
    return f"Best effort after one change: {conflict_repair_text(content, change)}"


def _report_meta_router_line(content: PlanContent) -> str:
    """How the router decides, and how many prompts tie."""
    shares = [tie["share"] for tie in content["router"]["ties"]]
    tied = f"{format_number(100.0 * sum(shares), 2)} % of the prompts tie."
    rule = "Each prompt goes to the LLM with the highest score minus dual price."
    return f"{rule} {tied if shares else 'No prompt ties.'}"
