"""Step 6: which latencies are promised, and what is best."""

from typing import Any

import streamlit as st

from app_pages.session.draft import draft_value, set_draft_value
from app_pages.session.reruns import survive_reruns
from app_pages.session.starting.draft_curves import draft_measured_errors
from app_pages.session.starting.draft_demand import draft_demand_part
from app_pages.session.starting.draft_goal import (
    COST,
    QUALITY,
    draft_goal_part,
    draft_headroom_field,
    draft_slos,
)
from app_pages.session.starting.draft_parts import draft_scenario_part
from app_pages.session.starting.draft_pools import draft_pools_part
from app_pages.session.starting.draft_scores import EXAMPLE, draft_scores
from app_pages.session.starting.used_curves import used_draft_curves
from app_pages.widgets.markdown import plain_markdown
from app_pages.widgets.starting.draft_fields import draw_draft_choice, draw_draft_number
from app_pages.widgets.starting.outside_fields import draw_outside_latency_fields
from app_pages.widgets.starting.slo_fields import draw_slo_fields
from app_pages.widgets.starting.unjudged_fields import draw_unjudged_curves, unjudged_curve_faults
from planner.profiling.headroom_advice import HeadroomAdvice, advise_headroom
from planner.scenario.starting.new_scenario import new_scenario_faults
from planner.scenario.starting.score_columns import NamedScores
from profiles.io.faults import Fault
from profiles.summary import MEAN_SCORE

__all__ = ["draw_goal_step", "goal_step_faults"]

GOALS = {
    QUALITY: "best quality within these GPUs and SLOs",
    COST: "cheapest GPUs that reach a quality",
}
HEADROOM_LABELS = {
    "rate_pct": "Headroom of the arrival rate (%)",
    "slo_pct": "Headroom of every SLO limit (%)",
}
FLOOR_PART = 0.8
"""Of the gap in quality between the weakest and the strongest LLM: with half of it, the usual mark
by which routers of prompts are compared.
"""
MOST_NAMED = 6
"""LLMs whose mean score is listed."""
MOST_HEADROOM = {"rate_pct": 1000.0, "slo_pct": 90.0}


def draw_goal_step() -> None:
    """SLOs, each with its scope; the objective."""
    st.subheader("SLOs")
    st.markdown(
        "All hold at once. *Every LLM*: each keeps the limit; in doubt, take it. *All requests"
        " together*: fast LLMs make up for slow ones."
    )
    draw_slo_fields()
    draw_unjudged_curves(offer=True)
    draw_outside_latency_fields()
    st.subheader("What is best")
    draw_draft_choice(
        "objective", "Objective", list(GOALS), QUALITY, words=GOALS.__getitem__, radio=True
    )
    if draft_value("objective", QUALITY) == COST:
        _draw_goal_floor()
    else:
        label, hint = "Budget (USD/h)", "no limit"
        draw_draft_number("budget", label, step=1.0, min_value=0.0, placeholder=hint)
    _draw_goal_headroom()


def _draw_goal_headroom() -> None:
    """Room above the stated rates and below the limits, with a usual one behind a button."""
    st.subheader("Headroom")
    has_estimates = any((frame["provenance"] == "estimated").any() for frame in used_draft_curves())
    usual = advise_headroom(draft_measured_errors(), has_estimates=has_estimates)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key, label in HEADROOM_LABELS.items():
            draw_draft_number(
                draft_headroom_field(key),
                label,
                step=5.0,
                min_value=0.0,
                max_value=MOST_HEADROOM[key],
                placeholder="none",
            )
        st.button(
            f"Take {usual.rate_pct:g} % and {usual.slo_pct:g} %",
            key="usual-headroom",
            on_click=_take_goal_headroom,
            args=(usual,),
        )
    st.caption(
        f"{usual.rate_pct:g} % and {usual.slo_pct:g} % are usual{_goal_with_room(usual)}, as"
        f" {usual.why}. They cost GPUs; leave them blank where your numbers have room already."
    )


