"""What was found of a plan's servers: verdict, tables and sentences for a terminal of 80 columns,
and what to do about each finding.
"""

import math
from datetime import UTC, datetime

import pandas as pd

from planner.monitoring.curve_factors import CurveDrift, CurveSpan
from planner.monitoring.drift import Drift, DriftFinding
from planner.monitoring.rate_level import RateDrift, RatePlace
from planner.monitoring.replan import Replan, differs_from_planned_rate
from planner.monitoring.slo_budget import SloBudget
from planner.plans.labels import slo_label
from planner.plans.plan_and_scenario import PlanAndScenario
from planner.presentation.diff import diff_line
from planner.presentation.formatting import format_number, format_objective
from planner.program import PROGRAM

__all__ = [
    "drift_advice_lines",
    "drift_curves_table",
    "drift_rate_lines",
    "drift_replan_lines",
    "drift_slo_table",
    "drift_span_line",
    "drift_verdict_line",
]

FOUND = {
    DriftFinding.RATE: "the rate has left the range of these prices",
    DriftFinding.CURVE: "a curve is off by more than its error",
    DriftFinding.BUDGET: "the budget of an SLO runs out",
    DriftFinding.REPLAN: "planning again pays",
}
LENGTHS = 0.1
"""Part by which prompts or answers may differ from those of a curve without a word."""


def drift_verdict_line(drift: Drift) -> str:
    """All findings in one line."""
    if not drift.findings:
        return "no drift, nothing to do"
    return f"DRIFT: {'; '.join(FOUND[finding] for finding in drift.findings)}"


def drift_span_line(drift: Drift) -> str:
    """What was looked at."""
    metered = drift.metered
    first, last = (
        datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%MZ")
        for time in (metered.start, metered.end)
    )
    steady = sum(len(one.steady) for one in metered.options)
    servers = f"{metered.servers} server{'' if metered.servers == 1 else 's'}"
    return (
        f"{first} to {last}, {servers}, {len(metered.windows):,} windows of 5 minutes, {steady:,}"
        " of them steady"
    )


def drift_rate_lines(rate: RateDrift) -> list[str]:
    """The level that lasted, and where it lies."""
    least = "" if rate.is_whole else " At least: not all replicas have metrics."
    lines = [
        f"{format_number(rate.level)} req/s is the most that lasted for 15 minutes (±"
        f" {100 * rate.error:.1f} %), {format_number(rate.planned)} planned.{least}",
        f"The SLOs are kept from {format_number(rate.good_from)} to"
        f" {format_number(rate.good_to)} req/s: {_where_rate_lies(rate)}.",
    ]
    if rate.held_up_to is not None:
        lines.append(
            f"With the best prices this setup keeps them up to {format_number(rate.held_up_to)}"
            " req/s."
        )
    return lines


def _where_rate_lies(rate: RateDrift) -> str:
    return {
        RatePlace.WITHIN: "within",
        RatePlace.ABOVE: "LEFT, above it for 15 minutes",
        RatePlace.BELOW: "LEFT, below it all the time",
    }[rate.place]


def drift_curves_table(drift: Drift) -> pd.DataFrame:
    """One row for each factor: of the whole time, and of the last quarter where it has drifted."""
    heads = ["Option", "Latency", "Of", "Measured / curve", "± %", "Stated ± %", "Verdict"]
    rows = [
        (
            one.option.words,
            one.metric.upper(),
            one.span.value,
            one.factor.value,
            100.0 * one.factor.half / one.factor.value,
            100.0 * one.stated,
            _curve_verdict(one),
        )
        for one in drift.curves
        if one.drifted or one.span == CurveSpan.ALL
    ]
    return pd.DataFrame(rows, columns=heads)


def _curve_verdict(one: CurveDrift) -> str:
    if not one.drifted:
        return "holds"
    return "SLOWER" if one.factor.value > 1.0 else "FASTER"


