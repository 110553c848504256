"""A routing tested on other prompts, in sentences: verdict, gain, advice, and what they rest on.

route_routings      the router and other ways to send the prompts: quality as predicted, as graded,
                    limits kept
route_fractions     one row per LLM: planned, realised with its interval, as prompt ids decide ties;
                    mean score and mean grade
route_limits        planned and realised latency, fullest replica, verdict
route_comparisons   the router less each other way, standard error, verdict
"""

import numpy as np

from planner.operation.out_of_sample import NORMAL_975, Evaluation, RoutingComparison, Slack
from planner.operation.prompt_routing import ALONE, RANDOM, SERVED, TRUE
from planner.presentation.formatting import format_exact, format_number
from planner.presentation.retry_advice import retry_line, tightened_limit_to_retry
from planner.presentation.router import (
    ROUTER_FLOOR_TOLERANCE,
    router_cost_text,
    router_single_llm_cost_text,
)

__all__ = [
    "out_of_sample_advice_lines",
    "out_of_sample_basis_lines",
    "out_of_sample_cost_lines",
    "out_of_sample_gain_line",
    "out_of_sample_slack_lines",
    "out_of_sample_verdict_line",
]

WORDS = {
    "holds": "the limits hold on these prompts",
    "uncertain": "the sample is too small to say",
    "misses": "these prompts break a limit",
}


def out_of_sample_verdict_line(evaluation: Evaluation) -> str:
    """Render the verdict with its reason."""
    missed = [
        f"{limit.name} {_reached(limit.achieved, limit.unit)}"
        for limit in evaluation.limits
        if limit.verdict == "misses"
    ]
    return f"{evaluation.verdict}: {WORDS[evaluation.verdict]}" + (
        f" ({'; '.join(missed)})" if missed else ""
    )


def out_of_sample_cost_lines(evaluation: Evaluation) -> list[str]:
    """Say what the plan costs, whether it keeps the floor on these prompts, and what the best
    single LLM costs; nothing where no cost is known.
    """
    cost = evaluation.cost
    if cost is None:
        return []
    single = router_single_llm_cost_text(cost)
    if cost.floor is None:
        return [f"{router_cost_text(cost)}; {single}."]
    first, half = evaluation.routings[0], NORMAL_975 * evaluation.quality_error
    below = cost.floor - first.value
    if below <= ROUTER_FLOOR_TOLERANCE:
        return [f"{router_cost_text(cost)} (quality {first.value:.4f} on these prompts); {single}."]
    noise = "within the noise of these prompts" if below <= half else "beyond the noise"
    return [
        f"Below your floor of {format_exact(cost.floor)}: quality {first.value:.4f} ± {half:.4f} on"
        f" these prompts, {noise}; at {cost.plan:,.2f} USD/h; {single}."
    ]


def out_of_sample_gain_line(evaluation: Evaluation) -> str:
    """Say the quality, and what is gained or lost against single LLMs, with the intervals: what
    the gain from routing by these scores.
    """
    first, graded = evaluation.routings[0], evaluation.sample.graded
    broken = ", of a routing that breaks a limit" if evaluation.verdict == "misses" else ""
    parts = [
        f"quality {first.value:.4f} by {'grades' if graded else 'the scores themselves'}{broken}"
    ]
    for one in evaluation.comparisons:
        if one.against in (SERVED, ALONE):
            parts.append(
                f"{one.difference:+.4f} ± {NORMAL_975 * one.error:.4f} against the {one.against}"
                f" ({_note(evaluation, one)}): {one.verdict}"
            )
    return "; ".join(parts)


def out_of_sample_advice_lines(evaluation: Evaluation, *, on_page: bool = False) -> list[str]:
    """Say how much slack the noise of the sample takes, and what to plan with where limits may be
    missed (on the page, in its fields); nothing of either where no figure is known.
    """
    changes, limits = {}, []
    fields = {"headroom.rate_pct": "Headroom of the arrival rate (%)"}
    slack = evaluation.slack
    for j, one in enumerate(evaluation.limits):
        if one.verdict == "holds" or not np.isfinite(one.high):
            continue
        if one.unit == "ms":
            changes[f"slo.{j}.limit_ms"] = tightened_limit_to_retry(
                one.limit, one.planned, one.high
            )
            limits.append(f"{one.name} {format_number(one.limit)} ms")
            fields[f"slo.{j}.limit_ms"] = f"the limit on {one.name} (ms)"
        elif slack is not None:
            changes["headroom.rate_pct"] = np.ceil(1000 * slack.rate_headroom - 1e-6) / 10
            limits.append(f"{100 * evaluation.rate_headroom:g} % headroom of the rate")
    again = "test" if on_page else "route"
    return [
        *out_of_sample_slack_lines(evaluation),
        *([retry_line(changes, limits, again, fields if on_page else None)] if changes else []),
    ]


