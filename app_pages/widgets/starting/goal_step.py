"""Step 6: which latencies are promised, and what is best."""

import streamlit as st

from app_pages.session.draft import draft_value
from app_pages.session.draft_parts import (
    COST,
    QUALITY,
    draft_goal_part,
    draft_llms_part,
    draft_pools_part,
    draft_rows,
)
from app_pages.session.draft_scores import draft_scores
from app_pages.widgets.editors import SCOPES
from app_pages.widgets.starting.draft_fields import (
    draw_draft_choice,
    draw_draft_number,
    draw_draft_row_buttons,
)
from planner.scenario.starting.new_scenario import new_scenario_faults
from profiles.io.faults import Fault
from profiles.records import METRICS, STATISTICS

__all__ = ["draw_goal_step", "goal_step_faults"]

WORDS = {
    "ttft": "TTFT: time to first token",
    "tpot": "TPOT: time per output token",
    "e2e": "E2E: end to end",
}
GOALS = {
    QUALITY: "best quality within these GPUs and SLOs",
    COST: "cheapest GPUs that reach a quality",
}


def draw_goal_step() -> None:
    """SLOs, each with its scope; the objective."""
    st.subheader("SLOs")
    st.markdown("All hold at once. Without any, capacity alone limits.")
    for k in draft_rows("slo", 1):
        with st.container(border=True, horizontal=True):
            draw_draft_choice(
                f"slo {k} metric", "Latency", METRICS, "ttft", words=WORDS.__getitem__, width=230
            )
            draw_draft_choice(f"slo {k} statistic", "Statistic", STATISTICS, "p95", width=130)
            draw_draft_number(
                f"slo {k} limit",
                "Limit (ms)",
                step=10.0,
                min_value=0.01,
                placeholder="e.g. 500",
                width=150,
            )
            draw_draft_choice(
                f"slo {k} scope",
                "It holds over",
                list(SCOPES),
                words=lambda scope: SCOPES[str(scope)],
                placeholder="choose",
                width=230,
            )
    draw_draft_row_buttons("slo", 1, "an SLO")
    st.caption(
        "Over all requests together, a slow LLM is made up for by fast ones; for every LLM, each of"
        " them keeps the limit by itself."
    )
    st.subheader("What is best")
    draw_draft_choice(
        "objective", "Objective", list(GOALS), QUALITY, words=GOALS.__getitem__, radio=True
    )
    if draft_value("objective", QUALITY) == COST:
        draw_draft_number("floor", "Quality at least (mean score)", step=0.01)
        _draw_goal_range()


def _draw_goal_range() -> None:
    """Between which qualities a floor makes sense."""
    scores = draft_scores()
    if scores is not None:
        st.caption(
            f"Your scores: the lowest mean of one LLM alone is {scores.lowest:.4g}; the best LLM"
            f" for every prompt gives {scores.highest:.4g}, which no plan exceeds."
        )


def goal_step_faults() -> tuple[Fault, ...]:
    """What is to be put right before the next step; a cost needs the prices of step 1."""
    faults = _unsaid_in_goal()
    if faults:
        return faults
    part = {**draft_pools_part(), **draft_llms_part(), **draft_goal_part()}
    return new_scenario_faults(part, "SLOs and objective")


def _unsaid_in_goal() -> tuple[Fault, ...]:
    """Blank fields in words, which the schema would call missing numbers."""
    faults = []
    for number, slo in enumerate(draft_goal_part()["slo"], start=1):
        for key, problem, fix in (
            ("limit_ms", "the limit is blank", "type it in ms, or remove the SLO"),
            ("scope", "nothing says over what it holds", "choose all requests, or every LLM"),
        ):
            if slo[key] is None:
                faults.append(Fault("SLOs", f"row {number}", "", problem, fix))
    if draft_goal_part()["objective"].get("quality_at_least", 0.0) is None:
        problem, fix = "the quality to be reached is blank", "type a mean score"
        faults.append(Fault("Objective", "", "", problem, fix))
    return tuple(faults)