def drift_slo_table(drift: Drift) -> pd.DataFrame:
    """One row for each SLO."""
    heads = ["SLO", "LLM", "Limit (ms)", "Measured", "Budget spent (%)", "± points", "Verdict"]
    rows = [
        (
            slo_label(one.slo.metric, one.slo.statistic, one.slo.scope),
            one.llm,
            1000.0 * one.slo.limit,
            _measured_of_slo(one),
            math.nan if one.spent is None else 100.0 * one.spent.value,
            math.nan if one.spent is None else 100.0 * one.spent.half,
            "not measured" if one.spent is None else "RUNS OUT" if one.runs_out else "holds",
        )
        for one in drift.budgets
    ]
    return pd.DataFrame(rows, columns=heads)


def _measured_of_slo(one: SloBudget) -> str:
    if one.measured is None or one.spent is None or one.at_most is None:
        return "-"
    if one.slo.statistic == "mean":
        return f"{format_number(1000.0 * one.measured)} ms"
    low, high = (
        one.measured,
        one.at_most * (one.measured / one.spent.value if one.spent.value else 0),
    )
    most = f" to {100 * high:.3g}" if high > low * 1.0001 else ""
    return f"{100 * low:.3g}{most} % above"


def drift_replan_lines(source: PlanAndScenario, drift: Drift) -> list[str]:
    """What planning again brings; why not where it was not done."""
    replan = drift.replan
    if replan is None:
        return ["Rate and curves are as planned: the same plan would come out."]
    content = replan.plan.content
    what = f"{format_number(replan.rate)} req/s" + (
        f" and {len(replan.factors)} corrected curve{'' if len(replan.factors) == 1 else 's'}"
        if replan.factors
        else ""
    )
    proof = "" if replan.kept_impossible else ", as far as was found"
    today = (
        f"has {format_objective(source.plan.content, replan.kept)}"
        if replan.kept is not None
        else f"keeps what the scenario requires with no routing{proof}"
    )
    lines = [f"At {what} today's setup {today}."]
    if replan.value is None:
        return [*lines, f"No plan was found there ({replan.status.value})."]
    lines.append(f"The new plan has {format_objective(content, replan.value)}{_gain(replan)}.")
    if replan.pays and replan.diff is not None:
        lines.append(diff_line(replan.diff))
    return lines


def _gain(replan: Replan) -> str:
    if replan.gain is None or not replan.kept:
        return ""
    part = 100.0 * replan.gain / abs(replan.kept)
    return f", {part:.2g} % better" if part > 0.005 else ", no better"


def drift_advice_lines(drift: Drift) -> list[str]:
    """What to do about each finding."""
    lines = []
    if DriftFinding.CURVE in drift.findings:
        lines += [_length_line(one) for one in drift.curves if one.drifted and _length_line(one)]
        lines.append(
            f"Take the curves from the servers: {PROGRAM} profile import --prometheus ... --out"
            " PATH, then profile merge."
        )
    if DriftFinding.REPLAN in drift.findings or DriftFinding.RATE in drift.findings:
        rate = (
            f" --set arrival_rate_rps={drift.rate.level:.4g}"
            if differs_from_planned_rate(drift.rate)
            else ""
        )
        lines.append(f"Plan again: {PROGRAM} plan SCENARIO{rate} --from PLAN --json NEW.")
    if drift.rate.place == RatePlace.ABOVE and drift.rate.held_up_to is not None:
        if drift.rate.level <= drift.rate.held_up_to:
            lines.append(
                "Until then other prices help: a gateway with the price table of `export` takes"
                " them by itself (--with-price-table)."
            )
    if DriftFinding.BUDGET in drift.findings and drift.replan is None:
        lines.append(
            "No rate and no curve explains the spent budget: look at the servers (queues, restarts,"
            " failed requests)."
        )
    return list(dict.fromkeys(lines))


def _length_line(one: CurveDrift) -> str:
    """That prompts or answers are not those of the curve, "" where they are."""
    parts = [
        f"{name} have {now:,.0f} tokens, the curve was taken with {then:,.0f}"
        for name, now, then in zip(
            ("prompts", "answers"), one.tokens, one.option.option.curve.tokens, strict=True
        )
        if now > 0 and then > 0 and abs(now / then - 1.0) > LENGTHS
    ]
    return f"{one.option.words}: {'; '.join(parts)}." if parts else ""
