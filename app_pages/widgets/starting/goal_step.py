"""Step 6: which latencies are promised, and what is best."""

import math

import streamlit as st

from app_pages.session.draft import draft_value
from app_pages.session.starting.draft_curves import draft_measured_errors
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
from app_pages.widgets.starting.draft_fields import draw_draft_choice, draw_draft_number
from app_pages.widgets.starting.outside_fields import draw_outside_latency_fields
from app_pages.widgets.starting.slo_fields import draw_slo_fields
from app_pages.widgets.starting.unjudged_fields import draw_unjudged_curves, unjudged_curve_faults
from planner.scenario.starting.new_scenario import new_scenario_faults
from profiles.io.faults import Fault

__all__ = ["draw_goal_step", "goal_step_faults"]

GOALS = {
    QUALITY: "best quality within these GPUs and SLOs",
    COST: "cheapest GPUs that reach a quality",
}
HEADROOM_LABELS = {
    "rate_pct": "Headroom of the arrival rate (%)",
    "slo_pct": "Headroom of every SLO limit (%)",
}
LEAST_SHORT_PCT, STEP_PCT = 5.0, 5.0
"""From which error on headroom is advised, and in which steps."""
MOST_HEADROOM = {"rate_pct": 1000.0, "slo_pct": 90.0}


def draw_goal_step() -> None:
    """SLOs, each with its scope; the objective."""
    st.subheader("SLOs")
    st.markdown("All hold at once. Without any, capacity alone limits.")
    draw_slo_fields()
    draw_unjudged_curves(offer=True)
    draw_outside_latency_fields()
    st.subheader("What is best")
    draw_draft_choice(
        "objective", "Objective", list(GOALS), QUALITY, words=GOALS.__getitem__, radio=True
    )
    if draft_value("objective", QUALITY) == COST:
        draw_draft_number("floor", "Quality at least (mean score)", step=0.01)
        _draw_goal_range()
    else:
        label, hint = "Budget (USD/h)", "no limit"
        draw_draft_number("budget", label, step=1.0, min_value=0.0, placeholder=hint)
    _draw_goal_headroom()


def _draw_goal_headroom() -> None:
    """Room above the stated rates and below the limits."""
    st.subheader("Headroom")
    with st.container(horizontal=True):
        for key, label in HEADROOM_LABELS.items():
            draw_draft_number(
                draft_headroom_field(key),
                label,
                step=5.0,
                min_value=0.0,
                max_value=MOST_HEADROOM[key],
                placeholder="none, e.g. 20",
            )
    st.caption(
        "How many more requests than arrive, and how far below each limit, to plan for: a cheapest"
        " plan else sits on its limits. 10 to 20 % of the rate is common."
    )
    short = draft_measured_errors().short_pct
    if short >= LEAST_SHORT_PCT:
        room = STEP_PCT * math.ceil(short / STEP_PCT)
        st.caption(
            f"Where you measured, estimates are up to {short:.0f} % too short (median):"
            f" {room:g} % of every SLO limit keeps that free. Take more where nothing was measured."
        )


def _draw_goal_range() -> None:
    """Between which qualities a floor makes sense."""
    scores = draft_scores()
    if scores is not None:
        whose = "The stand-in scores" if draft_value("scores from") == EXAMPLE else "Your scores"
        st.caption(
            f"{whose}: the lowest mean of one LLM alone is {scores.lowest:.4g}; the best LLM"
            f" for every prompt gives {scores.highest:.4g}, which no plan exceeds."
        )


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