def out_of_sample_slack_lines(evaluation: Evaluation) -> list[str]:
    """How much slack the noise of the sample takes; nothing where it is not known."""
    slack = evaluation.slack
    return [] if slack is None else [_slack_line(slack, evaluation.sample.prompts)]


def _slack_line(slack: Slack, prompts: int) -> str:
    enough = "enough" if slack.needed <= slack.spare else "not enough"
    return (
        f"Slack: in 97.5 % of samples like this one ({prompts:,} prompts) the fullest replica gets"
        f" up to {100 * slack.needed:.1f} % more than planned; it has room for"
        f" {100 * slack.spare:.1f} %: {enough}."
    )


def _reached(value: float, unit: str) -> str:
    return f"{format_number(value)} {unit}" if np.isfinite(value) else "beyond the profiled rates"


def _note(evaluation: Evaluation, comparison: RoutingComparison) -> str:
    return next(one.note for one in evaluation.routings if one.name == comparison.against)


def out_of_sample_basis_lines(evaluation: Evaluation) -> list[str]:
    """Say what the figures rest on, and what they do not cover."""
    sample = evaluation.sample
    lines = []
    if evaluation.fitted is not None:
        lines.append(
            f"Prices were computed on {evaluation.fitted:,} other prompts; single LLMs were chosen"
            " there."
        )
    else:
        own = (
            "computed on these very prompts; a split, or scores of other prompts, test them"
            if sample.own
            else "computed on other prompts"
        )
        lines.append(f"Prices: the plan's, {own}.")
        lines.append(
            "Single LLMs are chosen on the prompts they are judged on, which favours them."
        )
    if sample.graded:
        lines += _out_of_sample_regret(evaluation)
    else:
        lines.append("Quality is predicted by the scores; only grades measure it.")
    if any(
        not np.isfinite(value)
        for limit in evaluation.limits
        for value in (limit.achieved, limit.low, limit.high)
    ):
        lines.append("A latency of - is unknown: it lies beyond the profiled rates.")
    lines += [
        f"{one.name}: kept on these prompts, but likely missed on similar ones; the plan has no"
        " headroom."
        for one in evaluation.limits
        if one.verdict == "uncertain" and one.low > one.limit
    ]
    lines.append("Intervals cover the choice of prompts, not the uncertainty of the prices.")
    return [*lines, *evaluation.notes]


def _out_of_sample_regret(evaluation: Evaluation) -> list[str]:
    """What perfect predictions would reach, and how much of what they would gain over the
    references these do.
    """
    scores, truth, weights = (
        evaluation.sample.scores.values,
        evaluation.sample.truth.values,
        evaluation.sample.scores.weights,
    )
    values = {one.name: one.value for one in evaluation.routings}
    first = evaluation.routings[0]
    over = first.predicted - first.value
    short = next(one for one in evaluation.comparisons if one.against == TRUE)
    regret = f"{-short.difference:.4f} (± {NORMAL_975 * short.error:.4f})"
    correlation = _out_of_sample_correlation(scores, truth, weights)
    lines = [
        f"The scores promise {first.predicted:.4f} for this routing, the grades give"
        f" {first.value:.4f}: {abs(over):.4f} " + ("less." if over >= 0 else "more."),
        (
            f"Correlation of scores and grades: {format_number(correlation, 3)} over all prompts"
            " and LLMs."
        ),
        (
            "Regret: perfect predictions, in the same setup and limits, would reach"
            f" {values[TRUE]:.4f}, {regret} more than these."
        ),
    ]
    for name in (RANDOM, SERVED):
        if name in values and values[TRUE] > values[name]:
            most = values[TRUE] - values[name]
            got = values[evaluation.routings[0].name] - values[name]
            lines.append(
                f"Over '{name}' perfect predictions would gain {most:.4f}, these gain {got:.4f}"
                f" ({100 * got / most:.0f} %)."
            )
    return lines


def _out_of_sample_correlation(scores: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> float:
    """Of all cells, weighted by prompt; 0 where one of them does not vary."""
    w = np.repeat(weights[None, :], scores.shape[0], axis=0) / scores.shape[0]
    a, b = scores - (w * scores).sum(), truth - (w * truth).sum()
    scale = float(np.sqrt((w * a * a).sum() * (w * b * b).sum()))
    return float((w * a * b).sum()) / scale if scale > 0 else 0.0
