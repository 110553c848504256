"""The page Compare: two to four plans side by side, what differs in words, and the steps from one
to the other.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from app_pages.charts.compare import build_quality_comparison_chart, build_routing_comparison_chart
from app_pages.charts.empty import (
    empty_comparison_reason,
    empty_routing_reason,
    show_chart_unless_empty,
)
from app_pages.session import reruns, saved_plans, state
from app_pages.session.state import ShownPlan
from app_pages.session.visitor import visitor_of_drafts
from app_pages.widgets.cells_notice import draw_cells_notice
from app_pages.widgets.headline import draw_headline_placeholders
from app_pages.widgets.kept.desk import draw_desk_plans_offer
from app_pages.widgets.markdown import markdown_bullets, plain_markdown
from app_pages.widgets.tables import draw_shown_table
from planner.plans.changes.diff import diff_plans
from planner.plans.schema import PlanContent
from planner.presentation.comparison_lines import comparison_lines
from planner.presentation.comparison_tables import (
    comparison_table,
    replicas_comparison_table,
    routing_comparison_table,
    tradeoff_comparison_table,
)
from planner.presentation.diff import diff_line, diff_tables
from planner.presentation.plan.placeholders import placeholder_scores_text

MOST = 4


def draw_compare_view() -> None:
    """The whole page."""
    st.title("Compare")
    draw_cells_notice("")
    st.markdown(
        "Every plan that was shown and has a setup is kept here while this page is open."
        f"{' After a reload they can be brought back.' if visitor_of_drafts() else ''}"
    )
    draw_desk_plans_offer()
    plans = {name: plan for name, plan in saved_plans.by_name().items() if plan.content["options"]}
    if len(plans) < 2:
        st.info(
            "There is one plan so far. Move a slider on the page What-if, or change an input and"
            " press Solve, to get a second one."
        )
    else:
        chosen = choose_plans_to_compare(list(plans))
        if len(chosen) < 2:
            st.info("Choose at least two plans.")
        else:
            draw_compare_results({name: plans[name] for name in chosen})
    if plans:
        draw_kept_to_compare(list(plans))


def memory() -> dict[str, Any]:
    """What this page keeps for the session."""
    return st.session_state.setdefault("compare", {"chosen": None, "steps": None})


def choose_plans_to_compare(names: Sequence[str]) -> list[str]:
    """Which plans are side by side: by default, the last two."""
    picked = memory()["chosen"]
    chosen = list(names[-2:])
    if picked is not None:
        chosen = [name for name in picked if name in names]
    reruns.fill_key_across_reruns("compare-chosen", chosen)
    st.multiselect(
        "Plans",
        names,
        key="compare-chosen",
        max_selections=MOST,
        on_change=plans_chosen,
        help="The others are compared with the first one.",
    )
    return chosen


@reruns.survive_reruns
def plans_chosen() -> None:
    """Plans were chosen."""
    memory()["chosen"] = list(st.session_state["compare-chosen"])


# ---------------------------------------------------------------- side by side


def draw_compare_results(plans: Mapping[str, ShownPlan]) -> None:
    """Everything about the chosen plans."""
    names = saved_plans.shorten_saved_names(list(plans))
    contents = dict(zip(names, (plan.content for plan in plans.values()), strict=True))
    first, *others = contents
    made_up = [content for content in contents.values() if placeholder_scores_text(content)]
    if made_up:
        draw_headline_placeholders(made_up[0])
    st.header("What differs")
    for name in others:
        st.markdown(f"**{plain_markdown(name)}** against **{plain_markdown(first)}**")
        markdown_bullets(comparison_lines(contents[first], contents[name]))
    st.header("Side by side")
    draw_shown_table(
        comparison_table(contents),
        "Inputs and results, one column per plan, and the change against the first plan.",
        whole=True,
    )
    tradeoff = tradeoff_comparison_table(contents)
    quality = partial(build_quality_comparison_chart, tradeoff)
    show_chart_unless_empty(empty_comparison_reason(tradeoff), quality, "compare-quality")
    st.header("Routing: which LLM gets how much")
    signs = {llm: sign for plan in plans.values() for llm, sign in plan.meta["signs"].items()}
    routed = routing_comparison_table(contents)
    routing = partial(build_routing_comparison_chart, routed, signs)
    show_chart_unless_empty(empty_routing_reason(routed), routing, "compare-routing")
    draw_shown_table(routed, "Part of the requests of every LLM in each plan.")
    st.header("Setup: what runs")
    draw_shown_table(replicas_comparison_table(contents), "Replicas of every option in each plan.")
    draw_steps_compared(contents)


def draw_steps_compared(contents: Mapping[str, PlanContent]) -> None:
    """The change from one plan to another, step by step."""
    st.header("From one plan to the other: what starts, stops and moves")
    ways = {
        f"{one} to {other}": (one, other) for one in contents for other in contents if one != other
    }
    way = memory()["steps"] if memory()["steps"] in ways else next(iter(ways))
    reruns.fill_key_across_reruns("compare-steps", way)
    st.selectbox("From and to", list(ways), key="compare-steps", on_change=way_chosen)
    old, new = ways[way]
    diff = diff_plans(contents[old], contents[new])
    st.markdown(plain_markdown(diff_line(diff)))
    if not diff.steps:
        return
    frames = diff_tables(diff)
    draw_shown_table(
        frames["changes"],
        "Options that change: replicas before and after, how many stay, move, are new or gone.",
    )
    draw_shown_table(
        frames["steps"],
        "The steps in their order: what starts or stops, on which GPUs.",
        leave_out=() if diff.drops else ("Capacity short (req/s)",),
    )
    st.caption(
        "Start a replica and wait until it is healthy before the next step; drain one before it"
        " stops. As a command: `diff OLD NEW`."
    )


@reruns.survive_reruns
def way_chosen() -> None:
    """Another pair of plans was chosen."""
    memory()["steps"] = st.session_state["compare-steps"]


# ---------------------------------------------------------------- kept plans


def draw_kept_to_compare(names: Sequence[str]) -> None:
    """Open, rename and forget kept plans."""
    with st.expander("Open, rename or forget a kept plan"):
        name = st.selectbox("Plan", names, key="compare-which")
        if name is None:
            return
        key = reruns.fill_widget_across_reruns("compare-name", name)
        st.text_input("Its name", key=key, on_change=rename_plan, args=(name, key), max_chars=80)
        mine = saved_plans.by_name().get(name) is state.shown_plan()
        with st.container(horizontal=True):
            st.button(
                "Show this plan",
                key="compare-open",
                on_click=saved_plans.show_saved_plan,
                args=(name,),
            )
            st.button(
                "Forget this plan",
                key="compare-forget",
                disabled=mine,
                help="The plan on the page stays kept." if mine else None,
                on_click=saved_plans.forget,
                args=(name,),
            )


@reruns.survive_reruns
def rename_plan(old: str, key: str) -> None:
    """A name was changed."""
    if reruns.accept_value_across_reruns("compare-name", key, st.session_state[key]):
        saved_plans.rename_saved(old, st.session_state[key])


draw_compare_view()