def _goal_with_room(room: HeadroomAdvice) -> str:
    """For what a plan then is: ` (plans for 48 req/s, 400 and 32 ms)`."""
    rate: Any = draft_demand_part().get("arrival_rate_rps")
    limits = [slo["limit_ms"] for _, slo in draft_slos() if slo["limit_ms"]]
    left = [f"{limit * (1 - room.slo_pct / 100):.4g}" for limit in limits if room.slo_pct]
    parts = [
        *([f"{rate * (1 + room.rate_pct / 100):.4g} req/s"] if isinstance(rate, float) else []),
        *([f"{' and '.join(left)} ms"] if left else []),
    ]
    return f" (plans for {', '.join(parts)})" if parts else ""


@survive_reruns
def _take_goal_headroom(usual: HeadroomAdvice) -> None:
    for key, room in (("rate_pct", usual.rate_pct), ("slo_pct", usual.slo_pct)):
        set_draft_value(draft_headroom_field(key), room or None)


def _draw_goal_floor() -> None:
    """The quality to be reached, and between which ones it makes sense."""
    scores = draft_scores()
    hint = "" if scores is None else f"{scores.lowest:.2f} to {scores.highest:.2f}"
    label = "Quality at least (mean score)"
    if scores is None:
        draw_draft_number("floor", label, step=0.01, placeholder=hint)
        return
    usual = _usual_goal_floor(scores)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        draw_draft_number("floor", label, step=0.01, placeholder=hint)
        st.button(f"Take {usual:g}", key="usual-floor", on_click=_take_goal_floor, args=(usual,))
    st.caption(
        f"{_means_in_words(scores)} In doubt {usual:g}, {100 * FLOOR_PART:.0f} % of the way from"
        f" the lowest to the highest; no plan exceeds {scores.highest:.3f}."
    )


def _usual_goal_floor(scores: NamedScores) -> float:
    """The quality to be reached where nobody says one, in three digits: the mean of the weakest LLM
    and a part of what the strongest adds to it, which it reaches alone.
    """
    means = scores.summary[MEAN_SCORE]
    value = means.min() + FLOOR_PART * (means.max() - means.min())
    return float(min(float(f"{value:.3g}"), means.max()))


@survive_reruns
def _take_goal_floor(value: float) -> None:
    set_draft_value("floor", value)


def _means_in_words(scores: NamedScores) -> str:
    """What each LLM would reach alone, the best first."""
    whose = "made-up score" if draft_value("scores from") == EXAMPLE else "score"
    means = scores.summary.sort_values(MEAN_SCORE, ascending=False)[["LLM", MEAN_SCORE]]
    each = [f"{plain_markdown(llm)} {mean:.3f}" for llm, mean in means.itertuples(index=False)]
    more = f" and {len(each) - MOST_NAMED} more" if len(each) > MOST_NAMED else ""
    return f"Mean {whose} of one LLM alone: {', '.join(each[:MOST_NAMED])}{more}."


def goal_step_faults() -> tuple[Fault, ...]:
    """What is to be put right before the next step; a cost needs the prices of step 1."""
    faults = _unsaid_in_goal() or unjudged_curve_faults()
    if faults:
        return faults
    return new_scenario_faults(draft_scenario_part(), "SLOs and objective")


def _unsaid_in_goal() -> tuple[Fault, ...]:
    """Blank fields in words, which the schema would call missing numbers."""
    faults = []
    for number, (_, slo) in enumerate(draft_slos(), start=1):
        for key, problem, fix in (
            ("limit_ms", "the limit is blank", "type it in ms, or remove the SLO"),
            ("scope", "nothing says over what it holds", "choose all requests, or every LLM"),
        ):
            if slo[key] is None:
                faults.append(Fault("SLOs", f"row {number}", "", problem, fix))
    objective = draft_goal_part()["objective"]
    if objective.get("quality_at_least", 0.0) is None:
        problem, fix = "the quality to be reached is blank", "type a mean score"
        faults.append(Fault("Objective", "", "", problem, fix))
    bought = [
        pool["name"] for pool in draft_pools_part()["pools"] if isinstance(pool["nodes"], dict)
    ]
    if bought and list(objective) == ["maximize"]:
        problem = (
            f"the plan decides the nodes of {', '.join(bought)}, and nothing limits their cost"
        )
        fix = "type a budget, or choose the cheapest GPUs"
        faults.append(Fault("Objective", "", "", problem, fix))
    return tuple(faults)
