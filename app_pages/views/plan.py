"""The page Plan: verdict, map and setup on the first screen; why, and how sure, on tabs below."""

import streamlit as st

from app_pages.session import reruns, saved_plans, state
from app_pages.session.state import ShownPlan
from app_pages.session.visitor import may_visitor_compute
from app_pages.widgets import purchase
from app_pages.widgets.cells_plan import draw_cells_plan, draw_cells_verdict
from app_pages.widgets.conflict import draw_conflict
from app_pages.widgets.deployment import (
    draw_deployment_latencies,
    draw_deployment_picture,
    draw_deployment_routing,
)
from app_pages.widgets.headline import (
    draw_headline,
    draw_headline_slo_scope,
    draw_headline_unjudged,
    draw_headline_verdict,
    draw_plan_story,
)
from app_pages.widgets.job_button import JobButton, draw_job_button
from app_pages.widgets.marginals import draw_marginals, draw_marginals_work
from app_pages.widgets.markdown import markdown_bullets, plain_markdown
from app_pages.widgets.tables import draw_shown_table
from planner.plans.record import best_effort_change
from planner.presentation.plan.conflict import conflict_repair_text
from planner.presentation.plan.considered_options import unjudged_option_line
from planner.presentation.plan.story import idle_llms

HELP = (
    "Which LLMs run on which GPUs, and which prompt goes to which LLM, for the best answers (or the"
    " cheapest GPUs) within the latency limits. Change a number in the sidebar (on a phone: the"
    " arrows at the top) and press Solve."
)


TABS = [
    *("Why this plan", "SLOs and latency", "Routing", "One more", purchase.BUY, "Left out"),
    "Confidence",
]


def draw_plan_view() -> None:
    """The whole page."""
    cells = state.shown_cells()
    here = state.shown_plan() if cells is None else None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Plan", help=HELP, width="content")
        if cells is not None:
            draw_cells_verdict(cells)
        elif here is not None:
            draw_headline_verdict(here)
    if cells is not None:
        draw_cells_plan(cells)
        return
    if here is None and not may_visitor_compute():
        st.info("The link holds a scenario without a plan that can be shown. Sign in to plan it.")
        return
    if here is None:
        st.info(
            "There is no plan yet. Choose a scenario in the sidebar, or open your own on the page"
            " Inputs, then press Solve."
        )
        return
    draw_headline(here)
    if here.content["options"]:
        draw_deployment_picture(here)
        draw_headline_slo_scope(here.meta["slo_scope"])
        draw_headline_unjudged(unjudged_option_line(here.content), " All of them: tab Left out.")
        draw_plan_tabs(here)
        draw_plan_name(here)
        draw_marginals_work(here)
        return
    if here.content["status"] == "infeasible":
        draw_conflict(here)
        draw_best_effort_plan(here)
        draw_plan_dropped_options(here)
    draw_plan_notices(here)


def draw_plan_tabs(here: ShownPlan) -> None:
    """What is behind the first screen: a tab for each question."""
    # A progress box above moves the tabs, and the browser then opens the default one.
    why, latency, routing, more, buy, dropped, trust = st.tabs(
        TABS, default=st.session_state.get(purchase.TAB)
    )
    with why:
        draw_plan_story(here)
    with latency:
        draw_deployment_latencies(here)
    with routing:
        draw_deployment_routing(here)
    with more:
        draw_marginals(here)
    with buy:
        purchase.draw_purchase(here)
    with dropped:
        draw_plan_dropped_options(here)
    with trust:
        draw_plan_trust(here)
        draw_plan_notices(here)


def draw_best_effort_plan(here: ShownPlan) -> None:
    """The plan of the nearest feasible case."""
    if here.content["conflict"]["best_effort"] is None or here.view.nearest is None:
        return
    st.header("Best effort: the plan of the nearest feasible case")
    nearest = state.session_best_effort_plan(here)
    if change := best_effort_change(nearest.content):
        words = conflict_repair_text(here.content, change)
        st.markdown(f"After this change: {plain_markdown(words)}.")
    st.markdown(plain_markdown(nearest.meta["verdict"]))
    draw_deployment_picture(nearest)
    draw_deployment_latencies(nearest)
    draw_deployment_routing(nearest)


def draw_plan_dropped_options(here: ShownPlan) -> None:
    """Options considered and left out."""
    frame = here.tables["dropped"]
    st.header("What was left out, and why")
    if here.content["options"] and (idle := idle_llms(here.content)):
        optimal = here.content["status"] == "optimal"
        why = "makes the plan better" if optimal else "was found to make the plan better"
        whose = "it" if len(idle) == 1 else "them"
        words = f"Not used: {', '.join(idle)}. No option of {whose} that fits {why}."
        st.markdown(plain_markdown(words))
    st.markdown(plain_markdown(here.meta["filters"]))
    if not len(frame):
        st.markdown("No profiled option was left out before the search.")
        return
    markdown_bullets(here.meta["dropped"])
    with st.expander(f"All {len(frame):,} options that were left out"):
        draw_shown_table(frame, "Options that were left out, each with the reason.")


# ---------------------------------------------------------------- how sure


def draw_plan_trust(here: ShownPlan) -> None:
    """Provenance, checks, simulation."""
    st.header("Confidence")
    markdown_bullets([*here.meta["provenance"], *here.meta["effort_notes"]])
    if here.meta["verified"]:
        markdown_bullets(
            [
                "An independent verifier has recomputed latencies, SLOs, placement, memory, cost,"
                " quality and gap of this plan."
            ]
        )
    draw_plan_simulation(here)
    with st.expander("Time and effort of the search"):
        draw_shown_table(here.tables["effort"].astype(str), "Seconds and counts of the search.")


def draw_plan_simulation(here: ShownPlan) -> None:
    """Replay the plan request by request, on a click."""
    simulated = draw_job_button(
        JobButton(
            slot="simulation",
            call="app_pages.jobs.planning:run_planned_simulation_job",
            args=(*here.args, here.content),
            label="Simulating",
            words="Simulate this plan request by request",
            key="simulate",
            unmade="Not simulated",
            scores=state.scores_key(here.edit),
            before=_stay_on_confidence,
        )
    )
    if simulated is not None:
        st.markdown(f"**{plain_markdown(simulated['verdict'])}**")
        st.markdown(plain_markdown(simulated["demand"]))
        draw_shown_table(simulated["slos"], "SLOs: limit, planned and simulated.")
        markdown_bullets(simulated["notes"])


def _stay_on_confidence() -> None:
    st.session_state[purchase.TAB] = "Confidence"


# ---------------------------------------------------------------- name and notices


def draw_plan_name(here: ShownPlan) -> None:
    """Under which name this plan is kept for the page Compare."""
    name = saved_plans.name_of(here)
    if name is None or not may_visitor_compute():
        return
    key = reruns.fill_widget_across_reruns("plan-name", name)
    st.text_input(
        "Kept for Compare as",
        key=key,
        on_change=rename_plan,
        args=(name, key),
        max_chars=80,
        help="Every plan is kept for the page Compare while this page is open.",
        width=450,
    )


@reruns.survive_reruns
def rename_plan(old: str, key: str) -> None:
    """The name was changed."""
    if reruns.accept_value_across_reruns("plan-name", key, st.session_state[key]):
        saved_plans.rename_saved(old, st.session_state[key])


def draw_plan_notices(here: ShownPlan) -> None:
    """What the reader should know."""
    notices = list(here.tables["notices"]["Notice"])
    if notices:
        st.header("Notices")
        folder = here.edit.path.rpartition("/")[0] + "/"
        markdown_bullets(line.replace(folder, "") for line in notices)


draw_plan_view()
